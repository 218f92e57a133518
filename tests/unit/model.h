/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world of the model: two sites with what they persist and what they have
 * in memory, the session between them, a few writes, and perhaps a snapshot of
 * one site. What can happen in it is in model_session.c (what the engine does of
 * itself), model_writes.c, model_commands.c and model_faults.c; model_check.c says
 * what must hold, model_canonical.c which worlds are the same one, model_operator.c
 * how an operator gets on, and test_model.c walks all of them. No state but the
 * variables below.
 */
#ifndef TESTS_UNIT_MODEL_H
#define TESTS_UNIT_MODEL_H

#include "help.h"
#include "shared/rules.h"

#define TOKENS		2u	/* outstanding writes, at most */

/* What there is beside links, crashes and commands. All at once would be too many worlds. */
enum model_part {
	MODEL_DISKS = 1 << 0,	/* disks fail and are replaced, records get damaged, writes are in flight */
	MODEL_SNAPSHOTS = 1 << 1,	/* a site goes back in time */
	MODEL_CACHES = 1 << 2,	/* an application's write may be lost until it is flushed */
};

/* Mistakes to be built in. */
enum mistake {
	MISTAKE_NONE,
	MISTAKE_NO_NEW_GENERATION,	/* going alone without one */
	MISTAKE_NOT_OFFERED,		/* DONE is sent without persisting the offer */
	MISTAKE_STALE_HELLO,		/* a generation begun behind a hello does not void it */
	MISTAKE_GRANT_EARLY,		/* a source is given its role before the peer has concluded */
	MISTAKE_MARKS_CLEARED_EARLY,	/* a target forgets its marks before DONE */
	MISTAKE_PROMOTE_BLIND,		/* a promotion does not look at the relation */
	MISTAKE_CONSISTENT_EARLY,	/* a target is not recorded as inconsistent */
	MISTAKE_PROMOTE_UNFLUSHED,	/* a promotion calls a disk consistent before a flush */
	MISTAKE_LATE_COMPLETION,	/* writes are completed after the role was lost */
	MISTAKE_LEFT_BEHIND,		/* a failing disk is left although the peer lacks writes */
	MISTAKE_LEFT_UNRECORDED,	/* ... and that is not persisted */
	MISTAKE_LOSER_ACTIVE,		/* who gives its data up keeps its role */
	MISTAKE_RESTART_IGNORED,	/* a blank target that asks after a restart is taken for one never copied to */
	MISTAKE_SEEN_FORGOTTEN,		/* what was seen of the peer is lost in a crash */
	MISTAKE_STRANGER_NOTED,		/* what was seen of a site is forgotten when another comes in its place */
	MISTAKE_SEEN_KEPT,		/* a target goes on with what it had seen of a source it agreed to */
	MISTAKE_LINEAGE_KEPT,		/* a target that has gone back in time keeps its generations */
	MISTAKE_BACK_BLIND,		/* a failback does not look at what one that has gone back has of its own */
	MISTAKE_CHOSEN_IGNORED,		/* a forced promotion does not count against the history */
	MISTAKE_FLUSH_EARLY,		/* a flush is confirmed by a peer that has not flushed */
	MISTAKE_ADOPTED_UNFLUSHED,	/* a target takes over a lineage without a gap, and without a flush */
	MISTAKE_FLUSH_ALONE,		/* a flush without the peer needs no new generation */
};

/* How far a session has come. The source is w->src. */
enum phase {
	PH_HELLO,		/* hellos are exchanged, conclusions not put into force */
	PH_MET,
	PH_AGREED,		/* the peer has agreed to be the target of a failback; nothing is persisted */
	PH_OFFERED,		/* offer persisted, GO not sent */
	PH_COPY,		/* GO with gap; mirrored from here on */
	PH_DONE,		/* DONE is on its way */
	PH_ADOPTED,		/* the target has adopted, its answer is on its way */
	PH_SYNC,
	PH_SWITCH_ASKED,	/* source demoted, question on its way */
	PH_SWITCH_DONE,		/* peer is primary, answer on its way */
};

#define NODE_NEW	4u	/* with new metadata a site is another node; model_canonical.c names it anew */

/* What a site has seen of the other's history: a point that the other ... */
enum seen {
	SEEN_OLD,		/* ... still has, and had before the snapshot if there is one of it */
	SEEN_LATE,		/* ... still has, and had not when its snapshot was taken */
	SEEN_LOST,		/* ... has not: it has gone back in time */
};

/*
 * P: persistent, the rest is in memory. What comes first orders the sides, see model_canonical.c.
 * MS_SB_FAILBACK is left out: no rule looks at it.
 */
