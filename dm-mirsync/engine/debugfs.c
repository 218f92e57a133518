// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of debugfs; see debugfs.h. Each line of counters and session is a
 * name and a value; doc/interface.md has them all. Lines are only ever added.
 * Locking: v->lock for one consistent look at what it protects.
 */
#include <linux/blkdev.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "engine/debugfs.h"
#include "engine/policy.h"
#include "engine/status.h"
#include "engine/write.h"

static struct dentry *root;

static void line(struct seq_file *m, const char *name, u64 value)
{
	seq_printf(m, "%s %llu\n", name, value);
}

static void show_io(struct seq_file *m, const struct ms_watch *w, const struct ms_reads *reads)
{
	line(m, "reads", reads->ios);
	line(m, "read_sectors", reads->sectors);
	line(m, "writes", w->app_writes);
	line(m, "zeroes", w->app_zeroes);
	line(m, "flushes", w->app_flushes);
	line(m, "expired", w->expired);
	line(m, "peer_writes", w->peer_writes);
	line(m, "peer_zeroes", w->peer_zeroes);
	line(m, "peer_flushes", w->peer_flushes);
}

static void show_engine(struct seq_file *m, const struct ms_counters *n)
{
	line(m, "write_sectors", n->write_sectors);
	line(m, "record_writes", n->record_writes);
	line(m, "record_waits", n->record_waits);
	line(m, "slot_waits", n->slot_waits);
	line(m, "evictions", n->evictions);
	line(m, "gen_read_sectors", n->gen_read_sectors);
	line(m, "copy_read_sectors", n->copy_read_sectors);
	line(m, "sample_read_sectors", n->sample_read_sectors);
}

static void show_net(struct seq_file *m, const struct ms_net_stats *s)
{
	line(m, "tx_bytes", s->tx_bytes);
	line(m, "rx_bytes", s->rx_bytes);
	line(m, "tx_frames", s->tx_frames);
	line(m, "rx_frames", s->rx_frames);
	line(m, "queued_frames", s->queued_frames);
	line(m, "queued_bytes", s->queued_bytes);
	line(m, "sessions", s->sessions);
	line(m, "handshakes_failed", s->failed);
	line(m, "strangers", s->strangers);
}

static void show_link(struct seq_file *m, const struct ms_watch *w)
{
	enum ms_cut i;

	line(m, "shipped", w->shipped);
	line(m, "shipped_bytes", w->shipped_bytes);
	line(m, "confirmed", w->confirmed);
	line(m, "unconfirmed", w->unconfirmed);
	line(m, "refusals", w->refusals);
	for (i = 0; i < MS_CUTS; i++)
		seq_printf(m, "cut_%s %llu\n", ms_watch_cut_name(i), w->cuts[i]);
}

/* A copy of what v->lock protects; too large for the stack. */
struct look {
	struct ms_watch w;
	struct ms_counters n;
	u32 inflight, unacked;
	u64 inflight_bytes;
};

static struct look *look_at(struct ms_volume *v)
{
	struct look *l = kmalloc(sizeof(*l), GFP_KERNEL);

	if (!l)
		return NULL;
	spin_lock(&v->lock);
	l->w = v->watch;
	l->n = v->n;
	l->inflight = v->inflight;
	l->inflight_bytes = v->inflight_bytes;
	l->unacked = v->nr_unacked;
	spin_unlock(&v->lock);
	return l;
}

static int counters_show(struct seq_file *m, void *unused)
{
	struct ms_volume *v = m->private;
	struct ms_net_stats net;
	struct ms_reads reads;
	struct look *l;

	l = look_at(v);
	if (!l)
		return -ENOMEM;
	ms_watch_reads(&v->watch, &reads);
	ms_net_stats(v->net, &net);
	show_io(m, &l->w, &reads);
	show_engine(m, &l->n);
	line(m, "inflight", l->inflight);
	line(m, "inflight_bytes", l->inflight_bytes);
	line(m, "unacked", l->unacked);
	show_net(m, &net);
	show_link(m, &l->w);
	kfree(l);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int latency_show(struct seq_file *m, void *unused)
{
	struct look *l = look_at(m->private);
	enum ms_stage s;
	u64 count;
	u32 i;

	if (!l)
		return -ENOMEM;
	seq_puts(m, "stage count sum_us");
	for (i = 0; i < MS_BUCKETS - 1; i++)
		seq_printf(m, " <%lu", 1ul << i);
	seq_puts(m, " more\n");
	for (s = 0; s < MS_STAGES; s++) {
		for (count = 0, i = 0; i < MS_BUCKETS; i++)
			count += l->w.stage[s][i];
		seq_printf(m, "%s %llu %llu", ms_watch_stage_name(s), count, l->w.stage_us[s]);
		for (i = 0; i < MS_BUCKETS; i++)
			seq_printf(m, " %llu", l->w.stage[s][i]);
		seq_putc(m, '\n');
	}
	kfree(l);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

static void show_state(struct seq_file *m, struct ms_volume *v, const struct ms_ioc_status *st)
{
	char name[DM_NAME_LEN];

	if (dm_copy_name_and_uuid(v->md, name, NULL))
		strscpy(name, v->name, sizeof(name));
	seq_printf(m, "name %s\n", name);
	seq_printf(m, "role %s\n", ms_role_name(st->role));
	seq_printf(m, "claim %s\n", ms_claim_name(st->claim));
	seq_printf(m, "link %s\n", ms_link_word(st));
	seq_printf(m, "disk %s\n", ms_disk_name(st->disk));
	seq_printf(m, "sync %s\n", ms_sync_word(st));
	seq_printf(m, "meeting %s\n", ms_meeting_name(st->meeting));
	seq_printf(m, "peer_claim %s\n", ms_claim_name(st->peer_claim));
	seq_printf(m, "peer_disk %s\n", ms_disk_name(st->peer_disk));
}

static int session_show(struct seq_file *m, void *unused)
{
	struct ms_ioc_status *st = kmalloc(sizeof(*st), GFP_KERNEL);
	struct ms_volume *v = m->private;
	struct ms_net_stats net;
	unsigned long oldest;
	u32 number;

	if (!st)
		return -ENOMEM;
	ms_volume_status(v, st);
	show_state(m, v, st);
	kfree(st);
	ms_net_stats(v->net, &net);
	spin_lock(&v->lock);
	number = v->session;
	oldest = __ms_policy_oldest(v);
	spin_unlock(&v->lock);
	seq_printf(m, "local %pISpc\n", &v->used.local);
	seq_printf(m, "peer %pISpc\n", &v->used.peer);
	seq_printf(m, "authenticated %d\n", net.authenticated);
	seq_printf(m, "initiator %d\n", net.initiator);
	line(m, "session", number);
	line(m, "heard_ms", net.heard_ms);
	line(m, "unacked_ms", jiffies_to_msecs(oldest));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(session);

void ms_debugfs_add(struct ms_volume *v)
{
	v->debugfs = debugfs_create_dir(dm_disk(v->md)->disk_name, root);
	debugfs_create_file("counters", 0400, v->debugfs, v, &counters_fops);
	debugfs_create_file("latency", 0400, v->debugfs, v, &latency_fops);
	debugfs_create_file("session", 0400, v->debugfs, v, &session_fops);
}

void ms_debugfs_drop(struct ms_volume *v)
{
	debugfs_remove_recursive(v->debugfs);
	v->debugfs = NULL;
}

void ms_debugfs_init(void)
{
	root = debugfs_create_dir("mirsync", NULL);
}

void ms_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
}
