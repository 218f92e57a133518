// SPDX-License-Identifier: GPL-2.0-only
/*
 * The layout: every sector lies in exactly one segment, every extent has one
 * table block, no two things share a block of the metadata area, and a span is
 * what counting its sectors one by one says.
 */
#include "help.h"
#include "shared/format.h"
#include "shared/geometry.h"

static const u32 hot_sizes[] = {
	MS_HOT_MIN, 28, 29, 224, 225, MS_HOT_DEFAULT, MS_HOT_MAX
};

static struct ms_geo geometry(u64 sectors, u32 shift, u32 max_hot)
{
	struct ms_geo geo;

	memset(&geo, 0xa5, sizeof(geo));
	assert_int_equal(ms_geo_init(&geo, sectors, shift, max_hot), 0);
	return geo;
}

/* Device sizes around every boundary that the layout has. */
static u32 odd_sizes(u32 shift, u64 *sizes)
{
	u64 seg = 1u << (shift - 9);
	u64 extent = seg * MS_EXTENT_SEGS;
	const u64 at[] = {
		1, seg, 3 * seg, extent, 2 * extent, 3 * extent + 5 * seg,
		extent * MS_SUMMARY_ENTRIES, extent * MS_GROUP_EXTENTS,
		2 * extent * MS_GROUP_EXTENTS + extent,
	};
	u32 n = 0;

	for (u32 i = 0; i < ARRAY_SIZE(at); i++) {
		if (at[i] > 1)
			sizes[n++] = at[i] - 1;
		sizes[n++] = at[i];
		sizes[n++] = at[i] + 1;
	}
	return n;
}

static void refuses_what_is_out_of_range(void **state)
{
	struct ms_geo geo;

	(void)state;
	assert_int_equal(ms_geo_init(&geo, 0, 12, 16), -EINVAL);
	assert_int_equal(ms_geo_init(&geo, MS_MAX_SECTORS + 1, 12, 16), -EINVAL);
	assert_int_equal(ms_geo_init(&geo, ~0ull, 12, 16), -EINVAL);
	assert_int_equal(ms_geo_init(&geo, 8, 11, 16), -EINVAL);
	assert_int_equal(ms_geo_init(&geo, 8, 21, 16), -EINVAL);
	assert_int_equal(ms_geo_init(&geo, 8, 12, MS_HOT_MIN - 1), -EINVAL);
	assert_int_equal(ms_geo_init(&geo, 8, 12, MS_HOT_MAX + 1), -EINVAL);
	assert_int_equal(ms_geo_init(&geo, MS_MAX_SECTORS, 12, 16), 0);
	assert_true(geo.extents <= ~0u);	/* what the kernel's bitmaps take */
	assert_int_equal(ms_geo_init(&geo, MS_MAX_SECTORS, 20, 4096), 0);
}

/* The segments of all extents together are the volume, sector for sector. */
static void segments_cover_the_volume(void **state)
{
	u64 sizes[32];

	(void)state;
	for (u32 shift = MS_SEG_SHIFT_MIN; shift <= MS_SEG_SHIFT_MAX; shift++) {
		u32 n = odd_sizes(shift, sizes);

		for (u32 i = 0; i < n; i++) {
			struct ms_geo geo = geometry(sizes[i], shift, 64);
			u64 sector = 0, segments = 0;

			for (u64 e = 0; e < geo.extents; e++) {
				u32 segs = ms_geo_extent_segs(&geo, e);

				assert_in_range(segs, 1, MS_EXTENT_SEGS);
				if (e + 1 < geo.extents)
					assert_int_equal(segs, MS_EXTENT_SEGS);
				assert_int_equal(ms_geo_extent_start(&geo, e), sector);
				segments += segs;
				if (e && e + 2 < geo.extents) {
					sector += (u64)segs * geo.seg_sectors;
					continue;
				}
				for (u32 s = 0; s < segs; s++) {
					u32 len = ms_geo_seg_len(&geo, e, s);

					assert_in_range(len, 1, geo.seg_sectors);
					assert_int_equal(ms_geo_extent(&geo, sector), e);
					assert_int_equal(ms_geo_extent(&geo, sector + len - 1), e);
					sector += len;
				}
				assert_int_equal(ms_geo_seg_len(&geo, e, segs), 0);
			}
			assert_int_equal(sector, geo.sectors);
			assert_int_equal(segments, geo.segments);
			assert_int_equal(ms_geo_extent_segs(&geo, geo.extents), 0);
			assert_int_equal(ms_geo_extent_segs(&geo, ~0ull), 0);
		}
	}
}

