// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP sockets of the kernel: listen, connect, accept, tune, release, and
 * addresses. It knows neither frames nor volumes. Kernel sockets hold no
 * reference of their network namespace; the caller does (struct ms_net).
 * No locking: a socket belongs to its caller.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/sched/mm.h>
#include <linux/tcp.h>
#include <net/inet_connection_sock.h>
#include <net/tcp_states.h>

#include "service/net_internal.h"

static int addr_len(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					     sizeof(struct sockaddr_in);
}

static const struct sockaddr_in *in4(const struct sockaddr_storage *addr)
{
	return (const struct sockaddr_in *)addr;
}

static const struct sockaddr_in6 *in6(const struct sockaddr_storage *addr)
{
	return (const struct sockaddr_in6 *)addr;
}

static u16 addr_port(const struct sockaddr_storage *addr)
{
	return ntohs(addr->ss_family == AF_INET6 ? in6(addr)->sin6_port :
						   in4(addr)->sin_port);
}

bool ms_addr_valid(const struct sockaddr_storage *addr)
{
	return (addr->ss_family == AF_INET || addr->ss_family == AF_INET6) &&
	       addr_port(addr);
}

static int host_compare(const struct sockaddr_storage *a,
			const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return a->ss_family < b->ss_family ? -1 : 1;
	if (a->ss_family == AF_INET6)
		return memcmp(&in6(a)->sin6_addr, &in6(b)->sin6_addr,
			      sizeof(struct in6_addr));
	return memcmp(&in4(a)->sin_addr, &in4(b)->sin_addr,
		      sizeof(struct in_addr));
}

bool ms_addr_same_host(const struct sockaddr_storage *a,
		       const struct sockaddr_storage *b)
{
	return !host_compare(a, b);
}

int ms_addr_compare(const struct sockaddr_storage *a,
		    const struct sockaddr_storage *b)
{
	int r = host_compare(a, b);

	return r ? r : (int)addr_port(a) - (int)addr_port(b);
}

static int bind_to(struct socket *sock, const struct sockaddr_storage *addr)
{
	struct sockaddr_storage copy = *addr;

	return kernel_bind(sock, (struct ms_sockaddr *)&copy, addr_len(&copy));
}

int ms_sock_listen(struct net *net, const struct sockaddr_storage *addr,
		   struct socket **psock)
{
	struct socket *sock;
	int r;

	r = sock_create_kern(net, addr->ss_family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (r)
		return r;
	/* Connections of an earlier life do not keep the port; a listener does. */
	sock_set_reuseaddr(sock->sk);
	r = bind_to(sock, addr);
	if (!r)
		r = kernel_listen(sock, MS_NET_BACKLOG);
	if (r) {
		sock_release(sock);
		return r;
	}
	*psock = sock;
	return 0;
}

int ms_sock_open(struct net *net, const struct sockaddr_storage *local,
		 struct socket **psock)
{
	struct sockaddr_storage from = *local;
	struct socket *sock;
	int r;

	r = sock_create_kern(net, from.ss_family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (r)
		return r;
	if (from.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&from)->sin6_port = 0;
	else
		((struct sockaddr_in *)&from)->sin_port = 0;
	r = bind_to(sock, &from);
	if (r) {
		sock_release(sock);
		return r;
	}
	*psock = sock;
	return 0;
}

int ms_sock_connect(struct socket *sock, const struct sockaddr_storage *peer)
{
	struct sockaddr_storage to = *peer;
	int r;

	ms_sock_set_slice(sock, MS_NET_SHAKE_SLICE);
	r = kernel_connect(sock, (struct ms_sockaddr *)&to, addr_len(&to), 0);
	return r == -EALREADY ? -EINPROGRESS : r;
}

int ms_sock_accept(struct socket *listener, struct socket **psock,
		   struct sockaddr_storage *from)
{
	int r;

	r = kernel_accept(listener, psock, O_NONBLOCK);
	if (r)
		return r;
	memset(from, 0, sizeof(*from));
	r = kernel_getpeername(*psock, (struct sockaddr *)from);
	if (r < 0) {
		ms_sock_release(*psock);
		return r == -EAGAIN ? -ENOTCONN : r;
	}
	return 0;
}

bool ms_sock_pending(const struct socket *listener)
{
	return inet_csk_listen_poll(listener->sk);
}

bool ms_sock_readable(const struct socket *sock)
{
	return !skb_queue_empty_lockless(&sock->sk->sk_receive_queue) ||
	       READ_ONCE(sock->sk->sk_state) != TCP_ESTABLISHED;
}

void ms_sock_tune(struct socket *sock, unsigned long timeout)
{
	struct sock *sk = sock->sk;

	sk->sk_allocation = GFP_NOIO;
	ms_sk_no_task_frag(sk);
	tcp_sock_set_nodelay(sk);
	sock_set_keepalive(sk);
	tcp_sock_set_user_timeout(sk, jiffies_to_msecs(timeout));
}

void ms_sock_be_patient(struct socket *sock)
{
	tcp_sock_set_user_timeout(sock->sk, 0);
}

void ms_sock_set_slice(struct socket *sock, unsigned long slice)
{
	WRITE_ONCE(sock->sk->sk_rcvtimeo, slice);
	WRITE_ONCE(sock->sk->sk_sndtimeo, slice);
}

void ms_sock_set_reserve(struct socket *sock)
{
	sk_set_memalloc(sock->sk);
}

int ms_sock_hold_reserve(struct net *net, struct socket **psock)
{
	int r = sock_create_kern(net, PF_INET, SOCK_DGRAM, IPPROTO_UDP, psock);

	if (r)
		*psock = NULL;
	else
		sk_set_memalloc((*psock)->sk);
	return r;
}

void ms_sock_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	bool reserve = sock_flag(sk, SOCK_MEMALLOC);

	sock_hold(sk);
	/*
	 * A kernel socket's timers end with it: closed in the ordinary way
	 * with a dead peer at the other end it would wait for ever for the
	 * peer's answer. So the connection is reset.
	 */
	sock_no_linger(sk);
	sock_release(sock);
	/* Not before: what came in from the reserves and waits in the backlog would be a BUG(). */
	if (reserve)
		sk_clear_memalloc(sk);
	sock_put(sk);
}
