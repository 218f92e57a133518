/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metadata area of a volume that is down, read from its device: both
 * superblocks, the activity record, summary and table blocks. Writes nothing.
 */
#ifndef MS_CLI_AREA_H
#define MS_CLI_AREA_H

#include "dev.h"
#include "shared/codec.h"

struct area {
	struct dev dev;
	/* the superblock pair */
	int error[2];			/* negative errno of reading a copy */
	enum ms_bad bad[2];		/* judgement of a copy that was read */
	struct ms_sb copy[2];		/* a copy that is good */
	u32 holds;			/* the copy that wins */
	struct ms_sb sb;		/* the same */
	struct ms_geo geo;
	/* the activity record */
	struct ms_hot *hot;		/* record.total entries, in order of extents */
	struct ms_record_result record;
	u32 record_bad[2];		/* bad sectors of each copy, used by the record or not */
};

enum area_state {
	AREA_GOOD = 0,
	AREA_NONE,		/* no superblock */
	AREA_BAD,		/* both superblocks are bad */
	AREA_SHORT,		/* the device is smaller than the area on it */
	AREA_FOREIGN,		/* the superblocks are of two formats */
};

/*
 * area_open() - open the device and read its superblocks
 * @flags: DEV_*
 * Return: a negative errno of dev_open(), reported; else an enum area_state, to
 * be reported in the words of area_why().
 */
int area_open(struct area *a, const char *path, unsigned int flags);
/* area_read() - the same for @a->dev, which is open; all else in @a is zero */
int area_read(struct area *a);
/* A line on what area_open() returned; NULL when there is nothing (more) to report. */
const char *area_why(int r);
void area_close(struct area *a);

/* "good", "wrong checksum", "Input/output error"... of one superblock copy */
const char *area_copy_text(const struct area *a, u32 copy);

/*
 * area_read_record() - one copy of the activity record, geo.record_blocks blocks
 * A block that cannot be read counts as zeroes.
 */
void area_read_record(const struct area *a, u32 copy, struct ms_record_sector *raw);
/* area_load_record() - read and judge both copies of the activity record */
void area_load_record(struct area *a);

/* Entry of the record for @extent, or NULL when it is not hot. */
const struct ms_hot *area_hot(const struct area *a, u64 extent);

/* Summary blocks number @first.., all of one group. Return: as dev_read(). */
int area_read_summaries(const struct area *a, u64 first, u32 count,
			struct ms_summary_block *buf);
/* Table blocks of @count extents from @first, all of one group. */
int area_read_tables(const struct area *a, u64 first, u32 count,
		     struct ms_table_block *buf);

/* Are the codes of a table block of @sequence to be believed at all? */
static inline bool area_codes_hold(const struct area *a, u64 sequence)
{
	return sequence && sequence != ~0ull && sequence >= a->sb.codes_since;
}

#endif
