// SPDX-License-Identifier: GPL-2.0-only
/*
 * Repair against every kind of damage of a metadata area in memory, and with a power cut
 * after each of its writes: what the kernel believes afterwards is never more than what
 * was true, at the end nothing is damaged, and no sequence number is used twice.
 */
#include "help.h"
#include "area.h"
#include "offline/image.h"
#include "offline/memory_dev.h"
#include "repair.h"

#define CRASHED		(MS_SB_NEVER_MET)
#define CLEAN		(MS_SB_NEVER_MET | MS_SB_CLEAN)

static struct belief truth, before, after;
static u8 work[IMAGE_BYTES], damaged[IMAGE_BYTES];

/* Look at the image in @memory_dev; AREA_GOOD, or why not. */
static int look(struct repair *r)
{
	struct area *a = dev_buffer(sizeof(*a));
	int state = area_open(a, "image", 0);

	if (state == AREA_GOOD)
		repair_look(a, r);
	area_close(a);
	free(a);
	return state;
}

static int look_and_write(struct repair *r)
{
	struct area *a = dev_buffer(sizeof(*a));
	int err;

	assert_int_equal(area_open(a, "image", 0), AREA_GOOD);
	repair_look(a, r);
	err = r->state == REPAIR_DAMAGED ? repair_write(a, r) : 0;
	area_close(a);
	free(a);
	return err;
}

static void believed(struct belief *b)
{
	image_believe(memory_dev.image, memory_dev.unreadable, b);
}

static void assert_weaker(const struct belief *now, const struct belief *then, const char *what)
{
	const char *wrong = belief_is_weaker(now, then);

	if (wrong)
		fail_msg("%s: %s", what, wrong);
}

/* The image in @work is damaged, is repaired, is whole, and nothing of @truth is lost. */
static void repairs(const char *what)
{
	enum repair_state want;
	struct repair r;

	memory_dev_set(work, sizeof(work));
	if (look_and_write(&r))
		fail_msg("%s: not written", what);
	if (r.state != REPAIR_DAMAGED)
		fail_msg("%s: not seen", what);
	want = r.record_ends ? REPAIR_RECOVERY : REPAIR_CLEAN;
	assert_int_equal(look(&r), AREA_GOOD);
	if (r.state != want && r.state != REPAIR_RECOVERY)
		fail_msg("%s: state %d afterwards", what, r.state);
	believed(&after);
	assert_weaker(&after, &truth, what);
}

static void take(const struct image *im)
{
	memcpy(work, im->bytes, IMAGE_BYTES);
	image_believe(im->bytes, ~0ull, &truth);
	assert_false(truth.refused);
}

static bool block_used(const struct image *im, u64 block)
{
	u64 e = block - ms_geo_table_block(&im->geo, 0);

	if (block < im->geo.table_start)
		return block == MS_SUPER_BLOCK0 || block == MS_SUPER_BLOCK1 ||
		       block >= MS_RECORD_BLOCK;
	if (block < im->geo.table_start + MS_GROUP_SUMMARIES)
		return block - im->geo.table_start < im->geo.summaries;
	return e % 7 != 6;
}

static bool sector_used(const struct image *im, u64 block, u32 sector)
{
	if (block >= MS_RECORD_BLOCK && block < im->geo.table_start)
		return sector < im->geo.record_sectors;
	return block_used(im, block);
}

/* A table block of a hot extent that is bad is no damage. */
static bool is_hot_table(const struct image *im, u32 hot, u64 block)
{
	u64 first = ms_geo_table_block(&im->geo, 1);

	return block >= first && block < first + hot;
}

