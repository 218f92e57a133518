// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules, exhaustively over small worlds: the sentences of rules.h written
 * down a second time as code, and what must hold whatever the sentences say:
 * both sites come to conclusions that fit, there are never two sources, and a
 * site without data is never the source of one that has some.
 */
#include "help.h"
#include "shared/rules.h"

/* --- generations --- */

static bool in_history(const struct ms_gens *g, u64 gen)
{
	for (u32 i = 0; i < MS_GEN_HISTORY; i++)
		if (gen && g->history[i] == gen)
			return true;
	return gen && (g->base == gen || g->offered == gen);
}

static enum ms_relation naive_relation(const struct ms_gens *l, const struct ms_gens *p)
{
	bool l_has = in_history(l, p->current_gen), p_has = in_history(p, l->current_gen);
	bool common = l_has && p_has;

	if (!l->current_gen && !p->current_gen)
		return MS_REL_BLANK_BOTH;
	if (!l->current_gen)
		return MS_REL_BLANK_LOCAL;
	if (!p->current_gen)
		return MS_REL_BLANK_PEER;
	if (l->current_gen == p->current_gen)
		return MS_REL_SAME;
	for (u64 gen = 1; gen < 8; gen++)
		common |= in_history(l, gen) && in_history(p, gen);
	if (l_has != p_has)
		return l_has ? MS_REL_LOCAL_NEWER : MS_REL_PEER_NEWER;
	return common ? MS_REL_FORKED : MS_REL_UNRELATED;
}

static enum ms_relation mirror_relation(enum ms_relation r)
{
	switch (r) {
	case MS_REL_BLANK_LOCAL: return MS_REL_BLANK_PEER;
	case MS_REL_BLANK_PEER: return MS_REL_BLANK_LOCAL;
	case MS_REL_LOCAL_NEWER: return MS_REL_PEER_NEWER;
	case MS_REL_PEER_NEWER: return MS_REL_LOCAL_NEWER;
	default: return r;
	}
}

/* Generations number @i of a world in which there are but three of them. */
#define GENS	1024u
static struct ms_gens gens_of(u32 i)
{
	struct ms_gens g;

	memset(&g, 0, sizeof(g));
	g.current_gen = i & 3;
	g.base = i >> 2 & 3;
	g.offered = i >> 4 & 3;
	g.history[0] = i >> 6 & 3;
	g.history[MS_GEN_HISTORY - 1] = i >> 8 & 3;
	return g;
}

static void every_relation(void **state)
{
	u32 seen[MS_REL_COUNT] = { 0 };

	(void)state;
	for (u32 i = 0; i < GENS; i++)
		for (u32 k = 0; k < GENS; k++) {
			struct ms_gens l = gens_of(i), p = gens_of(k);
			enum ms_relation r = ms_rules_relation(&l, &p);

			assert_int_equal(r, naive_relation(&l, &p));
			assert_int_equal(ms_rules_relation(&p, &l), mirror_relation(r));
			seen[r]++;
		}
	for (u32 r = 0; r < MS_REL_COUNT; r++)
		assert_true(seen[r] > 0);
}

static void starting_a_generation(void **state)
{
	struct ms_gens g, before;

	(void)state;
	memset(&g, 0, sizeof(g));
	ms_gens_start(&g, 100);
	assert_int_equal(g.current_gen, 100);
	assert_int_equal(g.history[0], 0);
	g.base = 100;
	g.offered = 77;
	for (u64 gen = 101; gen < 120; gen++) {
		before = g;
		ms_gens_start(&g, gen);
		assert_int_equal(g.current_gen, gen);
		assert_int_equal(g.history[0], gen - 1);
		for (u32 i = 1; i < MS_GEN_HISTORY; i++)
			assert_int_equal(g.history[i], before.history[i - 1]);
		assert_int_equal(g.base, 100);
		assert_int_equal(g.offered, 77);
		/* the older is known as older, however long ago: it is the base */
		before = (struct ms_gens) { .current_gen = 100, .base = 100 };
		assert_int_equal(ms_rules_relation(&g, &before), MS_REL_LOCAL_NEWER);
	}
}

