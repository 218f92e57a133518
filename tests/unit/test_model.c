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
 * There are several walks, each with links, crashes and commands, and with one
 * part more: see enum model_part. With MODEL_DEEP in the environment those with
 * snapshots and caches go further, in some minutes and GiB of memory.
 *
 * Checked in each state: model_check(), and that an operator gets on. The same
 * walk with a known mistake built in has to find a wrong state: that is how the
 * walk itself is tested.
 */
#include "model.h"

#define MAX_STATES	5000000u
#define MAX_DEEP	48000000u
#define GENERATIONS	12u	/* more are never known at once */

static bool deep;

/* --- the states visited --- */

static u32 max_states;
static size_t stride;		/* bytes of a world that count in this walk */
static u8 *states;
static const char **event;	/* by which each was found ... */
static u32 *parent;		/* ... and from which other */
static u8 *way;			/* enum known: there is a way out */
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

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n, size);

	assert_non_null(p);
	return p;
}

static u8 *state(u32 i)
{
	return states + i * stride;
}

static struct world world(u32 i)
{
	struct world w;

	memset(&w, 0, sizeof(w));
	memcpy(&w, state(i), stride);
	return w;
}

/* Where @w is in the table, or belongs. */
static u32 slot_of(const void *w)
{
	u32 slot = ms_xxh64(w, stride, 0) & (table_size - 1);

	while (table[slot] && memcmp(state(table[slot] - 1), w, stride))
		slot = (slot + 1) & (table_size - 1);
	return slot;
}

static void enlarge_table(void)
{
	free(table);
	table_size *= 4;
	table = zeroed(table_size, sizeof(*table));
	for (u32 i = 0; i < n_states; i++)
		table[slot_of(state(i))] = i + 1;
}

static void visit(const struct world *next, const char *what)
{
	struct world w = *next;
	u32 slot;

	if (model_canonical(&w) > GENERATIONS)
		fail_msg("more than %u generations are known", GENERATIONS);
	slot = slot_of(&w);
	if (table[slot])
		return;
	if (n_states == max_states)
		fail_msg("more than %u states", max_states);
	memcpy(state(n_states), &w, stride);
	parent[n_states] = now;
	event[n_states] = what;
	table[slot] = ++n_states;
	if (n_states > table_size / 2)
		enlarge_table();
}

/* Of those that were expanded before it is known. */
static enum known known(const struct world *next)
{
	struct world w = *next;
	u32 i;

	model_canonical(&w);
	i = table[slot_of(&w)];
	return i && i - 1 < now ? way[i - 1] : UNKNOWN;
}

static void wrong_state(const struct world *w, const char *why, const char *how)
{
	if (violation.why)
		return;
	violation.why = why;
	violation.event = how;
	violation.w = *w;
	violation.parent = now;
}

/* --- every event in every state --- */

/* Do @step to a copy of the state, called w; if it can be, look at what came of it. */
#define TRY(what, step) do { \
	struct world w = *from; \
	if (step) \
		arrive(&w, what); \
} while (0)

/*
 * What keeps the number of worlds with snapshots in bounds. One is put back after one command or
 * crash at most, or after two.
 */
static bool young(struct world *w)
{
	return !w->snap_of || ++w->age <= 1 + deep;
}

/* There is none while the sites have to get over the one before; or only of the site that has not gone back. */
static bool settled(const struct world *w, u32 i)
{
	return !w->s[!i].seen && (deep || !w->s[i].seen) &&
		w->s[!i].seen_node == w->s[i].node;
}

/* Taken in sync. */
static bool plain(const struct side *snap)
{
	return snap->disk == MS_DISK_CONSISTENT && !snap->marks && !snap->flags &&
		snap->current_gen == snap->base;
}

#define TRY_RARE(what, step)	TRY(what, (step) && young(&w))

static void arrive(const struct world *w, const char *how)
{
	model_check(w);
	if (model_wrong)
		wrong_state(w, model_wrong, how);
	model_wrong = NULL;
	visit(w, how);
}

/* The pairs that have met in walks without a mistake: how their data are related, and what each claims. */
static bool met[MS_REL_COUNT][MS_CLAIM_ACTIVE + 1][MS_CLAIM_ACTIVE + 1];

static bool note_pair(const struct world *from, const struct world *w)
{
	for (u32 i = 0; i < 2 && !model_mistake; i++)
		met[w->s[i].relation][from->s[i].claim][from->s[!i].claim] = true;
	return true;
}

