/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where things are: sectors, segments and extents of the data device, blocks
 * of the metadata area. All of it follows from four numbers (device size,
 * segment size, size of the activity record, size of the metadata device).
 * Pure functions on a struct of the caller; no locking.
 *
 * The metadata area, in blocks of 4 KiB:
 *
 *   0        superblock, first copy
 *   1..7     reserved, zero
 *   8        superblock, second copy
 *   9..15    reserved, zero
 *   16       activity record, first copy, record_blocks blocks
 *   ...      activity record, second copy, record_blocks blocks
 *   table    groups: MS_GROUP_SUMMARIES summary blocks, then the table blocks
 *            of the MS_GROUP_EXTENTS extents they describe; the last group
 *            has all of its summary blocks and only the table blocks it needs
 */
#ifndef MS_SHARED_GEOMETRY_H
#define MS_SHARED_GEOMETRY_H

#include "shared/env.h"

#define MS_SEG_SHIFT_MIN	12	/* 4 KiB */
#define MS_SEG_SHIFT_MAX	20	/* 1 MiB */
#define MS_SEG_SHIFT_DEFAULT	12
#define MS_EXTENT_SEGS		480u	/* segments of an extent */
#define MS_MASK_SEGS		8u	/* segments of one bit of a sub-range mask */
#define MS_MASK_BITS		(MS_EXTENT_SEGS / MS_MASK_SEGS)		/* 60 */
#define MS_MASK_ALL		((1ull << MS_MASK_BITS) - 1)
#define MS_SUMMARY_ENTRIES	168u	/* extents of a summary block */
#define MS_GROUP_SUMMARIES	16u
#define MS_GROUP_EXTENTS	(MS_GROUP_SUMMARIES * MS_SUMMARY_ENTRIES)
#define MS_GROUP_BLOCKS		(MS_GROUP_SUMMARIES + MS_GROUP_EXTENTS)
#define MS_RECORD_ENTRIES	28u	/* hot extents of a record sector */
#define MS_HOT_MIN		16u
#define MS_HOT_MAX		4096u
#define MS_HOT_DEFAULT		1024u
#define MS_SUPER_BLOCK0		0u
#define MS_SUPER_BLOCK1		8u
#define MS_RECORD_BLOCK		16u
#define MS_MAX_SECTORS		(1ull << 43)	/* 4 PiB: the kernel's bitmaps of extents count in 32 bits */

struct ms_geo {
	u64 sectors;		/* of the volume */
	u32 seg_shift;		/* log2 of bytes */
	u32 seg_sectors;
	u32 extent_sectors;
	u64 segments;
	u64 extents;
	u64 summaries;		/* summary blocks in use */
	u32 max_hot;		/* extents the activity record can hold */
	u32 record_sectors;	/* of one copy, used part */
	u32 record_blocks;	/* of one copy */
	u64 record_start[2];	/* block */
	u64 table_start;	/* block */
	u64 area_blocks;	/* blocks of the whole metadata area */
};

/**
 * ms_geo_init() - derive everything
 * @geo: filled in
 * @sectors: size of the volume, 1..MS_MAX_SECTORS
 * @seg_shift: MS_SEG_SHIFT_MIN..MS_SEG_SHIFT_MAX
 * @max_hot: MS_HOT_MIN..MS_HOT_MAX
 *
 * Return: 0, or -EINVAL for a value out of range.
 */
int ms_geo_init(struct ms_geo *geo, u64 sectors, u32 seg_shift, u32 max_hot);

/* Extent that holds @sector. */
u64 ms_geo_extent(const struct ms_geo *geo, u64 sector);
/* First sector of extent @e. */
u64 ms_geo_extent_start(const struct ms_geo *geo, u64 e);
/* Segments of extent @e: MS_EXTENT_SEGS but for the last one. */
u32 ms_geo_extent_segs(const struct ms_geo *geo, u64 e);
/* Sectors of segment @seg of extent @e: seg_sectors but for the volume's last one. */
u32 ms_geo_seg_len(const struct ms_geo *geo, u64 e, u32 seg);
/* Block of the table block of extent @e / of summary block number @s / of the summary block for extent @e. */
u64 ms_geo_table_block(const struct ms_geo *geo, u64 e);
u64 ms_geo_summary_block(const struct ms_geo *geo, u64 s);

static inline u64 ms_geo_summary_of(u64 e, u32 *index)
{
	u64 s = e / MS_SUMMARY_ENTRIES;

	*index = (u32)(e - s * MS_SUMMARY_ENTRIES);
	return s;
}

/**
 * ms_geo_mask() - sub-range mask of a run of segments
 * @first: first segment within the extent
 * @count: segments, at least 1; @first + @count <= MS_EXTENT_SEGS
 */
u64 ms_geo_mask(u32 first, u32 count);

/**
 * struct ms_span - a run of sectors inside one extent, in segments
 * @extent: number of the extent
 * @first: first segment touched, within the extent
 * @count: segments touched
 * @head_partial: the first segment is covered only in part
 * @tail_partial: the last one is
 */
struct ms_span {
	u64 extent;
	u32 first;
	u32 count;
	bool head_partial;
	bool tail_partial;
};

/**
 * ms_geo_span() - which segments does a run of sectors touch
 *
 * Return: 0, or -ERANGE when the run is empty, crosses the end of an extent
 * or of the volume.
 */
int ms_geo_span(const struct ms_geo *geo, u64 sector, u32 nsectors,
		struct ms_span *span);

#endif
