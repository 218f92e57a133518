// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending: the queues, and the thread that empties them. Frames keep their
 * order; results overtake them, many packed into one ACK frame. While more is
 * queued TCP is told so and makes full segments.
 *
 * The queues are under n->lock. Who has set n->sending, the thread or somebody
 * with little to send, owns the socket's sending side; it takes what is queued
 * over to private lists, and puts back what it does not send. Whoever closes
 * the queues waits for that to end, then completes what is left. So each entry
 * is completed once, in order, and none outlives its session.
 */
#include <linux/blkdev.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/uio.h>

#include "service/net_internal.h"

#define ACKS_PER_FRAME	((MS_NET_PACK - sizeof(struct ms_frame)) / sizeof(struct ms_ack))

/* What the thread holds while n->sending is set. */
struct batch {
	struct list_head acks;
	struct list_head frames;
	bool ping, pong;
	u64 pong_handle;
};

/* A peer whose window is closed may have a disk that takes its time; it says at least that it is there. */
static bool peer_lives(const struct ms_net *n)
{
	return n->phase == MS_NET_SESSION && time_before(jiffies, READ_ONCE(n->heard) + n->timeout);
}

int ms_send_msg(struct ms_net *n, struct msghdr *msg)
{
	unsigned long since = jiffies, call;
	unsigned int noreclaim;
	int r;

	while (msg_data_left(msg)) {
		r = ms_net_cutting(n);
		if (r)
			return r;
		noreclaim = memalloc_noreclaim_save();
		call = jiffies;
		r = sock_sendmsg(n->sock, msg);
		memalloc_noreclaim_restore(noreclaim);
		if (r > 0 || ms_net_overslept(n, call))
			since = jiffies;
		if (r > 0) {
			atomic64_add(r, &n->tx_bytes);
		} else if (r && r != -EAGAIN && r != -EINTR) {
			return r;
		} else if (time_after(jiffies, since + n->timeout) && !peer_lives(n)) {
			return -ETIMEDOUT;
		}
	}
	return 0;
}

static int msg_flags(bool more)
{
	return MSG_NOSIGNAL | (more ? MSG_MORE : 0);
}

static int send_kvec(struct ms_net *n, struct kvec *vec, u32 nr, u32 len, bool more)
{
	struct msghdr msg = { .msg_flags = msg_flags(more) };

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, vec, nr, len);
	return ms_send_msg(n, &msg);
}

static int send_bvec(struct ms_net *n, const struct bio_vec *bvec, u32 nr, u32 len, bool more)
{
	struct msghdr msg = { .msg_flags = msg_flags(more) };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bvec, nr, len);
	return ms_send_msg(n, &msg);
}

/* What a peer learns of this site's history with a frame of a session was stable before (I11). */
static void encode_head(struct ms_net *n, struct ms_frame *raw, u16 type, u64 handle,
			const void *body, u32 body_len, u32 data_len)
{
	struct ms_head h = {
		.commits = n->phase == MS_NET_SESSION ? n->ops->commits(n->ctx) : 0,
		.type = type,
		.handle = handle,
		.body_len = body_len,
		.data_len = data_len,
		.body_crc = body_len ? ms_crc32c(body, body_len) : 0,
	};

	ms_head_encode(&h, raw);
	if (n->phase == MS_NET_SESSION)
		atomic64_inc(&n->tx_frames);
}

int ms_send_plain(struct ms_net *n, u16 type, const void *body, u32 body_len)
{
	struct kvec vec = { n->shake, sizeof(struct ms_frame) + body_len };

	if (vec.iov_len > sizeof(n->shake))
		return -EINVAL;
	memcpy(n->shake + sizeof(struct ms_frame), body, body_len);
	encode_head(n, (struct ms_frame *)n->shake, type, 0, body, body_len, 0);
	return send_kvec(n, &vec, 1, vec.iov_len, false);
}

/* A head and a body that is in n->pack already. */
static int send_packed(struct ms_net *n, u16 type, u64 handle, u32 body_len, bool more)
{
	struct kvec vec = { n->pack, sizeof(struct ms_frame) + body_len };

	encode_head(n, (struct ms_frame *)n->pack, type, handle,
		    n->pack + sizeof(struct ms_frame), body_len, 0);
	return send_kvec(n, &vec, 1, vec.iov_len, more);
}

