// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record's sums over summary entries: what is put back from an older time is seen,
 * what is torn or lost in one place is told from it, and a life of entering and leaving the
 * record, counted as the kernel counts, always comes to what a scan finds.
 */
#include "help.h"
#include "shared/sums.h"

#define FORMAT	0xfeedfacecafebeefull
#define LOST	(~0ull)
#define BLOCKS	5u
#define EXTENTS	(BLOCKS * MS_SUMMARY_ENTRIES - 40u)

/* Entries on the disk, and which of them the record lists. */
static u64 entry[EXTENTS], older[EXTENTS], torn[EXTENTS];
static bool hot[EXTENTS];

static u64 hash(u64 extent, u64 sequence)
{
	return ms_sums_hash(FORMAT, extent, sequence);
}

/* @bad: blocks that are, a bit each, with @raw in them. */
static void scan(const u64 *good, u32 bad, const u64 *raw, struct ms_sums_found *f)
{
	memset(f, 0, sizeof(*f));
	for (u32 s = 0; s < BLOCKS; s++)
		if (bad >> s & 1)
			ms_sums_bad_block(f, s);
	for (u64 e = 0; e < EXTENTS; e++) {
		if (hot[e])
			continue;
		if (bad >> e / MS_SUMMARY_ENTRIES & 1)
			ms_sums_bad_entry(f, FORMAT, e, raw[e]);
		else
			ms_sums_add(&f->good, e, hash(e, good[e]));
	}
}

static struct ms_sums sums_of(const u64 *entries)
{
	struct ms_sums_found f;

	scan(entries, 0, NULL, &f);
	return f.good;
}

static bool agrees(const struct ms_sums *want, const u64 *good, u32 bad, const u64 *raw)
{
	struct ms_sums_found f;

	scan(good, bad, raw, &f);
	return ms_sums_agree(want, &f);
}

/* Some written, some not, some hot; the older ones differ in a few of each block. */
static void draw(struct rng *rng)
{
	for (u64 e = 0; e < EXTENTS; e++) {
		hot[e] = !rng_below(rng, 20);
		entry[e] = rng_below(rng, 3) ? 7ull << 40 | e : 0;
		older[e] = entry[e];
		torn[e] = hot[e] ? rng_next(rng) : entry[e];
		if (e % MS_SUMMARY_ENTRIES == 17) {
			hot[e] = false;
			entry[e] = torn[e] = 7ull << 40 | e;
			older[e] = rng_below(rng, 2) ? 6ull << 40 | e : 0;
		}
	}
}

/* Copy summary block @s. */
static void put_back(u64 *to, const u64 *from, u32 s)
{
	for (u64 e = s * MS_SUMMARY_ENTRIES; e < EXTENTS && e / MS_SUMMARY_ENTRIES == s; e++)
		to[e] = from[e];
}

static void nothing_written_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(hash(5, 0), 0);
	assert_true(hash(5, 1) && hash(5, 1) != hash(1, 5) && hash(5, 1) != hash(6, 1));
	assert_true(hash(5, 1) != ms_sums_hash(FORMAT + 1, 5, 1));
}

static void older_blocks_are_seen(void **state)
{
	struct rng rng = { 1 };
	u64 now[EXTENTS];

	(void)state;
	for (u32 round = 0; round < 50; round++) {
		struct ms_sums want;

		draw(&rng);
		want = sums_of(entry);
		assert_true(agrees(&want, entry, 0, NULL));
		for (u32 set = 1; set < 1u << BLOCKS; set++) {
			memcpy(now, entry, sizeof(now));
			for (u32 s = 0; s < BLOCKS; s++)
				if (set >> s & 1)
					put_back(now, older, s);
			assert_false(agrees(&want, now, 0, NULL));
		}
		/* Entries of hot extents may be anything. */
		memcpy(now, torn, sizeof(now));
		assert_true(agrees(&want, now, 0, NULL));
	}
}

/* One bad block, whatever is in it, hides nothing and accuses nobody. */
static void one_bad_block(void **state)
{
	struct rng rng = { 2 };
	u64 now[EXTENTS], raw[EXTENTS];

	(void)state;
	for (u32 round = 0; round < 50; round++) {
		struct ms_sums want;

		draw(&rng);
		want = sums_of(entry);
		for (u64 e = 0; e < EXTENTS; e++)
			raw[e] = rng_next(&rng);
		for (u32 bad = 0; bad < BLOCKS; bad++) {
			assert_true(agrees(&want, entry, 1u << bad, raw));
			assert_true(agrees(&want, entry, 1u << bad, torn));
			for (u32 s = 0; s < BLOCKS; s++) {
				memcpy(now, entry, sizeof(now));
				put_back(now, older, s);
				assert_int_equal(agrees(&want, now, 1u << bad, raw), s == bad);
			}
		}
	}
}

/* Several: those that a power cut tore are told from those that hold anything. */
static void several_bad_blocks(void **state)
{
	struct rng rng = { 3 };
	u64 now[EXTENTS], raw[EXTENTS], lost[EXTENTS];

	(void)state;
	for (u32 round = 0; round < 20; round++) {
		struct ms_sums want, again;

		draw(&rng);
		want = sums_of(entry);
		for (u64 e = 0; e < EXTENTS; e++)
			raw[e] = rng_next(&rng);
		for (u32 set = 1; set < 1u << BLOCKS; set++) {
			if (!(set & (set - 1)))
				continue;
			assert_true(agrees(&want, entry, set, torn));
			assert_false(agrees(&want, entry, set, raw));
			memcpy(now, entry, sizeof(now));
			put_back(now, older, 0);
			assert_int_equal(agrees(&want, now, set, torn), set & 1);
			/* A record written since: they count as lost ones. */
			memcpy(lost, entry, sizeof(lost));
			for (u64 e = 0; e < EXTENTS; e++)
				if (set >> e / MS_SUMMARY_ENTRIES & 1)
					lost[e] = LOST;
			again = sums_of(lost);
			assert_true(agrees(&again, entry, set, raw));
			assert_int_equal(agrees(&again, now, set, raw), set & 1);
		}
	}
}

/* The kernel's way: one sum over all; of those in the record it takes away what they count. */
static void counted_through_a_life(void **state)
{
	struct rng rng = { 4 };
	struct ms_sums all;
	u64 counted[EXTENTS], sequence = 9ull << 40;

	(void)state;
	draw(&rng);
	memset(hot, 0, sizeof(hot));
	all = sums_of(entry);
	for (u32 step = 0; step < 2000; step++) {
		u64 e = rng_below(&rng, EXTENTS);
		struct ms_sums want;

		if (!hot[e]) {
			hot[e] = true;
			counted[e] = hash(e, entry[e]);
		} else {
			if (rng_below(&rng, 3)) {
				entry[e] = ++sequence;
				ms_sums_sub(&all, e, counted[e]);
				counted[e] = hash(e, entry[e]);
				ms_sums_add(&all, e, counted[e]);
			}
			hot[e] = rng_below(&rng, 4) == 0;
		}
		want = all;
		for (u64 i = 0; i < EXTENTS; i++)
			if (hot[i])
				ms_sums_sub(&want, i, counted[i]);
		assert_true(agrees(&want, entry, 0, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_written_is_nothing),
		cmocka_unit_test(older_blocks_are_seen),
		cmocka_unit_test(one_bad_block),
		cmocka_unit_test(several_bad_blocks),
		cmocka_unit_test(counted_through_a_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
