// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can happen in the model's world: what the engine does of itself, what
 * operators may command, what breaks. Decisions are those of shared/rules.c;
 * the order in which things become persistent is the engine's protocol.
 */
#include "model.h"

enum mistake model_mistake;
const char *model_wrong;

static void wrong(const char *what)
{
	if (!model_wrong)
		model_wrong = what;
}

static struct ms_gens gens_of(const struct side *s)
{
	struct ms_gens g = { s->current_gen, s->base, s->offered, { 0 } };

	for (u32 i = 0; i < MS_GEN_HISTORY; i++)
		g.history[i] = s->history[i];
	return g;
}

static void set_gens(struct side *s, const struct ms_gens *g)
{
	s->current_gen = g->current_gen;
	s->base = g->base;
	s->offered = g->offered;
	for (u32 i = 0; i < MS_GEN_HISTORY; i++)
		s->history[i] = g->history[i];
}

static struct ms_site site_of(const struct world *w, u32 i)
{
	struct ms_site s = { .sectors = 8, .seg_shift = 12, .code_algo = 1 };

	s.node_id[0] = i + 1;
	s.claim = w->s[i].claim;
	s.disk = w->s[i].disk;
	s.flags = w->s[i].flags;
	s.gens = gens_of(&w->s[i]);
	return s;
}

bool model_knows(const struct side *s, u8 gen)
{
	bool r = gen == s->current_gen || gen == s->base || gen == s->offered;

	for (u32 i = 0; i < MS_GEN_HISTORY; i++)
		r |= gen == s->history[i];
	return r;
}

static u8 unused_gen(const struct world *w)
{
	u8 gen = 1;

	while (model_knows(&w->s[0], gen) || model_knows(&w->s[1], gen))
		gen++;
	return gen;
}

static void start_gen(struct world *w, u32 i)
{
	struct ms_gens g = gens_of(&w->s[i]);

	ms_gens_start(&g, unused_gen(w));
	set_gens(&w->s[i], &g);
	if (w->connected && w->phase == PH_HELLO && !w->s[i].acted &&
	    model_mistake != MISTAKE_STALE_HELLO)
		w->s[i].stale = 1;
}

static bool shared(const struct world *w, u32 i)
{
	struct ms_gens g = gens_of(&w->s[i]);

	if (model_mistake == MISTAKE_NO_NEW_GENERATION)
		return false;
	return ms_gens_shared(&g);
}

/* Completed writes that @i has, the other site lacks, and nobody gave up. */
u8 model_only_at(const struct world *w, u32 i)
{
	return w->s[i].data & ~w->s[!i].data & w->acked;
}

bool model_mirrored(const struct world *w)
{
	return w->connected && w->phase >= PH_COPY && w->phase <= PH_SYNC;
}

/* What a meeting says against what the sites have. */
static void check_meeting(const struct world *w)
{
	for (u32 i = 0; i < 2; i++) {
		u32 m = w->s[i].meeting;

		if (!model_only_at(w, i))
			continue;
		if (model_only_at(w, !i) && m != MS_MEET_SPLIT_BRAIN && m != MS_MEET_UNRELATED)
			wrong("both wrote alone, and it is not called split brain");
		if (m == MS_MEET_TARGET || m == MS_MEET_OUTDATED)
			wrong("the site with completed writes of its own is to be overwritten");
	}
}

static u8 free_token(const struct world *w)
{
	u8 used = w->acked | w->cand;

	for (u32 i = 0; i < 2; i++)
		used |= w->s[i].data | w->s[i].marks | w->s[i].pending;
	for (u32 t = 0; t < TOKENS; t++)
		if (!(used >> t & 1))
			return 1u << t;
	return 0;
}

/* Everything in memory is gone; what was copied and not flushed, perhaps too. */
static void crash(struct world *w, u32 i, bool lose)
{
	struct side *s = &w->s[i];

	if (lose)
		s->data = (s->data & ~s->unflushed) | (s->old & s->unflushed);
	s->unflushed = s->old = 0;
	s->up = s->claim = s->pending = s->left = 0;
	model_forget_session(w);
}

/* What waits for a new generation fails with the role, not later. */
static void lose_role(struct side *s, enum ms_claim claim)
{
	s->claim = claim;
	s->left = 0;
	if (model_mistake != MISTAKE_LATE_COMPLETION)
		s->pending = 0;
}

