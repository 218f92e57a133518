// SPDX-License-Identifier: GPL-2.0-only
/*
 * The write path; see write.h. What keeps the invariants here:
 *  - a write starts only from its extent's queue: recorded (I1), ordered (I7);
 *  - it is queued to the peer under v->lock together with the change of its
 *    segments' bits, so the order of frames is the order of starts;
 *  - when it will not be confirmed, its mark is set before it completes, and
 *    the new generation is on the disk before it completes (I5, I9);
 *  - its code counts only if no other write to the segment began meanwhile (I4);
 *  - its extent stays pinned until it is confirmed or marked (I2a);
 *  - when the application is told before the peer has confirmed it, what is shipped
 *    after that belongs to a new epoch (I7).
 */
#include <linux/blkdev.h>

#include "engine/activity.h"
#include "engine/hang.h"
#include "engine/loss.h"
#include "engine/policy.h"
#include "engine/primary.h"
#include "engine/roles.h"
#include "engine/secondary.h"
#include "engine/trace.h"
#include "engine/write.h"
#include "shared/code.h"
#include "shared/mutants.h"

/*
 * The end of a write
 */

bool ms_write_room(struct ms_volume *v)
{
	return v->inflight_bytes < MS_INFLIGHT_MAX && v->inflight < 4096;
}

bool __ms_write_idle(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	return !v->inflight && !v->nr_unacked && !v->repairs && list_empty(&v->gen_wait) && !v->gen_busy;
}

/* What became of a write: the application may be told; it is over. */
struct outcome {
	bool tell, over;
};

/* Tell whoever waits for it, and let go. No locks. One that waits on is not ours to look at any more. */
static void finish(struct ms_write *w, struct outcome o)
{
	struct ms_volume *v;

	if (!o.tell && !o.over)
		return;
	v = w->v;
	if (o.tell && w->app)
		ms_primary_ended(w);
	if (o.over && w->finished) {
		w->finished->status = w->status;
		complete(&w->finished->done);
	}
	ms_write_put(w);
	if (o.over && wq_has_sleeper(&v->cooled))
		wake_up_all(&v->cooled);
}

static void __uncount(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	if (!w->queued)
		return;
	if (w->taken)
		__ms_watch_stage(&v->watch, w->flush ? MS_STAGE_FLUSH : MS_STAGE_TOTAL,
				 ktime_get_ns() - w->taken);
	v->inflight--;
	v->inflight_bytes -= w->cost;
	w->queued = false;
	if (!bio_list_empty(&v->intake))
		queue_work(v->io_wq, &v->intake_work);
}

/*
 * The application is told of its success. One that a flush has met in flight which failed may be lost
 * like those that ended before: the next flush tells.
 */
static void __count_ended(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	if (w->kind != MS_WRITE_APP || w->flush || w->status || w->untouched || w->parked ||
	    v->own == MS_OWN_LEFT)
		return;
	v->ended_writes++;
	if (w->losses != v->losses)
		v->lost_writes = v->ended_writes;
}

/* Its part in the books ends. */
static void __retire(struct ms_write *w)
{
	trace_mirsync_write_done(w);
	if (!w->told)
		__count_ended(w);
	if (w->op.e && !w->flush)
		__ms_extent_release(w->v, w->op.e);
	if (w->kind == MS_WRITE_COPY)
		w->v->copy_bytes -= w->buf.bytes;
	__uncount(w);
}

/*
 * In async mode the application need not wait for the peer. What it writes from here on
 * belongs behind what it was told of: a new epoch (I7).
 */
static struct outcome __ahead(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	if (w->told || v->own != MS_OWN_USED || !__ms_policy_ahead(w))
		return (struct outcome){ };
	w->told = true;
	__count_ended(w);
	if (w->epoch == v->epoch)
		v->epoch++;
	__uncount(w);
	refcount_inc(&w->refs);		/* the confirmation may come before it was told */
	return (struct outcome){ .tell = true };
}

/* The peer may have the present generation, and does not have all that was written: a new one. */
static bool __want_generation(struct ms_volume *v)
{
	if (!ms_gens_shared(&v->sb.gens) || MS_MUTANT(OLD_GENERATION))
		return false;
	if (!v->gen_busy) {
		v->gen_busy = true;
		queue_work(v->done_wq, &v->gen_work);
	}
	return true;
}

