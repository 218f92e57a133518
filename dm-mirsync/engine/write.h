/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A write on its way: the private copy of its payload, its codes, the local
 * I/O, the frame to the peer or the answer to it, and its end. The same object
 * serves an application's write at the primary, the peer's write at the target
 * and a segment run that the resync copies.
 *
 * Life: alloc -> (queued on its extent) -> start -> local end and peer's
 * confirmation, in any order -> complete -> freed when the sender too has let
 * go. Locking: fields under v->lock from start on; before it they belong to
 * whoever prepares it.
 */
#ifndef MS_ENGINE_WRITE_H
#define MS_ENGINE_WRITE_H

#include <linux/refcount.h>

#include "engine/extent.h"

#define MS_SMALL_SEGS	8u

enum ms_write_kind {
	MS_WRITE_APP,		/* of the application, at the primary */
	MS_WRITE_PEER,		/* of the peer, at the target */
	MS_WRITE_COPY,		/* resync: read here, written there */
};

struct ms_copy_end {
	struct completion done;
	int status;
};

struct ms_write {
	struct ms_op op;
	struct ms_volume *v;
	struct ms_span span;
	enum ms_write_kind kind;
	u32 flags;			/* MS_W_* */
	u64 id;				/* for who traces */
	u64 taken, begun;		/* ktime_get_ns(): when it was submitted, and started */
	bool zero;			/* write zeroes: no payload */
	bool flush;			/* a flush: no sectors, no op */
	bool local_pending, peer_pending;
	bool alone;			/* will complete without the peer's confirmation */
	bool untouched;			/* refused before anything was changed */
	bool queued;			/* counted in inflight */
	bool told;			/* the application was told, before the peer has confirmed it */
	bool expired;			/* ... that it failed, as the local disk does not answer */
	bool lost;			/* the local disk does not have it, but perhaps the peer: see loss.c */
	bool parked;			/* it goes back into the application's line */
	bool border;			/* PEER: waits for all that came before it */
	int status;			/* negative errno of the local I/O */
	u32 mark_epoch;
	u32 session;
	u32 losses;			/* v->losses when it began */
	u64 covers;			/* flush: v->ended_writes when it began */
	u64 acked_seq;			/* flush: writes confirmed before it */
	u64 epoch;			/* in which it was shipped */
	u64 rx_no;			/* PEER: counts what came */
	u32 weight;			/* bytes counted in unstarted_bytes, then in unacked_bytes */
	unsigned long shipped;		/* jiffies */
	refcount_t refs;
	struct bio *app;
	u64 cost;			/* bytes counted in inflight_bytes */
	struct ms_buf buf;
	struct ms_io io;
	struct llist_node done;
	struct hlist_node hash;		/* in v->waiting by out.handle */
	struct list_head list;		/* in v->unacked, v->rx_order ... */
	struct list_head rx;
	struct list_head age;		/* in v->aging until its local part has ended */
	struct work_struct work;	/* zeroing, which sleeps */
	struct ms_out out;
	struct ms_out_ack ack;
	struct ms_write_body *body;	/* head of the frame, with the codes */
	u32 *chg;			/* change counts of the segments at start; behind the body */
	bool spare;			/* both are of the reserve */
	struct ms_copy_end *finished;	/* COPY: told when confirmed or lost */
	struct {
		struct ms_write_body body;
		__le64 codes[MS_SMALL_SEGS];
	} small_body;
	u32 small_chg[MS_SMALL_SEGS];
};

int ms_writes_init(struct ms_volume *v);
void ms_writes_exit(struct ms_volume *v);

/**
 * ms_write_alloc() - a write of @nsectors at @sector, inside one extent
 * @payload: with pages for it
 *
 * Sleeps until there is memory, which comes back when writes end: not for a caller that
 * writes wait for.
 */
struct ms_write *ms_write_alloc(struct ms_volume *v, enum ms_write_kind kind,
				u64 sector, u32 nsectors, bool payload);
struct ms_write *ms_flush_alloc(struct ms_volume *v, enum ms_write_kind kind);
void ms_write_put(struct ms_write *w);
/* Put the codes of zeroes into the body. */
void ms_write_zero_codes(struct ms_write *w);

/* Count it as in flight; v->lock held. */
void __ms_write_count(struct ms_write *w);
void __ms_flush_count(struct ms_write *w);
/* Count it, if that was not done, and queue it on its extent; ends by itself. Codes are in the body. */
void ms_write_submit(struct ms_write *w);
void ms_flush_submit(struct ms_write *w);

/* The changes of its segments up to now; the bytes of a COPY are taken later. Its range is held by its op. */
void ms_write_remember(struct ms_write *w);
/* Ship a COPY write: called with its range held by an op; marks that there were before its bytes were taken are cleared when confirmed. Return: 0 or -ENOTCONN */
int ms_write_ship(struct ms_write *w);

/* The peer answered @handle. Return: 0, -EPROTO when there is no such write. */
int ms_write_acked(struct ms_volume *v, u64 handle, int status);
/* The mode has become async: who only waits for the peer need not any more. */
void ms_write_run_ahead(struct ms_volume *v);
/* What waits in v->lost ends: as the peer has confirmed it, or with the error of the disk. role_lock held. */
void ms_write_decided(struct ms_volume *v, bool confirmed);
/* The session is over: nothing in flight will be confirmed. */
void ms_write_link_down(struct ms_volume *v);

/* Is there room for another payload? */
bool ms_write_room(struct ms_volume *v);
/* Nothing is in flight and nothing unconfirmed. v->lock held. */
bool __ms_write_idle(struct ms_volume *v);

void ms_write_work_init(struct ms_volume *v);

#endif