static void sharing_a_generation(void **state)
{
	struct ms_gens g, t;

	(void)state;
	memset(&g, 0, sizeof(g));
	assert_true(ms_gens_shared(&g));	/* none at all: one is needed before a write */
	ms_gens_start(&g, 1);
	assert_false(ms_gens_shared(&g));	/* nobody else has it */
	g.offered = 1;
	assert_true(ms_gens_shared(&g));	/* the peer may have it */
	memset(&t, 0, sizeof(t));
	t.offered = 55;
	ms_gens_adopt(&t, &g);
	assert_int_equal(t.current_gen, 1);
	assert_int_equal(t.base, 1);
	assert_int_equal(t.offered, 0);
	assert_true(ms_gens_shared(&t));
	assert_int_equal(ms_rules_relation(&g, &t), MS_REL_SAME);
	ms_gens_in_sync(&g, g.current_gen);
	assert_int_equal(g.base, 1);
	assert_int_equal(g.offered, 0);
	assert_true(ms_gens_shared(&g));
	ms_gens_start(&g, 2);
	assert_false(ms_gens_shared(&g));
	assert_int_equal(ms_rules_relation(&g, &t), MS_REL_LOCAL_NEWER);
	g.offered = 2;
	ms_gens_in_sync(&g, 1);		/* the answer of before: the offer is still on its way */
	assert_int_equal(g.base, 1);
	assert_int_equal(g.offered, 2);
	assert_true(ms_gens_shared(&g));
	g.offered = 7;			/* of one that is over */
	ms_gens_in_sync(&g, 1);
	assert_int_equal(g.offered, 0);
	ms_gens_start(&t, 3);
	assert_int_equal(ms_rules_relation(&g, &t), MS_REL_FORKED);
}

/* --- meetings --- */

static enum ms_meeting mirror_meeting(enum ms_meeting m)
{
	switch (m) {
	case MS_MEET_SOURCE: return MS_MEET_TARGET;
	case MS_MEET_TARGET: return MS_MEET_SOURCE;
	case MS_MEET_PEER_OUTDATED: return MS_MEET_OUTDATED;
	case MS_MEET_OUTDATED: return MS_MEET_PEER_OUTDATED;
	default: return m;
	}
}

static bool strong(u32 claim)
{
	return claim == MS_CLAIM_ACTIVE || claim == MS_CLAIM_WAITING;
}

/* The sentences of ms_rules_meet()'s description, for those that talk at all. */
static enum ms_meeting naive_meeting(enum ms_relation r, u32 l, u32 p)
{
	switch (r) {
	case MS_REL_SAME:
		if (l == p)
			return l == MS_CLAIM_NONE ? MS_MEET_NO_PRIMARY : MS_MEET_TWO_PRIMARIES;
		return l > p ? MS_MEET_SOURCE : MS_MEET_TARGET;
	case MS_REL_LOCAL_NEWER:
		if (strong(p))
			return MS_MEET_PEER_OUTDATED;
		if (l == MS_CLAIM_NONE)
			return p == MS_CLAIM_ASKS ? MS_MEET_PEER_OUTDATED : MS_MEET_NO_PRIMARY;
		return MS_MEET_SOURCE;
	case MS_REL_BLANK_PEER:
		if (p != MS_CLAIM_NONE)
			return MS_MEET_PEER_OUTDATED;
		return l == MS_CLAIM_NONE ? MS_MEET_NO_PRIMARY : MS_MEET_SOURCE;
	case MS_REL_BLANK_BOTH:
		if (l == p)
			return l == MS_CLAIM_NONE ? MS_MEET_NO_PRIMARY : MS_MEET_TWO_PRIMARIES;
		return l > p ? MS_MEET_SOURCE : MS_MEET_TARGET;
	case MS_REL_FORKED:
		return MS_MEET_SPLIT_BRAIN;
	case MS_REL_UNRELATED:
		return MS_MEET_UNRELATED;
	default:
		return mirror_meeting(naive_meeting(mirror_relation(r), p, l));
	}
}