/*
 * A flush without the peer: may it lack some of what the flush covers? What it has not flushed
 * of the @acked writes that it confirmed; and what the application was told of ahead of it
 * (async): then a new generation is on its way already.
 */
static bool __peer_lacks(const struct ms_volume *v, u64 acked)
{
	return acked != v->flushed_seq || v->gen_busy;
}

/*
 * Can it be completed? An unconfirmed one of the application waits for a new
 * generation when the peer shares the present one, or goes back into the line when it
 * may not go on without the peer.
 */
static struct outcome __settle(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	if (w->local_pending)
		return (struct outcome){ };
	if (w->peer_pending)
		return __ahead(w);
	if (w->kind == MS_WRITE_APP && (w->lost || (v->own == MS_OWN_LEFT && !w->status))) {
		if (__ms_lost_waits(w))
			return (struct outcome){ };
	} else if (w->kind == MS_WRITE_APP && w->alone && !w->status && !w->told) {
		w->parked = __ms_policy_frozen(v);
		if (!w->parked && __want_generation(v)) {
			list_add_tail(&w->list, &v->gen_wait);
			return (struct outcome){ };
		}
	}
	__retire(w);
	return (struct outcome){ .tell = !w->told, .over = true };
}

/* @list is over, with @status if that is negative. */
static void end_list(struct ms_volume *v, struct list_head *list, int status)
{
	struct ms_write *w, *next;

	spin_lock(&v->lock);
	list_for_each_entry(w, list, list)
		__retire(w);
	spin_unlock(&v->lock);
	list_for_each_entry_safe(w, next, list, list) {
		list_del_init(&w->list);
		if (status)
			w->status = status;
		finish(w, (struct outcome){ .tell = !w->told, .over = true });
	}
	wake_up_all(&v->cooled);
}

void ms_write_decided(struct ms_volume *v, bool confirmed)
{
	struct ms_write *w;
	LIST_HEAD(list);

	spin_lock(&v->lock);
	list_splice_init(&v->lost, &list);
	v->nr_lost = 0;
	list_for_each_entry(w, &list, list)
		if (confirmed && !w->alone)
			w->status = 0;
	spin_unlock(&v->lock);
	end_list(v, &list, 0);
}

static void new_generation(struct ms_sb *sb, void *arg)
{
	ms_gens_start(&sb->gens, ms_random_gen());
}

/* Going on alone: the new generation first, then the writes that wait for it. */
static void gen_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, gen_work);
	bool may = false, again;
	LIST_HEAD(list);
	int r = -EIO;

	/* A site that lost its right to write, or has left its disk, fails them instead. */
	mutex_lock(&v->role_lock);
	if (READ_ONCE(v->active) && READ_ONCE(v->own) != MS_OWN_LEFT) {
		may = true;
		if (ms_may_talk(v))
			ms_info(v, "going on without the peer: new generation");
		r = ms_super_change(v, new_generation, NULL);
	}
	mutex_unlock(&v->role_lock);
	if (r && may)		/* the application may have been told already (async) */
		ms_activity_fail(v, r);
	spin_lock(&v->lock);
	again = !r && ms_gens_shared(&v->sb.gens);	/* offered since: who came behind that needs another one */
	if (again) {
		queue_work(v->done_wq, &v->gen_work);
	} else {
		list_splice_init(&v->gen_wait, &list);
		v->gen_busy = false;
	}
	if (!r && v->connected && v->mirroring) {	/* it came back meanwhile, and has to be told */
		v->in_sync = false;
		__ms_resync_now(v);
	}
	spin_unlock(&v->lock);
	end_list(v, &list, r ? -EIO : 0);
	ms_volume_event(v);
}

static bool whole(const struct ms_write *w, u32 i)
{
	return !(i == 0 && w->span.head_partial) &&
	       !(i == w->span.count - 1 && w->span.tail_partial);
}

