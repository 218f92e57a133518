/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world of the model: two sites with what they persist and what they have
 * in memory, the session between them, and a few writes. model_steps.c says
 * what can happen in it, model_canonical.c which worlds are the same one,
 * test_model.c walks all of them. No state but the two variables below.
 */
#ifndef TESTS_UNIT_MODEL_H
#define TESTS_UNIT_MODEL_H

#include "help.h"
#include "shared/rules.h"

#define TOKENS		2u	/* outstanding writes */

/* Mistakes to be built in. */
enum mistake {
	MISTAKE_NONE,
	MISTAKE_NO_NEW_GENERATION,	/* going alone without one */
	MISTAKE_NOT_OFFERED,		/* DONE is sent without persisting the offer */
	MISTAKE_STALE_HELLO,		/* a generation begun behind a hello does not void it */
	MISTAKE_MARKS_CLEARED_EARLY,	/* a target forgets its marks before DONE */
	MISTAKE_PROMOTE_BLIND,		/* a promotion does not look at the relation */
	MISTAKE_CONSISTENT_EARLY,	/* a target is not recorded as inconsistent */
	MISTAKE_PROMOTE_UNFLUSHED,	/* a promotion calls a disk consistent before a flush */
	MISTAKE_LATE_COMPLETION,	/* writes are completed after the role was lost */
	MISTAKE_LEFT_BEHIND,		/* a failing disk is left although the peer lacks writes */
	MISTAKE_LEFT_UNRECORDED,	/* ... and that is not persisted */
	MISTAKE_LOSER_ACTIVE,		/* who gives its data up keeps its role */
};

/* How far a session has come. The source is w->src. */
enum phase {
	PH_HELLO,		/* hellos are exchanged, conclusions not put into force */
	PH_MET,
	PH_OFFERED,		/* offer persisted, GO not sent */
	PH_COPY,		/* GO with gap; mirrored from here on */
	PH_DONE,		/* DONE is on its way */
	PH_ADOPTED,		/* the target has adopted, its answer is on its way */
	PH_SYNC,
	PH_SWITCH_ASKED,	/* source demoted, question on its way */
	PH_SWITCH_DONE,		/* peer is primary, answer on its way */
};

/* P: persistent, the rest is in memory. What comes first orders the sides, see model_canonical.c. */
struct side {
	u8 role, disk, flags;	/* P */
	u8 up, claim;
	u8 meeting, scope, relation;
	u8 left;		/* its disk has failed: an active primary that goes on through its peer */
	u8 acted, stale;	/* the meeting is in force here; the hello is not true any more */
	u8 current_gen, base, offered, history[MS_GEN_HISTORY];	/* P */
	u8 data, marks;		/* P */
	u8 unflushed, old;	/* P: copied and not flushed; what was there before */
	u8 pending;		/* unconfirmed writes not completed */
};

struct world {
	struct side s[2];
	u8 connected, src, phase;
	u8 cand;		/* still to be copied */
	u8 sent;		/* the source's generation when it told its generations */
	u8 acked;		/* completed to the application and not given up since */
};

/* The mistake that is built in, and what a step found wrong; NULL: nothing. */
extern enum mistake model_mistake;
extern const char *model_wrong;

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

/* model_steps.c: each changes @w; false: cannot happen or is not allowed now */
/* Hellos are exchanged; then each side puts its conclusion into force. */
bool model_join(struct world *w);
bool model_act(struct world *w, u32 i);
/* The next step of a session that needs nobody's command. */
bool model_advance(struct world *w);
bool model_copy_last(struct world *w);
bool model_write(struct world *w, u32 i);
bool model_complete(struct world *w, u32 i);
bool model_promote(struct world *w, u32 i, bool alone, bool force);
bool model_demote(struct world *w, u32 i);
bool model_failback(struct world *w, u32 i, bool force);
bool model_resolve(struct world *w, u32 i, enum ms_keep keep);
bool model_ask_switch(struct world *w);
bool model_take_switch(struct world *w);
bool model_end_switch(struct world *w);
bool model_crash(struct world *w, u32 i, bool lose);
bool model_crash_damaged(struct world *w, u32 i);
bool model_crash_writing(struct world *w, u32 i, bool local, bool peer);
bool model_cut_writing(struct world *w, bool peer, bool target_crashes);
/* The disk of an active primary fails a write, and it goes on through its peer. */
bool model_disk_fails(struct world *w, u32 i, bool local);
bool model_cut(struct world *w);
bool model_reboot(struct world *w, u32 i, bool asks_primary);
bool model_replace(struct world *w, u32 i);

#endif