/* A frame too large for send_gathered(). */
static int send_large(struct ms_net *n, const struct ms_out *out, bool more)
{
	struct ms_frame *raw = (struct ms_frame *)n->pack;
	struct kvec vec[2] = {
		{ raw, sizeof(*raw) },
		{ (void *)out->body, out->body_len },
	};
	int r;

	encode_head(n, raw, out->type, out->handle, out->body, out->body_len, out->data_len);
	r = send_kvec(n, vec, out->body_len ? 2 : 1, sizeof(*raw) + out->body_len, more || out->data_len);
	if (!r && out->data_len)
		r = send_bvec(n, out->bvec, out->nr_bvec, out->data_len, more);
	return r;
}

static void complete_acks(struct list_head *list, int r)
{
	struct ms_out_ack *ack, *next;

	list_for_each_entry_safe(ack, next, list, list) {
		list_del_init(&ack->list);
		ack->done(ack, r);
	}
}

static u64 frame_bytes(const struct ms_out *out)
{
	return sizeof(struct ms_frame) + out->body_len + out->data_len;
}

/* The frame has left the queue; done() may free it. */
static void complete_frame(struct ms_net *n, struct ms_out *out, int r)
{
	list_del_init(&out->list);
	atomic64_dec(&n->queued_frames);
	atomic64_sub(frame_bytes(out), &n->queued_bytes);
	out->done(out, r);
}

static void complete_frames(struct ms_net *n, struct list_head *list, int r)
{
	struct ms_out *out, *next;

	list_for_each_entry_safe(out, next, list, list)
		complete_frame(n, out, r);
}

/* One ACK frame of the first acks in @list; those that are in it move to @packed. */
static u32 pack_acks(struct ms_net *n, struct list_head *list, struct list_head *packed)
{
	struct ms_ack *raw = (struct ms_ack *)(n->pack + sizeof(struct ms_frame));
	struct ms_out_ack *ack, *next;
	u32 count = 0;

	list_for_each_entry_safe(ack, next, list, list) {
		if (count == ACKS_PER_FRAME)
			break;
		raw[count].handle = cpu_to_le64(ack->handle);
		raw[count].status = cpu_to_le32(ack->status);
		raw[count].reserved = 0;
		count++;
		list_move_tail(&ack->list, packed);
	}
	return count;
}

static int send_acks(struct ms_net *n, struct batch *b, bool more)
{
	LIST_HEAD(packed);
	u32 count;
	int r = 0;

	while (!r && !list_empty(&b->acks)) {
		count = pack_acks(n, &b->acks, &packed);
		r = send_packed(n, MS_F_ACK, 0, count * sizeof(struct ms_ack),
				more || !list_empty(&b->acks));
		complete_acks(&packed, r ? -ENOTCONN : 0);
	}
	return r;
}

static int send_control(struct ms_net *n, struct batch *b, bool more)
{
	int r = 0;

	if (b->pong)
		r = send_packed(n, MS_F_PONG, b->pong_handle, 0, more || b->ping);
	if (!r && b->ping)
		r = send_packed(n, MS_F_PING, ++n->ping_handle, 0, more);
	return r;
}

/* Frames of which heads, bodies and data go out in one call. */
struct gathered {
	u32 frames;
	u32 front;		/* bytes in n->pack */
	u32 nr;			/* pieces in n->gather */
	u32 bytes;
};

static bool gather(struct ms_net *n, const struct ms_out *out, struct gathered *g)
{
	u8 *head = n->pack + g->front;
	u32 front = sizeof(struct ms_frame) + out->body_len;

	if (g->front + front > MS_NET_PACK || g->nr + 1 + out->nr_bvec > MS_NET_GATHER)
		return false;
	encode_head(n, (struct ms_frame *)head, out->type, out->handle, out->body, out->body_len,
		    out->data_len);
	memcpy(head + sizeof(struct ms_frame), out->body, out->body_len);
	n->gather[g->nr].bv_page = virt_to_page(head);
	n->gather[g->nr].bv_offset = offset_in_page(head);
	n->gather[g->nr].bv_len = front;
	memcpy(n->gather + g->nr + 1, out->bvec, out->nr_bvec * sizeof(*out->bvec));
	g->frames++;
	g->front += front;
	g->nr += 1 + out->nr_bvec;
	g->bytes += front + out->data_len;
	return true;
}