static void flip_each_sector(u32 hot, u32 flags)
{
	struct rng rng = { hot + 1 };
	struct image im;
	char what[64];
	u32 seen = 0;

	image_make(&im, hot, flags);
	for (u64 block = 0; block < IMAGE_BLOCKS; block++) {
		for (u32 sector = 0; sector < 8; sector++) {
			size_t bit = (block * 8 + sector) * 4096 + rng_below(&rng, 4096);
			struct repair r;

			/* Of the tables every 7th is enough the second time. */
			if (!hot && block >= ms_geo_table_block(&im.geo, 0) && block % 7)
				continue;
			take(&im);
			flip_bit(work, bit);
			sprintf(what, "block %u, sector %u", (u32)block, sector);
			if (sector_used(&im, block, sector) && !is_hot_table(&im, hot, block)) {
				repairs(what);
				seen++;
				continue;
			}
			memory_dev_set(work, sizeof(work));
			assert_int_equal(look(&r), AREA_GOOD);
			if (r.state == REPAIR_DAMAGED)
				fail_msg("%s: called damage", what);
		}
	}
	assert_true(seen > 8 * (hot ? 100 : 20));
	image_free(&im);
}

static void every_sector_flipped_clean(void **state)
{
	(void)state;
	flip_each_sector(0, CLEAN);
}

static void every_sector_flipped_crashed(void **state)
{
	(void)state;
	flip_each_sector(30, CRASHED);
}

static void whole_is_left_alone(void **state)
{
	static const u32 flags[] = { CLEAN, CRASHED };

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		struct image im;
		struct repair r;

		image_make(&im, i ? 30 : 0, flags[i]);
		take(&im);
		memory_dev_set(work, sizeof(work));
		assert_int_equal(look_and_write(&r), 0);
		assert_int_equal(r.state, i ? REPAIR_RECOVERY : REPAIR_CLEAN);
		assert_int_equal(memory_dev.writes, 0);
		assert_memory_equal(work, im.bytes, IMAGE_BYTES);
		image_free(&im);
	}
}

static void zeroed_blocks(void **state)
{
	struct image im;
	char what[64];

	(void)state;
	image_make(&im, 30, CRASHED);
	for (u64 block = 0; block < IMAGE_BLOCKS; block++) {
		if (!block_used(&im, block) || is_hot_table(&im, 30, block))
			continue;
		take(&im);
		memset(work + block * MS_BLOCK, 0, MS_BLOCK);
		sprintf(what, "zeroed block %u", (u32)block);
		repairs(what);
	}
	image_free(&im);
}

static void swapped_blocks(void **state)
{
	struct rng rng = { 3 };
	struct image im;
	char what[64];

	(void)state;
	image_make(&im, 0, CLEAN);
	for (u32 n = 0; n < 300; n++) {
		u64 a = rng_below(&rng, IMAGE_BLOCKS), b = rng_below(&rng, IMAGE_BLOCKS);
		u8 keep[MS_BLOCK];

		/* Some of the few blocks that are not tables, each time. */
		if (n % 3 == 0)
			a = im.geo.table_start + n / 3 % 2;
		if (n % 5 == 0)
			b = MS_RECORD_BLOCK + n / 5 % 2;
		if (!block_used(&im, a) || !block_used(&im, b) || a == b)
			continue;
		if ((a == 0 && b == 8) || (a == 8 && b == 0))
			continue;
		take(&im);
		memcpy(keep, work + a * MS_BLOCK, MS_BLOCK);
		memcpy(work + a * MS_BLOCK, work + b * MS_BLOCK, MS_BLOCK);
		memcpy(work + b * MS_BLOCK, keep, MS_BLOCK);
		sprintf(what, "blocks %u and %u swapped", (u32)a, (u32)b);
		repairs(what);
	}
	image_free(&im);
}

/* Put back @block as it was in @old. */
static void put_back(const struct image *old, u64 block)
{
	memcpy(work + block * MS_BLOCK, old->bytes + block * MS_BLOCK, MS_BLOCK);
}

