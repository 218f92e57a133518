// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost data: see loss.h. The consequences that sleep are left to workers.
 *
 * With the option disk_error peer a primary whose pair is in sync leaves a disk that failed a
 * write or a flush, and goes on through its peer. What each step leaves to a power cut or a cut of
 * the link:
 *   FAILING: nothing is begun any more, reads wait too; what is in flight ends. Writes that the
 *	disk has not got wait in v->lost		persistent is what was: the failed writes
 *					are suspect, and nobody was told of their success
 *   all ended, and the peer has confirmed all	the peer has what was ever completed
 *   this site persists: secondary, inconsistent, no code valid, all candidates
 *					no source any more, whatever was written here before
 *   LEFT: v->lost is completed, writes and reads go to the peer only
 * Only the last step completes a write that one disk alone has. Done before the one above it, a
 * power cut would bring back a primary with a consistent disk that lacks the write, and copy it
 * over the peer's (I9, I10). If anything was not confirmed, or the session has ended, this disk is
 * used again and the failed writes are errors (disk_error fail).
 *
 * A site that has LEFT its disk has nothing to go on with when the session ends, and begins no
 * other one as a source. It comes back by giving the role up, as a target.
 *
 * Locking: v->lock.
 */
#include "engine/extent.h"
#include "engine/link.h"
#include "engine/loss.h"
#include "engine/policy.h"
#include "engine/resync_marks.h"
#include "shared/mutants.h"

void __ms_resync_soon(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	if (v->connected && v->mirroring)
		queue_delayed_work(v->copy_wq, &v->again_work, MS_RETRY_DELAY);
}

void __ms_resync_now(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	if (v->connected && v->mirroring)
		mod_delayed_work(v->copy_wq, &v->again_work, 0);
}

/*
 * In sync: no mark and no candidate, the peer has what this site has or will confirm it. Also
 * the generation: with a newer one here, begun while both agreed, a promotion there would look as
 * if it came from behind. And nothing was lost before that the application has still to be told
 * of: the peer has been given since what the disk then held.
 */
static void __disk_failed(struct ms_volume *v)
{
	if (v->opt.disk_error != MS_DISK_ERROR_PEER || v->own != MS_OWN_USED || !v->active ||
	    !v->in_sync || !v->mirroring || v->failback || __ms_loss_untold(v) ||
	    v->told_gen != v->sb.gens.current_gen)
		return;
	v->own = MS_OWN_FAILING;
	v->peer_lacks = false;
	v->fail_session = v->session;
	queue_work(v->copy_wq, &v->disk_work);
}

void __ms_data_lost(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	if (v->own == MS_OWN_LEFT)
		return;
	__disk_failed(v);
	__ms_suspect_hot(v);
	v->losses++;			/* what is cooling now may not: see cool_batch() */
	__ms_resync_soon(v);
	if (v->claim != MS_CLAIM_NONE) {
		v->lost_writes = v->ended_writes;
	} else {
		v->target_failed = true;
		queue_work(v->done_wq, &v->target_failed_work);
	}
}

struct own_flush {
	struct ms_io io;
	struct ms_volume *v;
	struct completion done;
};

/* Interrupt context. */
static void own_flush_ended(struct ms_io *io)
{
	struct own_flush *f = container_of(io, struct own_flush, io);

	if (io->status)
		atomic_inc(&f->v->flushes_failing);
	complete(&f->done);
}

int ms_flush_disk(struct ms_volume *v)
{
	struct own_flush f = {
		.io = {
			.bdev = v->data,
			.opf = REQ_OP_WRITE | REQ_PREFLUSH,
			.end = own_flush_ended,
		},
		.v = v,
	};

	init_completion(&f.done);
	ms_io_submit(&v->pool, &f.io);
	wait_for_completion_io(&f.done);
	return f.io.status;
}

void __ms_flush_failed(struct ms_volume *v)
{
	__ms_data_lost(v);
	atomic_dec(&v->flushes_failing);
}

