// SPDX-License-Identifier: GPL-2.0-only
/*
 * See image.h. image_believe() follows meta_super.c (which copy), activity.c (a damaged
 * record voids all codes), meta_table.c and meta_summary.c (what a block is worth), and
 * ms_extent_recover() (masks), on its own.
 */
#include <stdio.h>
#include <stdlib.h>

#include "image.h"

static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

void image_write_table(struct image *im, u64 extent, u64 sequence, u64 salt)
{
	u32 segs = ms_geo_extent_segs(&im->geo, extent);
	struct ms_table_block *tb = image_block(im, ms_geo_table_block(&im->geo, extent));
	struct ms_summary_block *sb;
	u32 index, i;

	sb = image_block(im, ms_geo_summary_block(&im->geo, ms_geo_summary_of(extent, &index)));
	ms_table_init(tb, &im->geo, extent, false);
	for (i = 0; i < segs; i++) {
		u64 r = mix(salt * 1000003 + extent * 480 + i);

		tb->codes[i] = cpu_to_le64(r);
		if (salt % 2 || r & 7)	/* an odd salt: all valid, no mark */
			ms_bit_set(tb->valid, i);
		if (!(salt % 2) && r & 0x100)
			ms_bit_set(tb->marks, i);
	}
	ms_table_seal(tb, im->sb.format_id, extent, sequence);
	ms_summary_from_table(&sb->entry[index], tb, segs, im->sb.code_seed);
	ms_summary_seal(sb, im->sb.format_id);
}

void image_write_supers(struct image *im)
{
	ms_super_encode(&im->sb, MS_SUPER_BLOCK0, image_block(im, MS_SUPER_BLOCK0));
	ms_super_encode(&im->sb, MS_SUPER_BLOCK1, image_block(im, MS_SUPER_BLOCK1));
}

static void make_super(struct image *im, u32 flags)
{
	struct ms_sb *sb = &im->sb;

	memset(sb, 0, sizeof(*sb));
	if (ms_geo_init(&im->geo, IMAGE_SECTORS, 12, IMAGE_HOT) ||
	    im->geo.extents != IMAGE_EXTENTS || im->geo.area_blocks != IMAGE_BLOCKS)
		abort();
	sb->version = MS_FORMAT_VERSION;
	sb->flags = flags;
	sb->sequence = 40;
	sb->format_id = 0x1234567890abcdefull;
	memset(sb->volume_id, 1, MS_UUID);
	memset(sb->node_id, 2, MS_UUID);
	memset(sb->peer_node_id, 3, MS_UUID);
	sb->sectors = im->geo.sectors;
	sb->logical_block = MS_SECTOR;
	sb->seg_shift = 12;
	sb->code_algo = MS_CODE_ALGO_CRC32C_XXH;
	sb->max_hot = IMAGE_HOT;
	sb->code_seed = 99;
	sb->area_blocks = im->geo.area_blocks;
	sb->table_start = im->geo.table_start;
	sb->role = MS_ROLE_PRIMARY;
	sb->gens.current_gen = 77;
	sb->codes_since = (u64)(IMAGE_ACTIVATION - 1) << 40;
	sb->activation = IMAGE_ACTIVATION;
	sb->activation_id = 5;
	image_write_supers(im);
}

static u64 sequence_of(const struct image *im, u64 extent)
{
	u32 index;
	u64 s = ms_geo_summary_of(extent, &index);
	const struct ms_summary_block *sb = image_block(im, ms_geo_summary_block(&im->geo, s));

	return le64_to_cpu(sb->entry[index].sequence);
}

/* Without extents 1 to @hot. */
static struct ms_sums sums_without(const struct image *im, u32 hot)
{
	struct ms_sums sums = { 0 };
	u64 e;

	for (e = 0; e < IMAGE_EXTENTS; e++)
		if (!e || e > hot)
			ms_sums_add(&sums, e, ms_sums_hash(im->sb.format_id, e, sequence_of(im, e)));
	return sums;
}