/* The first frames that were taken over: several if they are small, or one. */
static int send_first(struct ms_net *n, struct batch *b)
{
	struct gathered g = { };
	struct ms_out *out;
	u32 frames;
	bool more;
	int r;

	if (list_empty(&b->frames))
		return 0;
	list_for_each_entry(out, &b->frames, list)
		if (!gather(n, out, &g))
			break;
	frames = max(g.frames, 1u);
	more = g.frames ? !list_entry_is_head(out, &b->frames, list) : !list_is_singular(&b->frames);
	/* What is seen in the queues will be sent: only who has set n->sending takes from them. */
	more |= !list_empty(&n->frames) || !list_empty(&n->acks);
	out = list_first_entry(&b->frames, struct ms_out, list);
	r = g.frames ? send_bvec(n, n->gather, g.nr, g.bytes, more) : send_large(n, out, more);
	while (frames--)
		complete_frame(n, list_first_entry(&b->frames, struct ms_out, list), r ? -ENOTCONN : 0);
	return r;
}

static bool something_due(const struct ms_net *n)
{
	return !list_empty(&n->acks) || !list_empty(&n->frames) ||
	       n->ping_due || n->pong_due;
}

/* Become who sends. Return: false when there is nothing, or no session, or somebody does already. */
static bool claim(struct ms_net *n)
{
	bool go;

	spin_lock_irq(&n->lock);
	go = n->open && !n->sending && something_due(n);
	if (go)
		n->sending = true;
	spin_unlock_irq(&n->lock);
	return go;
}

/* Take over what is queued. Return: false when there is nothing, or no session. */
static bool take(struct ms_net *n, struct batch *b)
{
	bool go;

	spin_lock_irq(&n->lock);
	go = n->open && (something_due(n) || !list_empty(&b->frames));
	if (go) {
		list_splice_tail_init(&n->acks, &b->acks);
		list_splice_tail_init(&n->frames, &b->frames);
		b->ping = n->ping_due;
		b->pong = n->pong_due;
		b->pong_handle = n->pong_handle;
		n->ping_due = false;
		n->pong_due = false;
	}
	spin_unlock_irq(&n->lock);
	return go;
}

/* Acks and control first, then what goes in one call; acks that came meanwhile go before the next frame. */
static int send_round(struct ms_net *n, struct batch *b)
{
	bool frames = !list_empty(&b->frames);
	int r;

	r = send_acks(n, b, frames || b->ping || b->pong);
	if (!r)
		r = send_control(n, b, frames);
	if (!r)
		r = send_first(n, b);
	return r;
}

/* Give back what was taken over and is not sent, and the socket. Whoever sends next goes on with it. */
static void let_go(struct ms_net *n, struct batch *b)
{
	bool due;

	spin_lock_irq(&n->lock);
	list_splice_init(&b->acks, &n->acks);
	list_splice_init(&b->frames, &n->frames);
	n->sending = false;
	due = n->open && something_due(n);
	spin_unlock_irq(&n->lock);
	if (wq_has_sleeper(&n->idle_wait))
		wake_up(&n->idle_wait);
	if (due)
		wake_up_interruptible(&n->send_wait);
}

/* The socket takes all that is queued without waiting for the peer, and it is not so much that others should do it. */
static bool goes_at_once(const struct ms_net *n)
{
	s64 bytes = atomic64_read(&n->queued_bytes);

	return bytes <= MS_NET_TOGETHER_BYTES &&
	       sk_stream_wspace(n->sock->sk) >= bytes + 2 * MS_NET_PACK;
}

/* Send what is queued: all of it, or, for who has other work to do, what goes at once. */
static void send_queued(struct ms_net *n, bool all)
{
	struct batch b = {
		.acks = LIST_HEAD_INIT(b.acks),
		.frames = LIST_HEAD_INIT(b.frames),
	};
	u32 rounds = 0;
	int r = 0;

	if (!claim(n))
		return;
	while (!r && (all || (rounds++ < MS_NET_ROUNDS && goes_at_once(n))) && take(n, &b))
		r = send_round(n, &b);
	if (r) {
		ms_net_cut(n, r);
		complete_acks(&b.acks, -ENOTCONN);
		complete_frames(n, &b.frames, -ENOTCONN);
	}
	let_go(n, &b);
}

static bool is_due(struct ms_net *n)
{
	bool due;

	spin_lock_irq(&n->lock);
	due = n->open && !n->sending && something_due(n);
	spin_unlock_irq(&n->lock);
	return due;
}

