// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table and summary blocks: no flipped bit, swapped block, earlier version or
 * block of an earlier format passes; the last, shorter extent has no bits
 * beyond its end; an entry says what its table block says.
 */
#include "help.h"
#include "shared/codec.h"

#define FORMAT	0x1122334455667788ull
#define SEED	99

static struct ms_table_block tb, tb2;
static struct ms_summary_block sb;

/* 400 extents, so three summary blocks; the last extent has 7 segments. */
static struct ms_geo geometry(void)
{
	struct ms_geo geo;

	assert_int_equal(ms_geo_init(&geo, (399 * 480 + 7) * 8 - 3, 12, 64), 0);
	assert_int_equal(geo.extents, 400);
	assert_int_equal(ms_geo_extent_segs(&geo, 399), 7);
	return geo;
}

static void random_table(struct rng *rng, const struct ms_geo *geo, u64 extent)
{
	u32 segs = ms_geo_extent_segs(geo, extent);

	ms_table_init(&tb, geo, extent, false);
	for (u32 i = 0; i < segs; i++) {
		if (rng_below(rng, 2))
			ms_bit_set(tb.valid, i);
		if (rng_below(rng, 2))
			ms_bit_set(tb.marks, i);
		tb.codes[i] = cpu_to_le64(rng_next(rng));
	}
}

static void bitmaps(void **state)
{
	struct rng rng = { 1 };
	u8 map[MS_BITMAP_BYTES];

	(void)state;
	for (u32 round = 0; round < 50; round++) {
		u32 set = 0;

		rng_fill(&rng, map, sizeof(map));
		for (u32 i = 0; i < MS_EXTENT_SEGS; i++) {
			assert_int_equal(ms_bits(map, i), set);
			set += ms_bit(map, i);
		}
		assert_int_equal(ms_bits(map, MS_EXTENT_SEGS), set);
	}
	memset(map, 0, sizeof(map));
	ms_bit_set(map, 13);
	assert_int_equal(map[1], 1 << 5);
	assert_true(ms_bit(map, 13) && !ms_bit(map, 12) && !ms_bit(map, 14));
	ms_bit_clear(map, 13);
	assert_int_equal(ms_bits(map, MS_EXTENT_SEGS), 0);
}

static void a_new_table(void **state)
{
	struct ms_geo geo = geometry();

	(void)state;
	for (u64 e = 0; e < geo.extents; e += 399)
		for (int marked = 0; marked < 2; marked++) {
			u32 segs = ms_geo_extent_segs(&geo, e);

			memset(&tb, 0xff, sizeof(tb));
			ms_table_init(&tb, &geo, e, marked);
			assert_int_equal(ms_bits(tb.valid, MS_EXTENT_SEGS), 0);
			assert_int_equal(ms_bits(tb.marks, MS_EXTENT_SEGS), marked ? segs : 0);
			assert_int_equal(ms_bits(tb.marks, segs), marked ? segs : 0);
			ms_table_seal(&tb, FORMAT, e, 5);
			assert_int_equal(ms_table_check(&tb, &geo, FORMAT, e, 5), MS_GOOD);
		}
}

static void table_bit_flips(void **state)
{
	static const u64 extents[] = { 0, 399 };
	struct ms_geo geo = geometry();
	struct rng rng = { 2 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(extents); i++) {
		random_table(&rng, &geo, extents[i]);
		ms_table_seal(&tb, FORMAT, extents[i], 77);
		for (size_t bit = 0; bit < sizeof(tb) * 8; bit++) {
			flip_bit(&tb, bit);
			assert_int_equal(ms_table_check(&tb, &geo, FORMAT, extents[i], 77),
					 MS_BAD_CRC);
			flip_bit(&tb, bit);
		}
		assert_int_equal(ms_table_check(&tb, &geo, FORMAT, extents[i], 77), MS_GOOD);
	}
}

static void tables_in_the_wrong_place(void **state)
{
	struct ms_geo geo = geometry();
	struct rng rng = { 3 };

	(void)state;
	random_table(&rng, &geo, 7);
	tb2 = tb;
	ms_table_seal(&tb, FORMAT, 7, 10);
	ms_table_seal(&tb2, FORMAT, 8, 10);
	/* swapped */
	assert_int_equal(ms_table_check(&tb, &geo, FORMAT, 8, 10), MS_BAD_NUMBER);
	assert_int_equal(ms_table_check(&tb2, &geo, FORMAT, 7, 10), MS_BAD_NUMBER);
	/* a version other than the summary names, older or newer */
	assert_int_equal(ms_table_check(&tb, &geo, FORMAT, 7, 9), MS_BAD_SEQUENCE);
	assert_int_equal(ms_table_check(&tb, &geo, FORMAT, 7, 11), MS_BAD_SEQUENCE);
	assert_int_equal(ms_table_check(&tb, &geo, FORMAT, 7, ~0ull), MS_BAD_SEQUENCE);
	/* of an earlier format of this device */
	assert_int_equal(ms_table_check(&tb, &geo, FORMAT + 1, 7, 10), MS_BAD_CRC);
	/* nothing was ever there */
	memset(&tb, 0, sizeof(tb));
	assert_int_equal(ms_table_check(&tb, &geo, FORMAT, 0, 10), MS_BAD_CRC);
	memset(&tb, 0xff, sizeof(tb));
	assert_int_equal(ms_table_check(&tb, &geo, FORMAT, 0, 10), MS_BAD_CRC);
}

