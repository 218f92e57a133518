/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the network service share: the handle behind struct
 * ms_net and the steps of a connection's life. Nobody else includes it.
 *
 * The session thread goes round: link (net_link.c: accept or connect),
 * handshake (net_handshake.c), session (net_session.c). One round is an
 * attempt; n->busy is set throughout. The sender thread, and others in its place
 * (net_send.c), use the socket only while n->sending is set, and the session thread
 * waits for that to end before it lets the socket go.
 *
 * Who ends an attempt sets n->cut (once, never taken back within the attempt)
 * and then shuts the socket down, which wakes whoever is blocked in it. Every
 * blocking step looks at n->cut before it blocks and wakes up by itself after
 * at most MS_NET_SLICE, so that nothing depends on the shutdown being seen.
 */
#ifndef MS_SERVICE_NET_INTERNAL_H
#define MS_SERVICE_NET_INTERNAL_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "service/compat.h"
#include "service/net.h"

#define DM_MSG_PREFIX "mirsync"
#include <linux/device-mapper.h>

struct crypto_shash;
struct task_struct;

#define MS_NET_BACKLOG		8	/* connections that wait to be accepted */
#define MS_NET_TIMEOUT_MS	10000	/* default for ms_net_config.timeout_ms */
#define MS_NET_TIMEOUT_MIN_MS	2000	/* above the peer's PING interval */
#define MS_NET_TOGETHER	32	/* frames or results that the sender is woken for once, at most */
#define MS_NET_TOGETHER_BYTES	(128u << 10)
#define MS_NET_ROUNDS	4	/* of sending by others than the sender, at most */
#define MS_NET_PING		HZ	/* an idle site sends at least so often */
#define MS_NET_SLICE		(HZ / 2)	/* a blocked session looks around so often */
#define MS_NET_SHAKE_SLICE	(HZ / 10)	/* the same before the session */
#define MS_NET_PROBE		(2 * HZ)	/* for a session that may be half-open to answer */
#define MS_NET_HELLO		(2 * HZ)	/* limit for the HELLO of who connects to us */
#define MS_NET_MUTE		(HZ / 5)	/* the same while others wait in the backlog */
#define MS_NET_SHAKE		(5 * HZ)	/* limit for HELLO and AUTH each */
#define MS_NET_CONNECT		(2 * HZ)	/* limit for TCP's connection */
#define MS_NET_STEADY		(2 * HZ)	/* a session that resets the back-off */
#define MS_NET_LINGER		HZ	/* limit for the peer to read a REFUSE */

#define MS_NET_AHEAD		(16u << 10)	/* bytes read ahead of what was asked for, while payloads are small */
#define MS_NET_AHEAD_MIN	512	/* ... while they are not: what is read ahead is copied once more */
#define MS_NET_PACK		4096	/* bytes of heads with small bodies, or of an ACK frame */
#define MS_NET_GATHER		64	/* pieces of frames that go out in one call */

/* ms_hello.auth */
#define MS_NET_AUTH_NONE	0
#define MS_NET_AUTH_PSK		1

enum ms_net_phase {
	MS_NET_LINK,		/* no connection, or it is being made */
	MS_NET_SHAKING,		/* handshake */
	MS_NET_SESSION,		/* from up() on */
};

/* The last error of a kind that was reported. */
struct ms_net_complaint {
	int r;
	unsigned long at;
};

struct ms_net {
	/* from create to destroy */
	const struct ms_net_ops *ops;
	void *ctx;
	char *name;
	struct net *netns;
	struct sockaddr_storage local, peer;
	struct crypto_shash *hmac;	/* keyed; NULL: no authentication */
	unsigned long timeout;		/* jiffies */
	bool preferred;			/* dials often, wins collisions */
	struct socket *listener;
	struct socket *reserve;		/* see ms_sock_hold_reserve() */
	struct work_struct cut_work;

	/* from start to stop */
	struct task_struct *session_task;
	struct task_struct *send_task;

