// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a volume: creation, activation, stop, destruction, and changes
 * of its superblock. Called by the target layer. Locking: v->control around
 * start and stop; superblock changes run in the metadata worker.
 */
#include <linux/blkdev.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "engine/activity.h"
#include "engine/codes.h"
#include "engine/debugfs.h"
#include "engine/event.h"
#include "engine/extent.h"
#include "engine/hang.h"
#include "engine/link.h"
#include "engine/loss.h"
#include "engine/policy.h"
#include "engine/primary.h"
#include "engine/read.h"
#include "engine/resync.h"
#include "engine/resync_marks.h"
#include "engine/roles.h"
#include "engine/sample.h"
#include "engine/scrub.h"
#include "engine/secondary.h"
#include "engine/write.h"
#include "shared/code.h"

/* At least so long may a peer take to confirm a write. */
#define MS_CONFIRM_MIN	((unsigned long)(30 * HZ))

/*
 * Jobs of the metadata worker
 */

struct meta_job {
	struct work_struct work;
	struct completion done;
	struct ms_volume *v;
	int (*fn)(struct ms_volume *v, void *arg);
	void *arg;
	int r;
};

static void meta_job_work(struct work_struct *work)
{
	struct meta_job *j = container_of(work, struct meta_job, work);

	j->r = j->fn(j->v, j->arg);
	complete(&j->done);
}

int ms_meta_job(struct ms_volume *v, int (*fn)(struct ms_volume *v, void *arg), void *arg)
{
	struct meta_job j = { .v = v, .fn = fn, .arg = arg };

	INIT_WORK_ONSTACK(&j.work, meta_job_work);
	init_completion(&j.done);
	queue_work(v->meta_wq, &j.work);
	wait_for_completion(&j.done);
	destroy_work_on_stack(&j.work);
	return j.r;
}

struct super_change {
	void (*fn)(struct ms_sb *sb, void *arg);
	void *arg;
};

static int change_super(struct ms_volume *v, void *arg)
{
	struct super_change *c = arg;
	struct ms_sb *sb = &v->sb_next;
	u64 zero = v->zero_code;
	int r;

	spin_lock(&v->lock);
	*sb = v->sb;
	memcpy(sb->peer_node_id, v->seen_node, MS_UUID);
	sb->peer_activation_id = v->seen.id;
	sb->peer_commits = v->seen.commits;
	spin_unlock(&v->lock);
	c->fn(sb, c->arg);
	ms_hang_meta(v, true);
	r = ms_meta_commit_super(v->meta, sb);
	ms_hang_meta(v, false);
	if (r) {
		ms_err(v, "superblock cannot be written (%pe)", ERR_PTR(r));
		/* One copy may say it now: the old state again, with a higher number, or nothing goes on. */
		if (ms_meta_commit_super(v->meta, &v->sb))
			ms_activity_fail(v, r);
	} else {
		sb->sequence = ms_meta_super(v->meta)->sequence;
		if (sb->code_seed != v->seed)
			zero = ms_code_zero(1u << v->geo->seg_shift, sb->code_seed);
		spin_lock(&v->lock);
		v->sb = *sb;
		v->seed = sb->code_seed;
		v->zero_code = zero;
		v->state_seq++;
		spin_unlock(&v->lock);
	}
	return r;
}

int ms_super_change_here(struct ms_volume *v, void (*fn)(struct ms_sb *sb, void *arg),
			 void *arg)
{
	struct super_change c = { fn, arg };

	return change_super(v, &c);
}

int ms_super_change(struct ms_volume *v, void (*fn)(struct ms_sb *sb, void *arg), void *arg)
{
	struct super_change c = { fn, arg };

	return ms_meta_job(v, change_super, &c);
}

/*
 * Creation
 */

static void init_state(struct ms_volume *v, const struct ms_volume_config *cfg)
{
	strscpy(v->name, cfg->name, sizeof(v->name));
	v->dev = cfg->dev;
	v->md = cfg->md;
	v->data = cfg->data;
	v->asked_role = cfg->role;
	v->opt = cfg->opt;
	v->confirm_timeout = max(3 * msecs_to_jiffies(cfg->net.timeout_ms), MS_CONFIRM_MIN);
	mutex_init(&v->control);
	mutex_init(&v->role_lock);
	mutex_init(&v->go_lock);
	spin_lock_init(&v->lock);
	v->app_at = jiffies - HZ;
	ratelimit_state_init(&v->talk, 60 * HZ, 40);
	INIT_LIST_HEAD(&v->registry);
	ms_write_work_init(v);
	ms_primary_init(v);
	ms_secondary_init(v);
	ms_policy_init(v);
	ms_hang_init(v);
	ms_read_work_init(v);
	ms_activity_init(v);
	ms_resync_init(v);
	ms_loss_init(v);
	ms_roles_init(v);
	ms_generator_init(v);
	ms_link_init(v);
	ms_event_init(v);
}

