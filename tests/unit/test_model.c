// SPDX-License-Identifier: GPL-2.0-only
/*
 * A walk of everything that two sites can do: the rules of shared/ drive a
 * small world of two superblocks, their marks and a few writes, in which links
 * are cut, sites crash with writes in flight, and operators give every command
 * that the rules allow, at every step. All states are visited, breadth first.
 *
 * The world: a token is a write to a segment of its own. A site has it or has
 * not; it may be marked there. A token that both have and nobody marks is
 * forgotten, so the walk is not bounded by a number of writes but by how many
 * are outstanding; the same goes for generations, which are renamed to small
 * numbers. What a site persists survives its crash, the rest does not.
 *
 * Checked in each state: check(). The same walk with a known mistake built in
 * has to find a wrong state: that is how the walk itself is tested.
 */
#include "model.h"

#define MAX_STATES	8000000u
#define GENERATIONS	8u	/* more are never known at once */

/* --- the states visited --- */

static struct world *states;
static const char **event;	/* by which each was found ... */
static u32 *parent;		/* ... and from which other */
static u32 *table;		/* hash table of indices + 1 */
static u32 table_size;		/* a power of two */
static u32 n_states;
static u32 now;			/* the one being expanded */

/* The first wrong state. */
static struct {
	const char *why;	/* NULL: none */
	const char *event;
	struct world w;
	u32 parent;
} violation;

static void visit(const struct world *next, const char *what)
{
	struct world w = *next;
	u32 slot;

	if (model_canonical(&w) > GENERATIONS)
		fail_msg("more than %u generations are known", GENERATIONS);
	slot = ms_xxh64(&w, sizeof(w), 0) & (table_size - 1);
	for (; table[slot]; slot = (slot + 1) & (table_size - 1))
		if (!memcmp(&states[table[slot] - 1], &w, sizeof(w)))
			return;
	if (n_states == MAX_STATES)
		fail_msg("more than %u states", MAX_STATES);
	states[n_states] = w;
	parent[n_states] = now;
	event[n_states] = what;
	table[slot] = ++n_states;
}

/* --- what must hold --- */

static void wrong_state(const struct world *w, const char *why, const char *how)
{
	if (violation.why)
		return;
	violation.why = why;
	violation.event = how;
	violation.w = *w;
	violation.parent = now;
}

static void check(const struct world *w, const char *how)
{
	const struct side *a = &w->s[0], *b = &w->s[1];

	if (w->acked & ~a->data & ~b->data & ~a->pending & ~b->pending)
		wrong_state(w, "a completed write is gone from both sites", how);

	for (u32 i = 0; i < 2; i++)
		if (w->s[i].left && model_only_at(w, i))
			wrong_state(w, "a completed write is only on a disk that was left", how);

	if (a->claim == MS_CLAIM_ACTIVE && b->claim == MS_CLAIM_ACTIVE) {
		if (a->current_gen == b->current_gen)
			wrong_state(w, "two masters of one generation", how);
		if (w->connected && w->phase != PH_HELLO && a->meeting != MS_MEET_SPLIT_BRAIN &&
		    a->meeting != MS_MEET_UNRELATED && w->phase != PH_SWITCH_DONE)
			wrong_state(w, "two masters in one session", how);
	}
	if (!w->connected)
		return;

	if (a->meeting == MS_MEET_SOURCE && b->meeting == MS_MEET_SOURCE)
		wrong_state(w, "two sources", how);
	if (model_mirrored(w)) {
		const struct side *t = &w->s[!w->src], *s = &w->s[w->src];

		if (t->claim != MS_CLAIM_NONE || s->claim != MS_CLAIM_ACTIVE)
			wrong_state(w, "mirrored, and not from a master to a secondary", how);
		if (s->left && t->disk != MS_DISK_CONSISTENT)
			wrong_state(w, "goes on through an inconsistent peer", how);
		if (s->left)
			return;
		if (s->disk == MS_DISK_INCONSISTENT)
			wrong_state(w, "copied from an inconsistent disk", how);
		if (t->disk == MS_DISK_CONSISTENT && s->data != t->data &&
		    (s->data ^ t->data) & ~s->pending)
			wrong_state(w, "the target passes for consistent and is not the same", how);
	}
}

