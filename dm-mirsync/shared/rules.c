// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of roles and generations. What follows from a meeting is a table
 * (relation, local claim, peer claim); the relations in which the peer is the
 * better one are looked up with the sites exchanged, and the outcome is
 * exchanged back. The engine, the CLI and the model checker call it. No state,
 * no locking.
 */
#include "shared/rules.h"

#define CLAIMS	(MS_CLAIM_ACTIVE + 1)

/* Short names for the table. */
#define SRC	MS_MEET_SOURCE
#define TGT	MS_MEET_TARGET
#define NOP	MS_MEET_NO_PRIMARY
#define P_OUT	MS_MEET_PEER_OUTDATED
#define TWO	MS_MEET_TWO_PRIMARIES
#define SPLIT	MS_MEET_SPLIT_BRAIN
#define UNREL	MS_MEET_UNRELATED

static const u8 meeting_of[MS_REL_COUNT][CLAIMS][CLAIMS] = {
	/* peer:	  NONE   ASKS   WAITING ACTIVE */
	[MS_REL_SAME] = {
		/* NONE */    { NOP,   TGT,   TGT,   TGT },
		/* ASKS */    { SRC,   TWO,   TGT,   TGT },
		/* WAITING */ { SRC,   SRC,   TWO,   TGT },
		/* ACTIVE */  { SRC,   SRC,   SRC,   TWO },
	},
	[MS_REL_BLANK_BOTH] = {
		/* NONE */    { NOP,   TGT,   TGT,   TGT },
		/* ASKS */    { SRC,   TWO,   TGT,   TGT },
		/* WAITING */ { SRC,   SRC,   TWO,   TGT },
		/* ACTIVE */  { SRC,   SRC,   SRC,   TWO },
	},
	[MS_REL_LOCAL_NEWER] = {
		/* NONE */    { NOP,   P_OUT, P_OUT, P_OUT },
		/* ASKS */    { SRC,   SRC,   P_OUT, P_OUT },
		/* WAITING */ { SRC,   SRC,   P_OUT, P_OUT },
		/* ACTIVE */  { SRC,   SRC,   P_OUT, P_OUT },
	},
	[MS_REL_BLANK_PEER] = {
		/* NONE */    { NOP,   P_OUT, P_OUT, P_OUT },
		/* ASKS */    { SRC,   P_OUT, P_OUT, P_OUT },
		/* WAITING */ { SRC,   P_OUT, P_OUT, P_OUT },
		/* ACTIVE */  { SRC,   P_OUT, P_OUT, P_OUT },
	},
	[MS_REL_FORKED] = {
		{ SPLIT, SPLIT, SPLIT, SPLIT },
		{ SPLIT, SPLIT, SPLIT, SPLIT },
		{ SPLIT, SPLIT, SPLIT, SPLIT },
		{ SPLIT, SPLIT, SPLIT, SPLIT },
	},
	[MS_REL_UNRELATED] = {
		{ UNREL, UNREL, UNREL, UNREL },
		{ UNREL, UNREL, UNREL, UNREL },
		{ UNREL, UNREL, UNREL, UNREL },
		{ UNREL, UNREL, UNREL, UNREL },
	},
	/* PEER_NEWER and BLANK_LOCAL: by exchange, see table() */
};

/* The same meeting as the other site sees it. */
static enum ms_meeting mirror(enum ms_meeting m)
{
	switch (m) {
	case MS_MEET_SOURCE:
		return MS_MEET_TARGET;
	case MS_MEET_TARGET:
		return MS_MEET_SOURCE;
	case MS_MEET_PEER_OUTDATED:
		return MS_MEET_OUTDATED;
	case MS_MEET_OUTDATED:
		return MS_MEET_PEER_OUTDATED;
	default:
		return m;
	}
}

/* A claim that is not known is taken for the strongest. */
static u32 claim_of(const struct ms_site *s)
{
	return s->claim < CLAIMS ? s->claim : MS_CLAIM_ACTIVE;
}

/*
 * A copy has begun over it and is not over. Without a generation only a GO makes a disk
 * inconsistent: a format does not, nor does a flush that fails. So either its operator was
 * content with its being overwritten, by giving it no claim, or a command has named it the
 * loser (I9); and what it holds since is no state of anybody's data (I10).
 */
static bool half_copied(const struct ms_site *s)
{
	return !s->gens.current_gen && s->disk == MS_DISK_INCONSISTENT;
}

/*
 * The claim that counts against @other. The table line of a half copied site may ask for
 * primary as it did before the copy; that does not stop the copy, if there is who may go on
 * with it. One that is blank and whole keeps its claim: its data may be wanted.
 */