static int open_meta(struct ms_volume *v, const struct ms_volume_config *cfg,
		     const char **why)
{
	int r = ms_meta_open(cfg->meta, cfg->name, &v->meta, why);

	if (r)
		return r;
	v->geo = ms_meta_geo(v->meta);
	v->sb = *ms_meta_super(v->meta);
	if (v->sb.sectors != cfg->sectors) {
		*why = "metadata is for a device of another size";
		return -EINVAL;
	}
	if (bdev_logical_block_size(cfg->data) > v->sb.logical_block) {
		*why = "logical blocks of the data device are larger than those the volume was formatted for";
		return -EINVAL;
	}
	v->seed = v->sb.code_seed;
	v->zero_code = ms_code_zero(1u << v->geo->seg_shift, v->seed);
	return 0;
}

static int make_workers(struct ms_volume *v)
{
	unsigned int flags = WQ_MEM_RECLAIM | WQ_UNBOUND;

	v->meta_wq = alloc_ordered_workqueue("mirsync_meta", WQ_MEM_RECLAIM);
	v->io_wq = alloc_workqueue("mirsync_io", flags, 0);
	v->done_wq = alloc_workqueue("mirsync_done", flags | WQ_HIGHPRI, 0);
	v->zero_wq = alloc_workqueue("mirsync_zero", flags, 0);
	v->peer_wq = alloc_workqueue("mirsync_peer", flags, 0);
	v->copy_wq = alloc_workqueue("mirsync_copy", flags, 0);
	/* Few at a time: each holds memory at both sites. */
	v->repair_wq = alloc_workqueue("mirsync_repair", flags, 8);
	v->cmd_wq = alloc_workqueue("mirsync_cmd", WQ_UNBOUND, 0);
	return v->meta_wq && v->io_wq && v->done_wq && v->zero_wq && v->peer_wq &&
	       v->copy_wq && v->repair_wq && v->cmd_wq ? 0 : -ENOMEM;
}

static void drop_worker(struct workqueue_struct *wq)
{
	if (wq)
		destroy_workqueue(wq);
}

int ms_volume_create(const struct ms_volume_config *cfg, struct ms_volume **pv,
		     const char **why)
{
	struct ms_volume *v = kvzalloc(sizeof(*v), GFP_KERNEL);
	int r;

	*why = "not enough memory";
	if (!v)
		return -ENOMEM;
	init_state(v, cfg);
	r = open_meta(v, cfg, why);
	if (r)
		goto bad;
	*why = "not enough memory";
	r = ms_watch_init(&v->watch);
	if (!r)
		r = make_workers(v);
	if (!r)
		r = ms_pool_init(&v->pool, (MS_DATA_MAX >> PAGE_SHIFT) + 1);
	if (!r) {
		v->has_pool = true;
		r = ms_writes_init(v);
	}
	if (!r)
		r = ms_reads_init(v);
	if (!r)
		r = ms_extents_init(v);
	if (!r)
		r = ms_net_create(&cfg->net, &ms_link_ops, v, &v->net, why);
	if (r)
		goto bad;
	ms_debugfs_add(v);
	*pv = v;
	return 0;
bad:
	ms_volume_destroy(v);
	return r;
}

/*
 * Stopped, or never started: nothing begins any more but what stopping itself left behind. A
 * last look of the metadata worker may find that the data device cannot be flushed, which
 * occupies done_wq, cuts the session and is an event; so that worker comes first, and
 * what the others use, last.
 */
void ms_volume_destroy(struct ms_volume *v)
{
	ms_debugfs_drop(v);
	ms_hang_stop(v);
	drop_worker(v->cmd_wq);
	cancel_work_sync(&v->act_work);
	drop_worker(v->repair_wq);
	drop_worker(v->copy_wq);
	drop_worker(v->zero_wq);
	drop_worker(v->done_wq);
	drop_worker(v->peer_wq);
	drop_worker(v->io_wq);
	drop_worker(v->meta_wq);
	cancel_delayed_work_sync(&v->event_work);
	if (v->net)
		ms_net_destroy(v->net);
	if (v->geo)
		ms_extents_exit(v);
	if (v->has_pool) {
		ms_reads_exit(v);
		ms_writes_exit(v);
		ms_pool_exit(&v->pool);
	}
	if (v->meta)
		ms_meta_close(v->meta);
	ms_watch_exit(&v->watch);
	mutex_destroy(&v->event_lock);
	mutex_destroy(&v->go_lock);
	mutex_destroy(&v->role_lock);
	mutex_destroy(&v->control);
	kvfree(v);
}

/*
 * Activation
 */

