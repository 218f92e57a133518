// SPDX-License-Identifier: GPL-2.0-only
/*
 * The handle of the network service: made, started, enabled, cut, stopped,
 * freed. Called by the engine and the target. n->lock is a leaf; sock_mutex is
 * taken by whoever shuts the socket down and by the session thread when it
 * sets or closes the socket, so that none is shut down after it was freed.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "service/net_internal.h"

static void cut_work(struct work_struct *work);

static void init_fields(struct ms_net *n, const struct ms_net_config *cfg,
			const struct ms_net_ops *ops, void *ctx)
{
	unsigned int ms = cfg->timeout_ms ? cfg->timeout_ms : MS_NET_TIMEOUT_MS;

	n->ops = ops;
	n->ctx = ctx;
	n->local = cfg->local;
	n->peer = cfg->peer;
	n->timeout = msecs_to_jiffies(max_t(unsigned int, ms, MS_NET_TIMEOUT_MIN_MS));
	n->preferred = ms_addr_compare(&n->local, &n->peer) < 0;
	n->enabled = true;
	spin_lock_init(&n->lock);
	ratelimit_state_init(&n->talk, 60 * HZ, 20);
	ratelimit_state_init(&n->strange, 60 * HZ, 5);
	mutex_init(&n->sock_mutex);
	INIT_LIST_HEAD(&n->acks);
	INIT_LIST_HEAD(&n->frames);
	init_waitqueue_head(&n->send_wait);
	init_waitqueue_head(&n->idle_wait);
	INIT_WORK(&n->cut_work, cut_work);
}

static void free_handle(struct ms_net *n)
{
	if (n->listener)
		sock_release(n->listener);
	if (n->reserve)
		ms_sock_release(n->reserve);
	put_net(n->netns);
	ms_auth_destroy(n);
	free_page((unsigned long)n->pack);
	kvfree(n->body);
	kvfree(n->ahead);
	kfree(n->name);
	kfree_sensitive(n);
}

static struct ms_net *alloc_handle(const struct ms_net_config *cfg)
{
	struct ms_net *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (!n)
		return NULL;
	n->netns = get_net(cfg->net);
	n->name = kstrdup(cfg->name, GFP_KERNEL);
	n->body = kvmalloc(MS_BODY_MAX, GFP_KERNEL);
	n->ahead = kvmalloc(MS_NET_AHEAD, GFP_KERNEL);
	n->pack = (u8 *)__get_free_page(GFP_KERNEL);
	if (n->name && n->body && n->ahead && n->pack)
		return n;
	free_handle(n);
	return NULL;
}

static int check_addresses(const struct ms_net_config *cfg, const char **why)
{
	*why = NULL;
	if (!ms_addr_valid(&cfg->local))
		*why = "local address is not an IP address with a port";
	else if (!ms_addr_valid(&cfg->peer))
		*why = "peer address is not an IP address with a port";
	else if (cfg->local.ss_family != cfg->peer.ss_family)
		*why = "local and peer address are of different families";
	else if (!ms_addr_compare(&cfg->local, &cfg->peer))
		*why = "local and peer address are the same";
	return *why ? -EINVAL : 0;
}

static const char *listen_text(int r)
{
	switch (r) {
	case -EADDRINUSE:
		return "local address is in use";
	case -EADDRNOTAVAIL:
		return "local address is not one of this machine";
	case -EACCES:
		return "local port is not allowed";
	default:
		return "cannot listen on the local address";
	}
}

int ms_net_create(const struct ms_net_config *cfg, const struct ms_net_ops *ops,
		  void *ctx, struct ms_net **pn, const char **why)
{
	struct ms_net *n;
	int r;

	r = check_addresses(cfg, why);
	if (r)
		return r;
	*why = "out of memory";
	n = alloc_handle(cfg);
	if (!n)
		return -ENOMEM;
	init_fields(n, cfg, ops, ctx);
	r = ms_auth_create(n, cfg->key, cfg->key_len);
	if (r) {
		*why = "cannot use the key with HMAC-SHA256";
		goto bad;
	}
	r = ms_sock_listen(n->netns, &n->local, &n->listener);
	if (r) {
		*why = listen_text(r);
		goto bad;
	}
	*why = "cannot make a socket";
	r = ms_sock_hold_reserve(n->netns, &n->reserve);
	if (r)
		goto bad;
	*why = NULL;
	*pn = n;
	return 0;
bad:
	free_handle(n);
	return r;
}

void ms_net_destroy(struct ms_net *n)
{
	/* Both threads are gone, and the workers that had sent in their place; the work may still be queued. */
	cancel_work_sync(&n->cut_work);
	WARN_ON(!list_empty(&n->frames) || !list_empty(&n->acks) || n->sock);
	free_handle(n);
}

