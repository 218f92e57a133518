// SPDX-License-Identifier: GPL-2.0-only
/*
 * The target's side of mirroring; see secondary.h. Writes go through the same
 * extent queues as an application's: overlapping ones keep their order (I7),
 * and one is answered only when its extent is in the durable record and its
 * data is written ("confirmed"). A flush waits until every write that came
 * before it is done. After a failed write nothing more is applied until the
 * site is recorded as inconsistent and a new session has begun (I10).
 *
 * Epochs: a write that begins one is not even queued on its extent before everything that
 * came before it is done, and what came behind it waits in line with it (v->rx_held). So what
 * waits holds up nothing that came earlier, and depends on nothing that was not received: the
 * session thread may wait for room while there is some.
 *
 * Locking: v->lock; v->rx_order lists what came and is not done, in order. Writes are started
 * by one at a time (v->rx_starting), in order.
 */
#include "engine/activity.h"
#include "engine/hang.h"
#include "engine/secondary.h"
#include "shared/mutants.h"

#define MS_ACKS_MAX	4096	/* answers that wait to be sent */

static bool __put_in_order(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	bool first = list_empty(&v->rx_order);

	w->session = v->session;
	w->rx_no = ++v->rx_count;
	list_add_tail(&w->rx, &v->rx_order);
	return first;
}

/* The next write that may start, taken off the line; NULL: none, and nobody is starting them now. */
static struct ms_write *__next_to_start(struct ms_volume *v)
{
	struct ms_write *w = list_first_entry_or_null(&v->rx_held, struct ms_write, list);

	if (w && w->border && !list_is_first(&w->rx, &v->rx_order) && !MS_MUTANT(EPOCH_IGNORED))
		w = NULL;
	if (w)
		list_del_init(&w->list);
	v->rx_starting = w;
	return w;
}

static void start_in_order(struct ms_volume *v)
{
	struct ms_write *w;

	spin_lock(&v->lock);
	w = v->rx_starting ? NULL : __next_to_start(v);
	spin_unlock(&v->lock);
	while (w) {
		ms_write_submit(w);
		spin_lock(&v->lock);
		w = __next_to_start(v);
		spin_unlock(&v->lock);
	}
}

static bool __takes(const struct ms_volume *v)
{
	return v->receiving && !v->active;
}

/* By a peer with the key that does not keep to the protocol. */
static int not_the_source(struct ms_volume *v, u16 type)
{
	ms_err_limit(v, "the peer sent %s without having been the source", ms_frame_name(type));
	return -EPROTO;
}

/*
 * Behind all that came before; its extent is recorded meanwhile if it has to wait. Return: false if this
 * site has become the primary while the content was received.
 */
static bool put_in_line(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	spin_lock(&v->lock);
	if (!__takes(v)) {
		spin_unlock(&v->lock);
		ms_write_put(w);
		return false;
	}
	__ms_write_count(w);
	if (!__put_in_order(w) && (w->border || !list_empty(&v->rx_held)))
		__ms_extent_announced(v, w->op.extent, ms_geo_mask(w->op.first, w->op.count));
	list_add_tail(&w->list, &v->rx_held);
	spin_unlock(&v->lock);
	start_in_order(v);
	return true;
}

/* Also of answers that wait until the peer reads them. */
static bool room(struct ms_volume *v)
{
	return ms_write_room(v) && atomic_read(&v->unsent_acks) < MS_ACKS_MAX;
}

/*
 * What waits in the network service is completed by the end of the session only when this thread, which
 * ends it, has left.
 */
static int wait_for_room(struct ms_volume *v)
{
	int r;

	while (!wait_event_idle_timeout(v->cooled, room(v), HZ)) {
		r = ms_net_cut_by(v->net);
		if (r)
			return r;
	}
	return 0;
}

static int take_write(struct ms_volume *v, const struct ms_head *h,
		      const struct ms_write_body *b)
{
	bool payload = h->type == MS_F_WRITE;
	struct ms_span span;
	struct ms_write *w;
	int r;

	r = ms_write_body_check(v->geo, h, b, &span);
	if (!r)
		r = wait_for_room(v);
	if (r)
		return r;
	w = ms_write_alloc(v, MS_WRITE_PEER, le64_to_cpu(b->sector),
			   le32_to_cpu(b->sectors), payload);
	if (!w)
		return -ENOMEM;
	w->flags = le16_to_cpu(b->flags) & (MS_W_FUA | MS_W_NOUNMAP | MS_W_RESYNC);
	w->border = le16_to_cpu(b->flags) & MS_W_EPOCH;
	w->ack.handle = h->handle;
	if (payload) {
		memcpy(w->body->codes, b->codes, span.count * sizeof(__le64));
		r = ms_net_recv(v->net, w->buf.bv, w->buf.nr, w->buf.bytes);
		if (!r)
			r = ms_buf_verify(&w->buf, w->op.sector, w->op.nsectors, v->geo,
					  v->seed, &span, w->body->codes);
		if (r) {
			if (r == -EBADMSG)
				ms_err_limit(v, "payload for sector %llu does not fit its codes",
					     w->op.sector);
			ms_write_put(w);
			return r;
		}
	}
	w->op.masked = !MS_MUTANT(PEER_UNRECORDED);
	return put_in_line(w) ? 0 : not_the_source(v, h->type);
}