static void take(u8 *used, const struct ms_geo *geo, u64 block)
{
	assert_true(block < geo->area_blocks);
	assert_int_equal(used[block], 0);
	used[block] = 1;
}

static void blocks_do_not_overlap_at(u64 sectors, u32 shift, u32 max_hot)
{
	struct ms_geo geo = geometry(sectors, shift, max_hot);
	u8 *used = calloc(1, geo.area_blocks);
	u64 e, s;
	u32 index;

	assert_non_null(used);
	for (u32 b = 0; b < MS_RECORD_BLOCK; b++)
		take(used, &geo, b);
	assert_true(MS_SUPER_BLOCK0 < MS_RECORD_BLOCK && MS_SUPER_BLOCK1 < MS_RECORD_BLOCK);
	assert_true(geo.record_blocks * 8 >= geo.record_sectors);
	assert_true(geo.record_sectors * MS_RECORD_ENTRIES >= max_hot);
	assert_true((geo.record_sectors - 1) * MS_RECORD_ENTRIES < max_hot);
	for (u32 c = 0; c < 2; c++)
		for (u32 b = 0; b < geo.record_blocks; b++)
			take(used, &geo, geo.record_start[c] + b);
	for (s = 0; s < geo.summaries; s++)
		take(used, &geo, ms_geo_summary_block(&geo, s));
	for (e = 0; e < geo.extents; e++) {
		take(used, &geo, ms_geo_table_block(&geo, e));
		s = ms_geo_summary_of(e, &index);
		assert_true(s < geo.summaries && index < MS_SUMMARY_ENTRIES);
		assert_int_equal(s * MS_SUMMARY_ENTRIES + index, e);
	}
	/* The area ends behind the last table block, and a hole is a summary not in use. */
	assert_int_equal(used[geo.area_blocks - 1], 1);
	for (u64 b = 0, holes = 0; b < geo.area_blocks; b++) {
		holes += !used[b];
		assert_true(holes < MS_GROUP_SUMMARIES);
	}
	free(used);
}

static void blocks_do_not_overlap(void **state)
{
	u64 sizes[32];

	(void)state;
	for (u32 shift = MS_SEG_SHIFT_MIN; shift <= MS_SEG_SHIFT_MAX; shift++) {
		u32 n = odd_sizes(shift, sizes);

		for (u32 i = 0; i < n; i++)
			for (u32 h = 0; h < ARRAY_SIZE(hot_sizes); h++)
				blocks_do_not_overlap_at(sizes[i], shift, hot_sizes[h]);
	}
}

/* A larger volume has the same blocks at the same places: it can grow. */
static void growing_moves_nothing(void **state)
{
	struct ms_geo small = geometry(1000000, 12, 1024);
	struct ms_geo large = geometry(50000000, 12, 1024);

	(void)state;
	assert_int_equal(small.table_start, large.table_start);
	for (u64 e = 0; e < small.extents; e++)
		assert_int_equal(ms_geo_table_block(&small, e), ms_geo_table_block(&large, e));
	for (u64 s = 0; s < small.summaries; s++)
		assert_int_equal(ms_geo_summary_block(&small, s), ms_geo_summary_block(&large, s));
	assert_true(small.area_blocks < large.area_blocks);
}