int ms_net_start(struct ms_net *n)
{
	struct task_struct *task;

	task = kthread_run(ms_send_thread, n, "mirsync_t/%s", n->name);
	if (IS_ERR(task))
		return PTR_ERR(task);
	n->send_task = task;
	spin_lock_irq(&n->lock);
	n->running = true;
	n->fresh = true;
	spin_unlock_irq(&n->lock);
	task = kthread_run(ms_session_thread, n, "mirsync_s/%s", n->name);
	if (IS_ERR(task)) {
		n->running = false;
		kthread_stop(n->send_task);
		n->send_task = NULL;
		return PTR_ERR(task);
	}
	n->session_task = task;
	return 0;
}

static bool is_over(struct ms_net *n, unsigned int attempt)
{
	bool r;

	spin_lock_irq(&n->lock);
	r = !n->busy || n->attempts != attempt;
	spin_unlock_irq(&n->lock);
	return r;
}

/* Clear @flag, so that no attempt begins, and wait for the end of the present one. */
static void quiesce(struct ms_net *n, bool *flag)
{
	unsigned int attempt;

	spin_lock_irq(&n->lock);
	*flag = false;
	if (n->busy && !n->cut)
		WRITE_ONCE(n->cut, -ESHUTDOWN);
	n->open = false;
	attempt = n->attempts;
	spin_unlock_irq(&n->lock);
	ms_net_shutdown(n);
	wake_up_interruptible_all(sk_sleep(n->listener->sk));
	wait_event_idle(n->idle_wait, is_over(n, attempt));
}

void ms_net_stop(struct ms_net *n)
{
	if (!n->session_task)
		return;
	quiesce(n, &n->running);
	kthread_stop(n->session_task);
	kthread_stop(n->send_task);
	n->session_task = NULL;
	n->send_task = NULL;
}

void ms_net_enable(struct ms_net *n, bool enable)
{
	if (!enable) {
		quiesce(n, &n->enabled);
		return;
	}
	spin_lock_irq(&n->lock);
	n->fresh |= !n->enabled;
	n->enabled = true;
	spin_unlock_irq(&n->lock);
	wake_up_interruptible_all(sk_sleep(n->listener->sk));
}

bool ms_net_enabled(const struct ms_net *n)
{
	return READ_ONCE(n->enabled);
}

void ms_net_planned(struct ms_net *n)
{
	WRITE_ONCE(n->planned, true);
}

void ms_net_cut(struct ms_net *n, int reason)
{
	unsigned long flags;
	bool first = false;

	spin_lock_irqsave(&n->lock, flags);
	if (n->phase != MS_NET_LINK && !n->cut) {
		WRITE_ONCE(n->cut, reason < 0 ? reason : -ECONNABORTED);
		n->open = false;
		first = true;
	}
	spin_unlock_irqrestore(&n->lock, flags);
	if (first)
		schedule_work(&n->cut_work);
}

int ms_net_cut_by(const struct ms_net *n)
{
	return ms_net_cutting(n);
}

void ms_net_shutdown(struct ms_net *n)
{
	mutex_lock(&n->sock_mutex);
	/*
	 * n->cut is cleared before the next attempt sets its socket: a work
	 * that comes late does no harm to it.
	 */
	if (n->sock && ms_net_cutting(n))
		kernel_sock_shutdown(n->sock, SHUT_RDWR);
	mutex_unlock(&n->sock_mutex);
}

static void cut_work(struct work_struct *work)
{
	ms_net_shutdown(container_of(work, struct ms_net, cut_work));
}

void ms_net_set_sock(struct ms_net *n, struct socket *sock)
{
	mutex_lock(&n->sock_mutex);
	n->sock = sock;
	mutex_unlock(&n->sock_mutex);
}

void ms_net_close_sock(struct ms_net *n)
{
	struct socket *sock = n->sock;

	ms_net_set_sock(n, NULL);
	if (sock)
		ms_sock_release(sock);
}

void ms_net_complain(struct ms_net *n, struct ms_net_complaint *last,
		     const char *what, int r)
{
	if (r == last->r && time_before(jiffies, last->at + 60 * HZ))
		return;
	last->r = r;
	last->at = jiffies;
	DMWARN_LIMIT("%s: %s %pISpc: %pe", n->name, what, &n->peer, ERR_PTR(r));
}

void ms_net_forget_complaints(struct ms_net *n)
{
	n->no_connection.r = 0;
	n->no_handshake.r = 0;
}

void ms_net_stats(struct ms_net *n, struct ms_net_stats *s)
{
	s->tx_bytes = atomic64_read(&n->tx_bytes);
	s->rx_bytes = atomic64_read(&n->rx_bytes);
	s->tx_frames = atomic64_read(&n->tx_frames);
	s->rx_frames = atomic64_read(&n->rx_frames);
	s->queued_frames = atomic64_read(&n->queued_frames);
	s->queued_bytes = atomic64_read(&n->queued_bytes);
	s->sessions = atomic64_read(&n->sessions);
	s->failed = atomic64_read(&n->failed);
	s->strangers = atomic64_read(&n->strangers);
	s->authenticated = n->hmac;
	s->initiator = READ_ONCE(n->initiator);
	s->heard_ms = READ_ONCE(n->phase) == MS_NET_SESSION ?
		      jiffies_to_msecs(jiffies - READ_ONCE(n->heard)) : 0;
}