static void apply_meeting(struct world *w, u32 i)
{
	struct side *s = &w->s[i];

	switch (s->meeting) {
	case MS_MEET_SOURCE:
		if (s->claim == MS_CLAIM_ACTIVE)
			break;
		if (s->claim == MS_CLAIM_ASKS || !s->current_gen)
			start_gen(w, i);
		s->role = MS_ROLE_PRIMARY;
		s->claim = MS_CLAIM_ACTIVE;
		break;
	case MS_MEET_TARGET:
		s->role = MS_ROLE_SECONDARY;
		lose_role(s, MS_CLAIM_NONE);
		break;
	case MS_MEET_OUTDATED:
		if (s->disk == MS_DISK_CONSISTENT)
			s->disk = MS_DISK_OUTDATED;
		if (s->claim == MS_CLAIM_ACTIVE)
			lose_role(s, MS_CLAIM_WAITING);
		break;
	}
}

bool model_join(struct world *w)
{
	struct ms_site site[2];
	struct ms_decision d;

	if (w->connected || !w->s[0].up || !w->s[1].up)
		return false;
	site[0] = site_of(w, 0);
	site[1] = site_of(w, 1);
	for (u32 i = 0; i < 2; i++) {
		ms_rules_meet(&site[i], &site[!i], &d);
		w->s[i].meeting = d.meeting;
		w->s[i].scope = d.scope;
		w->s[i].relation = d.relation;
	}
	w->connected = 1;
	w->phase = PH_HELLO;
	w->src = w->s[1].meeting == MS_MEET_SOURCE;
	check_meeting(w);
	return true;
}

bool model_act(struct world *w, u32 i)
{
	struct side *s = &w->s[i];

	if (!w->connected || w->phase != PH_HELLO || s->acted)
		return false;
	if (s->stale) {
		model_forget_session(w);
		return true;
	}
	s->acted = 1;
	apply_meeting(w, i);
	if (w->s[!i].acted) {
		check_meeting(w);
		w->phase = PH_MET;
		w->s[0].acted = w->s[1].acted = 0;
	}
	return true;
}

static void offer(struct world *w)
{
	struct side *s = &w->s[w->src];

	if (s->base != s->current_gen)
		s->offered = s->current_gen;
	if (s->scope == MS_SCOPE_ALL)
		s->flags |= MS_SB_ALL_CANDIDATES;
}

/* The source's generations as they were when they were told. */
static struct ms_gens gens_sent(const struct world *w)
{
	struct ms_gens g = gens_of(&w->s[w->src]);

	if (g.current_gen == w->sent)
		return g;
	g.current_gen = w->sent;
	for (u32 i = 0; i < MS_GEN_HISTORY; i++)
		if (g.history[i] == w->sent)
			g.history[i] = 0;
	return g;
}

static void adopt(struct world *w)
{
	struct side *t = &w->s[!w->src];
	struct ms_gens g = gens_of(t), sent = gens_sent(w);

	ms_gens_adopt(&g, &sent);
	set_gens(t, &g);
	t->role = MS_ROLE_SECONDARY;
	t->disk = MS_DISK_CONSISTENT;
	t->flags &= ~MS_SB_ALL_CANDIDATES;
	t->marks = t->unflushed = t->old = 0;
	w->phase = PH_ADOPTED;
}

/* The target agreed to a failback: it was outdated so far, or is named the loser by force. */
static void give_up(struct world *w)
{
	struct side *s = &w->s[w->src], *t = &w->s[!w->src];

	if (t->meeting == MS_MEET_SPLIT_BRAIN || t->meeting == MS_MEET_UNRELATED) {
		struct ms_gens none;

		memset(&none, 0, sizeof(none));
		set_gens(t, &none);
		w->acked &= s->data;	/* what the winner lacks is given up */
	}
	t->meeting = MS_MEET_TARGET;
	check_meeting(w);
}

static void go(struct world *w)
{
	struct side *s = &w->s[w->src], *t = &w->s[!w->src];
	bool all = s->scope == MS_SCOPE_ALL, gap;

	s->marks |= t->marks;
	w->sent = s->current_gen;
	gap = all || s->marks || t->disk != MS_DISK_CONSISTENT ||
	      (s->offered != s->current_gen && s->base != s->current_gen);
	w->cand = s->marks | (all ? s->data | t->data : 0);
	if (!gap)
		return adopt(w);
	if (model_mistake != MISTAKE_CONSISTENT_EARLY)
		t->disk = MS_DISK_INCONSISTENT;
	t->role = MS_ROLE_SECONDARY;
	lose_role(t, MS_CLAIM_NONE);
	if (t->meeting != MS_MEET_TARGET)
		give_up(w);
	w->phase = PH_COPY;
}

