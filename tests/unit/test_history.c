// SPDX-License-Identifier: GPL-2.0-only
/*
 * Going back in time (I11): which points a history contains, and what a site that has lost
 * some may be in a meeting.
 */
#include "help.h"
#include "shared/rules.h"

static void points(void **state)
{
	struct ms_history h = { .now = { 10, 100 } };
	struct ms_point p = { 0, 55 };

	(void)state;
	assert_true(ms_history_has(&h, &p));	/* nothing was seen */
	for (u64 n = 99; n < 102; n++) {
		p = (struct ms_point){ 10, n };
		assert_int_equal(ms_history_has(&h, &p), n <= 100);
	}
	p.id = 9;
	assert_false(ms_history_has(&h, &p));
	/* the activation before ended at 40 */
	p = (struct ms_point){ 9, 40 };
	ms_history_begin(h.past, &p);
	assert_true(ms_history_has(&h, &p));
	p.commits = 41;
	assert_false(ms_history_has(&h, &p));
}

static void old_activations_are_forgotten(void **state)
{
	struct ms_history h = { .now = { 1000, 1000 } };
	struct ms_disk_point raw[MS_PAST];
	struct ms_point p, back[MS_PAST];

	(void)state;
	p = (struct ms_point){ 0, 1 };
	ms_history_begin(h.past, &p);
	assert_int_equal(h.past[0].id, 0);
	for (u64 i = 1; i <= MS_PAST + 3; i++) {
		p = (struct ms_point){ i, 10 * i };
		ms_history_begin(h.past, &p);
	}
	for (u64 i = 1; i <= MS_PAST + 3; i++) {
		p = (struct ms_point){ i, 10 * i };
		assert_int_equal(ms_history_has(&h, &p), i > 3);
	}
	ms_past_encode(h.past, raw);
	ms_past_decode(raw, back);
	assert_memory_equal(back, h.past, sizeof(back));
}

/* Two sites of one generation, in sync; the second has seen the first at commit 50. */
static void two(struct ms_site s[2])
{
	memset(s, 0, 2 * sizeof(*s));
	for (u32 i = 0; i < 2; i++) {
		memset(s[i].volume_id, 7, MS_UUID);
		memset(s[i].node_id, 1 + i, MS_UUID);
		memset(s[i].seen_node, 2 - i, MS_UUID);
		s[i].sectors = 1 << 20;
		s[i].seg_shift = 12;
		s[i].gens.current_gen = s[i].gens.base = 77;
		s[i].history.now.id = 100 + i;
	}
	s[0].history.now.commits = 50;
	s[1].seen = (struct ms_point){ 100, 50 };
}

static void mirrored(const struct ms_site s[2], enum ms_meeting local, enum ms_meeting peer,
		     struct ms_decision *d)
{
	struct ms_decision m;

	ms_rules_meet(&s[0], &s[1], d);
	ms_rules_meet(&s[1], &s[0], &m);
	assert_int_equal(d->meeting, local);
	assert_int_equal(m.meeting, peer);
	assert_int_equal(d->local_back, m.peer_back);
	assert_int_equal(d->peer_back, m.local_back);
	assert_int_equal(d->scope, m.scope);
}

static void meetings(void **state)
{
	struct ms_decision d;
	struct ms_site s[2];

	(void)state;
	two(s);
	s[0].claim = MS_CLAIM_WAITING;
	mirrored(s, MS_MEET_SOURCE, MS_MEET_TARGET, &d);
	assert_false(d.local_back);

	/* restored: never a source, however strong its claim and new its generation */
	s[0].history.now.commits = 49;
	for (u32 claim = 0; claim < 4; claim++) {
		s[0].claim = claim;
		mirrored(s, MS_MEET_OUTDATED, MS_MEET_PEER_OUTDATED, &d);
		assert_true(d.local_back);
		assert_int_equal(d.scope, MS_SCOPE_ALL);
	}
	s[0].gens.current_gen = 78;
	s[0].gens.history[0] = 77;
	mirrored(s, MS_MEET_OUTDATED, MS_MEET_PEER_OUTDATED, &d);

	/* the operator wants it: then the other has to be named the loser */
	s[0].flags = MS_SB_CHOSEN;
	mirrored(s, MS_MEET_UNRELATED, MS_MEET_UNRELATED, &d);
	s[0].flags = 0;

	/* both restored */
	s[0].seen = (struct ms_point){ 99, 1 };
	mirrored(s, MS_MEET_UNRELATED, MS_MEET_UNRELATED, &d);
	s[0].seen.id = 0;

	/* both wrote alone: split brain as ever */
	s[1].gens.current_gen = 79;
	s[1].gens.history[0] = 77;
	mirrored(s, MS_MEET_SPLIT_BRAIN, MS_MEET_SPLIT_BRAIN, &d);
}

