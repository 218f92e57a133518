// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic of the layout. Everything that has to turn a sector into a
 * segment, or an extent into a block, does it here. All divisions are by
 * constants. No state, no locking.
 */
#include "shared/geometry.h"

/* The quotient rounded up; @d is a constant. */
#define ROUND_UP_DIV(n, d)	(((n) + (d) - 1) / (d))

static u32 seg_sector_shift(const struct ms_geo *geo)
{
	return geo->seg_shift - MS_SECTOR_SHIFT;
}

/* Blocks of all groups; the last one is cut off behind its last table block. */
static u64 table_area_blocks(u64 extents)
{
	u64 groups = extents / MS_GROUP_EXTENTS;
	u64 rest = extents - groups * MS_GROUP_EXTENTS;

	return groups * MS_GROUP_BLOCKS +
	       (rest ? MS_GROUP_SUMMARIES + rest : 0);
}

int ms_geo_init(struct ms_geo *geo, u64 sectors, u32 seg_shift, u32 max_hot)
{
	if (!sectors || sectors > MS_MAX_SECTORS ||
	    seg_shift < MS_SEG_SHIFT_MIN || seg_shift > MS_SEG_SHIFT_MAX ||
	    max_hot < MS_HOT_MIN || max_hot > MS_HOT_MAX)
		return -EINVAL;

	geo->sectors = sectors;
	geo->seg_shift = seg_shift;
	geo->seg_sectors = 1u << seg_sector_shift(geo);
	geo->extent_sectors = MS_EXTENT_SEGS << seg_sector_shift(geo);
	geo->segments = (sectors + geo->seg_sectors - 1) >> seg_sector_shift(geo);
	geo->extents = ROUND_UP_DIV(geo->segments, MS_EXTENT_SEGS);
	geo->summaries = ROUND_UP_DIV(geo->extents, MS_SUMMARY_ENTRIES);
	geo->max_hot = max_hot;
	geo->record_sectors = ROUND_UP_DIV(max_hot, MS_RECORD_ENTRIES);
	geo->record_blocks = ROUND_UP_DIV(geo->record_sectors,
					  MS_BLOCK / MS_SECTOR);
	geo->record_start[0] = MS_RECORD_BLOCK;
	geo->record_start[1] = MS_RECORD_BLOCK + geo->record_blocks;
	geo->table_start = geo->record_start[1] + geo->record_blocks;
	geo->area_blocks = geo->table_start + table_area_blocks(geo->extents);
	return 0;
}

/**
 * ms_geo_extent() - extent that holds a sector
 * @geo: geometry
 * @sector: of the volume
 */
u64 ms_geo_extent(const struct ms_geo *geo, u64 sector)
{
	return (sector >> seg_sector_shift(geo)) / MS_EXTENT_SEGS;
}

/**
 * ms_geo_extent_start() - first sector of an extent
 * @geo: geometry
 * @e: extent
 */
u64 ms_geo_extent_start(const struct ms_geo *geo, u64 e)
{
	return e * geo->extent_sectors;
}

/**
 * ms_geo_extent_segs() - segments of an extent
 * @geo: geometry
 * @e: extent
 *
 * Return: MS_EXTENT_SEGS, fewer for the last extent, 0 beyond it.
 */
u32 ms_geo_extent_segs(const struct ms_geo *geo, u64 e)
{
	if (e >= geo->extents)
		return 0;
	if (e < geo->extents - 1)
		return MS_EXTENT_SEGS;
	return (u32)(geo->segments - e * MS_EXTENT_SEGS);
}

/**
 * ms_geo_seg_len() - sectors of a segment
 * @geo: geometry
 * @e: extent
 * @seg: segment within the extent
 *
 * Return: seg_sectors, fewer for the volume's last segment, 0 beyond it.
 */
u32 ms_geo_seg_len(const struct ms_geo *geo, u64 e, u32 seg)
{
	u64 number, left;

	if (seg >= ms_geo_extent_segs(geo, e))
		return 0;
	number = e * MS_EXTENT_SEGS + seg;
	left = geo->sectors - (number << seg_sector_shift(geo));
	return left < geo->seg_sectors ? (u32)left : geo->seg_sectors;
}

/**
 * ms_geo_table_block() - where the table block of an extent is
 * @geo: geometry
 * @e: extent
 */
u64 ms_geo_table_block(const struct ms_geo *geo, u64 e)
{
	u64 group = e / MS_GROUP_EXTENTS;

	return geo->table_start + group * MS_GROUP_BLOCKS +
	       MS_GROUP_SUMMARIES + (e - group * MS_GROUP_EXTENTS);
}

/**
 * ms_geo_summary_block() - where a summary block is
 * @geo: geometry
 * @s: number of the summary block
 */
u64 ms_geo_summary_block(const struct ms_geo *geo, u64 s)
{
	u64 group = s / MS_GROUP_SUMMARIES;

	return geo->table_start + group * MS_GROUP_BLOCKS +
	       (s - group * MS_GROUP_SUMMARIES);
}

u64 ms_geo_mask(u32 first, u32 count)
{
	u32 low = first / MS_MASK_SEGS;
	u32 high = (first + count - 1) / MS_MASK_SEGS;

	return (~0ull << low) & (~0ull >> (63 - high));
}

int ms_geo_span(const struct ms_geo *geo, u64 sector, u32 nsectors,
		struct ms_span *span)
{
	u32 shift = seg_sector_shift(geo);
	u64 end = sector + nsectors;
	u64 first, last;

	if (!nsectors || sector >= geo->sectors ||
	    nsectors > geo->sectors - sector)
		return -ERANGE;
	first = sector >> shift;
	last = (end - 1) >> shift;
	span->extent = first / MS_EXTENT_SEGS;
	if (last / MS_EXTENT_SEGS != span->extent)
		return -ERANGE;

	span->first = (u32)(first - span->extent * MS_EXTENT_SEGS);
	span->count = (u32)(last - first) + 1;
	span->head_partial = sector != first << shift;
	span->tail_partial = end != (last + 1) << shift && end != geo->sectors;
	if (span->count == 1)
		span->head_partial = span->tail_partial =
			span->head_partial || span->tail_partial;
	return 0;
}
