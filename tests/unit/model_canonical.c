// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which worlds of the model are the same one: generations are renamed, what
 * can make no difference any more is forgotten, tokens and sites are put in
 * order. That makes the number of worlds finite. No state.
 */
#include "model.h"

/* Sets of generations are bits. Those that say what a site has now, and what it shares. */
static u64 in_force(const struct side *s)
{
	return 1ull << s->current_gen | 1ull << s->base | 1ull << s->offered;
}

static void drop_from_history(struct side *s, u8 gen)
{
	for (u32 i = 0; i < MS_GEN_HISTORY; i++)
		if (s->history[i] == gen)
			s->history[i] = 0;
}

/* All that are remembered. What is not there remembers none. */
static u64 memory_of(const struct side *s)
{
	u64 gens = in_force(s);

	for (u32 i = 0; i < MS_GEN_HISTORY; i++)
		gens |= 1ull << s->history[i];
	return gens;
}

/*
 * A generation that one side remembers and that means nothing to the other, or to a
 * snapshot, can never be met again: new ones are new. (Only the order and the length of
 * the history are lost by that; the rules look at neither.) @known: what others remember.
 */
static void forget_gens(const struct world *w, struct side *s, u64 known)
{
	u64 seen = 1;

	if (s->base != s->current_gen && !(known >> s->base & 1))
		s->base = 0;
	if (s->offered != s->current_gen && !(known >> s->offered & 1))
		s->offered = 0;
	known |= in_force(s) | 1ull << w->sent;
	for (u32 i = 0; i < MS_GEN_HISTORY; i++) {
		u64 gen = 1ull << s->history[i];

		if (!(known & gen) || seen & gen)
			s->history[i] = 0;
		seen |= gen;
	}
}

static void forget_all_gens(struct world *w)
{
	u64 a = memory_of(&w->s[0]), b = memory_of(&w->s[1]), c = memory_of(&w->snap);

	forget_gens(w, &w->s[0], b | c);
	a = memory_of(&w->s[0]);
	forget_gens(w, &w->s[1], a | c);
	b = memory_of(&w->s[1]);
	forget_gens(w, &w->snap, a | b);
}

/* Of ancestors that the same ones remember and that are nothing else to anybody, one says all. */
static void merge_ancestors(struct world *w)
{
	struct side *holder[] = { &w->s[0], &w->s[1], &w->snap };
	u64 memory[3], force = 1ull << w->sent | 1;
	bool have[1 << 3] = { false };

	for (u32 h = 0; h < 3; h++) {
		memory[h] = memory_of(holder[h]);
		force |= in_force(holder[h]);
	}
	for (u64 rest = (memory[0] | memory[1] | memory[2]) & ~force; rest; rest &= rest - 1) {
		u8 gen = __builtin_ctzll(rest);
		u32 who = (memory[0] >> gen & 1) | (memory[1] >> gen & 1) << 1 |
			  (memory[2] >> gen & 1) << 2;

		for (u32 h = 0; h < 3 && have[who]; h++)
			drop_from_history(holder[h], gen);
		have[who] = true;
	}
}

static void rename_gen(u8 *gen, u8 *names, u8 *count)
{
	if (!*gen)
		return;
	if (!names[*gen])
		names[*gen] = ++*count;
	*gen = names[*gen];
}

static void sort_history(u8 *history)
{
	for (u32 a = 0; a < MS_GEN_HISTORY; a++)
		for (u32 b = a + 1; b < MS_GEN_HISTORY; b++)
			if (history[b] > history[a]) {
				u8 gen = history[a];

				history[a] = history[b];
				history[b] = gen;
			}
}

/* Return: how many there are. */
static u8 rename_gens(struct world *w)
{
	u8 names[64] = { 0 }, count = 0;

	for (u32 i = 0; i < 2; i++) {
		struct side *s = &w->s[i];

		rename_gen(&s->current_gen, names, &count);
		rename_gen(&s->base, names, &count);
		rename_gen(&s->offered, names, &count);
	}
	rename_gen(&w->sent, names, &count);
	rename_gen(&w->snap.current_gen, names, &count);
	rename_gen(&w->snap.base, names, &count);
	rename_gen(&w->snap.offered, names, &count);
	for (u32 i = 0; i < 3; i++) {
		struct side *s = i < 2 ? &w->s[i] : &w->snap;

		for (u32 k = 0; k < MS_GEN_HISTORY; k++)
			rename_gen(&s->history[k], names, &count);
		sort_history(s->history);
	}
	return count;
}

/* Where the masks of tokens are; those of the two sides alternate. */
#define BOTH_SIDES(mask)	offsetof(struct world, s[0].mask), offsetof(struct world, s[1].mask)
static const u8 masks[] = {
	BOTH_SIDES(data), BOTH_SIDES(marks), BOTH_SIDES(pending),
	BOTH_SIDES(unflushed), BOTH_SIDES(old), offsetof(struct world, cand),
	offsetof(struct world, snap.marks), offsetof(struct world, snap.data),
	BOTH_SIDES(told), offsetof(struct world, acked),
};
#define SNAP_DATA	12	/* the number of the snapshot's in there */