/* One candidate is made equal and its mark at the source cleared. */
static void copy_token(struct world *w, u8 t)
{
	struct side *src = &w->s[w->src], *tgt = &w->s[!w->src];
	u8 keep = tgt->unflushed & t ? tgt->old : tgt->data;

	if ((src->data ^ tgt->data) & t) {
		tgt->old = (tgt->old & ~t) | (keep & t);
		tgt->unflushed |= t;
	}
	tgt->data = (tgt->data & ~t) | (src->data & t);
	src->marks &= ~t;
	if (model_mistake == MISTAKE_MARKS_CLEARED_EARLY)
		tgt->marks &= ~t;
	else
		tgt->marks |= t;	/* its extent is hot */
	w->cand &= ~t;
}

static void send_done(struct world *w)
{
	struct side *s = &w->s[w->src];

	if (model_mistake == MISTAKE_NOT_OFFERED)
		s->offered = 0;
	else
		offer(w);
	w->sent = s->current_gen;
	w->phase = PH_DONE;
}

static void agreed(struct world *w)
{
	struct side *s = &w->s[w->src];
	struct ms_gens g = gens_of(s);

	ms_gens_in_sync(&g);
	set_gens(s, &g);
	s->flags &= ~MS_SB_ALL_CANDIDATES;
	w->phase = PH_SYNC;
}

/* The next step of a session that needs nobody's command. */
bool model_advance(struct world *w)
{
	if (!w->connected || w->s[w->src].meeting != MS_MEET_SOURCE ||
	    w->s[w->src].claim != MS_CLAIM_ACTIVE)
		return false;
	switch (w->phase) {
	case PH_MET:
		offer(w);
		w->phase = PH_OFFERED;
		return true;
	case PH_OFFERED:
		go(w);
		return true;
	case PH_COPY:
		if (w->cand)
			copy_token(w, w->cand & -w->cand);
		else
			send_done(w);
		return true;
	case PH_DONE:
		adopt(w);
		return true;
	case PH_ADOPTED:
		agreed(w);
		return true;
	}
	return false;
}

/* As the next step, but the last candidate first. */
bool model_copy_last(struct world *w)
{
	u8 t = w->cand & ~(w->cand & -w->cand);

	if (!w->connected || w->phase != PH_COPY || !t)
		return false;
	copy_token(w, t);
	return true;
}

/* An application's write at @i. */
bool model_write(struct world *w, u32 i)
{
	u8 t = free_token(w);

	if (!t || w->s[i].claim != MS_CLAIM_ACTIVE)
		return false;
	if (w->s[i].left && !model_mirrored(w))
		return false;		/* it fails, or waits */
	w->s[i].data |= w->s[i].left ? 0 : t;
	if (model_mirrored(w) && w->src == i) {
		w->s[!i].data |= t;
		w->acked |= t;
	} else {
		w->s[i].marks |= t;
		w->s[i].pending |= t;
	}
	return true;
}

/* Unconfirmed writes are completed, behind a new generation if need be. */
bool model_complete(struct world *w, u32 i)
{
	struct side *s = &w->s[i];

	if (!s->pending)
		return false;
	if (shared(w, i)) {
		start_gen(w, i);
		return true;
	}
	w->acked |= s->pending;
	s->pending = 0;
	return true;
}

static struct ms_situation situation(const struct world *w, u32 i)
{
	const struct side *s = &w->s[i];
	struct ms_situation st = {
		.connected = w->connected,
		.meeting = s->meeting,
		.relation = s->relation,
		.claim = s->claim,
		.peer_claim = w->s[!i].claim,
		.disk = s->disk,
		.peer_disk = w->s[!i].disk,
		.in_sync = w->connected && w->phase == PH_SYNC,
		.copying = w->connected && (w->phase == PH_COPY || w->phase == PH_DONE),
	};

	if (model_mistake == MISTAKE_PROMOTE_BLIND)
		st.relation = MS_REL_SAME;
	return st;
}