static void older_blocks(void **state)
{
	struct image old, im;
	char what[64];

	(void)state;
	image_make(&old, 0, CLEAN);
	image_make(&im, 0, CLEAN);
	for (u64 e = 0; e < IMAGE_EXTENTS; e++)		/* the unwritten ones too */
		image_write_table(&im, e, (u64)IMAGE_ACTIVATION << 40 | (1000 + e), e + 2);
	image_write_record(&im, 0);
	for (u64 e = 0; e < IMAGE_EXTENTS; e++) {
		if (e % 7 == 6)
			continue;
		take(&im);
		put_back(&old, ms_geo_table_block(&im.geo, e));
		sprintf(what, "older table block of extent %u", (u32)e);
		repairs(what);
	}
	for (u64 s = 0; s < im.geo.summaries; s++) {
		take(&im);
		put_back(&old, ms_geo_summary_block(&im.geo, s));
		sprintf(what, "older summary block %u", (u32)s);
		repairs(what);
		assert_true(after.candidates);
		/* With its tables: nothing but the sums tells. */
		take(&im);
		put_back(&old, ms_geo_summary_block(&im.geo, s));
		for (u64 e = s * MS_SUMMARY_ENTRIES; e < IMAGE_EXTENTS; e++)
			put_back(&old, ms_geo_table_block(&im.geo, e));
		for (u64 e = 0; e < IMAGE_EXTENTS; e++)
			memset(truth.extent[e].valid, 0, MS_BITMAP_BYTES);
		sprintf(what, "older summary block %u and tables", (u32)s);
		repairs(what);
		assert_true(after.candidates);
	}
	image_free(&old);
	image_free(&im);
}

/* As format left it: all entries say "never written", and there are marks. */
static void summary_of_the_beginning(void **state)
{
	struct ms_summary_block *sb;
	struct image im;

	(void)state;
	image_make(&im, 0, CLEAN);
	take(&im);
	sb = (void *)(work + ms_geo_summary_block(&im.geo, 0) * MS_BLOCK);
	ms_summary_init(sb, &im.geo, 0);
	ms_summary_seal(sb, im.sb.format_id);
	repairs("first summary block");
	image_free(&im);
}

/* Both blocks are good, and one of them does not tell the truth. */
static void counts_that_do_not_agree(void **state)
{
	struct image im;

	(void)state;
	image_make(&im, 0, CLEAN);
	for (u32 what = 0; what < 3; what++) {
		struct ms_summary_block *sb;

		take(&im);
		sb = (void *)(work + ms_geo_summary_block(&im.geo, 0) * MS_BLOCK);
		if (what == 0)
			sb->entry[3].marked = cpu_to_le16(1);
		else if (what == 1)
			sb->entry[3].valid = cpu_to_le16(479);
		else
			sb->entry[3].digest ^= 1;
		ms_summary_seal(sb, im.sb.format_id);
		repairs("counts");
		assert_int_equal(ms_bits(after.extent[3].marks, MS_EXTENT_SEGS), MS_EXTENT_SEGS);
	}
	image_free(&im);
}

/* Both superblocks from before an activation that voided codes and wrote tables. */
static void superblock_older_than_tables(void **state)
{
	struct image im;
	struct repair r;

	(void)state;
	image_make(&im, 0, CLEAN);
	image_write_table(&im, 100, (u64)(IMAGE_ACTIVATION + 4) << 40 | 9, 6);
	image_write_record(&im, 0);
	take(&im);
	/* What was void is not known: nothing may be believed. */
	for (u64 e = 0; e < IMAGE_EXTENTS; e++)
		memset(truth.extent[e].valid, 0, MS_BITMAP_BYTES);
	repairs("older superblocks");
	assert_true(after.candidates);
	assert_int_equal(look(&r), AREA_GOOD);
	assert_int_equal(r.valid, 0);
	image_free(&im);
}

static void superblocks_that_contradict(void **state)
{
	struct image im;

	(void)state;
	image_make(&im, 0, CLEAN);
	im.sb.codes_since = 0;
	ms_super_encode(&im.sb, MS_SUPER_BLOCK1, image_block(&im, MS_SUPER_BLOCK1));
	take(&im);
	repairs("two contents of one sequence");
	assert_true(after.candidates);
	image_free(&im);
}

static void clean_with_active_extents(void **state)
{
	struct image im;
	struct repair r;

	(void)state;
	image_make(&im, 30, CLEAN);
	take(&im);
	repairs("active extents");
	assert_int_equal(look(&r), AREA_GOOD);
	assert_int_equal(r.state, REPAIR_RECOVERY);
	image_free(&im);
}