static void table_values_out_of_range(void **state)
{
	struct ms_geo geo = geometry();

	(void)state;
	for (u32 bit = 0; bit < MS_EXTENT_SEGS; bit++)
		for (int marks = 0; marks < 2; marks++) {
			ms_table_init(&tb, &geo, 399, false);
			ms_bit_set(marks ? tb.marks : tb.valid, bit);
			ms_table_seal(&tb, FORMAT, 399, 1);
			assert_int_equal(ms_table_check(&tb, &geo, FORMAT, 399, 1),
					 bit < 7 ? MS_GOOD : MS_BAD_VALUE);
		}
	ms_table_init(&tb, &geo, 0, false);
	tb.flags = cpu_to_le32(1);
	ms_table_seal(&tb, FORMAT, 0, 1);
	assert_int_equal(ms_table_check(&tb, &geo, FORMAT, 0, 1), MS_BAD_VALUE);
}

static void entry_says_what_the_table_says(void **state)
{
	struct ms_geo geo = geometry();
	struct rng rng = { 4 };
	struct ms_summary_entry e, e2;
	u32 segs = MS_EXTENT_SEGS;

	(void)state;
	random_table(&rng, &geo, 5);
	ms_table_seal(&tb, FORMAT, 5, 1234);
	ms_summary_from_table(&e, &tb, segs, SEED);
	assert_int_equal(le64_to_cpu(e.sequence), 1234);
	assert_int_equal(le16_to_cpu(e.valid), ms_bits(tb.valid, segs));
	assert_int_equal(le16_to_cpu(e.marked), ms_bits(tb.marks, segs));

	/* Of wholly valid extents the digest tells every code, and only codes. */
	memset(tb.valid, 0xff, sizeof(tb.valid));
	ms_summary_from_table(&e, &tb, segs, SEED);
	assert_int_equal(le64_to_cpu(e.digest), ms_codec_digest(&tb, segs, SEED));
	memset(tb.marks, 0, sizeof(tb.marks));
	ms_summary_from_table(&e2, &tb, segs, SEED);
	assert_int_equal(e.digest, e2.digest);
	for (u32 i = 0; i < segs; i++) {
		tb.codes[i] ^= cpu_to_le64(1ull << i % 64);
		assert_int_not_equal(ms_codec_digest(&tb, segs, SEED), le64_to_cpu(e.digest));
		/* beyond the segments of the extent nothing counts */
		assert_int_equal(ms_codec_digest(&tb, i, SEED) !=
				 ms_codec_digest(&tb, i + 1, SEED), true);
		tb.codes[i] ^= cpu_to_le64(1ull << i % 64);
	}
}

static void random_summary(struct rng *rng, const struct ms_geo *geo, u64 number)
{
	ms_summary_init(&sb, geo, number);
	for (u32 i = 0; i < le32_to_cpu(sb.entries); i++) {
		u64 e = number * MS_SUMMARY_ENTRIES + i;
		u32 segs = ms_geo_extent_segs(geo, e);

		sb.entry[i].sequence = cpu_to_le64(1 + rng_below(rng, 1000));
		sb.entry[i].digest = cpu_to_le64(rng_next(rng));
		sb.entry[i].valid = cpu_to_le16(rng_below(rng, segs + 1));
		sb.entry[i].marked = cpu_to_le16(rng_below(rng, segs + 1));
	}
}

static void summary_blocks(void **state)
{
	static const u32 entries[] = { 168, 168, 64, 0 };
	struct ms_geo geo = geometry();
	struct rng rng = { 5 };

	(void)state;
	for (u64 s = 0; s < ARRAY_SIZE(entries); s++) {
		memset(&sb, 0xff, sizeof(sb));
		ms_summary_init(&sb, &geo, s);
		assert_int_equal(le32_to_cpu(sb.entries), entries[s]);
		ms_summary_seal(&sb, FORMAT);
		assert_int_equal(sb.sequence, 0);
		assert_int_equal(ms_summary_check(&sb, &geo, FORMAT, s), MS_GOOD);
	}
	for (u64 s = 0; s < 3; s++) {
		u64 newest = 0;

		random_summary(&rng, &geo, s);
		ms_summary_seal(&sb, FORMAT);
		for (u32 i = 0; i < MS_SUMMARY_ENTRIES; i++)
			if (le64_to_cpu(sb.entry[i].sequence) > newest)
				newest = le64_to_cpu(sb.entry[i].sequence);
		assert_int_equal(le64_to_cpu(sb.sequence), newest);
		assert_int_equal(ms_summary_check(&sb, &geo, FORMAT, s), MS_GOOD);
		assert_int_equal(ms_summary_check(&sb, &geo, FORMAT, s ^ 1), MS_BAD_NUMBER);
		assert_int_equal(ms_summary_check(&sb, &geo, FORMAT - 1, s), MS_BAD_CRC);
		for (size_t bit = 0; bit < sizeof(sb) * 8; bit++) {
			flip_bit(&sb, bit);
			assert_int_equal(ms_summary_check(&sb, &geo, FORMAT, s), MS_BAD_CRC);
			flip_bit(&sb, bit);
		}
	}
}

