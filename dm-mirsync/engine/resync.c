// SPDX-License-Identifier: GPL-2.0-only
/*
 * The resync at its source; see resync.h. Candidates are the marked segments,
 * and all segments of candidate extents. Several extents are worked on beside
 * each other, each by a worker (resync_extent.c), at a rate that yields to the
 * application (resync_rate.c).
 *
 * A cut or crash at any point leaves marks, or the persistent "all are
 * candidates", for whatever was not confirmed: the next session goes on from there
 * (resync_marks.c) and finds by codes what is equal by then.
 *
 * Locking: v->lock for state and counters. One resync_work at a time. It waits idle, not
 * as a task that hangs: how long copies take is up to the link and the peer.
 */
#include <linux/delay.h>
#include <linux/slab.h>

#include "engine/codes.h"
#include "engine/compare.h"
#include "engine/link.h"
#include "engine/loss.h"
#include "engine/policy.h"
#include "engine/resync.h"
#include "engine/resync_extent.h"
#include "engine/resync_marks.h"
#include "engine/resync_progress.h"
#include "engine/resync_rate.h"
#include "engine/roles.h"
#include "engine/trace.h"

#define JOBS_MAX	8	/* extents worked on at once */

bool ms_resync_going(struct ms_volume *v, u32 session)
{
	bool r;

	spin_lock(&v->lock);
	r = v->connected && v->mirroring && v->session == session &&
	    !v->meta_failed;
	spin_unlock(&v->lock);
	return r;
}

bool ms_resync_copies_all(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = v->sb.flags & MS_SB_COPY_ALL;
	spin_unlock(&v->lock);
	return r;
}

struct job {
	struct work_struct work;
	struct ms_volume *v;
	u64 no;
	u32 session;
};

static void job_work(struct work_struct *work)
{
	struct job *j = container_of(work, struct job, work);
	struct ms_volume *v = j->v;
	struct ms_extent *e;
	int r = -EIO;

	e = ms_extent_hold(v, j->no);
	if (e) {
		r = ms_resync_extent(v, e, j->session);
		ms_extent_release(v, e);
	}
	spin_lock(&v->lock);
	if (!r && v->n.rs_done < v->n.rs_total)
		v->n.rs_done++;
	if (r && v->last_error != EILSEQ)
		v->last_error = -r;
	spin_unlock(&v->lock);
	ms_progress_tell(v, j->session, false);
	spin_lock(&v->lock);
	v->copy_jobs--;
	spin_unlock(&v->lock);
	wake_up_all(&v->copy_wait);
	kfree(j);
}

static bool slot_free(struct ms_volume *v, u32 max)
{
	bool r;

	spin_lock(&v->lock);
	r = v->copy_jobs < max;
	spin_unlock(&v->lock);
	return r;
}

static int start_job(struct ms_volume *v, u64 no, u32 session)
{
	struct job *j = kmalloc(sizeof(*j), GFP_NOIO);

	if (!j)
		return -ENOMEM;
	INIT_WORK(&j->work, job_work);
	j->v = v;
	j->no = no;
	j->session = session;
	wait_event_idle(v->copy_wait, slot_free(v, JOBS_MAX));
	spin_lock(&v->lock);
	v->copy_jobs++;
	spin_unlock(&v->lock);
	queue_work(v->copy_wq, &j->work);
	return 0;
}

/*
 * All extents
 */

/* Candidates that are equal as a whole need no look at their codes. */
static int compare_digests(struct ms_volume *v, u32 session)
{
	u64 no = 0, end = v->geo->extents;
	u64 *list;
	u32 n;
	int r = 0;

	list = kvmalloc_array(MS_CMP_BATCH, sizeof(*list), GFP_NOIO);
	if (!list)
		return -ENOMEM;
	while (!r && no < end && ms_resync_going(v, session)) {
		for (n = 0; n < MS_CMP_BATCH; n++) {
			no = find_next_bit(v->cand_map, end, no);
			if (no >= end)
				break;
			list[n] = no++;
		}
		if (n)
			r = ms_compare_ask_extents(v, list, n);
	}
	kvfree(list);
	return r;
}

static u64 next_todo(struct ms_volume *v, u64 no)
{
	u64 a = find_next_bit(v->cand_map, v->geo->extents, no);
	u64 b = find_next_bit(v->marked_map, v->geo->extents, no);

	return min(a, b);
}