/* The local disk has it, or has failed: codes, valid bits, marks. */
static void __local_ended(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	struct ms_extent *e = w->op.e;
	u32 i, seg;

	if (w->status) {
		if (w->kind == MS_WRITE_APP)
			__ms_write_failed(w);
		if (w->flags & MS_W_FUA && !w->zero)	/* zeroes are flushed apart */
			__ms_flush_failed(v);
		__ms_seg_mark(v, e, w->span.first, w->span.count);
		__ms_resync_soon(v);
		if (w->kind == MS_WRITE_PEER)
			v->target_failed = true;
		return;
	}
	for (i = 0; i < w->span.count; i++) {
		seg = w->span.first + i;
		if (!whole(w, i) || e->chg[seg] != w->chg[i])
			continue;
		__ms_seg_set_code(v, e, seg, w->body->codes[i]);
		if (w->kind == MS_WRITE_PEER)
			__ms_seg_unmark(v, e, seg);
	}
}

/* A flush says what became of all writes before it, also when an earlier flush of our own has failed. */
static void __flush_ended(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	if (w->status)
		__ms_flush_failed(v);
	else if (__ms_flush_failed_since(v, w->losses))
		w->status = -EIO;	/* it may have used up the device's error */
	if (w->kind != MS_WRITE_APP)
		return;
	if (__ms_loss_untold(v))
		w->status = -EIO;
	if (w->status)
		__ms_write_failed(w);
	v->told_writes = max(v->told_writes, w->covers);	/* what has ended since is for the next */
}

static void end_local(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	struct outcome o;

	spin_lock(&v->lock);
	trace_mirsync_write_local(w);
	if (!w->untouched && w->flush) {
		__flush_ended(w);
	} else if (!w->untouched) {
		__ms_watch_stage(&v->watch, MS_STAGE_LOCAL, ktime_get_ns() - w->begun);
		__local_ended(w);
	}
	spin_unlock(&v->lock);
	if (w->status && !w->untouched) {
		trace_mirsync_error(v, w->flush ? "flush" : "write", w->op.sector, w->status);
		ms_err_limit(v, "%s failed on the data device (%pe)",
			     w->flush ? "flush" : "write", ERR_PTR(w->status));
	}
	if (w->kind == MS_WRITE_PEER)
		ms_secondary_ended(w);
	if (!w->flush)
		ms_op_done(&w->op);
	spin_lock(&v->lock);
	__ms_hang_end(w);
	w->local_pending = false;	/* not before: a confirmation may free it from here on */
	o = __settle(w);
	spin_unlock(&v->lock);
	finish(w, o);
}

static void reap(struct ms_volume *v)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&v->done));
	struct ms_write *w, *next;

	llist_for_each_entry_safe(w, next, list, done)
		end_local(w);
}

static void done_work(struct work_struct *work)
{
	reap(container_of(work, struct ms_volume, done_work));
}

/*
 * What ends while it is submitted, as on a disk in memory or when it is refused, is ended by who
 * submits it, after that: a switch of threads less. One task at a time does so.
 */
static bool reaper_begin(struct ms_volume *v)
{
	return !cmpxchg(&v->reaper, NULL, current);
}

static void reaper_end(struct ms_volume *v)
{
	while (!llist_empty(&v->done))
		reap(v);
	WRITE_ONCE(v->reaper, NULL);
	if (!llist_empty(&v->done))
		queue_work(v->done_wq, &v->done_work);
}

/* Any context. Who finds the list of a reaper not empty cannot know that it is not asleep. */
static void push_done(struct ms_write *w, int status)
{
	struct ms_volume *v = w->v;
	struct task_struct *reaper;
	bool first;

	w->status = status;
	first = llist_add(&w->done, &v->done);
	reaper = READ_ONCE(v->reaper);
	if (in_task() && reaper == current)
		return;
	if (first || reaper)
		queue_work(v->done_wq, &v->done_work);
}

static void io_end(struct ms_io *io)
{
	struct ms_write *w = container_of(io, struct ms_write, io);

	/* Where FUA is a write and a flush, either may have failed. */
	if (io->status && (w->flush || w->flags & MS_W_FUA))
		atomic_inc(&w->v->flushes_failing);
	push_done(w, io->status);
}

/*
 * The start
 */

static void zero_work(struct work_struct *work)
{
	struct ms_write *w = container_of(work, struct ms_write, work);
	int r;

	r = ms_zeroout(&w->v->pool, w->v->data, w->op.sector, w->op.nsectors, w->flags & MS_W_NOUNMAP);
	if (!r && w->flags & MS_W_FUA)
		r = ms_data_flush(w->v);
	push_done(w, r);
}