static void sb_activate(struct ms_sb *sb, void *arg)
{
	const struct ms_volume *v = arg;
	struct ms_point was = { sb->activation_id, ms_meta_commits(v->meta) };

	sb->activation++;
	if (!v->was_up) {	/* one that was only suspended goes on with its history */
		ms_history_begin(sb->past, &was);
		sb->activation_id = get_random_u64();
	}
	sb->flags &= ~MS_SB_CLEAN;
	if (v->asked_role == MS_ROLE_SECONDARY && !v->role_taken)
		sb->role = MS_ROLE_SECONDARY;
}

static void sb_clean(struct ms_sb *sb, void *arg)
{
	sb->flags |= MS_SB_CLEAN;
}

static int activate(struct ms_volume *v)
{
	bool clean = v->sb.flags & MS_SB_CLEAN;
	int r;

	r = ms_meta_secure(v->meta);
	if (r)
		ms_err(v, "the metadata device cannot be flushed (%pe)", ERR_PTR(r));
	if (!r)
		r = ms_activity_load(v);
	if (!r)
		r = ms_super_change(v, sb_activate, v);
	if (r)
		return r;
	v->was_up = true;
	ms_meta_set_activation(v->meta, v->sb.activation);
	r = ms_activity_recover(v, clean);
	if (r)
		return r;
	ms_roles_activated(v);
	if (v->was_active) {	/* only suspended: the role was never given up */
		v->claim = MS_CLAIM_ACTIVE;
		v->active = true;
	}
	ms_info(v, "activated as %s, %s stop before, %llu of %llu segments valid, %llu marked",
		ms_claim_name(v->claim), clean ? "clean" : "unclean", v->n_valid,
		v->geo->segments, v->n_marked);
	return 0;
}

int ms_volume_start(struct ms_volume *v)
{
	unsigned int noio = memalloc_noio_save();	/* nothing is served before it is done */
	int r = 0;

	mutex_lock(&v->control);
	if (v->running)
		goto out;
	if (v->meta_failed) {	/* not an error: the device would stay suspended, and who uses it wait */
		ms_err(v, "its metadata has failed: nothing is served until it is made anew");
		goto out;
	}
	v->stopping = false;
	v->failback = 0;
	v->failback_judged = false;
	v->copy_rate = 0;
	__ms_resync_forget(v);
	r = activate(v);
	if (!r)
		r = ms_sample_check(v);
	/* No word on a question of an earlier activation is one on a question of this. */
	v->question = max(v->question, v->sb.activation << 32);
	if (!r)
		r = ms_net_start(v->net);
	if (r) {
		ms_err(v, "cannot be activated (%pe)", ERR_PTR(r));
		goto out;
	}
	v->running = true;
	queue_delayed_work(v->meta_wq, &v->idle_work, HZ);
	ms_generator_start(v);
	ms_hang_watch(v);
	ms_volume_event(v);
out:
	mutex_unlock(&v->control);
	memalloc_noio_restore(noio);
	return r;
}

static bool quiet(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = __ms_write_idle(v) && __ms_read_idle(v) && __ms_scrub_idle(v) &&
	    bio_list_empty(&v->intake) && bio_list_empty(&v->reads_later);
	spin_unlock(&v->lock);
	return r;
}

void ms_volume_stop(struct ms_volume *v)
{
	ms_policy_settle(v);
	spin_lock(&v->lock);
	v->stopping = true;
	spin_unlock(&v->lock);
	ms_net_cut(v->net, -ESHUTDOWN);	/* ends a command that waits for the peer */
	mutex_lock(&v->control);
	if (!v->running)
		goto out;
	v->running = false;
	ms_net_stop(v->net);
	ms_policy_stop(v);
	ms_loss_settle(v);
	v->was_active = v->active;
	ms_generator_stop(v);
	ms_hang_wait(v, quiet);
	ms_hang_stop(v);
	spin_lock(&v->lock);
	v->active = false;
	spin_unlock(&v->lock);
	cancel_delayed_work_sync(&v->idle_work);
	if (!ms_activity_cool_all(v))
		ms_super_change(v, sb_clean, NULL);
	flush_workqueue(v->io_wq);
	flush_workqueue(v->done_wq);
	flush_workqueue(v->copy_wq);
	flush_workqueue(v->repair_wq);
	cancel_work_sync(&v->act_work);		/* it queues itself anew, which a flush does not wait for */
	flush_workqueue(v->meta_wq);
out:
	mutex_unlock(&v->control);
}

void ms_volume_options(struct ms_volume *v, struct ms_options *opt)
{
	spin_lock(&v->lock);
	*opt = v->opt;
	spin_unlock(&v->lock);
}

void ms_volume_set_options(struct ms_volume *v, const struct ms_options *opt)
{
	spin_lock(&v->lock);
	if (opt->resync_rate_max != v->opt.resync_rate_max)
		v->copy_rate = 0;	/* what was said last counts */
	v->opt = *opt;
	spin_unlock(&v->lock);
	ms_policy_changed(v);
	ms_hang_watch(v);
	ms_volume_event(v);
}
