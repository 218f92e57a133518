// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device-mapper target "mirsync": constructor, map, suspend and resume,
 * status, messages. Everything it does is a call into the engine. Locking is
 * device-mapper's; map() never sleeps.
 */
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "engine/debugfs.h"
#include "engine/grow.h"
#include "engine/prepare.h"
#include "engine/status.h"
#include "target/config.h"
#include "target/control.h"
#include "target/registry.h"

struct ms_target {
	struct ms_config config;
	struct ms_volume *v;
	bool resumed;		/* its options were put into force */
};

/* Largest write handed to map(), in sectors: it divides the extent, is a multiple of the segment, and fits a frame. */
static u32 chunk_sectors(const struct ms_volume *v)
{
	u32 max = MS_DATA_MAX >> SECTOR_SHIFT;

	return v->geo->extent_sectors % max ? 1920 : max;
}

static int set_limits(struct dm_target *ti, struct ms_volume *v)
{
	int r = dm_set_target_max_io_len(ti, chunk_sectors(v));

	if (r)
		return r;
	ti->num_flush_bios = 1;
	ti->flush_supported = true;
	ti->per_io_data_size = sizeof(struct ms_app_io);
	if (bdev_write_zeroes_sectors(v->data)) {
		ti->num_discard_bios = 1;
		ti->discards_supported = true;
		ti->num_write_zeroes_bios = 1;
	}
	return 0;
}

static int take_volume(struct ms_target *t, struct dm_target *ti)
{
	struct mapped_device *md = dm_table_get_md(ti->table);
	dev_t dev = disk_devt(dm_disk(md));
	struct ms_volume_config *cfg = kzalloc(sizeof(*cfg), GFP_KERNEL);
	const char *why = "not enough memory";
	int r = -ENOMEM;

	char name[DM_NAME_LEN];

	if (cfg) {
		if (dm_copy_name_and_uuid(md, name, NULL))
			strscpy(name, dm_table_device_name(ti->table), sizeof(name));
		cfg->name = name;
		cfg->dev = (u64)MAJOR(dev) << 32 | MINOR(dev);
		cfg->md = md;
		cfg->data = t->config.data->bdev;
		cfg->meta = t->config.meta->bdev;
		cfg->sectors = ti->len;
		cfg->role = t->config.role;
		cfg->net.name = cfg->name;
		cfg->net.net = current->nsproxy->net_ns;
		cfg->net.local = t->config.local;
		cfg->net.peer = t->config.peer;
		cfg->net.key = t->config.noauth ? NULL : t->config.key;
		cfg->net.key_len = t->config.key_len;
		cfg->net.timeout_ms = t->config.opt.timeout;
		cfg->opt = t->config.opt;
		r = ms_registry_take(cfg, &t->v, &why);
		kfree_sensitive(cfg);
	}
	if (r)
		ti->error = (char *)why;
	return r;
}

static int mirsync_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct ms_target *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int r;

	if (!t) {
		ti->error = "not enough memory";
		return -ENOMEM;
	}
	r = ms_config_parse(&t->config, ti, argc, argv);
	if (!r)
		r = take_volume(t, ti);
	memzero_explicit(t->config.key, sizeof(t->config.key));
	if (!r)
		r = set_limits(ti, t->v);
	if (r) {
		if (t->v)
			ms_registry_drop(t->v);
		ms_config_release(&t->config, ti);
		kfree(t);
		return r;
	}
	ti->private = t;
	return 0;
}

static void mirsync_dtr(struct dm_target *ti)
{
	struct ms_target *t = ti->private;

	if (t->v->ti == ti)
		ms_volume_attach(t->v, NULL);
	ms_registry_drop(t->v);
	ms_config_release(&t->config, ti);
	kfree(t);
}

static int mirsync_map(struct dm_target *ti, struct bio *bio)
{
	struct ms_target *t = ti->private;

	return ms_primary_map(t->v, bio);
}

static int mirsync_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *error)
{
	struct ms_target *t = ti->private;

	return likely(!*error) ? DM_ENDIO_DONE : ms_primary_end_io(t->v, bio, *error);
}

