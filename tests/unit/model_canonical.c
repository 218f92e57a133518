// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which worlds of the model are the same one: generations are renamed, what
 * can make no difference any more is forgotten, tokens and sites are put in
 * order. That makes the number of worlds finite. No state.
 */
#include "model.h"

static bool in_force(const struct side *s, u8 gen)
{
	return gen == s->current_gen || gen == s->base || gen == s->offered;
}

static void drop_from_history(struct side *s, u8 gen)
{
	for (u32 i = 0; i < MS_GEN_HISTORY; i++)
		if (s->history[i] == gen)
			s->history[i] = 0;
}

/*
 * A generation that one side remembers and that means nothing to the other
 * can never be met again: new ones are new. (Only the order and the length of
 * the history are lost by that; the rules look at neither.)
 */
static void forget_gens(const struct world *w, struct side *s, const struct side *other)
{
	if (s->base != s->current_gen && !model_knows(other, s->base))
		s->base = 0;
	if (s->offered != s->current_gen && !model_knows(other, s->offered))
		s->offered = 0;
	for (u32 i = 0; i < MS_GEN_HISTORY; i++) {
		u8 gen = s->history[i];

		if (gen && gen != w->sent && !in_force(s, gen) && !model_knows(other, gen))
			s->history[i] = 0;
		for (u32 k = 0; k < i; k++)
			if (s->history[k] == gen)
				s->history[i] = 0;
	}
}

/* Of ancestors that both remember and that are nothing else, one says all. */
static void merge_ancestors(struct world *w)
{
	struct side *a = &w->s[0], *b = &w->s[1];
	bool have = false;

	for (u32 i = 0; i < MS_GEN_HISTORY; i++) {
		u8 gen = a->history[i];

		if (!gen || gen == w->sent || in_force(a, gen) || in_force(b, gen) ||
		    !model_knows(b, gen))
			continue;
		if (have) {
			drop_from_history(a, gen);
			drop_from_history(b, gen);
		}
		have = true;
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
	for (u32 i = 0; i < 2; i++) {
		struct side *s = &w->s[i];

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
	BOTH_SIDES(unflushed), BOTH_SIDES(old),
	offsetof(struct world, acked), offsetof(struct world, cand),
};

#define MASKS	ARRAY_SIZE(masks)

static u32 token_column(const struct world *w, u32 t)
{
	u32 column = 0;

	for (u32 m = 0; m < MASKS; m++)
		column |= (u32)(((const u8 *)w)[masks[m]] >> t & 1) << m;
	return column;
}

/* Tokens that make no difference any more are as if they had never been. */
static u32 settle(u32 column)
{
	bool both = (column & 3) == 3, none = !(column & 3);
	u32 rest = column >> 2 & ((1 << 8) - 1);	/* marks, pending, unflushed, old */
	bool cand = column >> 11 & 1;

	return (both || none) && !rest && !cand ? 0 : column;
}

static void sort_tokens(struct world *w)
{
	u32 column[TOKENS];

	for (u32 t = 0; t < TOKENS; t++)
		column[t] = settle(token_column(w, t));
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
			w->s[i].acted = w->s[i].stale = 0;
}

/* Return: how many generations are known. */
static void exchange_sides(struct world *w)
{
	struct side s = w->s[0];

	w->s[0] = w->s[1];
	w->s[1] = s;
	if (w->connected)
		w->src = !w->src;
}

/* Names for what is left, in an order that follows from the order of the sides. */
static u8 name(struct world *w)
{
	sort_tokens(w);
	return rename_gens(w);
}

u8 model_canonical(struct world *w)
{
	struct world x;
	int order;
	u8 gens;

	if (!w->connected)
		model_forget_session(w);
	for (u32 i = 0; i < 4; i++)
		forget_gens(w, &w->s[i & 1], &w->s[!(i & 1)]);
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
