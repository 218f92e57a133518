// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the sites of the model do of themselves: they meet, agree on one lineage,
 * and one is copied to the other. Decisions are those of shared/rules.c; the
 * order in which things become persistent is the engine's protocol (roles.c).
 */
#include "model.h"

u32 model_parts, model_tokens;
enum mistake model_mistake;
const char *model_wrong;

void model_is_wrong(const char *what)
{
	if (!model_wrong)
		model_wrong = what;
}

/*
 * Generations
 */

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

	while (model_knows(&w->s[0], gen) || model_knows(&w->s[1], gen) ||
	       model_knows(&w->snap, gen))
		gen++;
	return gen;
}

void model_start_gen(struct world *w, u32 i)
{
	struct ms_gens g = gens_of(&w->s[i]);

	ms_gens_start(&g, unused_gen(w));
	set_gens(&w->s[i], &g);
	if (w->connected && w->phase == PH_HELLO && !w->s[i].acted &&
	    model_mistake != MISTAKE_STALE_HELLO)
		w->s[i].stale = 1;
}

bool model_shared(const struct world *w, u32 i)
{
	struct ms_gens g = gens_of(&w->s[i]);

	if (model_mistake == MISTAKE_NO_NEW_GENERATION)
		return false;
	return ms_gens_shared(&g);
}

/*
 * A meeting
 */

/* @s's history has points 1 and 2; its snapshot ends at 1. */
static void tell_history(struct ms_site *s, struct ms_site *other, u8 seen)
{
	s->history.now.id = s->node_id[0];
	s->history.now.commits = 2;
	other->seen.id = s->node_id[0];
	other->seen.commits = seen == SEEN_LOST ? 3 : seen == SEEN_LATE ? 2 : 1;
}

static void tell_site(struct ms_site *s, const struct side *side)
{
	s->claim = side->claim;
	s->disk = side->disk;
	s->flags = side->flags;
	if (model_mistake == MISTAKE_CHOSEN_IGNORED)
		s->flags &= ~MS_SB_CHOSEN;
	if (model_mistake == MISTAKE_RESTART_IGNORED && !side->current_gen)
		s->disk = MS_DISK_CONSISTENT;
	s->gens = gens_of(side);
}

/* Of who has been site @i; 0: nobody. */
static u8 node_id(u32 i, u8 node)
{
	return node ? 2 * node + i : 0;
}

/* What each tells the other, who each is. */
static const struct ms_site *hellos(const struct world *w)
{
	static struct ms_site site[2];

	for (u32 i = 0; i < 2; i++) {
		site[i].sectors = 8;
		site[i].seg_shift = 12;
		site[i].code_algo = 1;
		site[i].node_id[0] = node_id(i, w->s[i].node);
		site[i].seen_node[0] = node_id(!i, w->s[i].seen_node);
		tell_site(&site[i], &w->s[i]);
	}
	for (u32 i = 0; i < 2; i++)
		tell_history(&site[i], &site[!i], w->s[!i].seen);
	return site;
}

bool model_mirrored(const struct world *w)
{
	return w->connected && w->phase >= PH_COPY && w->phase <= PH_SYNC;
}

u8 model_only_at(const struct world *w, u32 i)
{
	return w->s[i].data & ~w->s[!i].data & w->acked;
}

/* What a meeting says against what the sites have. */
static void check_meeting(const struct world *w)
{
	for (u32 i = 0; i < 2; i++) {
		u32 m = w->s[i].meeting;

		if (!model_only_at(w, i))
			continue;
		/* One that has gone back in time is not overwritten for that: see give_up(). */
		if ((m == MS_MEET_OUTDATED && w->s[!i].peer_back) ||
		    (m == MS_MEET_PEER_OUTDATED && w->s[i].peer_back))
			continue;
		if (model_only_at(w, !i) && m != MS_MEET_SPLIT_BRAIN && m != MS_MEET_UNRELATED)
			model_is_wrong("both wrote alone, and it is not called split brain");
		if (m == MS_MEET_TARGET || m == MS_MEET_OUTDATED)
			model_is_wrong("the site with completed writes of its own is to be overwritten");
	}
}