	spinlock_t lock;
	/* under lock */
	bool enabled;			/* by the operator */
	bool running;			/* between start and stop */
	bool fresh;			/* dial at once */
	bool busy;			/* an attempt is under way */
	unsigned int attempts;		/* that are over */
	bool open;			/* frames are accepted for sending */
	bool sending;			/* somebody sends: the thread, or who had queued it */
	int cut;			/* why the attempt ends, or 0; also read without lock */
	enum ms_net_phase phase;
	bool ping_due, pong_due;
	u64 pong_handle;
	struct list_head acks;		/* struct ms_out_ack */
	struct list_head frames;	/* struct ms_out */

	wait_queue_head_t send_wait;	/* the sender waits for something to send */
	atomic_t held_back;		/* what was queued since it was woken */
	wait_queue_head_t idle_wait;	/* for busy or sending to become false */

	/* changed by the session thread under sock_mutex; read by it, and while sending is set */
	struct mutex sock_mutex;
	struct socket *sock;

	/* while sending is set, by who has set it */
	u8 *pack;			/* MS_NET_PACK bytes */
	struct bio_vec gather[MS_NET_GATHER];
	u64 ping_handle;

	/* session thread only */
	bool initiator;			/* the connection was opened by us */
	bool distrust;			/* who connected last did not get through */
	bool planned;			/* no lock: the session's end is a command's, the next one follows at once */
	bool peer_proven;		/* authenticated, or that is not asked for */
	bool wait_hello;		/* nothing came from the other end yet */
	unsigned long yield_at;		/* a mute connection gives way to a pending one */
	unsigned long deadline;		/* of the handshake's step */
	unsigned long next_dial;
	unsigned int backoff_ms;
	struct ms_net_complaint no_connection, no_handshake;
	struct ratelimit_state talk;	/* of lines about the session */
	struct ratelimit_state strange;	/* ... about other hosts */
	unsigned long heard;		/* when bytes last came */
	unsigned long waiting;		/* since when they are waited for */
	unsigned long looked_at;	/* when the listener was last looked at */
	unsigned long probe_at;		/* PING for a pending connection */
	bool probing;
	u32 data_left;			/* of the frame in the handler's hands */
	u32 ahead_pos, ahead_end, ahead_size;
	u8 *ahead;			/* MS_NET_AHEAD bytes */
	u8 *body;			/* MS_BODY_MAX bytes */
	struct ms_hello hello, peer_hello;
	struct ms_ready ready, peer_ready;
	struct ms_refuse refuse;
	u8 shake[sizeof(struct ms_frame) + sizeof(struct ms_hello)];

	atomic64_t tx_bytes, rx_bytes, sessions;
	atomic64_t tx_frames, rx_frames, failed, strangers;
	atomic64_t queued_frames, queued_bytes;
};

/* net.c */

/* Why the attempt ends, or 0. */
static inline int ms_net_cutting(const struct ms_net *n)
{
	return READ_ONCE(n->cut);
}

/* Give the attempt a socket that others may shut down (session thread). */
void ms_net_set_sock(struct ms_net *n, struct socket *sock);
/* The attempt's socket is closed (session thread, sender idle). */
void ms_net_close_sock(struct ms_net *n);
/* Wake who is blocked in the attempt's socket. Process context. */
void ms_net_shutdown(struct ms_net *n);
/* A line in the log, unless it is the same error again. */
void ms_net_complain(struct ms_net *n, struct ms_net_complaint *last,
		     const char *what, int r);
/* From now on every error is news. */
void ms_net_forget_complaints(struct ms_net *n);

/*
 * A call that was to last MS_NET_SLICE at most took much longer: this machine stood still, and the
 * silence since @begun, in jiffies, is not the peer's.
 */
static inline bool ms_net_overslept(const struct ms_net *n, unsigned long begun)
{
	return time_after(jiffies, begun + max(2ul * MS_NET_SLICE, n->timeout / 2));
}

/* net_sock.c: sockets, without any knowledge of frames or handles */

int ms_sock_listen(struct net *net, const struct sockaddr_storage *addr,
		   struct socket **psock);