bool model_promote(struct world *w, u32 i, bool alone, bool force)
{
	struct ms_situation st = situation(w, i);
	struct side *s = &w->s[i];

	if (!s->up || s->claim == MS_CLAIM_ACTIVE || ms_rules_promote(&st, alone, force))
		return false;
	if (force)
		w->acked &= s->data;	/* what it lacks is given up */
	else if (s->disk == MS_DISK_INCONSISTENT)
		wrong("an inconsistent disk promoted without force");
	else if (w->connected && model_only_at(w, !i) & ~w->s[!i].pending)
		wrong("a promotion beside a peer with more, without force");
	/* What was copied here is flushed before this disk is called consistent. */
	if (model_mistake != MISTAKE_PROMOTE_UNFLUSHED)
		s->unflushed = s->old = 0;
	s->role = MS_ROLE_PRIMARY;
	s->disk = MS_DISK_CONSISTENT;
	s->claim = MS_CLAIM_ACTIVE;
	start_gen(w, i);
	if (w->connected)
		model_forget_session(w);
	return true;
}

bool model_demote(struct world *w, u32 i)
{
	struct ms_situation st = situation(w, i);
	struct side *s = &w->s[i];

	if (!s->up || s->pending || ms_rules_demote(&st) ||
	    (s->claim == MS_CLAIM_NONE && s->role == MS_ROLE_SECONDARY))
		return false;
	s->role = MS_ROLE_SECONDARY;
	s->claim = MS_CLAIM_NONE;
	s->left = 0;
	if (w->connected)
		model_forget_session(w);
	return true;
}

/*
 * The peer agrees, for this session, to be the target, and the source begins
 * at once; at the peer nothing changes before GO.
 */
bool model_failback(struct world *w, u32 i, bool force)
{
	struct side *s = &w->s[i];
	struct ms_situation st = situation(w, i);

	if (!s->up || ms_rules_failback(&st, force))
		return false;
	/* not what the resync that is on its way would do anyway */
	if (w->phase != PH_MET && w->phase != PH_SYNC)
		return false;
	if (force && !ms_rules_failback(&st, false))
		return false;
	s->flags |= MS_SB_ALL_CANDIDATES;
	w->src = i;
	w->phase = PH_MET;
	s->meeting = MS_MEET_SOURCE;
	s->scope = MS_SCOPE_ALL;
	return true;
}

/* The winner persists that it goes on over the other site, as the primary if it is none yet. */
static void win(struct world *w, u32 i)
{
	struct side *s = &w->s[i];

	if (s->claim != MS_CLAIM_ACTIVE) {
		s->unflushed = s->old = 0;
		s->role = MS_ROLE_PRIMARY;
		s->disk = MS_DISK_CONSISTENT;
		s->claim = MS_CLAIM_ACTIVE;
		start_gen(w, i);
	}
	s->flags |= MS_SB_ALL_CANDIDATES;
	s->meeting = MS_MEET_SOURCE;
	s->scope = MS_SCOPE_ALL;
	w->src = i;
	w->phase = PH_MET;
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

	if (!w->s[i].up || w->phase != PH_MET || ms_rules_resolve(&st, keep))
		return false;
	if (w->s[winner].meeting == MS_MEET_SOURCE)
		return false;		/* is on its way already */
	if (loser->claim == MS_CLAIM_ACTIVE) {
		if (loser->pending)
			return false;
		loser->role = MS_ROLE_SECONDARY;
		loser->left = 0;
		if (model_mistake != MISTAKE_LOSER_ACTIVE)
			loser->claim = MS_CLAIM_NONE;
	}
	st = situation(w, winner);
	if (model_mistake == MISTAKE_NONE && ms_rules_resolve(&st, MS_KEEP_LOCAL))
		wrong("the winner refuses what the loser was allowed to ask for");
	win(w, winner);
	return true;
}

bool model_ask_switch(struct world *w)
{
	struct ms_situation st = situation(w, w->src);
	struct side *s = &w->s[w->src];

	if (!w->connected || s->pending || ms_rules_switch(&st))
		return false;
	s->role = MS_ROLE_SECONDARY;
	s->claim = MS_CLAIM_NONE;
	w->phase = PH_SWITCH_ASKED;
	return true;
}