/* What is left of a copy that was cut says nothing against going on with it. */
static u32 naive_claim(const struct ms_site *s, const struct ms_site *other)
{
	bool half = s->disk == MS_DISK_INCONSISTENT && !s->gens.current_gen;

	if (half && s->claim == MS_CLAIM_ASKS && other->gens.current_gen && other->claim)
		return MS_CLAIM_NONE;
	return s->claim;
}

static struct ms_site site(u8 node)
{
	struct ms_site s;

	memset(&s, 0, sizeof(s));
	memset(s.node_id, node, MS_UUID);
	memset(s.volume_id, 9, MS_UUID);
	s.sectors = 1000;
	s.seg_shift = 12;
	s.code_algo = 1;
	s.code_seed = 5;
	return s;
}

/* Marks are believed only since a generation that the target has. */
static void check_marks_count(const struct ms_site *source, const struct ms_site *target)
{
	u64 since = target->gens.current_gen;

	assert_int_not_equal(since, 0);
	assert_false((source->flags | target->flags) & MS_SB_ALL_CANDIDATES);
	assert_true(since == source->gens.current_gen || since == source->gens.base ||
		    since == source->gens.offered);
}

static void check_invariants(const struct ms_site *l, const struct ms_site *p)
{
	const struct ms_site *source, *target;
	struct ms_decision d, m;

	ms_rules_meet(l, p, &d);
	ms_rules_meet(p, l, &m);
	assert_true(d.meeting > MS_MEET_NONE && d.meeting < MS_MEET_COUNT);
	assert_int_equal(m.meeting, mirror_meeting(d.meeting));
	assert_int_equal(m.relation, mirror_relation(d.relation));
	assert_int_equal(m.scope, d.scope);
	if (d.adopt == MS_ADOPT_NOTHING)
		assert_int_equal(m.adopt, MS_ADOPT_NOTHING);
	else
		assert_int_equal(d.adopt + m.adopt, MS_ADOPT_LOCAL + MS_ADOPT_PEER);
	if (d.trusted) {
		assert_true(d.meeting == MS_MEET_SOURCE || d.meeting == MS_MEET_PEER_OUTDATED);
		assert_false(m.trusted);
		check_marks_count(l, p);
	}
	if (d.meeting != MS_MEET_SOURCE)
		return;

	source = l;
	target = p;
	assert_int_not_equal(m.meeting, MS_MEET_SOURCE);
	assert_int_equal(source->disk, MS_DISK_CONSISTENT);
	/* No data never overwrites data; older data never newer data. */
	if (!source->gens.current_gen)
		assert_int_equal(target->gens.current_gen, 0);
	assert_true(d.relation == MS_REL_SAME || d.relation == MS_REL_LOCAL_NEWER ||
		    d.relation == MS_REL_BLANK_PEER || d.relation == MS_REL_BLANK_BOTH);
	assert_true(source->claim > MS_CLAIM_NONE);
	if (d.scope == MS_SCOPE_MARKS)
		check_marks_count(source, target);
	assert_int_equal(d.trusted, d.scope == MS_SCOPE_MARKS);
}

/* Every pair of generations and of claims of the small world. */
static void invariants_for_all_generations(void **state)
{
	(void)state;
	for (u32 i = 0; i < GENS; i++)
		for (u32 k = 0; k < GENS; k += 3) {
			struct ms_site l = site(1), p = site(2);

			l.gens = gens_of(i);
			p.gens = gens_of(k);
			for (u32 c = 0; c < 16; c++) {
				l.claim = c & 3;
				p.claim = c >> 2;
				check_invariants(&l, &p);
			}
		}
}

