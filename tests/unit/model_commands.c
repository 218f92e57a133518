// SPDX-License-Identifier: GPL-2.0-only
/*
 * What operators may command in the model. What is allowed is for
 * shared/rules_command.c to say; the order of the steps is that of the engine's
 * commands.c and failback.c. No state.
 */
#include "model.h"

static struct ms_situation situation(const struct world *w, u32 i)
{
	const struct side *s = &w->s[i];
	bool up = w->connected && (w->phase != PH_HELLO || s->acted);	/* before, nobody here knows of a peer */
	struct ms_situation st = {
		.connected = up,
		.meeting = s->meeting,
		.relation = s->relation,
		.claim = s->claim,
		.peer_claim = w->s[!i].claim,
		.disk = s->disk,
		.peer_disk = w->s[!i].disk,
		.in_sync = up && w->phase == PH_SYNC,
		.copying = up && (w->phase == PH_COPY || w->phase == PH_DONE),
	};

	if (model_mistake == MISTAKE_PROMOTE_BLIND)
		st.relation = MS_REL_SAME;
	return st;
}

/* By force, or kept by resolve; it is looked at only where histories are. */
static void choose(struct side *s)
{
	if (model_parts & MODEL_SNAPSHOTS)
		s->flags |= MS_SB_CHOSEN;
}

/* What was written here is flushed before this disk is called consistent. */
static void become_primary(struct world *w, u32 i)
{
	struct side *s = &w->s[i];

	if (model_mistake != MISTAKE_PROMOTE_UNFLUSHED)
		model_flush_disk(s);
	s->role = MS_ROLE_PRIMARY;
	s->disk = MS_DISK_CONSISTENT;
	s->half = 0;
	s->claim = MS_CLAIM_ACTIVE;
	model_start_gen(w, i);
}

bool model_promote(struct world *w, u32 i, bool alone, bool force)
{
	struct ms_situation st = situation(w, i);
	bool up = st.connected;
	struct side *s = &w->s[i];

	if (s->claim == MS_CLAIM_ACTIVE || ms_rules_promote(&st, alone, force))
		return false;
	if (force)
		w->acked &= s->data;	/* what it lacks is given up */
	else if (s->disk == MS_DISK_INCONSISTENT)
		model_is_wrong("an inconsistent disk promoted without force");
	else if (up && model_only_at(w, !i) & ~w->s[!i].pending)
		model_is_wrong("a promotion beside a peer with more, without force");
	if (w->s[!i].granted)
		model_is_wrong("a promotion beside a peer that this meeting has given its role");
	if (force)
		choose(s);
	become_primary(w, i);
	if (up)			/* else that is found when the meeting is concluded */
		model_forget_session(w);
	return true;
}

/* Persistently, after all that was written. */
static void step_down(struct side *s)
{
	model_flush_disk(s);
	s->role = MS_ROLE_SECONDARY;
	s->claim = MS_CLAIM_NONE;
	s->left = s->told = 0;
}

bool model_demote(struct world *w, u32 i)
{
	struct ms_situation st = situation(w, i);
	struct side *s = &w->s[i];

	if (s->pending || ms_rules_demote(&st) ||
	    (s->claim == MS_CLAIM_NONE && s->role == MS_ROLE_SECONDARY))
		return false;
	step_down(s);
	if (w->connected)
		model_forget_session(w);
	return true;
}

/* The peer agrees, for this session, to be the target. Nothing is persisted. */
bool model_failback(struct world *w, u32 i, bool force)
{
	struct ms_situation st = situation(w, i);

	if (model_mistake == MISTAKE_BACK_BLIND)
		st.relation = MS_REL_SAME;
	if (ms_rules_failback(&st, force))
		return false;
	/* not what the resync that is on its way would do anyway */
	if (w->phase != PH_MET && w->phase != PH_SYNC)
		return false;
	if (force && !ms_rules_failback(&st, false))
		return false;
	w->src = i;
	w->phase = PH_AGREED;
	return model_step_by_step() || model_failback_start(w);
}

/* Persisted at the source; from here on it goes on in this session. At the peer nothing changes before GO. */
static void start(struct world *w)
{
	struct side *s = &w->s[w->src];

	s->flags |= MS_SB_ALL_CANDIDATES;
	s->meeting = MS_MEET_SOURCE;
	s->scope = MS_SCOPE_ALL;
	w->phase = PH_MET;
}

bool model_failback_start(struct world *w)
{
	if (!w->connected || w->phase != PH_AGREED || w->s[w->src].claim != MS_CLAIM_ACTIVE)
		return false;
	start(w);
	return true;
}

/* The winner persists that it goes on over the other site, as the primary if it is none yet. */
static void win(struct world *w, u32 i)
{
	choose(&w->s[i]);
	if (w->s[i].claim != MS_CLAIM_ACTIVE)
		become_primary(w, i);
	w->src = i;
	start(w);
}

/*
 * The operator names the loser, at @i: the peer, or this site, which then gives up its role before
 * it asks the peer to go on over it.
 */
bool model_resolve(struct world *w, u32 i, enum ms_keep keep)
{
	u32 winner = keep == MS_KEEP_LOCAL ? i : !i;
	struct ms_situation st = situation(w, i);
	struct side *loser = &w->s[!winner];

	if (w->phase != PH_MET || ms_rules_resolve(&st, keep))
		return false;
	if (w->s[winner].meeting == MS_MEET_SOURCE)
		return false;		/* is on its way already */
	if (loser->claim == MS_CLAIM_ACTIVE) {
		if (loser->pending)
			return false;
		step_down(loser);
		if (model_mistake == MISTAKE_LOSER_ACTIVE)
			loser->claim = MS_CLAIM_ACTIVE;
	}
	st = situation(w, winner);
	if (model_mistake == MISTAKE_NONE && ms_rules_resolve(&st, MS_KEEP_LOCAL))
		model_is_wrong("the winner refuses what the loser was allowed to ask for");
	win(w, winner);
	return true;
}

bool model_ask_switch(struct world *w)
{
	struct ms_situation st = situation(w, w->src);
	struct side *s = &w->s[w->src];

	if (!w->connected || s->pending || ms_rules_switch(&st))
		return false;
	step_down(s);
	w->phase = PH_SWITCH_ASKED;
	return true;
}

bool model_take_switch(struct world *w)
{
	u32 i = !w->src;

	if (w->phase != PH_SWITCH_ASKED)
		return false;
	become_primary(w, i);
	w->src = i;
	w->phase = PH_SWITCH_DONE;
	return true;
}

bool model_end_switch(struct world *w)
{
	if (w->phase != PH_SWITCH_DONE)
		return false;
	/* The sites meet again; the lineage is agreed on there. */
	model_forget_session(w);
	return true;
}