/* Repair changes nothing of a torn record: the older one holds. */
static void torn_record(void **state)
{
	struct image im;
	struct repair r;
	char what[64];

	(void)state;
	image_make(&im, 60, CRASHED);
	memcpy(damaged, im.bytes, IMAGE_BYTES);
	for (u32 sector = 0; sector < 3; sector++) {
		struct ms_record_sector raw[4];
		struct ms_hot list[60] = { { 0 } };

		for (u32 i = 0; i < 60; i++)
			list[i].extent = 60 + i;
		ms_record_encode(raw, im.sb.format_id, 1, 502, list, 60, 6, 9, NULL);
		memcpy(im.bytes, damaged, IMAGE_BYTES);
		memcpy((u8 *)image_block(&im, im.geo.record_start[1]) + sector * MS_SECTOR,
		       &raw[sector], MS_SECTOR);
		take(&im);
		memory_dev_set(work, sizeof(work));
		assert_int_equal(look_and_write(&r), 0);
		assert_int_equal(r.state, REPAIR_RECOVERY);
		assert_int_equal(memory_dev.writes, 0);
		/* Some other damage: the list stays. */
		work[0] ^= 1;
		sprintf(what, "torn at sector %u, and a superblock", sector);
		repairs(what);
		believed(&after);
		truth.commits = after.told;
		assert_weaker(&truth, &after, what);	/* so: the same */
	}
	image_free(&im);
}

static void unreadable_blocks(void **state)
{
	struct image im;
	struct repair r;

	(void)state;
	image_make(&im, 30, CRASHED);
	for (u64 block = 0; block < IMAGE_BLOCKS; block++) {
		if (!block_used(&im, block) || is_hot_table(&im, 30, block))
			continue;
		take(&im);
		memory_dev_set(work, sizeof(work));
		memory_dev.unreadable = block;
		assert_int_equal(look_and_write(&r), 0);
		assert_int_equal(r.state, REPAIR_DAMAGED);
		assert_int_equal(memory_dev.unreadable, ~0ull);
		assert_int_equal(look(&r), AREA_GOOD);
		assert_true(r.state != REPAIR_DAMAGED);
		believed(&after);
		assert_weaker(&after, &truth, "unreadable");
	}
	image_free(&im);
}

/* What cannot be repaired is refused. */
static void refused(void **state)
{
	struct image im;
	struct repair r;

	(void)state;
	image_make(&im, 0, CLEAN);
	take(&im);
	memory_dev_set(work, sizeof(work));
	work[100] ^= 1;
	work[8 * MS_BLOCK + 100] ^= 1;
	assert_int_equal(look(&r), AREA_BAD);
	memset(work, 0, MS_BLOCK);
	assert_int_equal(look(&r), AREA_BAD);
	memset(work + 8 * MS_BLOCK, 0, MS_BLOCK);
	assert_int_equal(look(&r), AREA_NONE);
	memory_dev.unreadable = 8;
	assert_int_equal(look(&r), AREA_BAD);
	memory_dev.unreadable = ~0ull;
	take(&im);
	im.sb.format_id++;
	ms_super_encode(&im.sb, 8, (struct ms_super *)(work + 8 * MS_BLOCK));
	assert_int_equal(look(&r), AREA_FOREIGN);
	take(&im);
	memory_dev.bytes -= MS_BLOCK;
	assert_int_equal(look(&r), AREA_SHORT);
	memory_dev.bytes = 30000;	/* no second copy at all */
	memset(work, 0, MS_BLOCK);
	assert_int_equal(look(&r), AREA_NONE);
	image_free(&im);
}

static void no_activation_left(void **state)
{
	struct image im;
	struct repair r;

	(void)state;
	image_make(&im, 0, CLEAN);
	im.sb.activation = MS_ACTIVATION_MAX;
	image_write_supers(&im);
	take(&im);
	memory_dev_set(work, sizeof(work));
	work[ms_geo_table_block(&im.geo, 3) * MS_BLOCK] ^= 1;
	assert_int_equal(look_and_write(&r), -EOVERFLOW);
	assert_int_equal(memory_dev.writes, 0);
	image_free(&im);
}