/* --- every event in every state --- */

/* Do @step to a copy of the state, called w; if it can be, look at what came of it. */
#define TRY(what, step) do { \
	struct world w = *from; \
	if (step) \
		arrive(&w, what); \
} while (0)

static void arrive(const struct world *w, const char *how)
{
	if (model_wrong)
		wrong_state(w, model_wrong, how);
	model_wrong = NULL;
	check(w, how);
	visit(w, how);
}

static void expand_side(const struct world *from, u32 i)
{
	TRY("crash", model_crash(&w, i, false));
	if (from->s[i].unflushed)
		TRY("crash, cache lost", model_crash(&w, i, true));
	TRY("crash, record damaged", model_crash_damaged(&w, i));
	for (u32 k = 0; k < 4; k++)
		TRY("crash while writing", model_crash_writing(&w, i, k & 1, k >> 1));
	TRY("disk fails", model_disk_fails(&w, i, false));
	TRY("disk fails after a write", model_disk_fails(&w, i, true));
	TRY("reboot as secondary", model_reboot(&w, i, false));
	TRY("reboot as primary", model_reboot(&w, i, true));
	TRY("disk replaced", model_replace(&w, i));
	TRY("write", model_write(&w, i));
	TRY("complete", model_complete(&w, i));
	TRY("promote", model_promote(&w, i, false, false));
	TRY("promote alone", model_promote(&w, i, true, false));
	TRY("promote by force", model_promote(&w, i, false, true));
	TRY("demote", model_demote(&w, i));
	TRY("failback", model_failback(&w, i, false));
	TRY("failback by force", model_failback(&w, i, true));
	TRY("resolve, keep local", model_resolve(&w, i, MS_KEEP_LOCAL));
	TRY("resolve, keep peer", model_resolve(&w, i, MS_KEEP_PEER));
	TRY("conclude", model_act(&w, i));
}

static void expand(const struct world *from)
{
	for (u32 i = 0; i < 2; i++)
		expand_side(from, i);
	TRY("connect", model_join(&w));
	TRY("cut", model_cut(&w));
	for (u32 k = 0; k < 4; k++)
		TRY("cut while writing", model_cut_writing(&w, k & 1, k >> 1));
	TRY("next step", model_advance(&w));
	TRY("next step, other order", model_copy_last(&w));
	TRY("switch", model_ask_switch(&w));
	TRY("switch at peer", model_take_switch(&w));
	TRY("switch answered", model_end_switch(&w));
}

/* --- the way out --- */

static u32 forced;

/* The first of the promotions, from the mildest, that is allowed. */
static bool promote_somehow(struct world *w, u32 i)
{
	if (model_promote(w, i, false, false) || model_promote(w, i, true, false))
		return true;
	if (!model_promote(w, i, false, true))
		return false;
	forced++;
	return true;
}

static u32 better_site(const struct world *w)
{
	u32 r = w->s[0].relation;

	if (r == MS_REL_LOCAL_NEWER || r == MS_REL_BLANK_PEER)
		return 0;
	if (r == MS_REL_PEER_NEWER || r == MS_REL_BLANK_LOCAL)
		return 1;
	return w->s[0].disk == MS_DISK_INCONSISTENT || w->s[1].claim > w->s[0].claim;
}

/* What an operator does about a meeting that does not lead to a resync by itself. */
static bool operate(struct world *w)
{
	u32 win = better_site(w);

	switch (w->s[0].meeting) {
	case MS_MEET_NO_PRIMARY:
		return promote_somehow(w, win);
	case MS_MEET_TWO_PRIMARIES:
		return model_demote(w, !win);
	case MS_MEET_NO_SOURCE:
		return model_demote(w, 0) || model_demote(w, 1);
	case MS_MEET_OUTDATED:
	case MS_MEET_PEER_OUTDATED:
		win = w->s[1].meeting == MS_MEET_PEER_OUTDATED;
		/* fall through */
	case MS_MEET_SPLIT_BRAIN:
	case MS_MEET_UNRELATED:
		if (w->s[win].claim != MS_CLAIM_ACTIVE)
			return model_demote(w, !win) || promote_somehow(w, win);
		if (w->s[!win].claim == MS_CLAIM_ACTIVE)
			return model_demote(w, !win);
		return model_failback(w, win, false) || model_failback(w, win, true);
	}
	return false;
}