/* Copy 0 holds; copy 1 has the record before it. */
void image_write_record(struct image *im, u32 hot)
{
	struct ms_record_sector *raw[2];
	struct ms_hot list[IMAGE_HOT];
	u32 most = IMAGE_EXTENTS - 1 < IMAGE_HOT ? IMAGE_EXTENTS - 1 : IMAGE_HOT;
	struct ms_sums sums, before;
	u32 i;

	hot = hot < most ? hot : most;
	sums = sums_without(im, hot);
	before = sums_without(im, hot ? most : 0);

	for (i = 0; i < 2; i++) {
		raw[i] = image_block(im, im->geo.record_start[i]);
		ms_record_blank(raw[i], &im->geo, im->sb.format_id, i, 0, NULL);
	}
	for (i = 0; i < most; i++) {
		list[i].extent = i + 1;
		list[i].mask = mix(i) & MS_MASK_ALL;
	}
	ms_record_encode(raw[1], im->sb.format_id, 1, 500, list, hot ? most : 0, 6, 7,
			 &before);
	ms_record_encode(raw[0], im->sb.format_id, 0, 501, list, hot, 6, 8, &sums);
}

void image_make(struct image *im, u32 hot, u32 flags)
{
	u64 e, s;

	im->bytes = calloc(1, IMAGE_BYTES);
	if (!im->bytes)
		abort();
	make_super(im, flags);
	for (s = 0; s < MS_GROUP_SUMMARIES; s++) {
		struct ms_summary_block *sb = image_block(im, ms_geo_summary_block(&im->geo, s));

		ms_summary_init(sb, &im->geo, s);
		ms_summary_seal(sb, im->sb.format_id);
	}
	/* Every 11th is of an activation whose codes are void. */
	for (e = 0; e < IMAGE_EXTENTS; e++) {
		if (e % 7 != 6)
			image_write_table(im, e, (u64)(e % 11 ? IMAGE_ACTIVATION : 1) << 40 | (e + 1),
					  e);
	}
	image_write_record(im, hot);
}

void image_free(struct image *im)
{
	free(im->bytes);
	im->bytes = NULL;
}

/*
 * What the kernel believes
 */

struct reader {
	const u8 *bytes;
	u64 unreadable;
	struct ms_sb sb;
	struct ms_geo geo;
	struct ms_hot hot[MS_HOT_MAX];
	struct ms_record_result record;
	bool void_codes;
};

static const void *block_of(const struct reader *r, u64 block)
{
	static const u8 nothing[2 * MS_BLOCK];

	return block == r->unreadable ? nothing : r->bytes + block * MS_BLOCK;
}

static bool believe_super(struct reader *r)
{
	struct ms_sb sb[2];
	enum ms_bad bad[2];
	u32 i, best;

	for (i = 0; i < 2; i++)
		bad[i] = ms_super_decode(block_of(r, i * 8), i * 8, &sb[i]);
	for (i = 0; i < 2; i++)
		if (bad[i] == MS_BAD_VERSION || bad[i] == MS_BAD_FEATURE)
			return false;
	if (bad[0] && bad[1])
		return false;
	if (!bad[0] && !bad[1] && sb[0].format_id != sb[1].format_id)
		return false;
	best = bad[0] || (!bad[1] && sb[1].sequence > sb[0].sequence);
	r->sb = sb[best];
	return !(r->sb.ro_compat & ~MS_FEATURES_RO_COMPAT) &&
	       !ms_super_geo(&r->sb, &r->geo) && r->geo.area_blocks == IMAGE_BLOCKS &&
	       r->geo.extents == IMAGE_EXTENTS && r->geo.record_blocks == 1;
}

static bool is_hot(const struct reader *r, u64 extent)
{
	u32 i;

	for (i = 0; i < r->record.total; i++)
		if (r->hot[i].extent == extent)
			return true;
	return false;
}

static u64 mask_of(const struct reader *r, u64 extent)
{
	u32 i;

	for (i = 0; i < r->record.total; i++)
		if (r->hot[i].extent == extent)
			return r->hot[i].mask;
	return 0;
}

/* As ms_meta_read_table() gives it. */
static void read_table(const struct reader *r, u64 extent, struct ms_table_block *tb)
{
	u32 index;
	u64 s = ms_geo_summary_of(extent, &index);
	const struct ms_summary_block *sb = block_of(r, ms_geo_summary_block(&r->geo, s));
	u64 sequence = le64_to_cpu(sb->entry[index].sequence);
	bool lost = ms_summary_check(sb, &r->geo, r->sb.format_id, s) || sequence == ~0ull;

	ms_table_init(tb, &r->geo, extent, lost);
	if (lost || !sequence)
		return;
	memcpy(tb, block_of(r, ms_geo_table_block(&r->geo, extent)), sizeof(*tb));
	if (ms_table_check(tb, &r->geo, r->sb.format_id, extent, sequence))
		ms_table_init(tb, &r->geo, extent, true);
	else if (sequence < r->sb.codes_since)
		memset(tb->valid, 0, sizeof(tb->valid));
}