/* A site's history is the sum of both sequences, and may not begin anew. */
static void no_history_left(void **state)
{
	struct image im;
	struct repair r;

	(void)state;
	image_make(&im, 0, CLEAN);
	im.sb.sequence = ~0ull - (1ull << 32);
	image_write_supers(&im);
	take(&im);
	memory_dev_set(work, sizeof(work));
	work[im.geo.record_start[0] * MS_BLOCK] ^= 1;
	assert_int_equal(look_and_write(&r), -EOVERFLOW);
	assert_int_equal(memory_dev.writes, 0);
	image_free(&im);
}

/*
 * Interruptions
 */

enum kind {
	ONE_SUPER, ANOTHER_SUPER, RECORD_HEAD, RECORD_BOTH, RECORD_OTHER, RECORD_UNUSED, TABLE,
	SUMMARY, SUMMARY_OLDER, ALL_OF_IT, KINDS
};

/* Some entries of a summary block are those of table blocks that are gone. */
static void make_older(const struct image *im)
{
	struct ms_summary_block *sb =
		(void *)(work + ms_geo_summary_block(&im->geo, 0) * MS_BLOCK);

	sb->entry[100].sequence = cpu_to_le64(1ull << 40 | 7);
	memset(&sb->entry[101], 0, sizeof(sb->entry[101]));
	ms_summary_seal(sb, im->sb.format_id);
}

static void spoil(const struct image *im, enum kind kind)
{
	u8 *record0 = work + im->geo.record_start[0] * MS_BLOCK;
	u8 *record1 = work + im->geo.record_start[1] * MS_BLOCK;

	if (kind == ONE_SUPER || kind == ALL_OF_IT)
		work[200] ^= 1;
	if (kind == ANOTHER_SUPER)
		work[8 * MS_BLOCK + 200] ^= 1;
	if (kind == RECORD_HEAD || kind == ALL_OF_IT)
		record0[100] ^= 1;
	if (kind == RECORD_BOTH) {
		memset(record0, 0, MS_BLOCK);
		memset(record1, 0, MS_BLOCK);
	}
	if (kind == RECORD_OTHER)
		record1[2 * MS_SECTOR + 3] ^= 1;
	if (kind == RECORD_UNUSED)
		record0[3 * MS_SECTOR + 3] ^= 1;
	if (kind == TABLE || kind == ALL_OF_IT) {
		work[ms_geo_table_block(&im->geo, 100) * MS_BLOCK + 300] ^= 1;
		work[ms_geo_table_block(&im->geo, 101) * MS_BLOCK + 300] ^= 1;
	}
	if (kind == SUMMARY || kind == ALL_OF_IT)
		work[ms_geo_summary_block(&im->geo, 1) * MS_BLOCK + 300] ^= 1;
	if (kind == SUMMARY_OLDER)
		make_older(im);
}

/* Cut repair's writes at @cut, with @torn of the next block; then let it go on. Return: false when nothing was cut. */
static bool cut_once(u32 cut, u8 torn, u8 spoilt)
{
	char what[64];
	struct repair r;
	int err;

	sprintf(what, "cut after %u blocks, torn %02x, spoilt %02x", cut, torn, spoilt);
	memcpy(work, damaged, IMAGE_BYTES);
	memory_dev_set(work, sizeof(work));
	memory_dev.cut = cut;
	memory_dev.torn = torn;
	memory_dev.spoilt = spoilt;
	err = look_and_write(&r);
	assert_int_equal(r.state, REPAIR_DAMAGED);
	memory_dev_set(work, sizeof(work));
	believed(&after);
	assert_weaker(&after, &before, what);
	assert_int_equal(look_and_write(&r), 0);
	assert_int_equal(look(&r), AREA_GOOD);
	if (r.state == REPAIR_DAMAGED)
		fail_msg("%s: still damaged", what);
	believed(&after);
	assert_weaker(&after, &truth, what);
	return err;
}

