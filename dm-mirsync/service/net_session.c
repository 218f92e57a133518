// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session thread: one attempt after the other, and within a session the
 * receive loop. It calls all of ms_net_ops, so that none of them runs twice at
 * a time.
 *
 * A peer of which no byte comes for the time-out is dead. Both sites send at
 * least a PING each second, from the sender thread, so that a handler that
 * takes its time does not look like a dead site.
 *
 * A connection that waits in the backlog while a session is up may be the
 * peer's, rebooted, while this session is half-open; or a stranger's. A PING
 * tells: if nothing comes back in short time, the session is cut and the new
 * connection gets its turn; otherwise it is closed.
 */
#include <linux/blkdev.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>

#include "service/net_internal.h"

static bool over(unsigned long since, unsigned long limit)
{
	return time_after(jiffies, since + limit);
}

static int look_at_listener(struct ms_net *n)
{
	if (!over(n->looked_at, MS_NET_SLICE))
		return 0;
	n->looked_at = jiffies;
	if (!ms_sock_pending(n->listener)) {
		n->probing = false;
	} else if (!n->probing) {
		n->probing = true;
		n->probe_at = jiffies;
		ms_send_ping(n);
	} else if (time_after(n->heard, n->probe_at)) {
		n->probing = false;
		ms_link_drain(n);
	} else if (over(n->probe_at, MS_NET_PROBE) && over(n->waiting, MS_NET_PROBE)) {
		return -ESTALE;
	}
	return 0;
}

int ms_session_check(struct ms_net *n)
{
	int r = ms_net_cutting(n);

	if (r)
		return r;
	if (n->phase == MS_NET_SESSION) {
		if (over(n->heard, n->timeout) && over(n->waiting, n->timeout))
			return -ETIMEDOUT;
		r = n->ops->check(n->ctx);
		return r ?: look_at_listener(n);
	}
	if (time_after(jiffies, n->deadline))
		return -ETIMEDOUT;
	if (n->wait_hello && ms_link_must_yield(n))
		return -EAGAIN;
	return 0;
}

static int hand_up(struct ms_net *n, const struct ms_head *h)
{
	int r;

	n->data_left = h->data_len;
	r = n->ops->frame(n->ctx, h, n->body);
	if (!r && n->data_left) {
		DMERR_LIMIT("%s: %u bytes of a %s frame were not taken",
			    n->name, n->data_left, ms_frame_name(h->type));
		r = -EPROTO;
	}
	n->data_left = 0;
	return min(r, 0);
}

static int recv_frame(struct ms_net *n)
{
	struct ms_head h;
	int r;

	n->waiting = jiffies;	/* what was done with the last frame may have taken long */
	r = ms_session_check(n);
	if (!r)
		r = ms_recv_head(n, &h);
	if (r)
		return r;
	if (h.type < MS_F_PING || h.body_len > MS_BODY_MAX)
		return -EPROTO;
	r = ms_recv(n, n->body, h.body_len);
	if (!r)
		r = ms_body_check(&h, n->body);
	if (r)
		return r;
	atomic64_inc(&n->rx_frames);
	if (h.type == MS_F_PING)
		ms_send_pong(n, h.handle);
	else if (h.type != MS_F_PONG)
		r = hand_up(n, &h);
	return r;
}

/* Everything that up() began ends with down(). */
static void end_session(struct ms_net *n, int r)
{
	ms_net_cut(n, r);
	ms_net_shutdown(n);
	ms_send_close(n);
	r = ms_net_cutting(n);
	if (r == -ESHUTDOWN)
		DMINFO("%s: disconnected", n->name);
	else if (__ratelimit(&n->talk))
		DMWARN("%s: connection with %pISpc lost: %pe", n->name, &n->peer, ERR_PTR(r));
	n->ops->down(n->ctx, r);
}

static void session(struct ms_net *n)
{
	unsigned long began = jiffies;
	struct blk_plug plug;
	int r;

	ms_sock_set_slice(n->sock, MS_NET_SLICE);
	ms_sock_be_patient(n->sock);
	ms_sock_set_reserve(n->sock);
	n->heard = jiffies;
	n->looked_at = jiffies;
	n->probing = false;
	ms_net_forget_complaints(n);
	atomic64_inc(&n->sessions);
	if (__ratelimit(&n->talk))
		DMINFO("%s: connected with %pISpc, %s%s", n->name, &n->peer,
		       n->initiator ? "outgoing" : "incoming",
		       n->hmac ? ", authenticated" : "");
	ms_send_open(n);
	r = n->ops->up(n->ctx, &n->peer_ready);
	/* Results of what came together are sent together: at the latest when this sleeps. */
	blk_start_plug(&plug);
	while (r >= 0)
		r = recv_frame(n);
	blk_finish_plug(&plug);
	end_session(n, r);
	ms_link_lost(n, max(jiffies - began, 1ul));
}

static void attempt(struct ms_net *n)
{
	int r;

	if (ms_link_get(n))
		return;
	spin_lock_irq(&n->lock);
	n->phase = MS_NET_SHAKING;
	spin_unlock_irq(&n->lock);
	r = ms_handshake(n);
	if (!r) {
		session(n);
	} else {
		atomic64_inc(&n->failed);
		if (r != -EAGAIN && r != -ECONNREFUSED && !ms_net_cutting(n))
			ms_net_complain(n, &n->no_handshake, "no handshake with", r);
		ms_link_lost(n, 0);
	}
	ms_net_close_sock(n);
}

static bool may_begin(struct ms_net *n)
{
	bool may;

	spin_lock_irq(&n->lock);
	may = n->enabled && n->running;
	spin_unlock_irq(&n->lock);
	return may;
}

static bool begin(struct ms_net *n)
{
	bool go, fresh;

	spin_lock_irq(&n->lock);
	go = n->enabled && n->running;
	fresh = go && n->fresh;
	if (go) {
		n->busy = true;
		n->fresh = false;
		WRITE_ONCE(n->cut, 0);
	}
	spin_unlock_irq(&n->lock);
	if (fresh)
		ms_link_reset(n);
	return go;
}

static void finish(struct ms_net *n)
{
	spin_lock_irq(&n->lock);
	n->phase = MS_NET_LINK;
	n->busy = false;
	n->attempts++;
	spin_unlock_irq(&n->lock);
	wake_up_all(&n->idle_wait);
}

int ms_session_thread(void *arg)
{
	unsigned int noio = memalloc_noio_save();
	struct ms_net *n = arg;

	while (!kthread_should_stop()) {
		if (begin(n)) {
			attempt(n);
			finish(n);
			continue;
		}
		/* Who connects meanwhile is told at once that nobody is there. */
		wait_event_interruptible(*sk_sleep(n->listener->sk),
					 may_begin(n) || kthread_should_stop() ||
					 ms_sock_pending(n->listener));
		ms_link_drain(n);
	}
	memalloc_noio_restore(noio);
	return 0;
}