/* One pair of generations for each relation. */
static void relate(enum ms_relation r, struct ms_gens *l, struct ms_gens *p)
{
	memset(l, 0, sizeof(*l));
	memset(p, 0, sizeof(*p));
	switch (r) {
	case MS_REL_BLANK_BOTH:
		break;
	case MS_REL_BLANK_LOCAL:
		p->current_gen = 1;
		break;
	case MS_REL_BLANK_PEER:
		l->current_gen = 1;
		break;
	case MS_REL_SAME:
		l->current_gen = p->current_gen = 1;
		break;
	case MS_REL_LOCAL_NEWER:
		l->current_gen = 2;
		l->history[0] = l->base = p->current_gen = p->base = 1;
		break;
	case MS_REL_PEER_NEWER:
		relate(MS_REL_LOCAL_NEWER, p, l);
		break;
	case MS_REL_FORKED:
		l->current_gen = 2;
		p->current_gen = 3;
		l->history[0] = p->history[0] = 1;
		break;
	default:
		l->current_gen = 2;
		p->current_gen = 3;
		break;
	}
	assert_int_equal(ms_rules_relation(l, p), r);
}

/* Relations, claims, disks, flags and volume ids, all with all. */
static void the_documented_table(void **state)
{
	static const u32 flags[] = {
		0, MS_SB_NEVER_MET, MS_SB_ALL_CANDIDATES,
		MS_SB_NEVER_MET | MS_SB_ALL_CANDIDATES,
	};

	(void)state;
	for (u32 i = 0; i < MS_REL_COUNT * 16 * 9 * 16 * 2; i++) {
		enum ms_relation r = i % MS_REL_COUNT;
		u32 rest = i / MS_REL_COUNT;
		struct ms_site l = site(1), p = site(2);
		struct ms_decision d;
		enum ms_meeting want;
		bool other_volume;

		relate(r, &l.gens, &p.gens);
		l.claim = rest & 3;
		p.claim = rest >> 2 & 3;
		l.flags = flags[rest >> 4 & 3];
		p.flags = flags[rest >> 6 & 3];
		other_volume = rest >> 8 & 1;
		l.disk = (rest >> 9) % 3;
		p.disk = (rest >> 9) / 3;
		if (other_volume)
			p.volume_id[0]++;
		check_invariants(&l, &p);

		ms_rules_meet(&l, &p, &d);
		if (other_volume) {
			bool l_may = l.flags & MS_SB_NEVER_MET && !l.gens.current_gen;
			bool p_may = p.flags & MS_SB_NEVER_MET && !p.gens.current_gen;

			if (!l_may && !p_may) {
				assert_int_equal(d.meeting, MS_MEET_REFUSE_VOLUME);
				continue;
			}
			if (l_may && p_may)	/* equal claims: the smaller id keeps its own */
				l_may = l.claim < p.claim;
			assert_int_equal(d.adopt, l_may ? MS_ADOPT_LOCAL : MS_ADOPT_PEER);
		} else {
			assert_int_equal(d.adopt, MS_ADOPT_NOTHING);
		}
		assert_int_equal(d.relation, r);
		want = naive_meeting(r, naive_claim(&l, &p), naive_claim(&p, &l));
		if ((want == MS_MEET_SOURCE && l.disk != MS_DISK_CONSISTENT) ||
		    (want == MS_MEET_TARGET && p.disk != MS_DISK_CONSISTENT))
			want = MS_MEET_NO_SOURCE;
		assert_int_equal(d.meeting, want);
		if (want == MS_MEET_SOURCE || want == MS_MEET_TARGET) {
			bool trusted = (r == MS_REL_SAME || r == MS_REL_LOCAL_NEWER ||
					r == MS_REL_PEER_NEWER) &&
				       !((l.flags | p.flags) & MS_SB_ALL_CANDIDATES);

			assert_int_equal(d.scope, trusted ? MS_SCOPE_MARKS : MS_SCOPE_ALL);
		}
	}
}

static enum ms_meeting meet(const struct ms_site *l, const struct ms_site *p)
{
	struct ms_decision d;

