// SPDX-License-Identifier: GPL-2.0-only
/*
 * How two sites find each other: both listen, both dial, whatever their roles.
 *
 * The site with the lower address is the preferred dialer: it dials at short
 * intervals that grow. The other one accepts, and dials at long intervals, for
 * networks in which connections can be made in one direction only. When their
 * connections cross, the preferred dialer keeps its own and the other one
 * takes what waits in its backlog. Should both think themselves preferred (an
 * address translation between them), each gives way after a random time.
 *
 * Connections are taken from the peer's host only. One that says nothing gives
 * way to the next in the backlog. One that does not get through the
 * handshake makes the next dial come first and without giving way, so that a
 * stranger on the peer's host who connects without end cannot keep the sites
 * apart. Sessions that come and go are put off like dials in vain, but for those that a
 * command has ended, such as a switchover. Session thread only.
 */
#include <linux/random.h>

#include "service/net_internal.h"

#define DIAL_MIN_MS	100
#define DIAL_MAX_MS	2000
#define DIAL_RARE_MS	4000	/* by the site that is not preferred */

/* A random time from @ms to 1.5 times @ms, in jiffies. */
static unsigned long jitter(unsigned int ms)
{
	return msecs_to_jiffies(ms + get_random_u32() % (ms / 2 + 1));
}

static unsigned int first_interval(const struct ms_net *n)
{
	return n->preferred ? DIAL_MIN_MS : DIAL_RARE_MS;
}

void ms_link_reset(struct ms_net *n)
{
	n->backoff_ms = first_interval(n);
	n->next_dial = jiffies;
	n->distrust = false;
	ms_net_forget_complaints(n);
}

void ms_link_lost(struct ms_net *n, unsigned long lived)
{
	bool steady = lived >= MS_NET_STEADY;
	unsigned long soonest;

	/* Who came in vain must not put the next dial off. */
	n->distrust = !lived && !n->initiator;
	if (n->distrust)
		return;
	if (lived && READ_ONCE(n->planned)) {
		WRITE_ONCE(n->planned, false);
		steady = true;
	}
	if (steady)
		n->backoff_ms = first_interval(n);
	soonest = jiffies + jitter(lived ? first_interval(n) : DIAL_MIN_MS);
	if (steady || time_before(n->next_dial, soonest))
		n->next_dial = soonest;
}

static bool foreign(struct ms_net *n, const struct sockaddr_storage *from)
{
	return !ms_addr_same_host(from, &n->peer);
}

void ms_link_drain(struct ms_net *n)
{
	struct sockaddr_storage from;
	struct socket *sock;
	int i;

	for (i = 0; i < MS_NET_BACKLOG; i++) {
		if (ms_sock_accept(n->listener, &sock, &from))
			break;
		ms_sock_release(sock);
	}
}

/* The next one in the backlog that is from the peer's host. */
static int accept_peer(struct ms_net *n, struct socket **psock)
{
	struct sockaddr_storage from;
	int r;

	r = ms_sock_accept(n->listener, psock, &from);
	if (r == -ENOTCONN) {	/* gone already, and nobody knows who that was */
		n->distrust = true;
		return -EPERM;
	}
	if (r || !foreign(n, &from))
		return r;
	atomic64_inc(&n->strangers);
	if (__ratelimit(&n->strange))
		DMWARN("%s: connection from %pISpc, which is not the peer's address: closed",
		       n->name, &from);
	ms_sock_release(*psock);
	n->distrust = true;
	return -EPERM;
}

/*
 * The first one in the backlog that says something; the peer says HELLO as
 * soon as it is connected. If none does: the last one, the others are closed.
 * Return: 0, -EAGAIN when nothing is there, other: look again.
 */
static int accept_one(struct ms_net *n)
{
	struct socket *sock, *next;
	int r;

	r = accept_peer(n, &sock);
	if (r)
		return r;
	while (!ms_sock_readable(sock) && !accept_peer(n, &next)) {
		ms_sock_release(sock);
		sock = next;
	}
	n->initiator = false;
	n->yield_at = jiffies + MS_NET_MUTE;
	ms_net_set_sock(n, sock);
	return 0;
}

bool ms_link_must_yield(const struct ms_net *n)
{
	return time_after_eq(jiffies, n->yield_at) && ms_sock_pending(n->listener);
}

static void schedule_dial(struct ms_net *n)
{
	n->next_dial = jiffies + jitter(n->backoff_ms);
	if (n->preferred)
		n->backoff_ms = min(2 * n->backoff_ms, (unsigned int)DIAL_MAX_MS);
	n->yield_at = jiffies;
	if (n->preferred || n->distrust)
		n->yield_at += 2 * HZ + get_random_u32() % HZ;
	n->distrust = false;
}

static int wait_connected(struct ms_net *n)
{
	unsigned long end = jiffies + MS_NET_CONNECT;
	int r;

	do {
		r = ms_net_cutting(n);
		if (!r)
			r = ms_sock_connect(n->sock, &n->peer);
		if (r != -EINPROGRESS)
			return r;
		if (ms_link_must_yield(n))
			return -EAGAIN;
	} while (time_before(jiffies, end));
	return -ETIMEDOUT;
}

static int dial(struct ms_net *n)
{
	struct socket *sock;
	int r;

	schedule_dial(n);
	r = ms_sock_open(n->netns, &n->local, &sock);
	if (!r) {
		n->initiator = true;
		ms_sock_tune(sock, n->timeout);
		ms_net_set_sock(n, sock);
		r = wait_connected(n);
		if (r)
			ms_net_close_sock(n);
	}
	if (r && r != -EAGAIN && !ms_net_cutting(n))
		ms_net_complain(n, &n->no_connection, "cannot connect to", r);
	return r;
}

static void wait_for_something(struct ms_net *n)
{
	long left = n->next_dial - jiffies;

	if (left > 0)
		wait_event_interruptible_timeout(*sk_sleep(n->listener->sk),
						 ms_net_cutting(n) ||
						 ms_sock_pending(n->listener),
						 left);
}

int ms_link_get(struct ms_net *n)
{
	int r;

	for (;;) {
		r = ms_net_cutting(n);
		if (r)
			return r;
		r = -EAGAIN;
		if (!n->distrust || time_before(jiffies, n->next_dial))
			r = accept_one(n);
		if (r == -EAGAIN && time_after_eq(jiffies, n->next_dial))
			r = dial(n);
		if (!r)
			break;
		/* Out of memory for example: what is pending stays pending. */
		if (r != -EAGAIN && r != -EPERM)
			schedule_timeout_interruptible(MS_NET_SHAKE_SLICE);
		wait_for_something(n);
	}
	ms_sock_tune(n->sock, n->timeout);
	ms_sock_set_slice(n->sock, MS_NET_SHAKE_SLICE);
	return 0;
}
