// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode, queue and lost link; see policy.h.
 *
 * Epochs. v->epoch grows when the application is told of a write or flush of the present
 * epoch that the peer has not confirmed: what it writes after that may depend on it. The
 * next frame then carries MS_W_EPOCH, and the target applies that one and what follows
 * only when everything before it is complete. Both under v->lock, as is the queueing of
 * frames, so each write that starts after another one was completed is shipped behind a
 * border that is behind the other one. In sync mode nothing opens an epoch.
 *
 * Detached: the queue was full, the session is given up, and for a while after the sites
 * have met again nothing is mirrored, so that the link has a rest.
 *
 * Frozen is no state of its own but a conclusion from options and state: bios wait in
 * v->intake, where a noflush suspend finds them.
 *
 * Locking: v->lock.
 */
#include "engine/link.h"
#include "engine/policy.h"
#include "engine/resync.h"

#define REST		(10 * HZ)	/* after a full queue */
#define SETTLE		(30 * HZ)	/* a stop waits so long for the queue at most ... */
#define SETTLE_STEP	(2 * HZ)	/* ... and so long for it to get shorter */

static bool async(const struct ms_volume *v)
{
	return READ_ONCE(v->opt.mode) == MS_MODE_ASYNC;
}

static u64 queue_bytes(const struct ms_volume *v)
{
	return (u64)READ_ONCE(v->opt.async_queue) << 10;
}

static bool detaches(const struct ms_volume *v)
{
	return async(v) && READ_ONCE(v->opt.queue_full) == MS_QUEUE_DETACH &&
	       READ_ONCE(v->own) == MS_OWN_USED;	/* else there is nothing to go on with */
}

static void kick_intake(struct ms_volume *v)
{
	queue_work(v->io_wq, &v->intake_work);
}

/*
 * The queue
 */

bool __ms_policy_ahead(const struct ms_write *w)
{
	const struct ms_volume *v = w->v;

	return async(v) && w->kind == MS_WRITE_APP && v->connected && w->session == v->session;
}

u32 __ms_policy_border(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	if (v->epoch == v->epoch_shipped)
		return 0;
	v->epoch_shipped = v->epoch;
	return MS_W_EPOCH;
}

static void __detach(struct ms_volume *v)
{
	ms_warn_limit(v, "the queue to the peer is full: going on without it, a resync follows");
	v->mirroring = false;
	v->in_sync = false;
	v->detached = true;
	mod_delayed_work(v->peer_wq, &v->rejoin_work, REST);
	ms_net_cut(v->net, -ENOBUFS);
}

bool __ms_policy_full(struct ms_volume *v, const struct ms_write *w)
{
	lockdep_assert_held(&v->lock);
	if (!detaches(v) || w->kind != MS_WRITE_APP || !v->unacked_bytes ||
	    v->unacked_bytes + w->weight <= queue_bytes(v))
		return false;
	__detach(v);
	return true;
}

void __ms_policy_pinned(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	if (detaches(v) && v->mirroring && !v->nr_free && v->nr_unacked >= v->geo->max_hot / 2)
		__detach(v);
}

bool __ms_policy_room(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	/* All that will be shipped: none of it can be held back when it is. */
	return !async(v) || detaches(v) ||
	       v->unacked_bytes + (v->mirroring ? v->unstarted_bytes : 0) < queue_bytes(v);
}

/* Source: the rest is over. A session that is waited for in the meantime begins to mirror. */
static void rejoin_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, rejoin_work);
	bool go;
	int r;

	spin_lock(&v->lock);
	v->detached = false;
	go = v->connected && v->postponed == v->session && !v->mirroring &&
	     v->decision.meeting == MS_MEET_SOURCE && !v->failback;
	spin_unlock(&v->lock);
	if (!go)
		ms_policy_link_down(v);
	r = go ? ms_resync_go(v) : 0;
	if (r && r != -ENOTCONN)
		ms_net_cut(v->net, r);
	kick_intake(v);
	ms_volume_event(v);
}