static u32 claim_against(const struct ms_site *s, const struct ms_site *other)
{
	u32 claim = claim_of(s);

	if (claim == MS_CLAIM_ASKS && half_copied(s) && other->gens.current_gen &&
	    claim_of(other) != MS_CLAIM_NONE)
		return MS_CLAIM_NONE;
	return claim;
}

static enum ms_meeting table(enum ms_relation r, u32 local, u32 peer)
{
	if (r == MS_REL_PEER_NEWER)
		return mirror(meeting_of[MS_REL_LOCAL_NEWER][peer][local]);
	if (r == MS_REL_BLANK_LOCAL)
		return mirror(meeting_of[MS_REL_BLANK_PEER][peer][local]);
	return meeting_of[r][local][peer];
}

/* Was @gen one of @g's lineage before the current one? 0 never was. */
static bool is_ancestor(const struct ms_gens *g, u64 gen)
{
	u32 i;

	if (!gen)
		return false;
	/* base and offered were current once and may have left the history. */
	if (gen == g->base || gen == g->offered)
		return true;
	for (i = 0; i < MS_GEN_HISTORY; i++)
		if (gen == g->history[i])
			return true;
	return false;
}

static bool common_ancestor(const struct ms_gens *a, const struct ms_gens *b)
{
	u32 i;

	if (is_ancestor(b, a->base) || is_ancestor(b, a->offered))
		return true;
	for (i = 0; i < MS_GEN_HISTORY; i++)
		if (is_ancestor(b, a->history[i]))
			return true;
	return false;
}

/**
 * ms_rules_relation() - how the data of two sites are related
 * @local: generations of one site
 * @peer: of the other
 */
enum ms_relation ms_rules_relation(const struct ms_gens *local, const struct ms_gens *peer)
{
	bool local_has, peer_has;

	if (!local->current_gen)
		return peer->current_gen ? MS_REL_BLANK_LOCAL : MS_REL_BLANK_BOTH;
	if (!peer->current_gen)
		return MS_REL_BLANK_PEER;
	if (local->current_gen == peer->current_gen)
		return MS_REL_SAME;

	local_has = is_ancestor(local, peer->current_gen);
	peer_has = is_ancestor(peer, local->current_gen);
	if (local_has && !peer_has)
		return MS_REL_LOCAL_NEWER;
	if (peer_has && !local_has)
		return MS_REL_PEER_NEWER;
	/* Each older than the other cannot be; nobody is to win by it. */
	if (local_has || common_ancestor(local, peer))
		return MS_REL_FORKED;
	return MS_REL_UNRELATED;
}

/* Why these two do not talk at all; MS_MEET_NONE: they may. */
static enum ms_meeting refusal(const struct ms_site *a, const struct ms_site *b)
{
	if (!memcmp(a->node_id, b->node_id, MS_UUID))
		return MS_MEET_REFUSE_SELF;
	if (a->sectors != b->sectors)
		return MS_MEET_REFUSE_SIZE;
	if (a->seg_shift != b->seg_shift || a->code_algo != b->code_algo)
		return MS_MEET_REFUSE_SEGMENT;
	return MS_MEET_NONE;
}

static bool may_adopt(const struct ms_site *s)
{
	return s->flags & MS_SB_NEVER_MET && !s->gens.current_gen;
}

/* Of two that could adopt: does @a keep its own volume id? */
static bool keeps(const struct ms_site *a, const struct ms_site *b)
{
	if (claim_of(a) != claim_of(b))
		return claim_of(a) > claim_of(b);
	return memcmp(a->node_id, b->node_id, MS_UUID) < 0;
}

/* Who takes the other's volume id and seed. Return: false when they need to agree and cannot. */
static bool agree_on_volume(const struct ms_site *local, const struct ms_site *peer,
			    enum ms_adopt *adopt)
{
	bool local_may = may_adopt(local);
	bool peer_may = may_adopt(peer);

	*adopt = MS_ADOPT_NOTHING;
	if (!memcmp(local->volume_id, peer->volume_id, MS_UUID) &&
	    local->code_seed == peer->code_seed)
		return true;
	if (!local_may && !peer_may)
		return false;
	if (local_may && peer_may)
		local_may = !keeps(local, peer);
	*adopt = local_may ? MS_ADOPT_LOCAL : MS_ADOPT_PEER;
	return true;
}

/* Can the marks since the target's generation be trusted? */
static enum ms_scope scope_of(enum ms_relation relation, const struct ms_site *source,
			      const struct ms_site *target)
{
	u64 since = target->gens.current_gen;

	if ((source->flags | target->flags) & MS_SB_ALL_CANDIDATES)
		return MS_SCOPE_ALL;
	if (relation == MS_REL_SAME)
		return MS_SCOPE_MARKS;
	if (since && (since == source->gens.base || since == source->gens.offered))
		return MS_SCOPE_MARKS;
	return MS_SCOPE_ALL;
}

