// SPDX-License-Identifier: GPL-2.0-only
/*
 * What applications do in the model: they write and flush, at whichever site
 * is an active primary; and what keeps it, the disks' caches. No state.
 *
 * Without MODEL_CACHES what is written is on stable storage at once, and a write
 * that is completed has to be kept. With it a crash may take back what was not
 * flushed, and only what a completed flush covers has to be kept.
 */
#include "model.h"

u8 model_free_token(const struct world *w)
{
	u8 used = w->acked | w->cand | w->snap.data | w->snap.marks;

	for (u32 i = 0; i < 2; i++)
		used |= w->s[i].data | w->s[i].marks | w->s[i].pending | w->s[i].unflushed |
			w->s[i].told;
	for (u32 t = 0; t < model_tokens; t++)
		if (!(used >> t & 1))
			return 1u << t;
	return 0;
}

static void put(struct side *s, u8 t)
{
	s->data |= t;
	if (model_parts & MODEL_CACHES)
		s->unflushed |= t;
}

static void completed(struct world *w, u32 i, u8 tokens)
{
	if (model_parts & MODEL_CACHES)
		w->s[i].told |= tokens;
	else
		w->acked |= tokens;
}

/* An application's write at @i. */
bool model_write(struct world *w, u32 i)
{
	struct side *s = &w->s[i];
	u8 t = model_free_token(w);

	if (!t || s->claim != MS_CLAIM_ACTIVE)
		return false;
	if (s->left && !model_mirrored(w))
		return false;		/* it fails, or waits */
	if (!s->left)
		put(s, t);
	if (model_mirrored(w) && w->src == i) {
		put(&w->s[!i], t);
		s->dirty = model_parts & MODEL_CACHES ? 1 : 0;
		completed(w, i, t);
	} else {
		s->marks |= t;
		s->pending |= t;
		while (!model_step_by_step() && model_complete(w, i))
			;
	}
	return true;
}

/* Unconfirmed writes are completed, behind a new generation if need be. */
bool model_complete(struct world *w, u32 i)
{
	struct side *s = &w->s[i];

	if (!s->pending)
		return false;
	if (model_shared(w, i)) {
		model_start_gen(w, i);
		return true;
	}
	completed(w, i, s->pending);
	s->pending = 0;
	return true;
}

/* At the source, and confirmed by the peer, which has flushed all that it confirmed. */
static void flush_both(struct world *w)
{
	struct side *s = &w->s[w->src], *t = &w->s[!w->src];

	model_flush_disk(s);
	if (model_mistake != MISTAKE_FLUSH_EARLY)
		model_flush_disk(t);
	s->dirty = 0;
}

/* An application's flush at @i: behind a new generation, if the peer may lose what it has confirmed. */
bool model_flush(struct world *w, u32 i)
{
	struct side *s = &w->s[i];

	if (!s->told || s->claim != MS_CLAIM_ACTIVE || s->left)
		return false;
	if (model_mirrored(w) && w->src == i) {
		flush_both(w);
	} else if (s->dirty && model_shared(w, i) && model_mistake != MISTAKE_FLUSH_ALONE) {
		model_start_gen(w, i);
		return true;
	} else {
		model_flush_disk(s);
	}
	w->acked |= s->told;
	s->told = 0;
	return true;
}

/* A site flushes its own disk, and lets go of what is written there. */
bool model_cool(struct world *w, u32 i)
{
	struct side *s = &w->s[i];

	if (!(model_parts & MODEL_CACHES) || !s->unflushed)
		return false;
	model_flush_disk(s);
	return true;
}