bool model_take_switch(struct world *w)
{
	u32 i = !w->src;
	struct side *s = &w->s[i];

	if (w->phase != PH_SWITCH_ASKED)
		return false;
	s->role = MS_ROLE_PRIMARY;
	s->claim = MS_CLAIM_ACTIVE;
	start_gen(w, i);
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

bool model_crash(struct world *w, u32 i, bool lose)
{
	if (!w->s[i].up)
		return false;
	crash(w, i, lose);
	return true;
}

/* A crash that damages the activity record: marks are lost, and that is known. */
bool model_crash_damaged(struct world *w, u32 i)
{
	if (!w->s[i].up)
		return false;
	crash(w, i, true);
	w->s[i].marks = 0;
	w->s[i].flags |= MS_SB_ALL_CANDIDATES;
	return true;
}

/* The source crashes with a write in flight: it may be at either disk, or not. */
bool model_crash_writing(struct world *w, u32 i, bool local, bool peer)
{
	u8 t = free_token(w);

	if (!w->s[i].up || w->s[i].claim != MS_CLAIM_ACTIVE || !t)
		return false;
	if (peer && !(model_mirrored(w) && w->src == i))
		return false;
	w->s[i].data |= local && !w->s[i].left ? t : 0;
	w->s[!i].data |= peer ? t : 0;
	w->s[i].marks |= t;	/* suspect: its extent is hot */
	crash(w, i, false);
	return true;
}

/* The link is cut, or the target crashes, with a write in flight. */
bool model_cut_writing(struct world *w, bool peer, bool target_crashes)
{
	u8 t = free_token(w);
	u32 i = w->src;

	if (!model_mirrored(w) || !t)
		return false;
	if (!w->s[i].left) {
		w->s[i].data |= t;
		w->s[i].marks |= t;
		w->s[i].pending |= t;
	}
	w->s[!i].data |= peer ? t : 0;
	if (target_crashes) {
		w->s[!i].marks |= t;
		crash(w, !i, false);
	}
	model_forget_session(w);
	return true;
}

/* May a site leave its disk? The peer has everything that was completed. */
static bool may_leave(const struct world *w, u32 i)
{
	const struct side *s = &w->s[i];

	if (model_mistake == MISTAKE_LEFT_BEHIND)
		return true;
	/* Nor may its lineage be the newer one: the peer, to be promoted, would lack that. */
	return w->connected && w->phase == PH_SYNC && w->src == i && !s->marks && !s->pending &&
	       s->current_gen == w->s[!i].current_gen;
}

/*
 * The disk of an active primary fails a write, which may be on it all the same, and which the
 * peer confirms. The site persists that it is no source any more; then the write is completed.
 */
bool model_disk_fails(struct world *w, u32 i, bool local)
{
	struct side *s = &w->s[i];
	u8 t = free_token(w);

	if (!s->up || s->claim != MS_CLAIM_ACTIVE || s->left || !t || !may_leave(w, i))
		return false;
	s->data |= local ? t : 0;
	s->left = 1;
	if (model_mistake != MISTAKE_LEFT_UNRECORDED) {
		s->role = MS_ROLE_SECONDARY;
		s->disk = MS_DISK_INCONSISTENT;
		s->flags |= MS_SB_ALL_CANDIDATES;
	}
	if (model_mirrored(w) && w->src == i) {
		w->s[!i].data |= t;
		w->acked |= t;
	}
	return true;
}

bool model_cut(struct world *w)
{
	if (!w->connected)
		return false;
	model_forget_session(w);
	return true;
}

bool model_reboot(struct world *w, u32 i, bool asks_primary)
{
	struct side *s = &w->s[i];

	if (s->up)
		return false;
	s->up = 1;
	if (!asks_primary)
		s->role = MS_ROLE_SECONDARY;
	s->claim = !asks_primary ? MS_CLAIM_NONE :
		s->role == MS_ROLE_PRIMARY ? MS_CLAIM_WAITING : MS_CLAIM_ASKS;
	return true;
}

/*
 * A new, empty disk with new metadata. What the other site does not have in a
 * consistent copy is lost with the old one, and whoever took it out knows that.
 */
bool model_replace(struct world *w, u32 i)
{
	const struct side *other = &w->s[!i];
	struct side blank;

	if (w->s[i].up || !w->s[i].current_gen)
		return false;

	memset(&blank, 0, sizeof(blank));
	blank.flags = MS_SB_ALL_CANDIDATES;
	if (other->disk == MS_DISK_INCONSISTENT || !other->current_gen)
		w->acked &= ~w->s[i].data;
	else
		w->acked &= ~w->s[i].data | other->data;
	w->s[i] = blank;
	return true;
}