static void mirsync_presuspend(struct dm_target *ti)
{
	struct ms_target *t = ti->private;

	if (dm_noflush_suspending(ti))
		ms_primary_requeue(t->v, ti);
	else
		ms_primary_drain(t->v, true);
}

static void mirsync_presuspend_undo(struct dm_target *ti)
{
	struct ms_target *t = ti->private;

	ms_primary_requeue(t->v, NULL);
	ms_primary_drain(t->v, false);
}

static void mirsync_postsuspend(struct dm_target *ti)
{
	struct ms_target *t = ti->private;

	ms_volume_stop(t->v);
	ms_primary_requeue(t->v, NULL);
	ms_primary_drain(t->v, false);
}

static int mirsync_preresume(struct dm_target *ti)
{
	struct ms_target *t = ti->private;
	int r = ms_volume_grow(t->v, ti->len);

	if (r)
		return r;
	/* Once: afterwards messages may have changed them. */
	if (!t->resumed)
		ms_volume_set_options(t->v, &t->config.opt);
	t->resumed = true;
	ms_volume_attach(t->v, ti);
	return ms_volume_start(t->v);
}

/* One line; new fields are only ever added at its end. */
static void print_info(struct ms_volume *v, char *result, unsigned int maxlen)
{
	struct ms_ioc_status *st = kmalloc(sizeof(*st), GFP_NOIO);
	unsigned int sz = 0;

	if (!st) {
		DMEMIT("unknown");
		return;
	}
	ms_volume_status(v, st);
	DMEMIT("%s %s %s %s", ms_role_name(st->role), ms_link_word(st),
	       ms_disk_name(st->disk), ms_sync_word(st));
	DMEMIT(" claim=%s meeting=%s segments=%llu valid=%llu marked=%llu candidates=%llu",
	       ms_claim_name(st->claim), ms_meeting_name(st->meeting), st->segments,
	       st->valid, st->marked, st->candidates);
	DMEMIT(" hot=%u/%u gen=%016llx base=%016llx flags=%x peer=%s peer_disk=%s",
	       st->hot, st->max_hot, st->gen_current, st->gen_base, st->flags,
	       ms_claim_name(st->peer_claim), ms_disk_name(st->peer_disk));
	DMEMIT(" failback=%u rs_done=%llu/%llu rs_equal=%llu rs_differ=%llu rs_copied=%llu rs_ms=%llu rs_error=%u",
	       st->failback, st->rs_extents_done, st->rs_extents_total, st->rs_equal,
	       st->rs_differ, st->rs_copied, st->rs_ms, st->last_error);
	DMEMIT(" tx=%llu rx=%llu tx_data=%llu gen_read=%llu copy_read=%llu writes=%llu write_sectors=%llu record_writes=%llu inflight=%llu unacked=%llu",
	       st->tx_bytes, st->rx_bytes, st->tx_data_bytes, st->gen_read_sectors,
	       st->copy_read_sectors, st->writes, st->write_sectors, st->record_writes,
	       st->inflight, st->unacked);
	DMEMIT(" cmd=%u sample_read=%llu record_waits=%llu slot_waits=%llu evictions=%llu",
	       READ_ONCE(v->cmd), st->sample_read_sectors, st->record_waits, st->slot_waits,
	       st->evictions);
	DMEMIT(" rs_rate=%u rs_limit=%u", st->rs_rate, st->rs_limit);
	DMEMIT(" mode=%s queued_bytes=%llu epochs=%llu frozen=%u detached=%u",
	       st->mode ? "async" : "sync", st->queued_bytes, st->epochs, st->frozen,
	       st->detached);
	DMEMIT(" reads_from_peer=%llu repaired=%llu unreadable=%llu hung=%u preparing=%s",
	       st->reads_from_peer, st->repaired, st->unreadable, st->hung,
	       ms_prepare_name(st->preparing));
	DMEMIT(" metadata=%s", ms_metadata_word(st));
	kfree(st);
}

static enum ms_role role_in_force(struct ms_volume *v)
{
	return READ_ONCE(v->claim) == MS_CLAIM_NONE ? MS_ROLE_SECONDARY : MS_ROLE_PRIMARY;
}

