/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One volume's session with its peer: listens, connects, shakes hands,
 * authenticates, sends queued frames in order, receives frames and hands them
 * up, notices a dead peer, and begins again by itself. It knows frames, not
 * what they mean beyond the handshake and PING/PONG.
 *
 * Threads: a session thread (connect or accept, handshake, then the receive
 * loop; it calls all of ms_net_ops except where said) and a sender thread.
 * Locking: ms_net_queue(), ms_net_ack() and ms_net_cut() may be called with
 * spinlocks held (they take one spinlock with irqs saved, a leaf); the first two
 * by tasks alone, as a task's plug may hold the sender's wake-up back. The rest sleeps.
 */
#ifndef MS_SERVICE_NET_H
#define MS_SERVICE_NET_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/socket.h>

#include "shared/wire.h"

struct ms_net;
struct net;

struct ms_net_config {
	const char *name;		/* of the volume, for messages; copied */
	struct net *net;		/* the creator's namespace; a reference is taken */
	struct sockaddr_storage local;	/* listened on */
	struct sockaddr_storage peer;	/* dialed; only its host may connect to us */
	const u8 *key;			/* pre-shared key, copied; NULL: no authentication (explicit option) */
	u32 key_len;			/* bytes */
	unsigned int timeout_ms;	/* peer silent for so long: session cut; default 10000, at least 2000 */
};

struct ms_net_ops {
	/* Fill in a hello with the state of now (not nonce, auth, proto, initiator). */
	void (*hello)(void *ctx, struct ms_hello *h);
	/*
	 * Both hellos are known and the peer is authenticated. Decide.
	 * Fill @ready. Return 0, or a negative errno to refuse, with
	 * a line in @refuse->text and its code; without a text the attempt
	 * just fails. Called on both sides.
	 */
	int (*meet)(void *ctx, const struct ms_hello *local,
		    const struct ms_hello *peer, struct ms_ready *ready,
		    struct ms_refuse *refuse);
	/* Both sides said READY; frames may be queued from just before this call on. @peer_ready: what the peer concluded. Return negative to cut. */
	int (*up)(void *ctx, const struct ms_ready *peer_ready);
	/*
	 * One frame of type >= MS_F_ACK, head checked, @body checked against its
	 * checksum (h->body_len bytes, valid during the call). If h->data_len, the
	 * handler must take exactly that many bytes with ms_net_recv() before
	 * it returns 0. Negative: the session is cut.
	 */
	int (*frame)(void *ctx, const struct ms_head *h, const void *body);
	/* The sender's commits for the head of a frame (I11). Sender thread, beside other ops; no locks. */
	u64 (*commits)(void *ctx);
	/* Called several times a second while the session lasts, between frames and within one. Negative: the session is cut. */
	int (*check)(void *ctx);
	/*
	 * The session is over (also when up() was refused). Everything queued was
	 * completed with an error before. No ops are called after it until the
	 * next hello().
	 */
	void (*down)(void *ctx, int reason);
	/* The peer refused us, or we it; @text for the operator. Session thread. May be repeated on each attempt; the callee limits. */
	void (*refused)(void *ctx, u32 code, const char *text);
};

/*
 * A frame to be sent. Owned by the caller until done() is called, once, by
 * the sender thread (0: handed to TCP whole) or by whoever cuts the
 * session (-ENOTCONN; process context, no locks held). Body and data must not change until then.
 */
struct ms_out {
	struct list_head list;		/* private */
	u16 type;
	u64 handle;
	const void *body;
	u32 body_len;
	const struct bio_vec *bvec;	/* data, or NULL */
	u32 nr_bvec;
	u32 data_len;
	void (*done)(struct ms_out *out, int r);
};

/* A result to be sent; many are packed into one ACK frame. done() as above. */
struct ms_out_ack {
	struct list_head list;		/* private */
	u64 handle;
	u32 status;			/* 0 or a positive errno */
	void (*done)(struct ms_out_ack *ack, int r);
};

/**
 * ms_net_create() - resolve nothing, bind and listen on cfg->local
 * @why: static text on error ("local address is in use", ...)
 *
 * Return: 0, -EADDRINUSE, -EADDRNOTAVAIL, -ENOMEM, ...
 */
int ms_net_create(const struct ms_net_config *cfg, const struct ms_net_ops *ops,
		  void *ctx, struct ms_net **pn, const char **why);

/* Start the threads; from now on it connects and accepts by itself. */
int ms_net_start(struct ms_net *n);
/* Cut the session and stop the threads; down() has returned when this does. Never takes long, whatever the peer does. */
void ms_net_stop(struct ms_net *n);
/* After ms_net_stop(): close the listener, free. */
void ms_net_destroy(struct ms_net *n);

/* Operator's disconnect and connect: while disabled nothing is connected or accepted; disabling cuts the session and waits for down(). Sleeps. Not from ops. */
void ms_net_enable(struct ms_net *n, bool enable);
bool ms_net_enabled(const struct ms_net *n);

/* Cut the session (a protocol error, a failed disk); it is set up anew after a back-off. Any context. */
void ms_net_cut(struct ms_net *n, int reason);
/* The reason why the session is about to end, or 0. Any context, no locks. */
int ms_net_cut_by(const struct ms_net *n);

/* The session will end since a command has changed what the sites are to each other: the next one is not put off, however short this one was. Any context. */
void ms_net_planned(struct ms_net *n);

/* Queue a frame behind all queued before. Return: 0, or -ENOTCONN (no session between up() and the cut; done() is not called). */
int ms_net_queue(struct ms_net *n, struct ms_out *out);
int ms_net_ack(struct ms_net *n, struct ms_out_ack *ack);

/* Only inside ops->frame(): take the next @len bytes of data. Return: 0 or negative (then return it). */
int ms_net_recv(struct ms_net *n, struct bio_vec *bvec, u32 nr, u32 len);

struct ms_net_stats {
	u64 tx_bytes, rx_bytes;		/* on the wire, heads and bodies included */
	u64 tx_frames, rx_frames;	/* of sessions: handshakes are not counted */
	u64 queued_frames, queued_bytes;	/* accepted and not handed to TCP yet; results not counted */
	u64 sessions;
	u64 failed;			/* connections of the peer's host, or to it, that got through no handshake */
	u64 strangers;			/* connections of other hosts */
	bool authenticated, initiator;	/* the session, or the last one */
	u64 heard_ms;			/* since bytes last came in it; 0 without one */
};
void ms_net_stats(struct ms_net *n, struct ms_net_stats *s);

#endif