	check_invariants(l, p);
	ms_rules_meet(l, p, &d);
	return d.meeting;
}

/*
 * A copy over a site without a generation, be it that it gave up its own, and that was cut: whatever
 * its table line asks for, it goes on. One that was only formatted is not overwritten for that.
 */
static void half_copied_target(void **state)
{
	static const u8 want[4][4] = {
		/* NONE */    { MS_MEET_NO_PRIMARY, MS_MEET_PEER_OUTDATED, MS_MEET_PEER_OUTDATED, MS_MEET_PEER_OUTDATED },
		/* ASKS */    { MS_MEET_SOURCE, MS_MEET_SOURCE, MS_MEET_PEER_OUTDATED, MS_MEET_PEER_OUTDATED },
		/* WAITING */ { MS_MEET_SOURCE, MS_MEET_SOURCE, MS_MEET_PEER_OUTDATED, MS_MEET_PEER_OUTDATED },
		/* ACTIVE */  { MS_MEET_SOURCE, MS_MEET_SOURCE, MS_MEET_PEER_OUTDATED, MS_MEET_PEER_OUTDATED },
	};
	struct ms_site l = site(1), p = site(2);
	struct ms_decision d;

	(void)state;
	l.gens = (struct ms_gens) { .current_gen = 2, .offered = 2, .history = { 1 } };
	l.flags = MS_SB_FAILBACK | MS_SB_ALL_CANDIDATES;
	for (u32 c = 0; c < 16; c++) {
		l.claim = c >> 2;
		p.claim = c & 3;
		p.disk = MS_DISK_INCONSISTENT;
		assert_int_equal(meet(&l, &p), want[l.claim][p.claim]);
		assert_int_equal(meet(&p, &l), mirror_meeting(want[l.claim][p.claim]));
		ms_rules_meet(&l, &p, &d);
		assert_int_equal(d.scope, MS_SCOPE_ALL);
		p.disk = MS_DISK_CONSISTENT;
		if (p.claim)
			assert_int_equal(meet(&l, &p), MS_MEET_PEER_OUTDATED);
	}
	/* Its source is gone, another one without data is no source for it. */
	l = site(1);
	l.claim = p.claim = MS_CLAIM_ASKS;
	p.disk = MS_DISK_INCONSISTENT;
	assert_int_equal(meet(&l, &p), MS_MEET_TWO_PRIMARIES);
}

static void marks_need_a_known_generation(void **state)
{
	struct ms_site l = site(1), p = site(2);
	struct ms_decision d;

	(void)state;
	l.claim = MS_CLAIM_ACTIVE;
	l.gens = (struct ms_gens) { .current_gen = 5, .base = 2, .offered = 4,
				    .history = { 4, 3, 2, 1 } };
	for (u64 gen = 1; gen <= 5; gen++) {
		p.gens.current_gen = gen;
		ms_rules_meet(&l, &p, &d);
		assert_int_equal(d.meeting, MS_MEET_SOURCE);
		assert_int_equal(d.scope, gen == 2 || gen == 4 || gen == 5 ?
				 MS_SCOPE_MARKS : MS_SCOPE_ALL);
	}
}

/* Refusals come before all else, and in this order. */
static void refusals(void **state)
{
	struct ms_site l = site(1), p;

	(void)state;
	for (u32 set = 0; set < 32; set++) {
		enum ms_meeting want = MS_MEET_NO_PRIMARY;

		p = site(2);
		if (set & 1) {
			p.code_seed++;
			want = MS_MEET_REFUSE_VOLUME;
		}
		if (set & 2) {
			p.code_algo++;
			want = MS_MEET_REFUSE_SEGMENT;
		}
		if (set & 4) {
			p.seg_shift++;
			want = MS_MEET_REFUSE_SEGMENT;
		}
		if (set & 8) {
			p.sectors++;
			want = MS_MEET_REFUSE_SIZE;
		}
		if (set & 16) {
			memcpy(p.node_id, l.node_id, MS_UUID);
			want = MS_MEET_REFUSE_SELF;
		}
		assert_int_equal(meet(&l, &p), want);
	}
}