static u32 resolved;

static bool disagree(const struct world *w)
{
	return w->connected && w->phase == PH_MET && w->s[0].meeting == w->s[1].meeting &&
	       (w->s[0].meeting == MS_MEET_SPLIT_BRAIN || w->s[0].meeting == MS_MEET_UNRELATED);
}

/* What happens by itself, or is on its way. Return: whether anything has. */
static bool go_on(struct world *w)
{
	return model_complete(w, 0) || model_complete(w, 1) || model_join(w) ||
	       model_act(w, 0) || model_act(w, 1) || model_advance(w);
}

/* Named at site @at, @winner's data is at both in the end, whoever was primary. */
static bool resolves(const struct world *from, u32 at, u32 winner)
{
	enum ms_keep keep = at == winner ? MS_KEEP_LOCAL : MS_KEEP_PEER;
	struct world w = *from;
	bool given = false;
	u8 kept = 0;

	for (u32 step = 0; step < 60; step++) {
		if (w.connected && w.phase == PH_SYNC && !w.s[winner].pending)
			return given && w.s[winner].data == kept && w.s[!winner].data == kept;
		if (!given && disagree(&w) && model_resolve(&w, at, keep)) {
			given = true;
			kept = w.s[winner].data;
		} else if (!go_on(&w) && (given || !model_demote(&w, !winner))) {
			return false;
		}
		if (model_wrong)
			return false;
	}
	return false;
}

/* A split brain ends by resolve, given at either site, with the data of whichever has a whole disk. */
static bool resolves_everywhere(const struct world *w)
{
	if (!disagree(w))
		return true;
	for (u32 k = 0; k < 4; k++) {
		if (w->s[k >> 1].disk == MS_DISK_INCONSISTENT)
			continue;
		if (!resolves(w, k & 1, k >> 1))
			return false;
		resolved++;
	}
	return true;
}

/* A site that goes on through its peer gives the role up. */
static bool demote_left(struct world *w)
{
	return (w->s[0].left && model_demote(w, 0)) || (w->s[1].left && model_demote(w, 1));
}

/* From here an operator gets to two sites in sync. */
static bool way_out(const struct world *from)
{
	struct world w = *from;

	for (u32 step = 0; step < 60; step++) {
		if (demote_left(&w))
			continue;
		if (w.connected && w.phase == PH_SYNC && !w.s[0].pending && !w.s[1].pending)
			return w.s[0].data == w.s[1].data;
		if (model_complete(&w, 0) || model_complete(&w, 1))
			continue;
		if (model_reboot(&w, 0, w.s[0].role) || model_reboot(&w, 1, w.s[1].role))
			continue;
		if (model_join(&w) || model_act(&w, 0) || model_act(&w, 1))
			continue;
		if (w.phase >= PH_SWITCH_ASKED ? model_cut(&w) : model_advance(&w))
			continue;
		if (!operate(&w) || model_wrong)
			return false;
	}
	return false;
}

/* --- the walk --- */

static void print_world(const struct world *w)
{
	for (u32 i = 0; i < 2; i++) {
		const struct side *s = &w->s[i];

		print_message("    %u: %s %s %s %s flags %x gen %u base %u offered %u history %u %u %u data %x marks %x pending %x; %s\n",
			      i, s->up ? "up" : "down", ms_role_name(s->role),
			      ms_claim_name(s->claim), ms_disk_name(s->disk), s->flags,
			      s->current_gen, s->base, s->offered, s->history[0],
			      s->history[1], s->history[2], s->data, s->marks, s->pending,
			      ms_meeting_name(s->meeting));
	}
	print_message("    %s phase %u source %u candidates %x completed %x\n",
		      w->connected ? "connected" : "not connected", w->phase, w->src,
		      w->cand, w->acked);
}

static void print_path(u32 at)
{
	if (at)
		print_path(parent[at]);
	print_message("  %s\n", event[at]);
	print_world(&states[at]);
}

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n, size);

	assert_non_null(p);
	return p;
}

