// SPDX-License-Identifier: GPL-2.0-only
/*
 * The comparison of tables against one that looks at each segment by itself:
 * the three maps are disjoint, cover the extent and nothing more, and a pair
 * with an invalid code is never called equal.
 */
#include "help.h"
#include "shared/codec.h"
#include "shared/compare.h"

struct side {
	u8 valid[MS_BITMAP_BYTES];
	__le64 codes[MS_EXTENT_SEGS];
};

static struct side a, b;
static struct ms_verdict v;

/* Mostly valid, mostly equal, garbage beyond the extent too. */
static void fill(struct rng *rng)
{
	for (u32 i = 0; i < MS_EXTENT_SEGS; i++) {
		a.codes[i] = b.codes[i] = cpu_to_le64(rng_next(rng));
		switch (rng_below(rng, 6)) {
		case 0:
			b.codes[i] = cpu_to_le64(rng_next(rng));
			break;
		case 1:	/* one bit of one half */
			b.codes[i] ^= cpu_to_le64(1ull << rng_below(rng, 64));
		}
	}
	rng_fill(rng, a.valid, sizeof(a.valid));
	rng_fill(rng, b.valid, sizeof(b.valid));
	for (u32 i = 0; i < MS_EXTENT_SEGS; i++) {
		if (rng_below(rng, 2))
			ms_bit_set(a.valid, i);
		if (rng_below(rng, 2))
			ms_bit_set(b.valid, i);
	}
}

static void check(u32 segs)
{
	u32 equal = 0, differs = 0, unknown = 0;

	memset(&v, 0xff, sizeof(v));
	ms_compare_extent(a.valid, a.codes, b.valid, b.codes, segs, &v);
	for (u32 i = 0; i < MS_EXTENT_SEGS; i++) {
		bool valid = ms_bit(a.valid, i) && ms_bit(b.valid, i);
		bool same = a.codes[i] == b.codes[i];

		assert_int_equal(ms_bit(v.equal, i), i < segs && valid && same);
		assert_int_equal(ms_bit(v.differs, i), i < segs && valid && !same);
		assert_int_equal(ms_bit(v.unknown, i), i < segs && !valid);
		equal += ms_bit(v.equal, i);
		differs += ms_bit(v.differs, i);
		unknown += ms_bit(v.unknown, i);
	}
	assert_int_equal(equal + differs + unknown, segs);
	assert_int_equal(v.n_equal, equal);
	assert_int_equal(v.n_differs, differs);
	assert_int_equal(v.n_unknown, unknown);
}

static void every_size(void **state)
{
	struct rng rng = { 1 };

	(void)state;
	for (u32 segs = 0; segs <= MS_EXTENT_SEGS; segs++) {
		fill(&rng);
		check(segs);
	}
}

static void all_and_nothing(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	check(MS_EXTENT_SEGS);
	assert_int_equal(v.n_unknown, MS_EXTENT_SEGS);
	memset(a.valid, 0xff, sizeof(a.valid));
	check(MS_EXTENT_SEGS);
	assert_int_equal(v.n_unknown, MS_EXTENT_SEGS);
	memset(b.valid, 0xff, sizeof(b.valid));
	check(MS_EXTENT_SEGS);
	assert_int_equal(v.n_equal, MS_EXTENT_SEGS);
	for (u32 i = 0; i < 64; i++) {
		a.codes[0] = cpu_to_le64(1ull << i);
		check(MS_EXTENT_SEGS);
		assert_int_equal(v.n_differs, 1);
	}
}

static struct ms_summary_entry entry(u64 sequence, u64 digest, u32 valid, u32 marked, u32 flags)
{
	return (struct ms_summary_entry) {
		.sequence = cpu_to_le64(sequence),
		.digest = cpu_to_le64(digest),
		.valid = cpu_to_le16(valid),
		.marked = cpu_to_le16(marked),
		.flags = cpu_to_le32(flags),
	};
}

/* Only two whole, unmarked, known extents of one digest are equal by summary. */
static void summaries(void **state)
{
	struct ms_summary_entry good = entry(5, 77, 480, 0, 0);
	struct ms_summary_entry last = entry(5, 77, 7, 0, 0);
	struct ms_summary_entry others[] = {
		entry(5, 78, 480, 0, 0),	/* other codes */
		entry(5, 77, 479, 0, 0),	/* a code is not valid */
		entry(5, 77, 480, 1, 0),	/* marked */
		entry(5, 77, 480, 0, 1),	/* something unknown */
		entry(0, 77, 480, 0, 0),	/* never written */
		entry(~0ull, 77, 480, 0, 0),	/* damaged */
		entry(5, 77, 481, 0, 0),
	};
	struct ms_summary_entry later = entry(6, 77, 480, 0, 0);

	(void)state;
	assert_true(ms_compare_summary(&good, &good, 480));
	assert_true(ms_compare_summary(&good, &later, 480));
	assert_true(ms_compare_summary(&last, &last, 7));
	assert_false(ms_compare_summary(&good, &good, 479));
	for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
		assert_false(ms_compare_summary(&good, &others[i], 480));
		assert_false(ms_compare_summary(&others[i], &good, 480));
		if (i)
			assert_false(ms_compare_summary(&others[i], &others[i], 480));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size),
		cmocka_unit_test(all_and_nothing),
		cmocka_unit_test(summaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