/* A socket bound to the host part of @local, any port, not connected yet. */
int ms_sock_open(struct net *net, const struct sockaddr_storage *local,
		 struct socket **psock);
/* Wait at most MS_NET_SHAKE_SLICE for a connection. Return: 0, -EINPROGRESS (call again), other. */
int ms_sock_connect(struct socket *sock, const struct sockaddr_storage *peer);
/* Take a connection off the backlog. Return: 0, -EAGAIN (none), other. */
int ms_sock_accept(struct socket *listener, struct socket **psock,
		   struct sockaddr_storage *from);
/* Is there one? Any context. */
bool ms_sock_pending(const struct socket *listener);
/* Is there something to receive, or an end? */
bool ms_sock_readable(const struct socket *sock);
/* Options of a connected socket; @timeout in jiffies. */
void ms_sock_tune(struct socket *sock, unsigned long timeout);
/* A window that stays closed is no reason to give the connection up any more. */
void ms_sock_be_patient(struct socket *sock);
/* How long one call may block. */
void ms_sock_set_slice(struct socket *sock, unsigned long slice);
/* Let the socket use the memory reserves: it may be what memory reclaim waits for. */
void ms_sock_set_reserve(struct socket *sock);
/*
 * A socket for nothing but that: the first one in the system that may use the reserves makes
 * the kernel patch its own text, and so does the last one that goes. Sessions come and go.
 */
int ms_sock_hold_reserve(struct net *net, struct socket **psock);
/* Reset and free. */
void ms_sock_release(struct socket *sock);
bool ms_addr_valid(const struct sockaddr_storage *addr);
bool ms_addr_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
/* Total order of addresses with ports. Return: <0, 0, >0. */
int ms_addr_compare(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

/* net_link.c: accept or connect; n->sock and n->initiator are set when it returns 0 */

void ms_link_reset(struct ms_net *n);
int ms_link_get(struct ms_net *n);
/* A session of @lived jiffies is over, or a handshake failed (0). */
void ms_link_lost(struct ms_net *n, unsigned long lived);
/* A connection of which nothing came yet has to give way to a pending one. */
bool ms_link_must_yield(const struct ms_net *n);
/* Close all that wait in the listener's backlog. */
void ms_link_drain(struct ms_net *n);

/* net_auth.c */

int ms_auth_create(struct ms_net *n, const u8 *key, u32 key_len);
void ms_auth_destroy(struct ms_net *n);
/* The mac that the side which sent @from proves itself with. */
int ms_auth_mac(struct ms_net *n, const struct ms_hello *from,
		const struct ms_hello *to, struct ms_auth *auth);
/* Return: 0, -EKEYREJECTED, other. */
int ms_auth_check(struct ms_net *n, const struct ms_hello *from,
		  const struct ms_hello *to, const struct ms_auth *auth);

/* net_handshake.c: from the connection to both READYs. Return: 0 or negative. */

int ms_handshake(struct ms_net *n);

/* net_recv.c: session thread */

/* Exactly @len bytes. */
int ms_recv(struct ms_net *n, void *buf, u32 len);
/* A head, checked. */
int ms_recv_head(struct ms_net *n, struct ms_head *h);

/* net_send.c */

/* Everything in @msg, by whoever owns the socket's sending side. Sleeps. */
int ms_send_msg(struct ms_net *n, struct msghdr *msg);
/* A frame without data, outside of the queues (handshake); small bodies only. */
int ms_send_plain(struct ms_net *n, u16 type, const void *body, u32 body_len);
int ms_send_thread(void *arg);
/* From now on frames are accepted. */
void ms_send_open(struct ms_net *n);
/* No longer. When it returns, the sender is off the socket and all entries are completed. */
void ms_send_close(struct ms_net *n);
void ms_send_ping(struct ms_net *n);
void ms_send_pong(struct ms_net *n, u64 handle);

/* net_session.c */

int ms_session_thread(void *arg);
/* Called before each receive: may it (still) wait? Return: 0 or why not. */
int ms_session_check(struct ms_net *n);

#endif