#define MASKS	ARRAY_SIZE(masks)

static u32 token_column(const struct world *w, u32 t)
{
	u32 column = 0;

	for (u32 m = 0; m < MASKS; m++)
		column |= (u32)(((const u8 *)w)[masks[m]] >> t & 1) << m;
	return column;
}

/* Tokens that make no difference any more are as if they had never been. */
static u32 settle(const struct world *w, u32 column)
{
	bool a = column & 1, b = column >> 1 & 1, snap = column >> SNAP_DATA & 1;
	u32 rest = (column & ((1 << SNAP_DATA) - 1)) >> 2;	/* marks and the like */

	return a == b && (a == snap || !w->snap_of) && !rest ? 0 : column;
}

static void sort_tokens(struct world *w)
{
	u32 column[TOKENS];

	for (u32 t = 0; t < TOKENS; t++)
		column[t] = settle(w, token_column(w, t));
	for (u32 a = 0; a < TOKENS; a++)
		for (u32 b = a + 1; b < TOKENS; b++)
			if (column[b] > column[a]) {
				u32 c = column[a];

				column[a] = column[b];
				column[b] = c;
			}
	for (u32 m = 0; m < MASKS; m++) {
		u8 mask = 0;

		for (u32 t = 0; t < TOKENS; t++)
			mask |= (column[t] >> m & 1) << t;
		((u8 *)w)[masks[m]] = mask;
	}
}

void model_forget_session(struct world *w)
{
	w->connected = w->src = w->phase = w->cand = w->sent = 0;
	for (u32 i = 0; i < 2; i++)
		w->s[i].meeting = w->s[i].scope = w->s[i].relation =
			w->s[i].peer_back = w->s[i].peer_new = w->s[i].acted = w->s[i].stale =
			w->s[i].granted = 0;
}

/* What was concluded and is not asked for any more, once it is known who copies to whom. */
static void forget_hellos(struct world *w)
{
	if (w->phase == PH_HELLO || w->s[w->src].meeting != MS_MEET_SOURCE)
		return;
	w->s[w->src].relation = w->s[!w->src].scope = 0;
	if (w->s[!w->src].meeting == MS_MEET_TARGET)
		w->s[!w->src].relation = 0;
	if (w->phase >= PH_COPY)
		w->s[w->src].scope = 0;
	if (w->phase != PH_DONE && w->phase != PH_ADOPTED)
		w->sent = 0;
}

/* Of those that have been site @i: the present one, the one that there is a snapshot of, or another. */
static u8 name_node(const struct world *w, u32 i, u8 node)
{
	if (!node)
		return 0;
	if (node == w->s[i].node)
		return 1;
	return w->snap_of == 1 + i && node == w->snap.node ? 2 : 3;
}

static void rename_seen(const struct world *w, u32 i, struct side *s)
{
	s->seen_node = name_node(w, i, s->seen_node);
	if (s->seen_node == 3)
		s->seen = 0;		/* that one never comes back */
}

static void rename_nodes(struct world *w)
{
	for (u32 i = 0; i < 2; i++) {
		rename_seen(w, i, &w->s[!i]);
		if (w->snap_of == 2 - i)
			rename_seen(w, i, &w->snap);
	}
	for (u32 i = 0; i < 2; i++) {
		if (w->snap_of == 1 + i)
			w->snap.node = name_node(w, i, w->snap.node);
		w->s[i].node = 1;
	}
}

static void exchange_sides(struct world *w)
{
	struct side s = w->s[0];

	w->s[0] = w->s[1];
	w->s[1] = s;
	if (w->connected)
		w->src = !w->src;
	if (w->snap_of)
		w->snap_of = 3 - w->snap_of;
}

/* Names for what is left, in an order that follows from the order of the sides. */
static u8 name(struct world *w)
{
	sort_tokens(w);
	return rename_gens(w);
}

/* Return: how many generations are known. */
u8 model_canonical(struct world *w)
{
	struct world x;
	int order;
	u8 gens;

	if (!w->connected)
		model_forget_session(w);
	forget_hellos(w);
	rename_nodes(w);
	forget_all_gens(w);
	forget_all_gens(w);
	merge_ancestors(w);

	/* Which side is the first, by what needs no names? If that does not tell, by all. */
	order = memcmp(&w->s[0], &w->s[1], offsetof(struct side, current_gen));
	if (order > 0)
		exchange_sides(w);
	if (order)
		return name(w);
	x = *w;
	exchange_sides(&x);
	gens = name(w);
	name(&x);
	if (memcmp(&x, w, sizeof(x)) < 0)
		*w = x;
	return gens;
}