static bool has_met(const struct ms_site *s)
{
	static const u8 nobody[MS_UUID];

	return memcmp(s->seen_node, nobody, MS_UUID);
}

/*
 * Does @s's history lack what @other has seen of it? If @other has met another in its place last,
 * all of it is missing: @s may be an old disk, from before its site was given new metadata. That
 * counts if both have data: there may be newer at @other.
 */
static bool gone_back(const struct ms_site *s, const struct ms_site *other)
{
	if (!memcmp(other->seen_node, s->node_id, MS_UUID))
		return !ms_history_has(&s->history, &other->seen);
	return has_met(other) && s->gens.current_gen && other->gens.current_gen;
}

/*
 * Has @s, without data, come in the place of another that @other has met? That one may be back
 * soon, so it is the one that counts for @other as long as nothing is given to @s.
 */
static bool is_new(const struct ms_site *s, const struct ms_site *other)
{
	return !s->gens.current_gen && other->gens.current_gen && has_met(other) &&
	       memcmp(other->seen_node, s->node_id, MS_UUID);
}

/* What going back in time makes of a meeting. */
static enum ms_meeting after_going_back(const struct ms_site *local, const struct ms_site *peer,
					const struct ms_decision *d)
{
	const struct ms_site *s = d->local_back ? local : peer;

	if (d->meeting == SPLIT || d->meeting == UNREL)
		return d->meeting;
	/* One that is inconsistent anyway may be overwritten: a resync of all goes on. */
	if (d->meeting == SRC && !d->local_back && peer->disk == MS_DISK_INCONSISTENT)
		return SRC;
	if (d->meeting == TGT && !d->peer_back && local->disk == MS_DISK_INCONSISTENT)
		return TGT;
	if ((d->local_back && d->peer_back) || s->flags & MS_SB_CHOSEN)
		return UNREL;
	return d->local_back ? MS_MEET_OUTDATED : P_OUT;
}

static void meet_by_table(const struct ms_site *local, const struct ms_site *peer,
			  struct ms_decision *d)
{
	const struct ms_site *source, *target;

	d->meeting = table(d->relation, claim_against(local, peer), claim_against(peer, local));
	if (d->meeting == MS_MEET_SOURCE) {
		source = local;
		target = peer;
	} else if (d->meeting == MS_MEET_TARGET) {
		source = peer;
		target = local;
	} else {
		return;
	}
	d->scope = scope_of(d->relation, source, target);
	if (source->disk != MS_DISK_CONSISTENT)
		d->meeting = MS_MEET_NO_SOURCE;
}

static bool is_or_may_be_source(enum ms_meeting m)
{
	return m == MS_MEET_SOURCE || m == P_OUT;
}

void ms_rules_meet(const struct ms_site *local, const struct ms_site *peer,
		   struct ms_decision *d)
{
	d->relation = ms_rules_relation(&local->gens, &peer->gens);
	d->scope = MS_SCOPE_ALL;
	d->adopt = MS_ADOPT_NOTHING;
	d->trusted = false;
	d->local_back = false;
	d->peer_back = false;
	d->peer_new = false;
	d->meeting = refusal(local, peer);
	if (d->meeting)
		return;
	if (!agree_on_volume(local, peer, &d->adopt)) {
		d->meeting = MS_MEET_REFUSE_VOLUME;
		return;
	}

	meet_by_table(local, peer, d);
	d->local_back = gone_back(local, peer);
	d->peer_back = gone_back(peer, local);
	d->peer_new = is_new(peer, local);
	if (!d->local_back && !d->peer_back) {
		d->trusted = is_or_may_be_source(d->meeting) &&
			     scope_of(d->relation, local, peer) == MS_SCOPE_MARKS;
		return;
	}
	d->meeting = after_going_back(local, peer, d);
	d->scope = MS_SCOPE_ALL;
}

void ms_gens_start(struct ms_gens *g, u64 gen)
{
	u32 i;

	if (g->current_gen) {
		for (i = MS_GEN_HISTORY - 1; i; i--)
			g->history[i] = g->history[i - 1];
		g->history[0] = g->current_gen;
	}
	g->current_gen = gen;
}

void ms_gens_in_sync(struct ms_gens *g, u64 told)
{
	g->base = told;
	if (g->offered == told || g->offered != g->current_gen)
		g->offered = 0;
}

void ms_gens_adopt(struct ms_gens *g, const struct ms_gens *src)
{
	*g = *src;
	g->base = src->current_gen;
	g->offered = 0;
}

bool ms_gens_shared(const struct ms_gens *g)
{
	return g->current_gen == g->base || g->current_gen == g->offered;
}