/* Two blank sites; the first one's operator wants it to be the primary. */
static void start(void)
{
	struct world w;

	memset(&w, 0, sizeof(w));
	for (u32 i = 0; i < 2; i++) {
		w.s[i].flags = MS_SB_ALL_CANDIDATES;
		model_reboot(&w, i, i == 0);
	}
	visit(&w, "start");
}

static void walk(enum mistake mistake)
{
	model_mistake = mistake;
	model_wrong = NULL;
	violation.why = NULL;
	for (table_size = 1; table_size < 2 * MAX_STATES; )
		table_size *= 2;
	states = zeroed(MAX_STATES, sizeof(*states));
	parent = zeroed(MAX_STATES, sizeof(*parent));
	event = zeroed(MAX_STATES, sizeof(*event));
	table = zeroed(table_size, sizeof(*table));

	n_states = now = 0;
	start();
	for (; now < n_states && !violation.why; now++) {
		struct world w = states[now];

		expand(&w);
		if (mistake == MISTAKE_NONE && !violation.why && !way_out(&w))
			wrong_state(&w, model_wrong ? model_wrong : "no way out", "way out");
		if (mistake == MISTAKE_NONE && !violation.why && !resolves_everywhere(&w))
			wrong_state(&w, model_wrong ? model_wrong : "no way out by resolve", "resolve");
	}
}

static void forget(void)
{
	free(states);
	free(parent);
	free(event);
	free(table);
}

static void every_state(void **state)
{
	(void)state;
	forced = resolved = 0;
	walk(MISTAKE_NONE);
	if (violation.why) {
		print_path(violation.parent);
		print_message("  %s\n", violation.event);
		print_world(&violation.w);
	}
	print_message("# figure: %u states walked; from %u of them the way out took force; %u ways out of a split brain by resolve\n",
		      n_states, forced, resolved);
	forget();
	if (violation.why)
		fail_msg("%s", violation.why);
	assert_true(n_states > 100000);
}

/* A walk with this mistake comes to a wrong state. */
static void finds(const char *name, enum mistake mistake)
{
	walk(mistake);
	print_message("# figure: mutant %s: found after %u states: %s\n", name, n_states,
		      violation.why ? violation.why : "nothing");
	forget();
	assert_non_null(violation.why);
}

#define FINDS(name, m) \
static void name(void **state) \
{ \
	(void)state; \
	finds(#name, m); \
}

FINDS(alone_without_a_new_generation, MISTAKE_NO_NEW_GENERATION)
FINDS(done_without_an_offer, MISTAKE_NOT_OFFERED)
FINDS(generation_begun_behind_a_hello, MISTAKE_STALE_HELLO)
FINDS(marks_cleared_before_done, MISTAKE_MARKS_CLEARED_EARLY)
FINDS(promotion_blind_to_the_relation, MISTAKE_PROMOTE_BLIND)
FINDS(completed_after_the_role_was_lost, MISTAKE_LATE_COMPLETION)
FINDS(promoted_without_a_flush, MISTAKE_PROMOTE_UNFLUSHED)
FINDS(target_not_recorded_as_inconsistent, MISTAKE_CONSISTENT_EARLY)
FINDS(disk_left_with_a_peer_behind, MISTAKE_LEFT_BEHIND)
FINDS(disk_left_and_not_recorded, MISTAKE_LEFT_UNRECORDED)
FINDS(loser_that_keeps_its_role, MISTAKE_LOSER_ACTIVE)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state),
		cmocka_unit_test(alone_without_a_new_generation),
		cmocka_unit_test(done_without_an_offer),
		cmocka_unit_test(generation_begun_behind_a_hello),
		cmocka_unit_test(marks_cleared_before_done),
		cmocka_unit_test(promotion_blind_to_the_relation),
		cmocka_unit_test(completed_after_the_role_was_lost),
		cmocka_unit_test(promoted_without_a_flush),
		cmocka_unit_test(target_not_recorded_as_inconsistent),
		cmocka_unit_test(disk_left_with_a_peer_behind),
		cmocka_unit_test(disk_left_and_not_recorded),
		cmocka_unit_test(loser_that_keeps_its_role),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