/* One that is not for the disk ends with @status instead. */
static void submit_local(struct ms_write *w, int status)
{
	struct ms_volume *v = w->v;

	if (w->untouched || (MS_MUTANT(PEER_UNFLUSHED) && w->flush && w->kind == MS_WRITE_PEER)) {
		push_done(w, status);
		return;
	}
	if (w->zero) {
		INIT_WORK(&w->work, zero_work);
		queue_work(v->zero_wq, &w->work);
		return;
	}
	w->io.bdev = v->data;
	w->io.sector = w->op.sector;
	w->io.nsectors = w->op.nsectors;
	w->io.buf = w->flush ? NULL : &w->buf;
	w->io.opf = w->flush ? REQ_OP_WRITE | REQ_PREFLUSH :
		REQ_OP_WRITE | REQ_SYNC | (w->flags & MS_W_FUA ? REQ_FUA : 0);
	w->io.end = io_end;
	ms_io_submit(&v->pool, &w->io);
}

/* The sender has let go of the pages. */
static void out_done(struct ms_out *out, int r)
{
	ms_write_put(container_of(out, struct ms_write, out));
}

static void __fill_frame(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	u32 segs = w->zero ? 0 : w->span.count;

	w->out.done = out_done;
	w->out.handle = ++v->next_handle;
	if (w->flush) {
		w->out.type = MS_F_FLUSH;
		w->acked_seq = v->acked_seq;
		return;
	}
	w->out.type = w->zero ? MS_F_ZERO : MS_F_WRITE;
	w->body->segs = cpu_to_le16(segs);
	w->body->flags = cpu_to_le16(w->flags | __ms_policy_border(v));
	w->out.body = w->body;
	w->out.body_len = struct_size(w->body, codes, segs);
	if (!w->zero) {
		w->out.bvec = w->buf.bv;
		w->out.nr_bvec = w->buf.nr;
		w->out.data_len = w->buf.bytes;
	}
}

/* The peer will not have all that is written from here on: what waits for it by policy does so now. */
static void __session_ends(struct ms_volume *v)
{
	v->mirroring = false;
	v->in_sync = false;
}

/* Queue it to the peer; v->lock held, so frames leave in the order of starts. */
static bool __ship(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	if (!v->mirroring || __ms_policy_full(v, w))
		return false;
	__fill_frame(w);
	refcount_inc(&w->refs);
	if (ms_net_queue(v->net, &w->out)) {
		refcount_dec(&w->refs);
		__session_ends(v);
		return false;
	}
	hash_add(v->waiting, &w->hash, w->out.handle);
	list_add_tail(&w->list, &v->unacked);
	v->nr_unacked++;
	v->unacked_bytes += w->weight;
	v->n.tx_data_bytes += w->out.data_len;
	v->watch.shipped++;
	v->watch.shipped_bytes += w->out.data_len;
	w->peer_pending = true;
	w->epoch = v->epoch;
	w->shipped = jiffies;
	w->session = v->session;
	trace_mirsync_write_shipped(w);
	return true;
}

static void __remember_changes(struct ms_write *w)
{
	struct ms_extent *e = w->op.e;
	u32 i;

	for (i = 0; i < w->span.count; i++)
		w->chg[i] = e->chg[w->span.first + i];
	w->mark_epoch = e->mark_epoch;
}

static void write_start(struct ms_op *op)
{
	struct ms_write *w = container_of(op, struct ms_write, op);
	struct ms_volume *v = w->v;
	bool refused;

	w->begun = ktime_get_ns();
	spin_lock(&v->lock);
	w->local_pending = true;
	refused = v->meta_failed || !op->e || w->expired ||
		  (w->kind == MS_WRITE_PEER && v->target_failed);
	if (op->e)
		op->e->pins++;
	v->unstarted_bytes -= w->weight;
	if (!refused) {
		trace_mirsync_write_started(w);
		__ms_watch_stage(&v->watch, MS_STAGE_WAIT, w->begun - w->taken);
		__ms_seg_write_begin(v, op->e, w->span.first, w->span.count);
		__remember_changes(w);
		w->losses = v->losses;
		if (w->kind == MS_WRITE_APP && !__ship(w)) {
			w->alone = true;
			v->peer_lacks = true;
			if (!MS_MUTANT(NO_MARK))
				__ms_seg_mark(v, op->e, w->span.first, w->span.count);
		}
		w->lost = w->kind == MS_WRITE_APP && v->own == MS_OWN_LEFT;
	} else if (w->kind == MS_WRITE_APP && v->own != MS_OWN_USED && !v->meta_failed) {
		w->parked = true;	/* no extent, as nothing cools while the disk fails */
	}
	spin_unlock(&v->lock);
	w->untouched = refused || w->lost;	/* no bits to set */
	submit_local(w, refused && !w->parked ? -EIO : 0);
}

