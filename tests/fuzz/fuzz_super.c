// SPDX-License-Identifier: GPL-2.0-only
/*
 * A superblock of any bytes. Input: what to put right of it (1: magic, 2: checksum, 4: it is
 * at block 8), then the block. One that is good has a layout that fits, and comes out of
 * the encoder as it went into the decoder.
 */
#include "input.h"
#include "shared/codec.h"
#include "shared/codec_crc.h"

static void check_layout(const struct ms_sb *sb)
{
	struct ms_geo geo;
	u64 last;

	holds(!ms_super_geo(sb, &geo));
	last = geo.extents - 1;
	holds(ms_geo_table_block(&geo, last) == geo.area_blocks - 1);
	holds(ms_geo_summary_block(&geo, geo.summaries - 1) < ms_geo_table_block(&geo, last));
	holds(ms_geo_extent_segs(&geo, last) && ms_geo_extent_segs(&geo, last) <= MS_EXTENT_SEGS);
	holds(ms_geo_extent(&geo, geo.sectors - 1) == last);
	holds(sb->activation <= MS_ACTIVATION_MAX && sb->table_start == geo.table_start);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ms_super raw, again;
	static struct ms_sb sb, sb2;
	struct input in = { data, size };
	u32 mode = (u32)take_n(&in, 1);
	u32 block = mode & 4 ? MS_SUPER_BLOCK1 : MS_SUPER_BLOCK0;
	enum ms_bad bad;

	take(&in, &raw, sizeof(raw));
	if (mode & 1)
		memcpy(raw.magic, MS_SUPER_MAGIC, sizeof(raw.magic));
	if (mode & 2)
		raw.crc = cpu_to_le32(~crc_around(~0u, &raw, sizeof(raw),
						  offsetof(struct ms_super, crc)));
	memset(&sb, 0, sizeof(sb));
	bad = ms_super_decode(&raw, block, &sb);
	holds(*ms_bad_text(bad));
	if (bad)
		return 0;
	check_layout(&sb);
	ms_super_encode(&sb, block, &again);
	/* What is reserved is not taken over. */
	memcpy(again.reserved, raw.reserved, sizeof(raw.reserved));
	again.crc = raw.crc;
	holds(!memcmp(&again, &raw, sizeof(raw)));
	ms_super_encode(&sb, block, &again);
	memset(&sb2, 0, sizeof(sb2));
	holds(!ms_super_decode(&again, block, &sb2));
	holds(!memcmp(&sb, &sb2, sizeof(sb)));
	return 0;
}