static int one_pass(struct ms_volume *v, u32 session)
{
	u64 no = 0;
	int r;

	v->rs_unreadable = v->rs_hopeless = 0;
	r = ms_resync_copies_all(v) ? 0 : compare_digests(v, session);
	while (!r && (no = next_todo(v, no)) < v->geo->extents) {
		if (!ms_resync_going(v, session))
			r = -ENOTCONN;
		else if (READ_ONCE(v->last_error) == EILSEQ)
			r = -EILSEQ;
		else
			r = start_job(v, no++, session);
	}
	wait_event_idle(v->copy_wait, slot_free(v, 1));
	spin_lock(&v->lock);
	v->n.unreadable = v->rs_unreadable;
	/* What is left cannot be read: no use in beginning again at once. */
	if (!r && v->n.unreadable && v->rs_hopeless == v->marked_extents && !v->n_cand)
		r = -EIO;
	spin_unlock(&v->lock);
	return r;
}

/* How much is left, in whatever unit: 0 is nothing. */
static u64 left(struct ms_volume *v)
{
	u64 n;

	spin_lock(&v->lock);
	n = v->n_cand || v->marked_extents ? max(v->n_cand + v->n_marked, 1ull) : 0;
	spin_unlock(&v->lock);
	return n;
}

/* Extents that are marked or candidates. Behind the last one the maps hold anything. */
static u64 todo_extents(const struct ms_volume *v)
{
	u64 i, n = 0, words = BITS_TO_LONGS(v->geo->extents);
	unsigned long todo;

	for (i = 0; i < words; i++) {
		todo = v->cand_map[i] | v->marked_map[i];
		if (i == words - 1)
			todo &= BITMAP_LAST_WORD_MASK(v->geo->extents);
		n += hweight_long(todo);
	}
	return n;
}

/*
 * Return: false when a failback has been begun that is not started: codes may have no say in
 * it, and its start, or its end, brings the next resync.
 */
static bool begin(struct ms_volume *v)
{
	ms_pace_begin(v);
	spin_lock(&v->lock);
	if (v->failback == 1) {
		spin_unlock(&v->lock);
		return false;
	}
	v->n.rs_total = v->n.rs_done + todo_extents(v);
	v->copying = true;
	v->last_error = 0;
	__ms_progress_begin(v);
	trace_mirsync_resync_begin(v);
	spin_unlock(&v->lock);
	ms_volume_event(v);
	if (ms_may_talk(v))
		ms_info(v, "resync begins: %llu extents to compare, %llu segments marked",
			v->n_cand, v->n_marked);
	return true;
}

static void end(struct ms_volume *v, int r)
{
	spin_lock(&v->lock);
	v->copying = false;
	__ms_progress_end(v);
	if (r && v->last_error != EILSEQ)
		v->last_error = -r;
	if (!r)
		v->n.unreadable = 0;
	/* Since the last pass, or the last agreement; who brought them may have met this copy. */
	if (!r && (v->marked_extents || !v->in_sync))
		__ms_resync_soon(v);
	trace_mirsync_resync_end(v, r);
	spin_unlock(&v->lock);
	if (r && ms_may_talk(v))
		ms_warn(v, "resync stopped (%pe): %llu extents and %llu segments are left, %llu of them unreadable here",
			ERR_PTR(r), v->n_cand, v->n_marked, v->n.unreadable);
	else if (!r && ms_may_talk(v))
		ms_info(v, "resync done: %llu segments equal, %llu differed, %llu copied in %llu ms",
			v->n.rs_equal, v->n.rs_differ, v->n.rs_copied, v->n.rs_ms);
	ms_volume_event(v);
}

/* Left over while still connected. A disk that cannot be read is tried again, without tearing the session down. */
static void try_again(struct ms_volume *v, u32 session, int r)
{
	if (!ms_resync_going(v, session))
		return;
	if (r == -EAGAIN || v->last_error == EILSEQ)
		ms_net_cut(v->net, r);	/* the sites have to meet anew */
	else
		queue_delayed_work(v->copy_wq, &v->resync_work, MS_RETRY_DELAY);
}

static void resync_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, resync_work);
	u32 session = v->session, stuck = 0;
	u64 before, now = left(v);
	int r = 0;

	if (!begin(v))
		return;
	while (!r && now) {
		before = now;
		r = one_pass(v, session);
		now = left(v);
		if (now >= before && ++stuck > 20)
			r = r ?: -(v->last_error ?: EIO);
		else if (now >= before)
			msleep(50);
		if (!r && now && !ms_resync_going(v, session))
			r = -ENOTCONN;
	}
	ms_progress_tell(v, session, true);
	/* Whatever else has ended it, and before another one may begin: no code of this site is to be believed. */
	if (v->last_error == EILSEQ) {
		r = -EILSEQ;
		ms_codes_void(v);
	}
	if (!r)
		r = ms_roles_agree(v, session);
	end(v, r);
	if (r)
		try_again(v, session, r);
}