static void who_adopts_the_volume(void **state)
{
	struct ms_site l = site(1), p = site(2);
	struct ms_decision d;

	(void)state;
	p.volume_id[15] = 1;
	l.flags = p.flags = MS_SB_NEVER_MET;
	for (u32 c = 0; c < 16; c++) {
		l.claim = c & 3;
		p.claim = c >> 2;
		check_invariants(&l, &p);
		ms_rules_meet(&l, &p, &d);
		assert_int_equal(d.adopt, l.claim >= p.claim ? MS_ADOPT_PEER : MS_ADOPT_LOCAL);
	}
	l.flags = 0;
	ms_rules_meet(&l, &p, &d);
	assert_int_equal(d.adopt, MS_ADOPT_PEER);
	p.gens.current_gen = 1;	/* has data of its own volume */
	ms_rules_meet(&l, &p, &d);
	assert_int_equal(d.meeting, MS_MEET_REFUSE_VOLUME);
	/* a seed alone counts as another volume */
	p = site(2);
	p.code_seed = 6;
	p.flags = MS_SB_NEVER_MET;
	ms_rules_meet(&l, &p, &d);
	assert_int_equal(d.adopt, MS_ADOPT_PEER);
}

/* A claim that no version knows must not read beyond the table or win quietly. */
static void unknown_claims(void **state)
{
	struct ms_site l = site(1), p = site(2);

	(void)state;
	l.gens.current_gen = p.gens.current_gen = 1;
	l.claim = MS_CLAIM_ACTIVE;
	p.claim = 4;
	assert_int_equal(meet(&l, &p), MS_MEET_TWO_PRIMARIES);
	p.claim = ~0u;
	assert_int_equal(meet(&l, &p), MS_MEET_TWO_PRIMARIES);
}

/* --- commands --- */

/* Situation number @i: everything with everything. */
#define SITUATIONS	(2u * MS_MEET_COUNT * MS_REL_COUNT * 4 * 4 * 3 * 3 * 2 * 2 * 2)
static struct ms_situation situation(u32 i)
{
	struct ms_situation s;

	s.connected = i % 2; i /= 2;
	s.meeting = i % MS_MEET_COUNT; i /= MS_MEET_COUNT;
	s.relation = i % MS_REL_COUNT; i /= MS_REL_COUNT;
	s.claim = i % 4; i /= 4;
	s.peer_claim = i % 4; i /= 4;
	s.disk = i % 3; i /= 3;
	s.peer_disk = i % 3; i /= 3;
	s.in_sync = i % 2; i /= 2;
	s.copying = i % 2; i /= 2;
	s.open = i % 2;
	return s;
}

static bool may_promote(const struct ms_situation *s, bool alone, bool force)
{
	if (s->claim == MS_CLAIM_ACTIVE)
		return true;
	if (s->connected && (s->peer_claim == MS_CLAIM_ACTIVE || s->meeting == MS_MEET_TARGET))
		return false;
	if (force)
		return true;
	if (s->disk != MS_DISK_CONSISTENT)
		return false;
	if (!s->connected)
		return s->claim != MS_CLAIM_WAITING || alone;
	if (s->peer_claim == MS_CLAIM_WAITING && s->meeting != MS_MEET_PEER_OUTDATED)
		return false;
	return !s->copying &&
	       s->meeting != MS_MEET_SPLIT_BRAIN && s->meeting != MS_MEET_UNRELATED &&
	       s->meeting != MS_MEET_OUTDATED &&
	       s->relation != MS_REL_PEER_NEWER && s->relation != MS_REL_BLANK_LOCAL;
}

