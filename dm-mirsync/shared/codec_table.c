// SPDX-License-Identifier: GPL-2.0-only
/*
 * The codec of table blocks and summary blocks. service/meta seals what it
 * writes and checks what it reads by these, the CLI's check and repair too.
 * They work in place on a block of the caller. No state, no locking.
 */
#include "shared/codec.h"
#include "shared/codec_crc.h"

u32 ms_bits(const u8 *map, u32 n)
{
	static const u8 in_nibble[16] = {
		0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4
	};
	u32 bits = 0;
	u32 i;

	for (i = 0; i < n / 8; i++)
		bits += in_nibble[map[i] & 15] + in_nibble[map[i] >> 4];
	for (i = n / 8 * 8; i < n; i++)
		bits += ms_bit(map, i);
	return bits;
}

/* Is a bit set at or above @n, of MS_EXTENT_SEGS? */
static bool bits_beyond(const u8 *map, u32 n)
{
	return ms_bits(map, MS_EXTENT_SEGS) != ms_bits(map, n);
}

static u32 table_crc(const struct ms_table_block *tb, u64 format_id)
{
	return crc_of_format(format_id, tb, sizeof(*tb),
			     offsetof(struct ms_table_block, crc));
}

void ms_table_init(struct ms_table_block *tb, const struct ms_geo *geo,
		   u64 extent, bool marked)
{
	u32 segs = ms_geo_extent_segs(geo, extent);
	u32 i;

	memset(tb, 0, sizeof(*tb));
	tb->extent = cpu_to_le64(extent);
	for (i = 0; marked && i < segs; i++)
		ms_bit_set(tb->marks, i);
}

void ms_table_seal(struct ms_table_block *tb, u64 format_id, u64 extent, u64 sequence)
{
	tb->extent = cpu_to_le64(extent);
	tb->sequence = cpu_to_le64(sequence);
	tb->crc = cpu_to_le32(table_crc(tb, format_id));
}

enum ms_bad ms_table_check(const struct ms_table_block *tb, const struct ms_geo *geo,
			   u64 format_id, u64 extent, u64 sequence)
{
	u32 segs = ms_geo_extent_segs(geo, extent);

	if (le32_to_cpu(tb->crc) != table_crc(tb, format_id))
		return MS_BAD_CRC;
	if (le64_to_cpu(tb->extent) != extent)
		return MS_BAD_NUMBER;
	if (le64_to_cpu(tb->sequence) != sequence)
		return MS_BAD_SEQUENCE;
	if (tb->flags || bits_beyond(tb->valid, segs) ||
	    bits_beyond(tb->marks, segs))
		return MS_BAD_VALUE;
	return MS_GOOD;
}

u64 ms_codec_digest(const struct ms_table_block *tb, u32 segs, u64 seed)
{
	return ms_xxh64(tb->codes, (size_t)segs * sizeof(tb->codes[0]), seed);
}

void ms_summary_from_table(struct ms_summary_entry *e, const struct ms_table_block *tb,
			   u32 segs, u64 seed)
{
	u32 valid = ms_bits(tb->valid, segs);
	u64 digest = valid == segs ? ms_codec_digest(tb, segs, seed) : 0;

	e->sequence = tb->sequence;
	e->digest = cpu_to_le64(digest);
	e->valid = cpu_to_le16((u16)valid);
	e->marked = cpu_to_le16((u16)ms_bits(tb->marks, segs));
	e->flags = 0;
}

/* Entries of summary block @number that stand for an extent. */
static u32 entries_used(const struct ms_geo *geo, u64 number)
{
	u64 first = number * MS_SUMMARY_ENTRIES;

	if (number >= geo->summaries)
		return 0;
	if (geo->extents - first >= MS_SUMMARY_ENTRIES)
		return MS_SUMMARY_ENTRIES;
	return (u32)(geo->extents - first);
}

static u32 summary_crc(const struct ms_summary_block *sb, u64 format_id)
{
	return crc_of_format(format_id, sb, sizeof(*sb),
			     offsetof(struct ms_summary_block, crc));
}

void ms_summary_init(struct ms_summary_block *sb, const struct ms_geo *geo, u64 number)
{
	memset(sb, 0, sizeof(*sb));
	sb->number = cpu_to_le64(number);
	sb->entries = cpu_to_le32(entries_used(geo, number));
}

void ms_summary_seal(struct ms_summary_block *sb, u64 format_id)
{
	u64 newest = 0;
	u32 i;

	for (i = 0; i < MS_SUMMARY_ENTRIES; i++) {
		u64 sequence = le64_to_cpu(sb->entry[i].sequence);

		if (sequence > newest)
			newest = sequence;
	}
	sb->sequence = cpu_to_le64(newest);
	sb->crc = cpu_to_le32(summary_crc(sb, format_id));
}

/* Can @e be the entry of an extent of @segs segments? */
static bool entry_good(const struct ms_summary_entry *e, u32 segs)
{
	if (e->flags)
		return false;
	if (!e->sequence)
		return !e->valid && !e->marked;
	return le16_to_cpu(e->valid) <= segs && le16_to_cpu(e->marked) <= segs;
}

/*
 * The count of entries may be another one than follows from @geo: growing the
 * volume writes the entries of new extents before the superblock with its new
 * size. Entries beyond the volume are not looked at.
 */
enum ms_bad ms_summary_check(const struct ms_summary_block *sb, const struct ms_geo *geo,
			     u64 format_id, u64 number)
{
	u32 used = entries_used(geo, number);
	u32 i;

	if (le32_to_cpu(sb->crc) != summary_crc(sb, format_id))
		return MS_BAD_CRC;
	if (le64_to_cpu(sb->number) != number)
		return MS_BAD_NUMBER;
	if (le32_to_cpu(sb->entries) > MS_SUMMARY_ENTRIES)
		return MS_BAD_VALUE;
	for (i = 0; i < used; i++) {
		u64 extent = number * MS_SUMMARY_ENTRIES + i;

		if (!entry_good(&sb->entry[i], ms_geo_extent_segs(geo, extent)))
			return MS_BAD_VALUE;
	}
	return MS_GOOD;
}
