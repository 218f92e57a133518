// SPDX-License-Identifier: GPL-2.0-only
/*
 * What breaks in the model: sites crash, links are cut, disks fail or are
 * replaced, and a site is restored from a snapshot. No state.
 */
#include "model.h"

/* Activated, by a table line that may ask for primary. */
static void activate(struct side *s, bool asks)
{
	if (!asks)
		s->role = MS_ROLE_SECONDARY;
	s->claim = !asks ? MS_CLAIM_NONE :
		s->role == MS_ROLE_PRIMARY ? MS_CLAIM_WAITING : MS_CLAIM_ASKS;
}

/*
 * Everything in memory is gone; and of what was written and not flushed, what is in @lost. It
 * comes back at once: whether it is down or only has not met its peer makes no difference.
 */
static void crash(struct world *w, u32 i, u8 lost, bool asks)
{
	struct side *s = &w->s[i];

	s->data = (s->data & ~lost) | (s->old & lost);
	if (model_mistake != MISTAKE_MARKS_CLEARED_EARLY)
		s->marks |= s->unflushed;	/* the record has it */
	if (model_mistake == MISTAKE_SEEN_FORGOTTEN)
		s->seen = SEEN_OLD;
	model_flush_disk(s);
	s->pending = s->left = s->told = s->dirty = 0;
	activate(s, asks);
	model_forget_session(w);
}

void model_begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	for (u32 i = 0; i < 2; i++) {
		w->s[i].node = 1;
		w->s[i].flags = MS_SB_ALL_CANDIDATES;
		activate(&w->s[i], i == 0);
	}
}

bool model_crash(struct world *w, u32 i, u8 lost, bool asks)
{
	if (lost & ~w->s[i].unflushed)
		return false;
	crash(w, i, lost, asks);
	return true;
}

/* The kernel dies, and the disk's cache goes on. */
bool model_panic(struct world *w, u32 i, bool asks)
{
	struct side *s = &w->s[i];
	u8 unflushed = s->unflushed, old = s->old;

	if (!(model_parts & MODEL_CACHES) || !unflushed)
		return false;
	crash(w, i, 0, asks);
	s->unflushed = unflushed;
	s->old = old;
	return true;
}

/* A crash that damages the activity record: marks are lost, and that is known. */
bool model_crash_damaged(struct world *w, u32 i, bool asks)
{
	crash(w, i, w->s[i].unflushed, asks);
	w->s[i].marks = 0;
	w->s[i].flags |= MS_SB_ALL_CANDIDATES;
	return true;
}

/* The source crashes with a write in flight: it may be at either disk, or not. */
bool model_crash_writing(struct world *w, u32 i, bool local, bool peer, bool asks)
{
	u8 t = model_free_token(w);

	if (w->s[i].claim != MS_CLAIM_ACTIVE || !t)
		return false;
	if (peer && !(model_mirrored(w) && w->src == i))
		return false;
	w->s[i].data |= local && !w->s[i].left ? t : 0;
	w->s[!i].data |= peer ? t : 0;
	w->s[i].marks |= t;	/* suspect: its extent is hot */
	crash(w, i, 0, asks);
	return true;
}

/* The link is cut with a write in flight. */
static bool cut_writing(struct world *w, bool peer)
{
	u8 t = model_free_token(w);
	u32 i = w->src;

	if (!model_mirrored(w) || !t)
		return false;
	if (!w->s[i].left) {
		w->s[i].data |= t;
		w->s[i].marks |= t;
		w->s[i].pending |= t;
	}
	w->s[!i].data |= peer ? t : 0;
	return true;
}

bool model_cut_writing(struct world *w, bool peer)
{
	if (!cut_writing(w, peer))
		return false;
	model_forget_session(w);
	return true;
}

/* The target crashes with a write in flight. */
bool model_target_crashes(struct world *w, bool peer, bool asks)
{
	u8 t = model_free_token(w);
	u32 i = !w->src;

	if (!cut_writing(w, peer))
		return false;
	w->s[i].marks |= t;	/* suspect: its extent is hot */
	crash(w, i, 0, asks);
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
	u8 t = model_free_token(w);

	if (s->claim != MS_CLAIM_ACTIVE || s->left || !t || !may_leave(w, i))
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

/*
 * What @i had is lost but for @rest. Whoever took it away knows that of all that the other site
 * does not have in a consistent copy.
 */
static void lose_disk(struct world *w, u32 i, u8 rest)
{
	const struct side *other = &w->s[!i];

	if (other->disk != MS_DISK_INCONSISTENT && other->current_gen)
		rest |= other->data;
	w->acked &= ~w->s[i].data | rest;
}

/* A new, empty disk with new metadata. */
bool model_replace(struct world *w, u32 i, bool asks)
{
	if (!w->s[i].current_gen)
		return false;
	lose_disk(w, i, 0);
	memset(&w->s[i], 0, sizeof(w->s[i]));
	w->s[i].node = model_parts & MODEL_SNAPSHOTS ? NODE_NEW : 1;
	w->s[i].flags = MS_SB_ALL_CANDIDATES;
	w->s[!i].half = 0;		/* what it was copied from is no more */
	crash(w, i, 0, asks);
	return true;
}

/* Of a site that was stopped, or has crashed; one at a time. It goes on in the role that it has. */
bool model_snapshot(struct world *w, u32 i)
{
	if (!(model_parts & MODEL_SNAPSHOTS) || w->snap_of || !w->s[i].current_gen)
		return false;
	crash(w, i, 0, w->s[i].role);
	w->snap_of = 1 + i;
	w->snap = w->s[i];
	w->snap.claim = 0;
	return true;
}

/* The snapshot is put back, once. */
bool model_restore(struct world *w, bool asks)
{
	u32 i = w->snap_of - 1;

	if (!w->snap_of)
		return false;
	lose_disk(w, i, w->snap.data);
	w->s[i] = w->snap;
	if (w->s[!i].seen_node != w->s[i].node)
		w->s[!i].half = 0;	/* what it was copied from is no more */
	else if (w->s[!i].seen == SEEN_LATE) {
		w->s[!i].seen = SEEN_LOST;
		w->s[!i].half = 0;
	}
	w->snap_of = w->age = 0;
	memset(&w->snap, 0, sizeof(w->snap));
	crash(w, i, 0, asks);
	return true;
}