static void expand_disks(const struct world *from, u32 i)
{
	TRY("disk fails", model_disk_fails(&w, i, false));
	TRY("disk fails after a write", model_disk_fails(&w, i, true));
	for (u32 asks = 0; asks < 2; asks++) {
		TRY("crash, record damaged", model_crash_damaged(&w, i, asks));
		for (u32 k = 0; k < 4; k++)
			TRY("crash while writing",
			    model_crash_writing(&w, i, k & 1, k >> 1, asks));
		TRY("disk replaced", model_replace(&w, i, asks));
	}
}

static void expand_cuts(const struct world *from)
{
	for (u32 peer = 0; peer < 2; peer++) {
		TRY("cut while writing", model_cut_writing(&w, peer));
		for (u32 asks = 0; asks < 2; asks++)
			TRY("target crashes while writing",
			    model_target_crashes(&w, peer, asks));
	}
}

static void expand_writes(const struct world *from, u32 i)
{
	TRY("write", model_write(&w, i));
	TRY("complete", model_complete(&w, i));
	TRY("flush", model_flush(&w, i));
	TRY("cool", model_cool(&w, i));
}

static void expand_commands(const struct world *from, u32 i)
{
	TRY_RARE("promote", model_promote(&w, i, false, false));
	TRY_RARE("promote alone", model_promote(&w, i, true, false));
	TRY_RARE("promote by force", model_promote(&w, i, false, true));
	TRY_RARE("demote", model_demote(&w, i));
	TRY_RARE("failback", model_failback(&w, i, false));
	TRY_RARE("failback by force", model_failback(&w, i, true));
	TRY_RARE("resolve, keep local", model_resolve(&w, i, MS_KEEP_LOCAL));
	TRY_RARE("resolve, keep peer", model_resolve(&w, i, MS_KEEP_PEER));
}

static void expand_side(const struct world *from, u32 i)
{
	for (u8 lost = 0; lost < 1 << model_tokens; lost++) {
		TRY_RARE("crash", model_crash(&w, i, lost, false));
		TRY_RARE("crash, asks for primary", model_crash(&w, i, lost, true));
	}
	TRY("panic", model_panic(&w, i, false));
	TRY("panic, asks for primary", model_panic(&w, i, true));
	TRY("conclude", model_act(&w, i));
	expand_writes(from, i);
	expand_commands(from, i);
	if (model_parts & MODEL_DISKS)
		expand_disks(from, i);
	if (settled(from, i))
		TRY("snapshot", model_snapshot(&w, i));
	if (from->snap_of == 1 + i && (deep || plain(&from->snap)))
		TRY_RARE("disk replaced", model_replace(&w, i, false));
}

static void expand(const struct world *from)
{
	for (u32 i = 0; i < 2; i++)
		expand_side(from, i);
	TRY("connect", model_join(&w) && note_pair(from, &w));
	TRY("cut", model_cut(&w));
	if (model_parts & MODEL_DISKS)
		expand_cuts(from);
	TRY("next step", model_advance(&w));
	TRY("next step, other order", model_copy_last(&w));
	TRY("start of the failback", model_failback_start(&w));
	TRY_RARE("switch", model_ask_switch(&w));
	TRY("switch at peer", model_take_switch(&w));
	TRY("switch answered", model_end_switch(&w));
	TRY("snapshot restored", model_restore(&w, false));
	TRY("snapshot restored, asks for primary", model_restore(&w, true));
}

/* --- the walk --- */

static void print_side(const char *name, const struct side *s)
{
	static const char *const seen[] = { "old", "late", "lost" };

	print_message("    %s: %s %s %s flags %x seen %s of %u gen %u base %u offered %u history %u %u %u data %x marks %x pending %x unflushed %x told %x%s; %s\n",
		      name, ms_role_name(s->role),
		      ms_claim_name(s->claim), ms_disk_name(s->disk), s->flags, seen[s->seen], s->seen_node,
		      s->current_gen, s->base, s->offered, s->history[0],
		      s->history[1], s->history[2], s->data, s->marks, s->pending,
		      s->unflushed, s->told, s->dirty ? " peer unflushed" : "",
		      ms_meeting_name(s->meeting));
}

static void print_world(const struct world *w)
{
	print_side("0", &w->s[0]);
	print_side("1", &w->s[1]);
	if (w->snap_of)
		print_side(w->snap_of == 1 ? "snapshot of 0" : "snapshot of 1", &w->snap);
	print_message("    %s phase %u source %u candidates %x completed %x\n",
		      w->connected ? "connected" : "not connected", w->phase, w->src,
		      w->cand, w->acked);
}