static int take_flush(struct ms_volume *v, const struct ms_head *h)
{
	bool takes, first = false;
	struct ms_write *w;
	int r = wait_for_room(v);

	if (r)
		return r;
	w = ms_flush_alloc(v, MS_WRITE_PEER);
	w->ack.handle = h->handle;
	spin_lock(&v->lock);
	takes = __takes(v);
	if (takes) {
		__ms_flush_count(w);
		first = __put_in_order(w);
	}
	spin_unlock(&v->lock);
	if (!takes)
		ms_write_put(w);
	if (first)
		ms_flush_submit(w);
	return takes ? 0 : not_the_source(v, h->type);
}

int ms_secondary_frame(struct ms_volume *v, const struct ms_head *h, const void *body)
{
	if (!READ_ONCE(v->receiving) || READ_ONCE(v->active))
		return not_the_source(v, h->type);	/* looked at again before it is put in line */
	return h->type == MS_F_FLUSH ? take_flush(v, h) : take_write(v, h, body);
}

static void ack_done(struct ms_out_ack *ack, int r)
{
	struct ms_write *w = container_of(ack, struct ms_write, ack);
	struct ms_volume *v = w->v;

	ms_write_put(w);
	if (atomic_dec_return(&v->unsent_acks) == MS_ACKS_MAX - 1)
		wake_up_all(&v->cooled);
}

static void __answer(struct ms_write *w)
{
	struct ms_volume *v = w->v;

	/* Behind a failure nothing counts as done: also a flush, which may not tell of it again. */
	w->ack.status = w->status ? -w->status : v->target_failed ? EIO : 0;
	w->ack.done = ack_done;
	if (!v->connected || w->session != v->session)
		return;
	refcount_inc(&w->refs);
	atomic_inc(&v->unsent_acks);
	if (ms_net_ack(v->net, &w->ack)) {
		atomic_dec(&v->unsent_acks);
		refcount_dec(&w->refs);
	}
}

void ms_secondary_ended(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	struct ms_write *next;
	bool was_first;

	ms_buf_free(&v->pool, &w->buf);	/* the answer may wait for long */
	spin_lock(&v->lock);
	was_first = list_first_entry(&v->rx_order, struct ms_write, rx) == w;
	list_del_init(&w->rx);
	next = list_first_entry_or_null(&v->rx_order, struct ms_write, rx);
	if (!was_first || (next && !next->flush))
		next = NULL;
	if (w->status && w->flush)
		v->target_failed = true;
	if (v->target_failed)
		queue_work(v->done_wq, &v->target_failed_work);
	__answer(w);
	spin_unlock(&v->lock);
	if (next)
		ms_flush_submit(next);
	start_in_order(v);
	wake_up_all(&v->cooled);
}

/*
 * A site without a generation has nothing of the volume that could be lost, unless it is a target and
 * inconsistent already: the rules take one for the other.
 */
static void make_inconsistent(struct ms_sb *sb, void *arg)
{
	if (sb->gens.current_gen)
		sb->disk = MS_DISK_INCONSISTENT;
}

static void target_failed_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, target_failed_work);

	ms_err_limit(v, "the data device has failed: inconsistent until the next resync");
	if (!READ_ONCE(v->meta_failed) && ms_super_change(v, make_inconsistent, NULL))
		ms_activity_fail(v, -EIO);	/* what is on the disk says that it is sound */
	ms_net_cut(v->net, -EIO);
	ms_volume_event(v);
}

static bool caught_up(struct ms_volume *v, u64 no)
{
	struct ms_write *first;
	bool r;

	spin_lock(&v->lock);
	first = list_first_entry_or_null(&v->rx_order, struct ms_write, rx);
	r = !first || first->rx_no > no;
	spin_unlock(&v->lock);
	return r;
}

void ms_secondary_catch_up(struct ms_volume *v)
{
	u64 no;

	spin_lock(&v->lock);
	no = v->rx_count;
	spin_unlock(&v->lock);
	wait_event_idle(v->cooled, caught_up(v, no));
}

static bool drained(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = list_empty(&v->rx_order);
	spin_unlock(&v->lock);
	return r;
}

void ms_secondary_drain(struct ms_volume *v)
{
	ms_hang_wait(v, drained);
}

void ms_secondary_init(struct ms_volume *v)
{
	INIT_LIST_HEAD(&v->rx_order);
	INIT_LIST_HEAD(&v->rx_held);
	INIT_WORK(&v->target_failed_work, target_failed_work);
}