int ms_data_flush(struct ms_volume *v)
{
	u32 losses;
	int r;

	spin_lock(&v->lock);
	losses = v->losses;
	spin_unlock(&v->lock);
	r = ms_flush_disk(v);
	spin_lock(&v->lock);
	if (r)
		__ms_flush_failed(v);
	else if (__ms_flush_failed_since(v, losses))
		r = -EIO;
	spin_unlock(&v->lock);
	return r;
}

void __ms_write_failed(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	lockdep_assert_held(&v->lock);
	__disk_failed(v);
	w->lost = v->own != MS_OWN_USED;
}

bool __ms_lost_waits(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	lockdep_assert_held(&v->lock);
	if (v->own == MS_OWN_FAILING) {
		list_add_tail(&w->list, &v->lost);
		v->nr_lost++;
		wake_up_all(&v->cooled);
		return true;
	}
	if (!w->untouched && v->own == MS_OWN_USED)
		return false;		/* with the error of the disk */
	w->parked |= w->alone && __ms_policy_frozen(v);
	w->status = w->alone && !w->parked ? -EIO : 0;
	return false;
}

static bool all_ended(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = v->inflight == v->nr_lost && !v->nr_unacked && list_empty(&v->gen_wait) &&
	    !v->gen_busy;
	spin_unlock(&v->lock);
	return r;
}

/*
 * Each write ends: by its confirmation, or with the session. But one that waits for a free
 * extent may wait for those that are kept here: it is refused, and goes back into the line.
 */
static void wait_for_all(struct ms_volume *v)
{
	LIST_HEAD(ready);

	do {
		spin_lock(&v->lock);
		__ms_extent_admit(v, true, &ready);
		spin_unlock(&v->lock);
		ms_ops_start(&ready);
	} while (!wait_event_idle_timeout(v->cooled, all_ended(v), HZ));
}

/* From here on the peer alone has everything: this site is no source any more (I10). */
static void sb_leave(struct ms_sb *sb, void *arg)
{
	sb->role = MS_ROLE_SECONDARY;
	sb->disk = MS_DISK_INCONSISTENT;
	sb->codes_since = *(u64 *)arg;
	sb->flags |= MS_SB_ALL_CANDIDATES;
}

/* In the metadata worker, so that no extent cools meanwhile: from here on that needs no flush. */
static int leave(struct ms_volume *v, void *arg)
{
	u64 since = ms_meta_next_sequence(v->meta);
	int r = MS_MUTANT(LEFT_UNRECORDED) ? 0 : ms_super_change_here(v, sb_leave, &since);

	if (r)
		return r;
	spin_lock(&v->lock);
	__ms_void_codes(v);
	__ms_resync_forget(v);
	v->own = MS_OWN_LEFT;
	v->in_sync = false;
	v->told_writes = v->ended_writes;	/* the peer has them */
	v->data_failed = false;
	spin_unlock(&v->lock);
	return 0;
}

/* role_lock is held. Return: whether the site has left its disk. */
static bool decide(struct ms_volume *v)
{
	bool can;

	spin_lock(&v->lock);
	can = v->claim == MS_CLAIM_ACTIVE && v->active && v->connected && v->mirroring &&
	      v->session == v->fail_session && !v->peer_lacks && !v->copying && !v->failback &&
	      v->told_gen == v->sb.gens.current_gen;
	spin_unlock(&v->lock);
	if (can && !ms_meta_job(v, leave, NULL))
		return true;
	spin_lock(&v->lock);
	v->own = MS_OWN_USED;
	__ms_resync_soon(v);
	spin_unlock(&v->lock);
	return false;
}

static void disk_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, disk_work);
	bool left;

	wait_for_all(v);
	mutex_lock(&v->role_lock);
	left = decide(v);
	ms_write_decided(v, left);
	mutex_unlock(&v->role_lock);
	if (left)
		ms_err(v, "the data device has failed: this site is inconsistent and goes on through the peer only");
	else
		ms_err(v, "the data device has failed, and the peer may lack writes: going on with it");
	queue_work(v->io_wq, &v->intake_work);
	ms_link_send_state(v);
	ms_volume_event(v);
}

void ms_loss_settle(struct ms_volume *v)
{
	flush_work(&v->disk_work);
}

void ms_loss_init(struct ms_volume *v)
{
	INIT_WORK(&v->disk_work, disk_work);
}