static void print_path(u32 at)
{
	struct world w = world(at);

	if (at)
		print_path(parent[at]);
	print_message("  %s\n", event[at]);
	print_world(&w);
}

static void print_violation(void)
{
	print_path(violation.parent);
	print_message("  %s\n", violation.event);
	print_world(&violation.w);
}

static u32 forced, resolved;

/* What an operator can make of a world. */
static void check_operator(const struct world *w)
{
	way[now] = model_way_out(w, known);
	forced += way[now] == KNOWN_BY_FORCE;
	if (!way[now])
		wrong_state(w, model_wrong ? model_wrong : "no way out", "way out");
	else if (!model_resolves(w, &resolved))
		wrong_state(w, model_wrong ? model_wrong : "no way out by resolve", "resolve");
	model_wrong = NULL;
}

static void begin(u32 parts, enum mistake mistake)
{
	model_parts = parts;
	model_tokens = parts & MODEL_DISKS || (deep && parts & MODEL_CACHES) ? TOKENS : 1;
	model_mistake = mistake;
	model_wrong = NULL;
	violation.why = NULL;
	stride = parts & MODEL_SNAPSHOTS ? sizeof(struct world) : offsetof(struct world, snap_of);
	max_states = deep ? MAX_DEEP : MAX_STATES;
	states = zeroed(max_states, stride);
	parent = zeroed(max_states, sizeof(*parent));
	event = zeroed(max_states, sizeof(*event));
	way = zeroed(max_states, sizeof(*way));
	table_size = 1 << 16;
	table = zeroed(table_size, sizeof(*table));
	n_states = now = forced = resolved = 0;
}

static void walk(u32 parts, enum mistake mistake, bool operators)
{
	struct world w;

	begin(parts, mistake);
	model_begin(&w);
	visit(&w, "start");
	for (; now < n_states && !violation.why; now++) {
		w = world(now);
		expand(&w);
		if (operators && !violation.why)
			check_operator(&w);
	}
}

static void forget(void)
{
	free(states);
	free(parent);
	free(event);
	free(way);
	free(table);
}

static void walk_all(const char *name, u32 parts)
{
	walk(parts, MISTAKE_NONE, true);
	if (violation.why)
		print_violation();
	print_message("# figure: %s: %u states walked; from %u of them the way out took force; %u ways to the data that is wanted\n",
		      name, n_states, forced, resolved);
	forget();
	if (violation.why)
		fail_msg("%s", violation.why);
	assert_true(n_states > 100000);
}