bool ms_policy_postpone(struct ms_volume *v, u32 session)
{
	bool wait;

	spin_lock(&v->lock);
	wait = v->detached;
	if (wait)
		v->postponed = session;
	spin_unlock(&v->lock);
	return wait;
}

/* One behind a long queue has its time when it is the first: what counts is that the queue moves. */
bool ms_policy_overdue(struct ms_volume *v)
{
	struct ms_write *w;
	unsigned long since;
	bool late = false;

	spin_lock(&v->lock);
	w = list_first_entry_or_null(&v->unacked, struct ms_write, list);
	if (w) {
		since = w->shipped;
		if (time_after(v->first_at, since))
			since = v->first_at;
		late = time_after(jiffies, since + v->confirm_timeout);
	}
	spin_unlock(&v->lock);
	return late;
}

unsigned long __ms_policy_oldest(struct ms_volume *v)
{
	struct ms_write *w;

	lockdep_assert_held(&v->lock);
	w = list_first_entry_or_null(&v->unacked, struct ms_write, list);
	return w ? jiffies - w->shipped : 0;
}

/*
 * The lost link
 */

bool __ms_policy_frozen(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	return READ_ONCE(v->opt.link_lost) == MS_LOST_FREEZE && v->active && !v->mirroring &&
	       !v->detached && !v->released && !v->draining;
}

void __ms_policy_mirrors(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	v->mirroring = true;
	v->detached = false;
	v->released = false;
	kick_intake(v);
}

void ms_policy_link_down(struct ms_volume *v)
{
	bool frozen;

	spin_lock(&v->lock);
	frozen = READ_ONCE(v->running) && __ms_policy_frozen(v);
	spin_unlock(&v->lock);
	if (READ_ONCE(v->own) == MS_OWN_LEFT)
		ms_err_limit(v, "the peer is lost, and the data device has failed before: %s; promote the peer",
			     frozen ? "the application waits" : "nothing can be served");
	else if (frozen)
		ms_warn_limit(v, "writes wait until the peer is back, or for \"mirsync release\"");
}

int ms_cmd_release(struct ms_volume *v)
{
	bool frozen;

	spin_lock(&v->lock);
	frozen = __ms_policy_frozen(v);
	if (frozen)
		v->released = true;
	spin_unlock(&v->lock);
	if (!frozen)
		return ms_refuse_command(v, -EINVAL, "writes do not wait for the peer");
	ms_warn(v, "released: going on without the peer this time");
	kick_intake(v);
	ms_volume_event(v);
	return 0;
}

void ms_primary_drain(struct ms_volume *v, bool on)
{
	bool frozen;

	spin_lock(&v->lock);
	frozen = on && __ms_policy_frozen(v);
	v->draining = on;
	spin_unlock(&v->lock);
	if (frozen)
		ms_warn(v, "suspended while writes wait for the peer: they end without it");
	kick_intake(v);
}

/*
 * Changes
 */

void ms_policy_changed(struct ms_volume *v)
{
	if (async(v))
		ms_write_run_ahead(v);
	kick_intake(v);
}

static u64 waiting_for(struct ms_volume *v)
{
	u64 bytes;

	spin_lock(&v->lock);
	bytes = v->connected ? v->unacked_bytes : 0;
	spin_unlock(&v->lock);
	return bytes;
}

void ms_policy_settle(struct ms_volume *v)
{
	unsigned long end = jiffies + SETTLE;
	u64 left = waiting_for(v), before;

	do {
		before = left;
		wait_event_timeout(v->cooled, !waiting_for(v), SETTLE_STEP);
		left = waiting_for(v);
	} while (left && left < before && time_before(jiffies, end));
	if (left)
		ms_warn(v, "the peer has not confirmed %llu KiB that were written: they are marked",
			left >> 10);
}

void ms_policy_stop(struct ms_volume *v)
{
	cancel_delayed_work_sync(&v->rejoin_work);
	spin_lock(&v->lock);
	v->detached = false;
	spin_unlock(&v->lock);
}

void ms_policy_init(struct ms_volume *v)
{
	INIT_DELAYED_WORK(&v->rejoin_work, rejoin_work);
}