/* Announce what follows and begin to mirror, in one step against writes. */
static int start_mirroring(struct ms_volume *v, struct ms_result *res, bool *gap, u32 *session)
{
	struct ms_request rq;
	struct ms_go go = { };
	int r;

	ms_request_prepare(&rq, MS_F_GO, &go, sizeof(go), MS_F_RESULT, res, sizeof(*res));
	spin_lock(&v->lock);
	/* Begun meanwhile: its start, or its end, brings the next resync. */
	if (v->failback == 1 || v->copying) {
		spin_unlock(&v->lock);
		return -EALREADY;
	}
	*gap = v->failback == 2 || v->n_cand || v->marked_extents || v->peer_disk != MS_DISK_CONSISTENT ||
	       !ms_gens_shared(&v->sb.gens);
	go.gap = cpu_to_le32(*gap);
	go.scope = cpu_to_le32(v->decision.scope);
	v->voids_met = v->voids;
	ms_gens_encode(&v->sb.gens, &go.gens);
	v->told_gen = v->sb.gens.current_gen;
	*session = v->session;
	/* Not from a disk that has failed, nor any more from a site that was demoted. */
	r = v->claim == MS_CLAIM_ACTIVE && v->own == MS_OWN_USED ?
	    __ms_request_queue(v, &rq) : -EAGAIN;
	if (!r)
		__ms_policy_mirrors(v);
	if (!r && *gap)
		v->copying = true;
	spin_unlock(&v->lock);
	if (!r)
		r = ms_request_wait(&rq);
	if (!r && res->status)
		r = -EREMOTEIO;
	if (r)
		return r;
	spin_lock(&v->lock);
	/* A command is not waited for when the session ends. */
	if (v->session == *session && v->voids == v->voids_met)
		__ms_resync_keep(v);
	spin_unlock(&v->lock);
	return 0;
}

static int go(struct ms_volume *v)
{
	struct ms_result *res;
	bool gap, over;
	u32 session;
	int r;

	if (!v->failback_judged)
		ms_resync_reset(v);
	v->failback_judged = false;	/* the verdicts are used up, or were never there */
	r = ms_roles_offer(v);
	if (r)
		return r;
	res = kzalloc(sizeof(*res), GFP_NOIO);
	if (!res)
		return -ENOMEM;
	r = start_mirroring(v, res, &gap, &session);
	if (!r && gap)
		r = ms_roles_overwritten(v, session);
	kfree(res);
	if (r == -EALREADY)
		return 0;
	spin_lock(&v->lock);
	over = !v->connected || v->session != session;
	if (r && !over)
		v->copying = false;
	if (!r && over)
		r = -ENOTCONN;
	if (!r && gap)
		mod_delayed_work(v->copy_wq, &v->resync_work, 0);	/* it may wait to try again */
	spin_unlock(&v->lock);
	if (r)
		return r;
	if (!gap)
		r = ms_roles_agreed(v);
	ms_volume_event(v);
	return r;
}

/* What the target was told last is what its answer is about. */
int ms_resync_go(struct ms_volume *v)
{
	int r;

	mutex_lock(&v->go_lock);
	r = go(v);
	mutex_unlock(&v->go_lock);
	return r;
}

/* Return: 0 nothing to do, 1 now, -EAGAIN later. */
static int settle_marks_now(struct ms_volume *v)
{
	int r = 0;

	spin_lock(&v->lock);
	if (v->connected && v->mirroring && (v->marked_extents || !v->in_sync) && !v->copying &&
	    v->own == MS_OWN_USED)		/* another GO may have to wait for long */
		r = v->failback || mutex_is_locked(&v->go_lock) ? -EAGAIN : 1;
	spin_unlock(&v->lock);
	return r;
}

/*
 * Marks that arose in a session, by an error of the local disk. The target is told once more
 * that it has a gap, which it makes persistent (I10), then they are copied. If the application's
 * writes have cleared them meanwhile there is no gap: that is agreed on.
 */
static void again_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, again_work);
	int r = settle_marks_now(v);

	if (!r)
		return;
	/* Not beside a command; and stopping, which is one, waits for this worker. */
	if (r > 0 && mutex_trylock(&v->control)) {
		r = settle_marks_now(v) > 0 ? ms_resync_go(v) : 0;
		mutex_unlock(&v->control);
		if (r && r != -ENOTCONN)
			ms_net_cut(v->net, r);
		return;
	}
	spin_lock(&v->lock);
	__ms_resync_soon(v);
	spin_unlock(&v->lock);
}

void ms_resync_wait(struct ms_volume *v)
{
	cancel_delayed_work_sync(&v->again_work);
	cancel_delayed_work_sync(&v->resync_work);
	spin_lock(&v->lock);
	v->copying = false;
	spin_unlock(&v->lock);
}

void ms_resync_init(struct ms_volume *v)
{
	INIT_DELAYED_WORK(&v->resync_work, resync_work);
	INIT_DELAYED_WORK(&v->again_work, again_work);
	INIT_WORK(&v->marks_work, ms_resync_send_marks);
	init_waitqueue_head(&v->copy_wait);
}