/* What the application waits for, or is told ahead of the peer, counts in the queue to that. */
static void __weigh(struct ms_write *w)
{
	if (w->kind == MS_WRITE_APP)
		w->weight = max(w->buf.nr, 1u) * PAGE_SIZE;
}

void __ms_write_count(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	if (w->queued)
		return;
	w->queued = true;
	__weigh(w);
	v->unstarted_bytes += w->weight;
	v->inflight++;
	v->inflight_bytes += w->cost;
	v->n.writes++;
	v->n.write_sectors += w->op.nsectors;
}

static void __count(struct ms_write *w)
{
	struct ms_watch *n = &w->v->watch;

	if (w->kind == MS_WRITE_APP)
		w->flush ? n->app_flushes++ : w->zero ? n->app_zeroes++ : n->app_writes++;
	else
		w->flush ? n->peer_flushes++ : w->zero ? n->peer_zeroes++ : n->peer_writes++;
}

void ms_write_submit(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	bool reaper;

	w->op.start = write_start;
	if (w->zero)
		ms_write_zero_codes(w);
	w->taken = ktime_get_ns();
	trace_mirsync_write_queued(w);
	spin_lock(&v->lock);
	__count(w);
	__ms_write_count(w);
	__ms_hang_begin(w);
	spin_unlock(&v->lock);
	reaper = reaper_begin(v);
	ms_op_submit(v, &w->op);
	if (reaper)
		reaper_end(v);
}

void __ms_flush_count(struct ms_write *w)
{
	if (w->queued)
		return;
	w->queued = true;
	__weigh(w);
	w->v->inflight++;
}

void ms_flush_submit(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	bool over;

	w->taken = ktime_get_ns();
	w->begun = w->taken;
	trace_mirsync_write_queued(w);
	spin_lock(&v->lock);
	__count(w);
	__ms_flush_count(w);
	__ms_hang_begin(w);
	w->local_pending = true;
	if (w->kind == MS_WRITE_APP && !__ship(w))
		w->alone = v->nr_unacked || __peer_lacks(v, v->acked_seq);
	v->peer_lacks |= w->alone;
	w->lost = w->kind == MS_WRITE_APP && v->own == MS_OWN_LEFT;
	w->losses = v->losses;
	w->covers = v->ended_writes;
	/* Nobody waits any more for one of a session that is over. */
	over = w->kind == MS_WRITE_PEER && (!v->connected || w->session != v->session);
	spin_unlock(&v->lock);
	w->untouched = w->lost || over;
	submit_local(w, 0);
}

void ms_write_remember(struct ms_write *w)
{
	spin_lock(&w->v->lock);
	__remember_changes(w);
	spin_unlock(&w->v->lock);
}

int ms_write_ship(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	int r = 0;

	spin_lock(&v->lock);
	if (__ship(w)) {
		w->op.e->pins++;
		v->copy_bytes += w->buf.bytes;
	} else {
		r = -ENOTCONN;
	}
	spin_unlock(&v->lock);
	return r;
}

/*
 * The peer
 */

static struct ms_write *__take_waiting(struct ms_volume *v, u64 handle)
{
	struct ms_write *w;

	hash_for_each_possible(v->waiting, w, hash, handle) {
		if (w->out.handle != handle)
			continue;
		if (list_is_first(&w->list, &v->unacked))
			v->first_at = jiffies;
		hash_del(&w->hash);
		list_del_init(&w->list);
		v->nr_unacked--;
		v->unacked_bytes -= w->weight;
		v->confirmed_at = jiffies;
		if (!bio_list_empty(&v->intake))
			queue_work(v->io_wq, &v->intake_work);
		w->peer_pending = false;
		return w;
	}
	return NULL;
}