static void mirsync_status(struct dm_target *ti, status_type_t type,
			   unsigned int status_flags, char *result, unsigned int maxlen)
{
	struct ms_target *t = ti->private;
	struct ms_options opt;
	unsigned int sz = 0;

	switch (type) {
	case STATUSTYPE_INFO:
		print_info(t->v, result, maxlen);
		break;
	case STATUSTYPE_TABLE:
		opt = t->config.opt;
		if (t->resumed)
			ms_volume_options(t->v, &opt);
		ms_config_print(&t->config, role_in_force(t->v), &opt, result, maxlen);
		break;
	case STATUSTYPE_IMA:
		DMEMIT_TARGET_NAME_VERSION(ti->type);
		DMEMIT(",role=%s,data=%s,metadata=%s,auth=%s;",
		       ms_role_name(role_in_force(t->v)), t->config.data->name,
		       t->config.meta->name, t->config.noauth ? "none" : "key");
		break;
	}
}

static int message_promote(struct ms_volume *v, unsigned int argc, char **argv)
{
	bool alone = false, force = false;

	while (argc) {
		if (!strcasecmp(*argv, "alone"))
			alone = true;
		else if (!strcasecmp(*argv, "force"))
			force = true;
		else
			return ms_refuse_command(v, -EINVAL, "promote takes: alone, force");
		argc--;
		argv++;
	}
	return ms_cmd_promote(v, alone, force);
}

static int message_word(struct ms_volume *v, bool go, unsigned int argc, char **argv)
{
	u64 question = 0;

	if (argc > 1 || (argc && (kstrtou64(*argv, 10, &question) || !question)))
		return ms_refuse_command(v, -EINVAL, "go and refuse take: the number of a question");
	return ms_cmd_prepared(v, go, question);
}

static int message_failback(struct ms_volume *v, unsigned int argc, char **argv)
{
	bool force = argc == 1 && !strcasecmp(*argv, "force");

	if (argc && !force)
		return ms_refuse_command(v, -EINVAL, "failback takes: force");
	return ms_cmd_failback_later(v, force);
}

static int message_resolve(struct ms_volume *v, unsigned int argc, char **argv)
{
	if (argc == 1 && !strcasecmp(*argv, "local"))
		return ms_cmd_resolve(v, MS_KEEP_LOCAL);
	if (argc == 1 && !strcasecmp(*argv, "peer"))
		return ms_cmd_resolve(v, MS_KEEP_PEER);
	return ms_refuse_command(v, -EINVAL, "resolve takes whose data is to stay: local or peer");
}

/* One "set" at a time: each reads all options and writes all of them. */
static DEFINE_MUTEX(set_lock);

/* "set OPTION VALUE": in force when it returns; not remembered by the metadata. */
static int message_set(struct ms_volume *v, unsigned int argc, char **argv)
{
	const struct ms_option *row = argc ? ms_option_find(argv[0]) : NULL;
	struct ms_options opt;
	int r;

	if (!row || argc != 2)
		return ms_refuse_command(v, -EINVAL, "set takes the name of an option and its value");
	if (!row->running)
		return ms_refuse_command(v, -EINVAL, "this option cannot be changed while the volume is up");
	mutex_lock(&set_lock);
	ms_volume_options(v, &opt);
	r = ms_option_set(&opt, row, argv[1]);
	if (!r)
		ms_volume_set_options(v, &opt);
	mutex_unlock(&set_lock);
	return r ? ms_refuse_command(v, -EINVAL, row->error) : 0;
}

static int message_regenerate(struct ms_volume *v, unsigned int argc, char **argv)
{
	if (!argc || (argc == 1 && !strcasecmp(*argv, "local")))
		return ms_cmd_regenerate_later(v, MS_SITE_LOCAL);
	if (argc == 1 && !strcasecmp(*argv, "peer"))
		return ms_cmd_regenerate_later(v, MS_SITE_PEER);
	return ms_refuse_command(v, -EINVAL, "regenerate takes: local, peer");
}