static void believe_extent(const struct reader *r, u64 extent, struct belief *b)
{
	u32 segs = ms_geo_extent_segs(&r->geo, extent);
	u64 mask = mask_of(r, extent);
	struct ms_table_block tb;
	u32 i;

	read_table(r, extent, &tb);
	for (i = 0; i < segs; i++) {
		bool touched = mask >> i / MS_MASK_SEGS & 1;

		if (!r->void_codes && !touched && ms_bit(tb.valid, i)) {
			ms_bit_set(b->extent[extent].valid, i);
			b->extent[extent].codes[i] = le64_to_cpu(tb.codes[i]);
		}
		if (touched || ms_bit(tb.marks, i))
			ms_bit_set(b->extent[extent].marks, i);
	}
}

/* As the scan at an activation counts them. */
static void count_summaries(const struct reader *r, struct ms_sums_found *f)
{
	u64 id = r->sb.format_id, s, e;

	memset(f, 0, sizeof(*f));
	for (s = 0; s < r->geo.summaries; s++) {
		const struct ms_summary_block *sb = block_of(r, ms_geo_summary_block(&r->geo, s));
		bool bad = ms_summary_check(sb, &r->geo, id, s);
		u64 first = s * MS_SUMMARY_ENTRIES;

		if (bad)
			ms_sums_bad_block(f, s);
		for (e = first; e < first + MS_SUMMARY_ENTRIES && e < IMAGE_EXTENTS; e++) {
			u64 sequence = le64_to_cpu(sb->entry[e - first].sequence);

			if (is_hot(r, e))
				continue;
			if (bad)
				ms_sums_bad_entry(f, id, e, sequence);
			else
				ms_sums_add(&f->good, e, ms_sums_hash(id, e, sequence));
		}
	}
}

static bool codes_void(const struct reader *r)
{
	struct ms_sums_found found;

	if (r->record.state == MS_RECORD_DAMAGED)
		return true;
	count_summaries(r, &found);
	return r->record.sums_known && !ms_sums_agree(&r->record.sums, &found);
}

void image_believe(const u8 *bytes, u64 unreadable, struct belief *b)
{
	struct reader *r = calloc(1, sizeof(*r));
	bool damaged;
	u64 e;

	if (!r)
		abort();
	memset(b, 0, sizeof(*b));
	r->bytes = bytes;
	r->unreadable = unreadable;
	b->refused = !believe_super(r);
	if (!b->refused) {
		ms_record_judge(&r->geo, r->sb.format_id, block_of(r, r->geo.record_start[0]),
				block_of(r, r->geo.record_start[1]), r->hot, &r->record);
		damaged = r->record.state == MS_RECORD_DAMAGED;
		if (damaged)
			r->record.total = 0;
		r->void_codes = codes_void(r);
		b->told = r->sb.sequence + (damaged ? r->record.sequence : r->record.held);
		b->commits = b->told + (damaged ? 65536 : 0);
		b->candidates = r->void_codes || r->sb.flags & MS_SB_ALL_CANDIDATES;
		for (e = 0; e < IMAGE_EXTENTS; e++)
			believe_extent(r, e, b);
	}
	free(r);
}

const char *belief_is_weaker(const struct belief *after, const struct belief *before)
{
	static char text[100];
	u64 e;
	u32 i;

	if (before->refused)
		return NULL;
	if (after->refused)
		return "it is refused now";
	if (after->commits < before->told)
		return "its history got shorter";
	if (before->candidates && !after->candidates)
		return "all were candidates and are not any more";
	for (e = 0; e < IMAGE_EXTENTS; e++) {
		for (i = 0; i < MS_EXTENT_SEGS; i++) {
			bool valid = ms_bit(after->extent[e].valid, i);
			bool forgot = ms_bit(before->extent[e].marks, i) &&
				      !ms_bit(after->extent[e].marks, i);

			if (valid && (!ms_bit(before->extent[e].valid, i) ||
				      after->extent[e].codes[i] != before->extent[e].codes[i])) {
				sprintf(text, "a code of extent %u, segment %u, appeared", (u32)e, i);
				return text;
			}
			if (forgot && !after->candidates) {
				sprintf(text, "the mark of extent %u, segment %u, is lost", (u32)e, i);
				return text;
			}
		}
	}
	return NULL;
}