static bool may_fail_back(const struct ms_situation *s, bool force)
{
	if (s->claim != MS_CLAIM_ACTIVE || !s->connected || s->copying ||
	    s->peer_claim == MS_CLAIM_ACTIVE)
		return false;
	if (s->disk == MS_DISK_INCONSISTENT)
		return false;
	if (s->meeting == MS_MEET_SPLIT_BRAIN || s->meeting == MS_MEET_UNRELATED)
		return force;
	if (s->meeting == MS_MEET_PEER_OUTDATED &&
	    (s->relation == MS_REL_PEER_NEWER || s->relation == MS_REL_BLANK_LOCAL))
		return force;
	return s->meeting == MS_MEET_SOURCE || s->meeting == MS_MEET_PEER_OUTDATED;
}

static bool may_resolve(const struct ms_situation *s, enum ms_keep keep)
{
	enum ms_disk winner = keep == MS_KEEP_LOCAL ? s->disk : s->peer_disk;

	if (!s->connected || s->copying || winner == MS_DISK_INCONSISTENT)
		return false;
	if (keep == MS_KEEP_LOCAL ? s->peer_claim == MS_CLAIM_ACTIVE : s->open)
		return false;
	switch (s->meeting) {
	case MS_MEET_SPLIT_BRAIN:
	case MS_MEET_UNRELATED:
		return true;
	case MS_MEET_PEER_OUTDATED:
		return keep == MS_KEEP_LOCAL;
	case MS_MEET_OUTDATED:
		return keep == MS_KEEP_PEER;
	default:
		return false;
	}
}

static enum ms_meeting mirrored(enum ms_meeting m)
{
	if (m == MS_MEET_SOURCE || m == MS_MEET_TARGET)
		return m == MS_MEET_SOURCE ? MS_MEET_TARGET : MS_MEET_SOURCE;
	if (m == MS_MEET_OUTDATED || m == MS_MEET_PEER_OUTDATED)
		return m == MS_MEET_OUTDATED ? MS_MEET_PEER_OUTDATED : MS_MEET_OUTDATED;
	return m;
}

/* The same situation at the other site, which has its device closed. */
static struct ms_situation at_peer(const struct ms_situation *s)
{
	struct ms_situation p = *s;

	p.meeting = mirrored(s->meeting);
	p.claim = s->peer_claim;
	p.peer_claim = s->claim;
	p.disk = s->peer_disk;
	p.peer_disk = s->disk;
	p.open = false;
	return p;
}

/* The loser is named at either site: both come to the same conclusion. */
static void resolving(void **state)
{
	(void)state;
	for (u32 i = 0; i < SITUATIONS; i++) {
		struct ms_situation s = situation(i), p = at_peer(&s);

		assert_int_equal(!ms_rules_resolve(&s, MS_KEEP_LOCAL), may_resolve(&s, MS_KEEP_LOCAL));
		assert_int_equal(!ms_rules_resolve(&s, MS_KEEP_PEER), may_resolve(&s, MS_KEEP_PEER));
		if (!s.open && s.claim != MS_CLAIM_ACTIVE)
			assert_int_equal(!ms_rules_resolve(&s, MS_KEEP_PEER),
					 !ms_rules_resolve(&p, MS_KEEP_LOCAL));
		/* what failback --force may do in these meetings, it may; a primary is not needed */
		if ((s.meeting == MS_MEET_SPLIT_BRAIN || s.meeting == MS_MEET_UNRELATED ||
		     s.meeting == MS_MEET_PEER_OUTDATED) && !ms_rules_failback(&s, true))
			assert_null(ms_rules_resolve(&s, MS_KEEP_LOCAL));
		/* nobody's application loses what it runs on */
		if (s.peer_claim == MS_CLAIM_ACTIVE)
			assert_non_null(ms_rules_resolve(&s, MS_KEEP_LOCAL));
		if (s.open)
			assert_non_null(ms_rules_resolve(&s, MS_KEEP_PEER));
	}
}