/* Entry @i of summary block @s with these counts, sealed: the verdict. */
static enum ms_bad entry_verdict(u64 s, u32 i, u64 sequence, u32 valid, u32 marked, u32 flags)
{
	struct ms_geo geo = geometry();

	ms_summary_init(&sb, &geo, s);
	sb.entry[i].sequence = cpu_to_le64(sequence);
	sb.entry[i].valid = cpu_to_le16(valid);
	sb.entry[i].marked = cpu_to_le16(marked);
	sb.entry[i].flags = cpu_to_le32(flags);
	ms_summary_seal(&sb, FORMAT);
	return ms_summary_check(&sb, &geo, FORMAT, s);
}

static void summary_values_out_of_range(void **state)
{
	struct ms_geo geo = geometry();

	(void)state;
	assert_int_equal(entry_verdict(0, 0, 1, 480, 480, 0), MS_GOOD);
	assert_int_equal(entry_verdict(0, 0, 1, 481, 0, 0), MS_BAD_VALUE);
	assert_int_equal(entry_verdict(0, 0, 1, 0, 481, 0), MS_BAD_VALUE);
	assert_int_equal(entry_verdict(0, 0, 1, 0, 0, 1), MS_BAD_VALUE);
	assert_int_equal(entry_verdict(0, 0, 0, 1, 0, 0), MS_BAD_VALUE);
	assert_int_equal(entry_verdict(0, 0, 0, 0, 1, 0), MS_BAD_VALUE);
	assert_int_equal(entry_verdict(0, 167, ~0ull, 0, 480, 0), MS_GOOD);
	assert_int_equal(entry_verdict(2, 63, 1, 7, 7, 0), MS_GOOD);
	assert_int_equal(entry_verdict(2, 63, 1, 8, 0, 0), MS_BAD_VALUE);
	assert_int_equal(entry_verdict(2, 63, 1, 0, 8, 0), MS_BAD_VALUE);
	/* Beyond the volume as it is: what a growth cut off has left. */
	assert_int_equal(entry_verdict(2, 64, 1, 0, 480, 0), MS_GOOD);

	ms_summary_init(&sb, &geo, 0);
	sb.entries = cpu_to_le32(169);
	ms_summary_seal(&sb, FORMAT);
	assert_int_equal(ms_summary_check(&sb, &geo, FORMAT, 0), MS_BAD_VALUE);
}

/*
 * Growing writes new summary blocks before the superblock, and nothing else: whichever size
 * the superblock says, what the old one had and what the new one has are good.
 */
static void a_volume_that_grows(void **state)
{
	const struct ms_geo old = geometry();
	struct rng rng = { 7 };
	struct ms_geo grown;

	(void)state;
	assert_int_equal(ms_geo_init(&grown, old.sectors * 20 + 5, 12, 64), 0);
	assert_true(grown.summaries > MS_GROUP_SUMMARIES);

	/* The last extent, with codes of the segments that it had. */
	random_table(&rng, &old, 399);
	ms_table_seal(&tb, FORMAT, 399, 5);
	assert_int_equal(ms_table_check(&tb, &grown, FORMAT, 399, 5), MS_GOOD);
	ms_summary_init(&sb, &old, 2);
	ms_summary_from_table(&sb.entry[399 - 2 * MS_SUMMARY_ENTRIES], &tb, 7, SEED);
	ms_summary_seal(&sb, FORMAT);
	assert_int_equal(ms_summary_check(&sb, &old, FORMAT, 2), MS_GOOD);
	assert_int_equal(ms_summary_check(&sb, &grown, FORMAT, 2), MS_GOOD);
	for (u32 i = 400 - 2 * MS_SUMMARY_ENTRIES; i < MS_SUMMARY_ENTRIES; i++)
		assert_true(!sb.entry[i].sequence && !sb.entry[i].valid && !sb.entry[i].marked);

	/* Those that the new size brings, in reserve as well. */
	for (u64 s = old.summaries; s < 2 * MS_GROUP_SUMMARIES; s++) {
		ms_summary_init(&sb, &grown, s);
		ms_summary_seal(&sb, FORMAT);
		assert_int_equal(ms_summary_check(&sb, &grown, FORMAT, s), MS_GOOD);
		assert_int_equal(ms_summary_check(&sb, &old, FORMAT, s), MS_GOOD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bitmaps),
		cmocka_unit_test(a_new_table),
		cmocka_unit_test(table_bit_flips),
		cmocka_unit_test(tables_in_the_wrong_place),
		cmocka_unit_test(table_values_out_of_range),
		cmocka_unit_test(entry_says_what_the_table_says),
		cmocka_unit_test(summary_blocks),
		cmocka_unit_test(summary_values_out_of_range),
		cmocka_unit_test(a_volume_that_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
