// SPDX-License-Identifier: GPL-2.0-only
/*
 * See area_write.h. The encoding is the shared codec's work. No state.
 */
#include <stdlib.h>

#include "area_write.h"

int area_write_super(const struct dev *d, const struct ms_sb *sb, u32 copy)
{
	static const u32 block[2] = { MS_SUPER_BLOCK0, MS_SUPER_BLOCK1 };
	struct ms_super *raw = dev_buffer(MS_BLOCK);
	int r;

	ms_super_encode(sb, block[copy], raw);
	r = dev_write(d, raw, MS_BLOCK, (u64)block[copy] * MS_BLOCK);
	free(raw);
	return r ? r : dev_sync(d);
}

int area_write_record(const struct dev *d, const struct ms_geo *geo, u32 copy,
		      const struct ms_record_sector *raw)
{
	return dev_write(d, raw, (size_t)geo->record_blocks * MS_BLOCK,
			 geo->record_start[copy] * MS_BLOCK);
}

int area_write_blank_record(const struct dev *d, const struct ms_sb *sb,
			    const struct ms_geo *geo, u32 copy, u64 sequence,
			    const struct ms_sums *sums)
{
	struct ms_record_sector *raw = dev_buffer((size_t)geo->record_blocks * MS_BLOCK);
	int r;

	ms_record_blank(raw, geo, sb->format_id, copy, sequence, sums);
	r = area_write_record(d, geo, copy, raw);
	free(raw);
	return r;
}