struct side {
	u8 role, disk, flags;	/* P */
	u8 node, seen_node;	/* P: who it is, and whom it has met last; see model_canonical.c */
	u8 seen;		/* P: of that one */
	u8 half;		/* a copy over it from the other one has begun: of the model, nobody knows it */
	u8 claim;
	u8 meeting, scope, relation;
	u8 left;		/* its disk has failed: an active primary that goes on through its peer */
	u8 peer_back;		/* the other has gone back in time, as this meeting found */
	u8 peer_new;		/* the other has no data, and another one was there before */
	u8 acted, stale;	/* the meeting is in force here; the hello is not true any more */
	u8 granted;		/* ... and has given it its role */
	u8 dirty;		/* the peer has confirmed writes since it last confirmed a flush */
	u8 current_gen, base, offered, history[MS_GEN_HISTORY];	/* P */
	u8 data, marks;		/* P */
	u8 unflushed, old;	/* P: written and not flushed; what was there before */
	u8 pending;		/* unconfirmed writes not completed */
	u8 told;		/* completed to the application here and not flushed (MODEL_CACHES) */
};

struct world {
	struct side s[2];
	u8 connected, src, phase;
	u8 cand;		/* still to be copied */
	u8 sent;		/* the source's generation when it told its generations */
	u8 acked;		/* completed to the application, flushed if need be, and not given up since */
	/* From here on MODEL_SNAPSHOTS only. */
	u8 snap_of;		/* 1 + the site of which there is one; 0: none */
	u8 age;			/* of the snapshot, in crashes and commands */
	struct side snap;
};

/*
 * What is walked, with how many outstanding writes, the mistake that is built in, and what
 * was found wrong; NULL: nothing.
 */
extern u32 model_parts, model_tokens;
extern enum mistake model_mistake;
extern const char *model_wrong;

/*
 * Are there all the steps in which two things can get between one another? Where there are
 * snapshots, a meeting, a write alone and the beginning of a failback are one step each.
 */
static inline bool model_step_by_step(void)
{
	return !(model_parts & MODEL_SNAPSHOTS);
}

/* Note what is wrong, if it is the first. */
void model_is_wrong(const char *what);

/* model_check.c */
void model_check(const struct world *w);

/* model_canonical.c */
/* Bring @w into the form that stands for all worlds like it. Return: generations known. */
u8 model_canonical(struct world *w);
void model_forget_session(struct world *w);

/* Does it remember this generation at all? */
bool model_knows(const struct side *s, u8 gen);
/* Completed writes that @i has, the other site lacks, and nobody gave up. */
u8 model_only_at(const struct world *w, u32 i);
/* Are writes shipped from w->src to the other site? */
bool model_mirrored(const struct world *w);
/* A token that is nowhere in use; 0: all are. */
u8 model_free_token(const struct world *w);
/* @i begins a new generation; may the peer have the present one? */
void model_start_gen(struct world *w, u32 i);
bool model_shared(const struct world *w, u32 i);
/* What waits for a new generation fails with the role, not later. */
void model_lose_role(struct side *s, enum ms_claim claim);
/* All that was written at @s is on stable storage. */
void model_flush_disk(struct side *s);

/*
 * The steps: each changes @w; false: cannot happen or is not allowed now.
 */

/* model_session.c */
/* Hellos are exchanged; then each side puts its conclusion into force. */
bool model_join(struct world *w);
bool model_act(struct world *w, u32 i);
/* The next step of a session that needs nobody's command. */
bool model_advance(struct world *w);
bool model_copy_last(struct world *w);

/* model_writes.c */
bool model_write(struct world *w, u32 i);
bool model_complete(struct world *w, u32 i);
/* The application's flush; the extents of a site cool. */
bool model_flush(struct world *w, u32 i);
bool model_cool(struct world *w, u32 i);

/* model_commands.c */
bool model_promote(struct world *w, u32 i, bool alone, bool force);
bool model_demote(struct world *w, u32 i);
/* A failback in its two steps. */
bool model_failback(struct world *w, u32 i, bool force);
bool model_failback_start(struct world *w);
bool model_resolve(struct world *w, u32 i, enum ms_keep keep);
bool model_ask_switch(struct world *w);
bool model_take_switch(struct world *w);
bool model_end_switch(struct world *w);

/* model_faults.c; whoever crashes comes back, and its table line @asks for the primary role or not */
/* Two blank sites; the first one's operator wants it to be the primary. */
void model_begin(struct world *w);
/* @lost: of what is not flushed. */
bool model_crash(struct world *w, u32 i, u8 lost, bool asks);
bool model_panic(struct world *w, u32 i, bool asks);
bool model_crash_damaged(struct world *w, u32 i, bool asks);
bool model_crash_writing(struct world *w, u32 i, bool local, bool peer, bool asks);
bool model_cut_writing(struct world *w, bool peer);
bool model_target_crashes(struct world *w, bool peer, bool asks);
/* The disk of an active primary fails a write, and it goes on through its peer. */
bool model_disk_fails(struct world *w, u32 i, bool local);
bool model_cut(struct world *w);
bool model_replace(struct world *w, u32 i, bool asks);
/* Of disk and metadata together. */
bool model_snapshot(struct world *w, u32 i);
bool model_restore(struct world *w, bool asks);

/* model_operator.c */
/* Is it known already that an operator gets from @w to two sites in sync? */
enum known { UNKNOWN, KNOWN, KNOWN_BY_FORCE };
/* The same question. */
enum known model_way_out(const struct world *w, enum known (*known)(const struct world *w));
/* An operator who wants the data of either site gets it, at either site. @ways: how often. */
bool model_resolves(const struct world *w, u32 *ways);

#endif