/* A verb queues its work and returns; "explain" tells why the last one was refused. */
static int mirsync_message(struct dm_target *ti, unsigned int argc, char **argv,
			   char *result, unsigned int maxlen)
{
	struct ms_target *t = ti->private;
	struct ms_volume *v = t->v;
	unsigned int sz = 0;

	if (!strcasecmp(argv[0], "promote"))
		return message_promote(v, argc - 1, argv + 1);
	if (!strcasecmp(argv[0], "resolve"))
		return message_resolve(v, argc - 1, argv + 1);
	if (!strcasecmp(argv[0], "go") || !strcasecmp(argv[0], "refuse"))
		return message_word(v, !strcasecmp(argv[0], "go"), argc - 1, argv + 1);
	if (!strcasecmp(argv[0], "failback"))
		return message_failback(v, argc - 1, argv + 1);
	if (!strcasecmp(argv[0], "set"))
		return message_set(v, argc - 1, argv + 1);
	if (!strcasecmp(argv[0], "regenerate"))
		return message_regenerate(v, argc - 1, argv + 1);
	if (argc != 1)
		return ms_refuse_command(v, -EINVAL, "this message takes no arguments");
	if (!strcasecmp(argv[0], "demote"))
		return ms_cmd_demote(v);
	if (!strcasecmp(argv[0], "switchover"))
		return ms_cmd_switch_later(v);
	if (!strcasecmp(argv[0], "connect") || !strcasecmp(argv[0], "disconnect")) {
		ms_cmd_connect(v, !strcasecmp(argv[0], "connect"));
		return 0;
	}
	if (!strcasecmp(argv[0], "release"))
		return ms_cmd_release(v);
	if (!strcasecmp(argv[0], "explain")) {
		spin_lock(&v->lock);
		DMEMIT("%s", v->explain);
		spin_unlock(&v->lock);
		return 1;
	}
	return ms_refuse_command(v, -EINVAL, "unknown message: promote, demote, connect, disconnect, release, resolve, failback, switchover, regenerate, go, refuse, set, explain");
}

static int mirsync_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn,
				   void *data)
{
	struct ms_target *t = ti->private;

	return fn(ti, t->config.data, 0, ti->len, data);
}

static void mirsync_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	struct ms_target *t = ti->private;
	u32 seg = 1u << t->v->geo->seg_shift;
	u32 block = t->v->sb.logical_block;

	if (block > limits->logical_block_size)
		limits->logical_block_size = block;
	if (block > limits->physical_block_size)
		limits->physical_block_size = block;
	limits->io_min = max(seg, limits->physical_block_size);
	limits->io_opt = limits->io_min;
	if (!ti->num_discard_bios)
		return;
	limits->discard_granularity = max(seg, limits->discard_granularity);
	limits->max_discard_sectors = 1u << 21;
	limits->max_hw_discard_sectors = 1u << 21;
}

static struct target_type mirsync_target = {
	.name = "mirsync",
	.version = { 1, 0, 0 },
	.module = THIS_MODULE,
	.features = DM_TARGET_SINGLETON,
	.ctr = mirsync_ctr,
	.dtr = mirsync_dtr,
	.map = mirsync_map,
	.end_io = mirsync_end_io,
	.presuspend = mirsync_presuspend,
	.presuspend_undo = mirsync_presuspend_undo,
	.postsuspend = mirsync_postsuspend,
	.preresume = mirsync_preresume,
	.status = mirsync_status,
	.message = mirsync_message,
	.iterate_devices = mirsync_iterate_devices,
	.io_hints = mirsync_io_hints,
};

static int __init mirsync_init(void)
{
	int r = ms_control_init();

	if (r)
		return r;
	ms_debugfs_init();
	r = dm_register_target(&mirsync_target);
	if (r) {
		ms_debugfs_exit();
		ms_control_exit();
	}
	return r;
}

static void __exit mirsync_exit(void)
{
	dm_unregister_target(&mirsync_target);
	ms_debugfs_exit();
	ms_control_exit();
}

module_init(mirsync_init);
module_exit(mirsync_exit);
MODULE_DESCRIPTION("device-mapper target that mirrors to a second site and keeps a code for every segment");
MODULE_AUTHOR("The dm-mirsync authors");
MODULE_LICENSE("GPL");
MODULE_ALIAS("devname:mirsync");
