/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing of a metadata area offline, for format and repair: superblocks, and both kinds
 * of records that they need. In which order is the caller's business.
 */
#ifndef MS_CLI_AREA_WRITE_H
#define MS_CLI_AREA_WRITE_H

#include "dev.h"
#include "shared/codec.h"

/* All return 0 or a negative errno, not reported. */

/* One superblock copy, on stable storage when it returns. */
int area_write_super(const struct dev *d, const struct ms_sb *sb, u32 copy);
/* A whole copy of the activity record from @raw, geo->record_blocks blocks. */
int area_write_record(const struct dev *d, const struct ms_geo *geo, u32 copy,
		      const struct ms_record_sector *raw);
/* The same, blank: see ms_record_blank(). */
int area_write_blank_record(const struct dev *d, const struct ms_sb *sb,
			    const struct ms_geo *geo, u32 copy, u64 sequence,
			    const struct ms_sums *sums);

#endif