/* Without a command. */
static void check_histories(const struct world *w)
{
	for (u32 i = 0; i < 2; i++)
		if (w->s[i].meeting == MS_MEET_SOURCE && w->s[!i].peer_back)
			model_is_wrong("a source that has gone back in time");
}

void model_lose_role(struct side *s, enum ms_claim claim)
{
	s->claim = claim;
	s->left = 0;
	s->told = 0;
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
			model_start_gen(w, i);
		s->role = MS_ROLE_PRIMARY;
		s->claim = MS_CLAIM_ACTIVE;
		s->granted = 1;
		if (w->s[!i].claim == MS_CLAIM_ACTIVE)
			model_is_wrong("a role is given beside an active peer");
		break;
	case MS_MEET_TARGET:
		s->role = MS_ROLE_SECONDARY;
		model_lose_role(s, MS_CLAIM_NONE);
		break;
	case MS_MEET_OUTDATED:
		if (s->disk == MS_DISK_CONSISTENT)
			s->disk = MS_DISK_OUTDATED;
		if (s->claim == MS_CLAIM_ACTIVE)
			model_lose_role(s, MS_CLAIM_WAITING);
		break;
	}
}

/* @i's record says who the other is and how far its history has come, even if it had gone back before. */
static void accept_history(struct world *w, u32 i)
{
	w->s[i].peer_back = w->s[i].peer_new = 0;
	w->s[i].seen_node = w->s[!i].node;
	w->s[i].seen = w->snap_of == 1 + !i ? SEEN_LATE : SEEN_OLD;
}

static void conclude(struct world *w, u32 i)
{
	w->s[i].acted = 1;
	if ((!w->s[i].peer_back && !w->s[i].peer_new) ||
	    (model_mistake == MISTAKE_STRANGER_NOTED && w->s[i].seen_node != w->s[!i].node))
		accept_history(w, i);
	apply_meeting(w, i);
}

static void both_concluded(struct world *w)
{
	if (!w->s[0].acted || !w->s[1].acted)
		return;
	check_meeting(w);
	w->phase = PH_MET;
	w->s[0].acted = w->s[1].acted = w->s[0].granted = w->s[1].granted = 0;
}

/* When nothing changes at a site by its conclusion it makes no difference when that is put into force. */
static void conclude_quietly(struct world *w, u32 i)
{
	struct side before = w->s[i];

	conclude(w, i);
	before.acted = 1;
	if (memcmp(&before, &w->s[i], sizeof(before))) {
		before.acted = 0;
		w->s[i] = before;
	}
}

bool model_join(struct world *w)
{
	const struct ms_site *site;
	struct ms_decision d;

	if (w->connected)
		return false;
	site = hellos(w);
	for (u32 i = 0; i < 2; i++) {
		ms_rules_meet(&site[i], &site[!i], &d);
		w->s[i].meeting = d.meeting;
		w->s[i].scope = d.scope;
		w->s[i].relation = d.relation;
		w->s[i].peer_back = d.peer_back;
		w->s[i].peer_new = d.peer_new;
	}
	w->connected = 1;
	w->phase = PH_HELLO;
	w->src = w->s[1].meeting == MS_MEET_SOURCE;
	check_meeting(w);
	check_histories(w);
	for (u32 i = 0; i < 2; i++) {
		if (model_step_by_step())
			conclude_quietly(w, i);
		else
			conclude(w, i);
	}
	both_concluded(w);
	return true;
}

/* The peer says that it has concluded, too, and is not in the middle of a promotion. */
static bool waits_for_state(const struct world *w, u32 i)
{
	return w->s[i].meeting == MS_MEET_SOURCE && w->s[i].claim != MS_CLAIM_ACTIVE && !w->s[!i].acted &&
	       model_mistake != MISTAKE_GRANT_EARLY;
}