static void commands(void **state)
{
	(void)state;
	for (u32 i = 0; i < SITUATIONS; i++) {
		struct ms_situation s = situation(i);
		bool active = s.claim == MS_CLAIM_ACTIVE;

		for (u32 k = 0; k < 4; k++)
			assert_int_equal(!ms_rules_promote(&s, k & 1, k >> 1),
					 may_promote(&s, k & 1, k >> 1));
		assert_int_equal(!ms_rules_demote(&s), !s.open && !(s.copying && active));
		assert_int_equal(!ms_rules_failback(&s, false), may_fail_back(&s, false));
		assert_int_equal(!ms_rules_failback(&s, true), may_fail_back(&s, true));
		assert_int_equal(!ms_rules_switch(&s),
				 active && s.connected && s.meeting == MS_MEET_SOURCE &&
				 s.in_sync && !s.copying && !s.open &&
				 s.disk != MS_DISK_INCONSISTENT);
	}
}

/* What must hold of the commands whatever the sentences say. */
static void commands_are_safe(void **state)
{
	(void)state;
	for (u32 i = 0; i < SITUATIONS; i++) {
		struct ms_situation s = situation(i);

		/* never a second master beside one that is active in the same session, or about to be */
		if (s.connected && s.claim != MS_CLAIM_ACTIVE &&
		    (s.peer_claim == MS_CLAIM_ACTIVE || s.meeting == MS_MEET_TARGET)) {
			assert_non_null(ms_rules_promote(&s, true, true));
			assert_non_null(ms_rules_promote(&s, true, false));
		}
		if (s.disk == MS_DISK_INCONSISTENT && s.claim != MS_CLAIM_ACTIVE)
			assert_non_null(ms_rules_promote(&s, true, false));
		/* nothing that the peer wrote alone is lost without force */
		if (s.meeting == MS_MEET_SPLIT_BRAIN || s.meeting == MS_MEET_UNRELATED)
			assert_non_null(ms_rules_failback(&s, false));
		if (s.open) {
			assert_non_null(ms_rules_demote(&s));
			assert_non_null(ms_rules_switch(&s));
		}
		/* force allows whatever is allowed without it */
		if (!ms_rules_promote(&s, false, false))
			assert_null(ms_rules_promote(&s, true, true));
		if (!ms_rules_failback(&s, false))
			assert_null(ms_rules_failback(&s, true));
		/* alone, force is always a way out */
		if (!s.connected)
			assert_null(ms_rules_promote(&s, false, true));
	}
}

/* --- words --- */

static void is_a_word(const char *name)
{
	assert_non_null(name);
	assert_true(strlen(name) > 0 && !strchr(name, ' '));
}

static void words(void **state)
{
	(void)state;
	for (int i = -2; i < 20; i++) {
		is_a_word(ms_meeting_name(i));
		is_a_word(ms_relation_name(i));
		is_a_word(ms_claim_name(i));
		is_a_word(ms_role_name(i));
		is_a_word(ms_disk_name(i));
		assert_true(strlen(ms_meeting_text(i)) > 0);
		assert_true(strlen(ms_meeting_text(i)) < 120);
		assert_null(strchr(ms_meeting_text(i), '\n'));
		if (i >= 0 && i < MS_MEET_COUNT)
			assert_string_not_equal(ms_meeting_name(i), "unknown");
		for (int k = 0; k < i && i < MS_MEET_COUNT; k++) {
			assert_string_not_equal(ms_meeting_name(i), ms_meeting_name(k));
			assert_string_not_equal(ms_meeting_text(i), ms_meeting_text(k));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_relation),
		cmocka_unit_test(starting_a_generation),
		cmocka_unit_test(sharing_a_generation),
		cmocka_unit_test(invariants_for_all_generations),
		cmocka_unit_test(the_documented_table),
		cmocka_unit_test(half_copied_target),
		cmocka_unit_test(marks_need_a_known_generation),
		cmocka_unit_test(refusals),
		cmocka_unit_test(who_adopts_the_volume),
		cmocka_unit_test(unknown_claims),
		cmocka_unit_test(commands),
		cmocka_unit_test(commands_are_safe),
		cmocka_unit_test(resolving),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