/* Nothing overflows at the far end of the largest volume. */
static void largest_volume(void **state)
{
	(void)state;
	for (u32 shift = MS_SEG_SHIFT_MIN; shift <= MS_SEG_SHIFT_MAX; shift++) {
		struct ms_geo geo = geometry(MS_MAX_SECTORS, shift, MS_HOT_MAX);
		u64 e = geo.extents - 1;
		struct ms_span span;

		assert_int_equal(geo.segments, MS_MAX_SECTORS >> (shift - 9));
		assert_int_equal(ms_geo_extent(&geo, MS_MAX_SECTORS - 1), e);
		assert_int_equal(ms_geo_table_block(&geo, e), geo.area_blocks - 1);
		assert_true(ms_geo_extent_start(&geo, e) < MS_MAX_SECTORS);
		assert_int_equal(ms_geo_span(&geo, MS_MAX_SECTORS - 1, 1, &span), 0);
		assert_int_equal(span.extent, e);
		assert_int_equal(ms_geo_span(&geo, MS_MAX_SECTORS - 1, 2, &span), -ERANGE);
		assert_int_equal(ms_geo_span(&geo, ~0ull, 2, &span), -ERANGE);
	}
}

static void mask_is_the_bits_touched(void **state)
{
	(void)state;
	for (u32 first = 0; first < MS_EXTENT_SEGS; first++)
		for (u32 count = 1; first + count <= MS_EXTENT_SEGS; count++) {
			u64 want = 0;

			for (u32 s = first; s < first + count; s++)
				want |= 1ull << s / MS_MASK_SEGS;
			assert_int_equal(ms_geo_mask(first, count), want);
			assert_int_equal(want & ~MS_MASK_ALL, 0);
		}
	assert_int_equal(ms_geo_mask(0, MS_EXTENT_SEGS), MS_MASK_ALL);
}

/* Sectors of one segment that the run covers, counted one by one. */
static u32 covered(const struct ms_geo *geo, u64 number, u64 sector, u32 n)
{
	u32 c = 0;

	for (u64 s = sector; s < sector + n; s++)
		c += s / geo->seg_sectors == number;
	return c;
}

static void check_span(const struct ms_geo *geo, u64 sector, u32 n)
{
	u64 first = sector / geo->seg_sectors;
	u64 last = (sector + n - 1) / geo->seg_sectors;
	u64 e = first / MS_EXTENT_SEGS;
	struct ms_span span;
	int r = ms_geo_span(geo, sector, n, &span);

	if (!n || sector + n > geo->sectors || last / MS_EXTENT_SEGS != e) {
		assert_int_equal(r, -ERANGE);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(span.extent, e);
	assert_int_equal(span.first, first - e * MS_EXTENT_SEGS);
	assert_int_equal(span.count, last - first + 1);
	assert_int_equal(span.head_partial, covered(geo, first, sector, n) !=
			 ms_geo_seg_len(geo, e, span.first));
	assert_int_equal(span.tail_partial, covered(geo, last, sector, n) !=
			 ms_geo_seg_len(geo, e, span.first + span.count - 1));
}

static void span_is_what_counting_says(void **state)
{
	struct ms_geo geo = geometry(2 * 3840 + 8 * 5 + 3, 12, 16);

	(void)state;
	for (u64 sector = 0; sector < geo.sectors + 3; sector++) {
		bool near_edge = sector < 24 || sector % 3840 > 3800 ||
				 sector % 3840 < 24 || sector > geo.sectors - 48;

		for (u32 n = 0; n < (near_edge ? 60 : 20); n++)
			check_span(&geo, sector, n);
	}
	for (u64 sector = 0; sector < 3840; sector += 7)
		for (u32 n = 3800; n < 3850; n++)
			check_span(&geo, sector, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_out_of_range),
		cmocka_unit_test(segments_cover_the_volume),
		cmocka_unit_test(blocks_do_not_overlap),
		cmocka_unit_test(growing_moves_nothing),
		cmocka_unit_test(largest_volume),
		cmocka_unit_test(mask_is_the_bits_touched),
		cmocka_unit_test(span_is_what_counting_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