/* Confirmed: what was covered whole and not written since is in sync (I5). */
static void __confirmed(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	struct ms_extent *e = w->op.e;
	u32 i;

	trace_mirsync_write_confirmed(w);
	v->watch.confirmed++;
	if (w->kind == MS_WRITE_APP && !w->flush)
		__ms_watch_stage(&v->watch, MS_STAGE_PEER, ktime_get_ns() - w->begun);
	if (w->flush) {
		v->flushed_seq = w->acked_seq;
		return;
	}
	v->acked_seq++;
	if (w->kind == MS_WRITE_COPY) {
		v->n.rs_copied += w->span.count;
		v->n.rs_copied_bytes += w->buf.bytes;
	}
	if (e->mark_epoch != w->mark_epoch && !MS_MUTANT(CLEAR_LATE))
		return;
	for (i = 0; i < w->span.count; i++)
		if ((whole(w, i) || MS_MUTANT(PARTIAL_CLEARS)) &&
		    (e->chg[w->span.first + i] == w->chg[i] || MS_MUTANT(CLEAR_LATE)))
			__ms_seg_unmark(v, e, w->span.first + i);
}

static void __unconfirmed(struct ms_write *w)
{
	trace_mirsync_write_unconfirmed(w);
	w->v->watch.unconfirmed++;
	w->alone = true;
	if (w->flush)		/* what it covers may have been confirmed behind it (async) */
		w->alone = __peer_lacks(w->v, w->v->acked_seq);
	w->v->peer_lacks |= w->alone;
	if (w->told && w->alone)
		__want_generation(w->v);
	if (w->flush)
		return;
	if (w->kind == MS_WRITE_COPY)
		w->status = -ENOTCONN;
	if (!MS_MUTANT(NO_MARK))
		__ms_seg_mark(w->v, w->op.e, w->span.first, w->span.count);
}

int ms_write_acked(struct ms_volume *v, u64 handle, int status)
{
	struct ms_write *w;
	struct outcome o;

	spin_lock(&v->lock);
	w = __take_waiting(v, handle);
	if (!w) {
		spin_unlock(&v->lock);
		return -EPROTO;
	}
	if (status) {
		__session_ends(v);	/* by what is returned here */
		__unconfirmed(w);
	} else {
		__confirmed(w);
	}
	o = __settle(w);
	spin_unlock(&v->lock);
	finish(w, o);
	wake_up_all(&v->cooled);
	return status ? -EREMOTEIO : 0;
}

/* The first that waits for nothing but the peer. */
static struct ms_write *__next_ahead(struct ms_volume *v, struct outcome *o)
{
	struct ms_write *w;

	list_for_each_entry(w, &v->unacked, list) {
		if (w->local_pending)
			continue;
		*o = __settle(w);
		if (o->tell)
			return w;
	}
	return NULL;
}

void ms_write_run_ahead(struct ms_volume *v)
{
	struct ms_write *w;
	struct outcome o;

	do {
		spin_lock(&v->lock);
		w = __next_ahead(v, &o);
		spin_unlock(&v->lock);
		if (w)
			finish(w, o);
	} while (w);
}

void ms_write_link_down(struct ms_volume *v)
{
	struct ms_write *w;
	struct outcome o;

	for (;;) {
		spin_lock(&v->lock);
		w = list_first_entry_or_null(&v->unacked, struct ms_write, list);
		if (!w) {
			spin_unlock(&v->lock);
			break;
		}
		__take_waiting(v, w->out.handle);
		__unconfirmed(w);
		o = __settle(w);
		spin_unlock(&v->lock);
		finish(w, o);
	}
	wake_up_all(&v->cooled);
}

void ms_write_work_init(struct ms_volume *v)
{
	INIT_WORK(&v->done_work, done_work);
	INIT_WORK(&v->gen_work, gen_work);
	INIT_LIST_HEAD(&v->gen_wait);
	INIT_LIST_HEAD(&v->lost);
	INIT_LIST_HEAD(&v->unacked);
	hash_init(v->waiting);
	init_llist_head(&v->done);
}
