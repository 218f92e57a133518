// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost data: see loss.h. The consequences that sleep are left to workers.
 *
 * Stopping, and what a power cut or a cut of the link leaves:
 *   the disk fails a write			nothing is persisted: primary as before, and what was
 *					written lately is suspect; nobody was told of success
 *   nothing is served any more, what was shipped is waited for
 *   all of it was confirmed		the peer has every write that was ever completed
 *   this site persists: secondary, inconsistent	no source any more; the peer may be promoted
 * If anything was not confirmed, or the session has ended and the peer may have failed too, this
 * disk is served again (I10).
 *
 * Locking: v->lock.
 */
#include "engine/extent.h"
#include "engine/link.h"
#include "engine/loss.h"
#include "engine/write.h"

void __ms_resync_soon(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	if (v->connected && v->mirroring)
		queue_delayed_work(v->copy_wq, &v->again_work, MS_RETRY_DELAY);
}

void __ms_data_lost(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	__ms_disk_failed(v);
	__ms_suspect_hot(v);
	v->losses++;			/* what is cooling now may not: see cool_batch() */
	if (v->n.writes != v->told_writes)
		v->data_lost = true;
	__ms_resync_soon(v);
	if (v->claim == MS_CLAIM_NONE) {
		v->target_failed = true;
		queue_work(v->done_wq, &v->target_failed_work);
	}
}

void __ms_disk_failed(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	/* In sync: no mark, no candidate, mirroring. With a mark this disk is the better one. */
	if (v->opt.disk_error != MS_DISK_ERROR_STOP || !v->active || !v->in_sync)
		return;
	v->active = false;
	v->stopping = true;
	v->peer_lacks = false;
	v->stop_session = v->session;
	queue_work(v->copy_wq, &v->disk_work);
}

static void become_failed(struct ms_sb *sb, void *arg)
{
	sb->role = MS_ROLE_SECONDARY;
	sb->disk = MS_DISK_INCONSISTENT;
}

static bool all_ended(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = __ms_write_idle(v);
	spin_unlock(&v->lock);
	return r;
}

/* Return: whether this site stops. role_lock is held. */
static bool decide(struct ms_volume *v)
{
	bool leave, ours;
	int r = 0;

	spin_lock(&v->lock);
	leave = v->connected && v->mirroring && v->session == v->stop_session &&
		!v->peer_lacks && !v->nr_unacked && !v->copying;
	ours = v->claim == MS_CLAIM_ACTIVE;	/* or something else has ended that meanwhile */
	spin_unlock(&v->lock);
	if (ours && leave)
		r = ms_super_change(v, become_failed, NULL);
	spin_lock(&v->lock);
	v->stopping = false;
	if (ours && leave) {
		v->claim = r ? MS_CLAIM_WAITING : MS_CLAIM_NONE;
		v->state_seq++;
	} else if (ours) {
		v->active = true;
	}
	spin_unlock(&v->lock);
	if (ours && leave)
		ms_err(v, "the data device has failed: this site serves nothing more%s; promote the peer",
		       r ? "" : " and is inconsistent");
	else if (ours)
		ms_err(v, "the data device has failed, but the peer may lack writes: going on with it");
	return ours && leave;
}

static void disk_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, disk_work);
	bool stopped;

	/* Each write ends: by its confirmation, or with the session. */
	wait_event(v->cooled, all_ended(v));
	mutex_lock(&v->role_lock);
	stopped = decide(v);
	mutex_unlock(&v->role_lock);
	queue_work(v->io_wq, &v->intake_work);
	if (stopped)
		ms_link_meet_again(v);
	ms_volume_event(v);
}

void ms_disk_settle(struct ms_volume *v)
{
	flush_work(&v->disk_work);
}

void ms_loss_init(struct ms_volume *v)
{
	INIT_WORK(&v->disk_work, disk_work);
}
