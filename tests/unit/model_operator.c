// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an operator of the model's world gets on: from whatever has happened, to two
 * sites in sync, and with the data of the site that is wanted. No state.
 */
#include "model.h"

#define PATIENCE	60u	/* steps */

/* What happens by itself, or is on its way. Return: whether anything has. */
static bool go_on(struct world *w)
{
	return model_complete(w, 0) || model_complete(w, 1) || model_join(w) ||
	       model_act(w, 0) || model_act(w, 1) || model_advance(w);
}

static bool in_sync(const struct world *w)
{
	return w->connected && w->phase == PH_SYNC && !w->s[0].pending && !w->s[1].pending;
}

/*
 * The way out
 */

/* The first of the promotions, from the mildest, that is allowed. */
static bool promote_somehow(struct world *w, u32 i, bool *forced)
{
	if (model_promote(w, i, false, false) || model_promote(w, i, true, false))
		return true;
	if (!model_promote(w, i, false, true))
		return false;
	*forced = true;
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
static bool operate(struct world *w, bool *forced)
{
	u32 win = better_site(w);

	switch (w->s[0].meeting) {
	case MS_MEET_NO_PRIMARY:
		return promote_somehow(w, win, forced);
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
			return model_demote(w, !win) || promote_somehow(w, win, forced);
		if (w->s[!win].claim == MS_CLAIM_ACTIVE)
			return model_demote(w, !win);
		return model_failback(w, win, false) || model_failback(w, win, true);
	}
	return false;
}

/* A site that goes on through its peer gives the role up. */
static bool demote_left(struct world *w)
{
	return (w->s[0].left && model_demote(w, 0)) || (w->s[1].left && model_demote(w, 1));
}

static bool step_out(struct world *w, bool *forced)
{
	if (demote_left(w) || model_complete(w, 0) || model_complete(w, 1))
		return true;
	if (w->phase >= PH_SWITCH_ASKED)
		return model_cut(w);
	return model_failback_start(w) || go_on(w) || operate(w, forced);
}

enum known model_way_out(const struct world *from, enum known (*known)(const struct world *w))
{
	struct world w = *from;
	bool forced = false;

	for (u32 step = 0; step < PATIENCE; step++) {
		enum known rest;

		if (in_sync(&w) && !demote_left(&w))
			return w.s[0].data != w.s[1].data ? UNKNOWN : forced ? KNOWN_BY_FORCE : KNOWN;
		if (!step_out(&w, &forced) || model_wrong)
			return UNKNOWN;
		rest = known(&w);
		if (rest)
			return forced ? KNOWN_BY_FORCE : rest;
	}
	return UNKNOWN;
}

/*
 * The data that is wanted
 */

static bool disagree(const struct world *w)
{
	return w->connected && w->phase == PH_MET && w->s[0].meeting == w->s[1].meeting &&
	       (w->s[0].meeting == MS_MEET_SPLIT_BRAIN || w->s[0].meeting == MS_MEET_UNRELATED);
}

static bool outdated(const struct world *w, u32 i)
{
	return w->connected && w->phase == PH_MET && w->s[i].meeting == MS_MEET_OUTDATED &&
	       w->s[!i].meeting == MS_MEET_PEER_OUTDATED;
}

/* The operator makes the sites disagree first, if the one that is wanted is outdated. */
static bool insist(struct world *w, u32 winner)
{
	if (outdated(w, winner) && w->s[!winner].claim != MS_CLAIM_ACTIVE)
		return model_promote(w, winner, false, true);
	return model_demote(w, !winner);
}

/*
 * Named at site @at, @winner's data is kept, whoever was primary: it is the source of a
 * copy. That it comes to its end is the way out of the worlds after this one.
 */
static bool resolves(const struct world *from, u32 at, u32 winner)
{
	enum ms_keep keep = at == winner ? MS_KEEP_LOCAL : MS_KEEP_PEER;
	struct world w = *from;
	bool given = false;
	u8 kept = 0;

	for (u32 step = 0; step < PATIENCE; step++) {
		if (given && model_mirrored(&w))
			return w.src == winner && w.s[winner].data == kept;
		if (!given && disagree(&w) && model_resolve(&w, at, keep)) {
			given = true;
			kept = w.s[winner].data;
		} else if (!go_on(&w) && (given || !insist(&w, winner))) {
			return false;
		}
		if (model_wrong)
			return false;
	}
	return false;
}

bool model_resolves(const struct world *w, u32 *ways)
{
	for (u32 winner = 0; winner < 2; winner++) {
		if (w->s[winner].disk == MS_DISK_INCONSISTENT)
			continue;
		if (!disagree(w) && !outdated(w, winner))
			continue;
		for (u32 at = 0; at < 2; at++) {
			if (!resolves(w, at, winner))
				return false;
			++*ways;
		}
	}
	return true;
}