#define WALKS(name, parts) \
static void name(void **state) \
{ \
	(void)state; \
	walk_all(#name, parts); \
}

WALKS(disks, MODEL_DISKS)
WALKS(snapshots, MODEL_SNAPSHOTS)
WALKS(caches, MODEL_CACHES)

/* Who has no data was never granted the role; nor do two have it in one generation. */
static bool can_be(enum ms_relation r, u32 local, u32 peer)
{
	bool both = local >= MS_CLAIM_WAITING && peer >= MS_CLAIM_WAITING;

	if (local >= MS_CLAIM_WAITING && (r == MS_REL_BLANK_BOTH || r == MS_REL_BLANK_LOCAL))
		return false;
	if (peer >= MS_CLAIM_WAITING && (r == MS_REL_BLANK_BOTH || r == MS_REL_BLANK_PEER))
		return false;
	return r != MS_REL_SAME || !both;
}

/* The walks before this have come to all that there are. */
static void pairs(void **state)
{
	u32 reached = 0, wrong = 0;

	(void)state;
	for (u32 r = 0; r < MS_REL_COUNT; r++)
		for (u32 cell = 0; cell < 16; cell++) {
			u32 local = cell / 4, peer = cell % 4;

			reached += met[r][local][peer];
			if (met[r][local][peer] == can_be(r, local, peer))
				continue;
			wrong++;
			print_message("# %s, %s, %s\n", ms_relation_name(r), ms_claim_name(local),
				      ms_claim_name(peer));
		}
	print_message("# figure: %u pairs of a relation and two claims have met: all that there can be\n", reached);
	assert_int_equal(wrong, 0);
}

/* A walk with this mistake comes to a wrong state. */
static void finds(const char *name, u32 parts, enum mistake mistake)
{
	walk(parts, mistake, mistake == MISTAKE_CHOSEN_IGNORED);
	print_message("# figure: mutant %s: found after %u states: %s\n", name, n_states,
		      violation.why ? violation.why : "nothing");
	forget();
	assert_non_null(violation.why);
}

#define FINDS(name, parts, m) \
static void name(void **state) \
{ \
	(void)state; \
	finds(#name, parts, m); \
}

FINDS(alone_without_a_new_generation, MODEL_DISKS, MISTAKE_NO_NEW_GENERATION)
FINDS(done_without_an_offer, MODEL_DISKS, MISTAKE_NOT_OFFERED)
FINDS(generation_begun_behind_a_hello, MODEL_DISKS, MISTAKE_STALE_HELLO)
FINDS(role_given_before_the_peer_has_concluded, MODEL_DISKS, MISTAKE_GRANT_EARLY)
FINDS(marks_cleared_before_done, MODEL_DISKS, MISTAKE_MARKS_CLEARED_EARLY)
FINDS(promotion_blind_to_the_relation, MODEL_DISKS, MISTAKE_PROMOTE_BLIND)
FINDS(completed_after_the_role_was_lost, MODEL_DISKS, MISTAKE_LATE_COMPLETION)
FINDS(promoted_without_a_flush, MODEL_DISKS, MISTAKE_PROMOTE_UNFLUSHED)
FINDS(target_not_recorded_as_inconsistent, MODEL_DISKS, MISTAKE_CONSISTENT_EARLY)
FINDS(disk_left_with_a_peer_behind, MODEL_DISKS, MISTAKE_LEFT_BEHIND)
FINDS(disk_left_and_not_recorded, MODEL_DISKS, MISTAKE_LEFT_UNRECORDED)
FINDS(loser_that_keeps_its_role, MODEL_DISKS, MISTAKE_LOSER_ACTIVE)
FINDS(blank_target_s_restart_ignored, MODEL_DISKS, MISTAKE_RESTART_IGNORED)
FINDS(seen_forgotten, MODEL_SNAPSHOTS, MISTAKE_SEEN_FORGOTTEN)
FINDS(stranger_noted, MODEL_SNAPSHOTS, MISTAKE_STRANGER_NOTED)
FINDS(seen_kept_by_the_target_of_one_gone_back, MODEL_SNAPSHOTS, MISTAKE_SEEN_KEPT)
FINDS(lineage_kept_by_a_target_gone_back, MODEL_SNAPSHOTS, MISTAKE_LINEAGE_KEPT)
FINDS(data_of_one_gone_back_ignored, MODEL_SNAPSHOTS, MISTAKE_BACK_BLIND)
FINDS(chosen_ignored, MODEL_SNAPSHOTS, MISTAKE_CHOSEN_IGNORED)
FINDS(flush_confirmed_early, MODEL_CACHES, MISTAKE_FLUSH_EARLY)
FINDS(flush_alone_without_a_new_generation, MODEL_CACHES, MISTAKE_FLUSH_ALONE)
FINDS(lineage_taken_over_without_a_flush, MODEL_CACHES, MISTAKE_ADOPTED_UNFLUSHED)

/* Those whose name fits the pattern, or all. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks),
		cmocka_unit_test(snapshots),
		cmocka_unit_test(caches),
		cmocka_unit_test(pairs),
		cmocka_unit_test(alone_without_a_new_generation),
		cmocka_unit_test(done_without_an_offer),
		cmocka_unit_test(generation_begun_behind_a_hello),
		cmocka_unit_test(role_given_before_the_peer_has_concluded),
		cmocka_unit_test(marks_cleared_before_done),
		cmocka_unit_test(promotion_blind_to_the_relation),
		cmocka_unit_test(completed_after_the_role_was_lost),
		cmocka_unit_test(promoted_without_a_flush),
		cmocka_unit_test(target_not_recorded_as_inconsistent),
		cmocka_unit_test(disk_left_with_a_peer_behind),
		cmocka_unit_test(disk_left_and_not_recorded),
		cmocka_unit_test(loser_that_keeps_its_role),
		cmocka_unit_test(blank_target_s_restart_ignored),
		cmocka_unit_test(seen_forgotten),
		cmocka_unit_test(stranger_noted),
		cmocka_unit_test(seen_kept_by_the_target_of_one_gone_back),
		cmocka_unit_test(lineage_kept_by_a_target_gone_back),
		cmocka_unit_test(data_of_one_gone_back_ignored),
		cmocka_unit_test(chosen_ignored),
		cmocka_unit_test(flush_confirmed_early),
		cmocka_unit_test(flush_alone_without_a_new_generation),
		cmocka_unit_test(lineage_taken_over_without_a_flush),
	};

	deep = getenv("MODEL_DEEP");
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