/* Until there is something to send; a session that is idle for too long gets a PING. */
static void wait_due(struct ms_net *n)
{
	bool open = READ_ONCE(n->open);

	if (!wait_event_interruptible_timeout(n->send_wait,
					      is_due(n) || READ_ONCE(n->open) != open ||
					      kthread_should_stop(),
					      open ? MS_NET_PING : MAX_SCHEDULE_TIMEOUT))
		ms_send_ping(n);
}

int ms_send_thread(void *arg)
{
	unsigned int noio = memalloc_noio_save();
	struct ms_net *n = arg;

	while (!kthread_should_stop()) {
		wait_due(n);
		send_queued(n, true);
	}
	memalloc_noio_restore(noio);
	return 0;
}

static void wake_sender(struct ms_net *n, bool sending)
{
	/* A sender at work looks at the queues again before it sleeps. */
	if (!sending)
		wake_up_interruptible(&n->send_wait);
}

/* Who is through with what it had sends it itself, without a switch of threads; who is about to sleep cannot. */
static void unplug(struct blk_plug_cb *cb, bool from_schedule)
{
	struct ms_net *n = cb->data;
	unsigned int noio;

	kfree(cb);
	atomic_set(&n->held_back, 0);
	if (from_schedule) {
		wake_sender(n, false);
		return;
	}
	noio = memalloc_noio_save();
	send_queued(n, false);
	memalloc_noio_restore(noio);
}

/*
 * A caller with a plug has more to come, or sleeps: then several are sent together, or the sender is
 * woken once for them. But not for so many that it could be sending meanwhile.
 */
static void wake_sender_later(struct ms_net *n, bool sending)
{
	if (sending)
		return;
	if (atomic_inc_return(&n->held_back) < MS_NET_TOGETHER &&
	    atomic64_read(&n->queued_bytes) < MS_NET_TOGETHER_BYTES &&
	    blk_check_plugged(unplug, n, sizeof(struct blk_plug_cb)))
		return;
	atomic_set(&n->held_back, 0);
	wake_sender(n, false);
}

int ms_net_queue(struct ms_net *n, struct ms_out *out)
{
	unsigned long flags;
	bool open, sending;

	spin_lock_irqsave(&n->lock, flags);
	open = n->open;
	sending = n->sending;
	if (open) {
		list_add_tail(&out->list, &n->frames);
		atomic64_inc(&n->queued_frames);
		atomic64_add(frame_bytes(out), &n->queued_bytes);
	}
	spin_unlock_irqrestore(&n->lock, flags);
	if (!open)
		return -ENOTCONN;
	wake_sender_later(n, sending);
	return 0;
}

int ms_net_ack(struct ms_net *n, struct ms_out_ack *ack)
{
	unsigned long flags;
	bool open, sending;

	spin_lock_irqsave(&n->lock, flags);
	open = n->open;
	sending = n->sending;
	if (open)
		list_add_tail(&ack->list, &n->acks);
	spin_unlock_irqrestore(&n->lock, flags);
	if (!open)
		return -ENOTCONN;
	wake_sender_later(n, sending);
	return 0;
}

void ms_send_ping(struct ms_net *n)
{
	spin_lock_irq(&n->lock);
	n->ping_due = true;
	spin_unlock_irq(&n->lock);
	wake_sender(n, false);
}

void ms_send_pong(struct ms_net *n, u64 handle)
{
	spin_lock_irq(&n->lock);
	n->pong_due = true;
	n->pong_handle = handle;
	spin_unlock_irq(&n->lock);
	wake_sender(n, false);
}

void ms_send_open(struct ms_net *n)
{
	spin_lock_irq(&n->lock);
	n->phase = MS_NET_SESSION;
	n->open = !n->cut;
	n->ping_due = false;
	n->pong_due = false;
	spin_unlock_irq(&n->lock);
	wake_sender(n, false);
}

static bool is_sending(struct ms_net *n)
{
	bool sending;

	spin_lock_irq(&n->lock);
	n->open = false;
	sending = n->sending;
	spin_unlock_irq(&n->lock);
	return sending;
}

void ms_send_close(struct ms_net *n)
{
	wait_event_idle(n->idle_wait, !is_sending(n));
	/* Nobody adds to the queues, nobody else takes from them. */
	complete_frames(n, &n->frames, -ENOTCONN);
	complete_acks(&n->acks, -ENOTCONN);
}