static void cut_anywhere(void **state)
{
	struct rng rng = { 11 };
	struct image im;

	(void)state;
	for (u32 crashed = 0; crashed < 2; crashed++) {
		image_make(&im, crashed ? 30 : 0, crashed ? CRASHED : CLEAN);
		for (u32 kind = 0; kind < KINDS; kind++) {
			u32 cut = 0;

			take(&im);
			spoil(&im, kind);
			memcpy(damaged, work, IMAGE_BYTES);
			image_believe(damaged, ~0ull, &before);
			for (; cut_once(cut, 0, 0); cut++) {
				for (u32 n = 0; n < 6; n++)
					cut_once(cut, (u8)(rng_next(&rng) | 1u << n), 0);
				/* Sectors in order, too; and one that is neither old nor new. */
				cut_once(cut, 0x0f, 0);
				cut_once(cut, 0, 1);
				cut_once(cut, 3, 4);
			}
			assert_true(cut >= 1);
		}
		image_free(&im);
	}
}

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/*
 * The newest record is damaged, the one before is much older (writes failed between them):
 * half a blank record makes the newest one look torn, so that the older one holds again.
 */
static void history_survives_a_cut(void **state)
{
	struct image im;

	(void)state;
	image_make(&im, 30, CRASHED);
	for (u64 sequence = 501; sequence < 600; sequence += 49) {
		struct ms_record_sector *raw = image_block(&im, im.geo.record_start[0]);
		struct ms_hot hot[30] = { { 0 } };

		for (u32 i = 0; i < 30; i++)
			hot[i].extent = i + 1;
		ms_record_encode(raw, im.sb.format_id, 0, sequence, hot, 30, 6, 8, NULL);
		take(&im);
		work[im.geo.record_start[0] * MS_BLOCK + MS_SECTOR + 70] ^= 1;
		memcpy(damaged, work, IMAGE_BYTES);
		image_believe(damaged, ~0ull, &before);
		for (u32 cut = 0; cut < 4; cut++) {
			for (u32 torn = 0; torn < 16; torn++)
				cut_once(cut, (u8)torn, 0);
		}
	}
	image_free(&im);
}

/* Cut off after each block of the tables in turn: no number names two versions. */
static void numbers_are_used_once(void **state)
{
	static u64 used[100000];
	struct image im;
	struct repair r;
	u32 n = 0;

	(void)state;
	image_make(&im, 0, CLEAN);
	take(&im);
	spoil(&im, SUMMARY);
	memcpy(damaged, work, IMAGE_BYTES);
	for (u32 cut = 2; cut < 7; cut++) {
		for (u64 e = 168; e < IMAGE_EXTENTS; e++)
			memset(damaged + ms_geo_table_block(&im.geo, e) * MS_BLOCK, 0, MS_BLOCK);
		memcpy(work, damaged, IMAGE_BYTES);
		memory_dev_set(work, sizeof(work));
		memory_dev.cut = cut;
		look_and_write(&r);
		for (u64 e = 168; e < IMAGE_EXTENTS; e++) {
			struct ms_table_block *tb = (void *)(work + MS_BLOCK *
							     ms_geo_table_block(&im.geo, e));

			if (tb->sequence)
				used[n++] = le64_to_cpu(tb->sequence);
		}
		memcpy(damaged, work, IMAGE_BYTES);	/* the next one goes on from here */
	}
	assert_true(n >= 4);
	qsort(used, n, sizeof(*used), by_value);
	for (u32 i = 1; i < n; i++)
		assert_true(used[i] != used[i - 1]);
	image_free(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_is_left_alone),
		cmocka_unit_test(every_sector_flipped_clean),
		cmocka_unit_test(every_sector_flipped_crashed),
		cmocka_unit_test(zeroed_blocks),
		cmocka_unit_test(swapped_blocks),
		cmocka_unit_test(older_blocks),
		cmocka_unit_test(summary_of_the_beginning),
		cmocka_unit_test(counts_that_do_not_agree),
		cmocka_unit_test(superblock_older_than_tables),
		cmocka_unit_test(superblocks_that_contradict),
		cmocka_unit_test(clean_with_active_extents),
		cmocka_unit_test(torn_record),
		cmocka_unit_test(unreadable_blocks),
		cmocka_unit_test(refused),
		cmocka_unit_test(no_activation_left),
		cmocka_unit_test(no_history_left),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(history_survives_a_cut),
		cmocka_unit_test(numbers_are_used_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