/* A failback onto a restored site that was cut goes on by itself. */
static void inconsistent_target(void **state)
{
	struct ms_decision d;
	struct ms_site s[2];

	(void)state;
	two(s);
	s[0].history.now.commits = 49;
	s[0].disk = MS_DISK_INCONSISTENT;
	s[1].claim = MS_CLAIM_WAITING;
	mirrored(s, MS_MEET_TARGET, MS_MEET_SOURCE, &d);
	assert_int_equal(d.scope, MS_SCOPE_ALL);
	/* it asks for the role, with a newer generation: not as a source */
	s[0].claim = MS_CLAIM_WAITING;
	s[1].claim = MS_CLAIM_NONE;
	mirrored(s, MS_MEET_OUTDATED, MS_MEET_PEER_OUTDATED, &d);
}

/*
 * Of one that has data and is not whom the other has met last nothing was seen: it may be an
 * old disk, put back after its site had been given new metadata.
 */
static void another_node(void **state)
{
	struct ms_decision d;
	struct ms_site s[2];

	(void)state;
	two(s);
	memset(s[1].seen_node, 9, MS_UUID);
	for (u32 claim = 0; claim < 4; claim++) {
		s[0].claim = claim;
		mirrored(s, MS_MEET_OUTDATED, MS_MEET_PEER_OUTDATED, &d);
		assert_true(d.local_back);
	}
	/* as over any that has gone back, a copy that was cut goes on */
	s[0].claim = MS_CLAIM_NONE;
	s[0].disk = MS_DISK_INCONSISTENT;
	s[1].claim = MS_CLAIM_WAITING;
	mirrored(s, MS_MEET_TARGET, MS_MEET_SOURCE, &d);
	/* neither has met the other, both another */
	memset(s[0].seen_node, 8, MS_UUID);
	mirrored(s, MS_MEET_UNRELATED, MS_MEET_UNRELATED, &d);
}

/* Where nothing can be lost another one is as good as any. */
static void another_node_without_data(void **state)
{
	struct ms_decision d;
	struct ms_site s[2];

	(void)state;
	/* the stranger is blank: new metadata */
	two(s);
	memset(s[1].seen_node, 9, MS_UUID);
	memset(&s[0].gens, 0, sizeof(s[0].gens));
	s[1].claim = MS_CLAIM_WAITING;
	mirrored(s, MS_MEET_TARGET, MS_MEET_SOURCE, &d);
	assert_false(d.local_back);
	assert_false(d.peer_new);
	/* it takes the place of the one before only when it is copied to */
	ms_rules_meet(&s[1], &s[0], &d);
	assert_true(d.peer_new);
	memset(s[1].seen_node, 1, MS_UUID);
	ms_rules_meet(&s[1], &s[0], &d);
	assert_false(d.peer_new);
	memset(s[1].seen_node, 0, MS_UUID);
	ms_rules_meet(&s[1], &s[0], &d);
	assert_false(d.peer_new);
	/* or who has met another is: new metadata, or a copy over it that was never completed */
	two(s);
	memset(s[1].seen_node, 9, MS_UUID);
	memset(&s[1].gens, 0, sizeof(s[1].gens));
	s[0].claim = MS_CLAIM_WAITING;
	mirrored(s, MS_MEET_SOURCE, MS_MEET_TARGET, &d);
	assert_false(d.local_back);
	s[1].disk = MS_DISK_INCONSISTENT;
	mirrored(s, MS_MEET_SOURCE, MS_MEET_TARGET, &d);
	/* or has met nobody */
	two(s);
	memset(s[1].seen_node, 0, MS_UUID);
	s[0].claim = MS_CLAIM_WAITING;
	mirrored(s, MS_MEET_SOURCE, MS_MEET_TARGET, &d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points),
		cmocka_unit_test(old_activations_are_forgotten),
		cmocka_unit_test(meetings),
		cmocka_unit_test(inconsistent_target),
		cmocka_unit_test(another_node),
		cmocka_unit_test(another_node_without_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