bool model_act(struct world *w, u32 i)
{
	if (!w->connected || w->phase != PH_HELLO || w->s[i].acted || waits_for_state(w, i))
		return false;
	if (w->s[i].stale) {
		model_forget_session(w);
		return true;
	}
	conclude(w, i);
	both_concluded(w);
	return true;
}

/*
 * The agreement
 */

static void offer(struct world *w)
{
	struct side *s = &w->s[w->src];

	if (s->peer_new)
		accept_history(w, w->src);
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

void model_flush_disk(struct side *s)
{
	s->unflushed = s->old = 0;
}

static void adopt(struct world *w)
{
	struct side *t = &w->s[!w->src];
	struct ms_gens g = gens_of(t), sent = gens_sent(w);

	ms_gens_adopt(&g, &sent);
	set_gens(t, &g);
	t->role = MS_ROLE_SECONDARY;
	t->disk = MS_DISK_CONSISTENT;
	t->half = 0;
	t->flags &= ~(MS_SB_ALL_CANDIDATES | MS_SB_CHOSEN);
	t->marks = 0;
	accept_history(w, !w->src);
	w->phase = PH_ADOPTED;
}

/*
 * The target agreed to a failback: it was outdated so far, or is named the loser by force. Its
 * lineage ends, unless it is an older part of the source's.
 */
static void give_up(struct world *w)
{
	struct side *s = &w->s[w->src], *t = &w->s[!w->src];
	bool alone = t->meeting == MS_MEET_SPLIT_BRAIN || t->meeting == MS_MEET_UNRELATED;
	bool back = s->peer_back && model_mistake != MISTAKE_LINEAGE_KEPT;

	if (alone || back) {
		struct ms_gens none;

		memset(&none, 0, sizeof(none));
		set_gens(t, &none);
	}
	/* By force: what the winner lacks is given up. */
	if (alone || (model_mistake != MISTAKE_BACK_BLIND &&
		      (t->relation == MS_REL_LOCAL_NEWER || t->relation == MS_REL_BLANK_PEER)))
		w->acked &= s->data;
	t->meeting = MS_MEET_TARGET;
	t->relation = 0;
	check_meeting(w);
}

/* In one change of the target's superblock. */
static void become_target(struct world *w)
{
	struct side *t = &w->s[!w->src];

	if (model_mistake != MISTAKE_CONSISTENT_EARLY)
		t->disk = MS_DISK_INCONSISTENT;
	t->half = 1;
	if (w->snap_of == 1 + w->src)
		w->snap.half = 0;	/* what that was copied from is no more */
	t->role = MS_ROLE_SECONDARY;
	t->flags &= ~MS_SB_CHOSEN;
	model_lose_role(t, MS_CLAIM_NONE);
	if (model_mistake != MISTAKE_SEEN_KEPT)
		accept_history(w, !w->src);
	if (t->meeting != MS_MEET_TARGET)
		give_up(w);
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
	if (!gap) {
		/* What it confirmed in an earlier session a flush of the source's may have promised since. */
		if (model_mistake != MISTAKE_ADOPTED_UNFLUSHED)
			model_flush_disk(t);
		return adopt(w);
	}
	become_target(w);
	w->phase = PH_COPY;
}

/* One candidate is made equal and its mark at the source cleared. */
static void copy_token(struct world *w, u8 t)
{
	struct side *src = &w->s[w->src], *tgt = &w->s[!w->src];
	u8 keep = tgt->unflushed & t ? tgt->old : tgt->data;

	if ((src->data ^ tgt->data) & t && model_parts & (MODEL_DISKS | MODEL_CACHES)) {
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

	ms_gens_in_sync(&g, g.current_gen);
	set_gens(s, &g);
	s->flags &= ~(MS_SB_ALL_CANDIDATES | MS_SB_CHOSEN);
	accept_history(w, w->src);
	w->phase = PH_SYNC;
}

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
		accept_history(w, w->src);	/* the answer to GO */
		if (w->cand)
			copy_token(w, w->cand & -w->cand);
		else
			send_done(w);
		return true;
	case PH_DONE:
		model_flush_disk(&w->s[!w->src]);
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
