// SPDX-License-Identifier: GPL-2.0-only
/*
 * All summary blocks in one go, for activation: read group by group, past dm-bufio, which
 * would make an object and a bio of each block and fill its cache with what is looked at
 * once. While nothing is pending and nothing in the cache is dirty.
 *
 * A volume of tens of TiB has thousands of groups, far from each other on the disk: several
 * workers read and judge one each, so that the disk has more than one read to do, and the
 * processors share the checksums. The thread that calls is one of them, and enough: no
 * progress depends on the others' memory or on the queue they are on.
 *
 * Locking: scan.lock around the caller's function, which sees one block at a time.
 */
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "service/meta_internal.h"

#define SCAN_WORKERS	8u

struct scan {
	struct ms_meta *m;
	ms_scan_fn fn;
	ms_scan_bad_fn bad;
	void *ctx;
	struct mutex lock;
	atomic64_t next;	/* group that nobody has taken */
};

struct scan_worker {
	struct work_struct work;
	struct scan *s;
	struct ms_meta_bio io;
	struct ms_summary_block *buf;	/* MS_GROUP_SUMMARIES blocks */
};

/* The read of a whole group has failed: block by block. What cannot be read is made bad. */
static void salvage(struct scan_worker *w, u64 first, u32 count)
{
	struct ms_meta *m = w->s->m;
	u32 i;

	for (i = 0; i < count; i++)
		if (ms_meta_io_by(m, &w->io, REQ_OP_READ | REQ_SYNC,
				  ms_geo_summary_block(&m->geo, first + i), &w->buf[i], 1))
			memset(&w->buf[i], 0xff, sizeof(w->buf[i]));
}

static void tell(struct scan *s, u64 number, struct ms_summary_block *sb, enum ms_bad bad)
{
	u64 first = number * MS_SUMMARY_ENTRIES;
	u32 count = min_t(u64, MS_SUMMARY_ENTRIES, s->m->geo.extents - first);

	if (bad)
		s->bad(s->ctx, number, sb);
	ms_summary_believe(s->m, number, sb, bad);
	s->fn(s->ctx, first, count, sb->entry);
}

static void one_group(struct scan_worker *w, u64 first)
{
	struct ms_meta *m = w->s->m;
	u32 count = min_t(u64, MS_GROUP_SUMMARIES, m->geo.summaries - first), i;
	enum ms_bad bad[MS_GROUP_SUMMARIES];

	if (ms_meta_io_by(m, &w->io, REQ_OP_READ | REQ_SYNC, ms_geo_summary_block(&m->geo, first),
			  w->buf, count))
		salvage(w, first, count);
	for (i = 0; i < count; i++)
		bad[i] = ms_summary_check(&w->buf[i], &m->geo, m->format_id, first + i);
	mutex_lock(&w->s->lock);
	for (i = 0; i < count; i++)
		tell(w->s, first + i, &w->buf[i], bad[i]);
	mutex_unlock(&w->s->lock);
	cond_resched();
}

static void scan_groups(struct scan_worker *w)
{
	u64 summaries = w->s->m->geo.summaries, first;
	unsigned int noio = memalloc_noio_save();

	while ((first = (atomic64_inc_return(&w->s->next) - 1) * MS_GROUP_SUMMARIES) < summaries)
		one_group(w, first);
	memalloc_noio_restore(noio);
}

static void scan_work(struct work_struct *work)
{
	scan_groups(container_of(work, struct scan_worker, work));
}

static struct scan_worker *new_worker(struct scan *s)
{
	struct scan_worker *w = kzalloc(sizeof(*w), GFP_NOIO);

	if (!w)
		return NULL;
	INIT_WORK(&w->work, scan_work);
	w->s = s;
	w->buf = ms_meta_alloc(MS_GROUP_SUMMARIES);
	if (w->buf)
		return w;
	kfree(w);
	return NULL;
}

/* A worker that has not begun never does: the groups are all taken by then. */
static void end_worker(struct scan_worker *w)
{
	if (!w)
		return;
	cancel_work_sync(&w->work);
	vfree(w->buf);
	kfree(w);
}

int ms_meta_scan(struct ms_meta *m, ms_scan_fn fn, ms_scan_bad_fn bad, void *ctx)
{
	struct scan s = { .m = m, .fn = fn, .bad = bad, .ctx = ctx };
	u64 groups = DIV_ROUND_UP_ULL(m->geo.summaries, MS_GROUP_SUMMARIES);
	unsigned int noio = memalloc_noio_save();
	struct scan_worker *w[SCAN_WORKERS] = {};
	u32 n, i;
	int r;

	WRITE_ONCE(m->sums_known, true);	/* as long as nothing reads otherwise afterwards */
	mutex_init(&s.lock);
	for (n = 0; n < min_t(u64, SCAN_WORKERS, groups); n++) {
		w[n] = new_worker(&s);
		if (!w[n])
			break;
		if (n)
			queue_work(system_unbound_wq, &w[n]->work);
	}
	if (n)
		scan_groups(w[0]);
	for (i = 0; i < n; i++)
		end_worker(w[i]);
	r = n ? 0 : -ENOMEM;
	memalloc_noio_restore(noio);
	return r;
}
