/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A metadata area in memory as the kernel leaves it, for tests and fuzzers of the offline
 * code, and what the kernel would believe of one: by service/meta's rules, written down a
 * second time. 172 extents, so two summary blocks (the fuzzers have less, to be faster);
 * every 7th one was never written; the last one is short.
 */
#ifndef TESTS_OFFLINE_IMAGE_H
#define TESTS_OFFLINE_IMAGE_H

#include "shared/codec.h"

#ifndef IMAGE_EXTENTS
#define IMAGE_EXTENTS	172u
#endif
#define IMAGE_SECTORS	(((IMAGE_EXTENTS - 1) * 480 + 9) * 8 - 3)
#define IMAGE_HOT	112u		/* four sectors of record */
#define IMAGE_BLOCKS	(18 + 16 + IMAGE_EXTENTS)
#define IMAGE_BYTES	((size_t)IMAGE_BLOCKS * MS_BLOCK)
#define IMAGE_ACTIVATION	3u

struct image {
	u8 *bytes;
	struct ms_sb sb;
	struct ms_geo geo;
};

static inline void *image_block(const struct image *im, u64 block)
{
	return im->bytes + block * MS_BLOCK;
}

/* Allocates im->bytes. @hot extents, fewer than there are, are in the record, with the flag for that; 0: clean. */
void image_make(struct image *im, u32 hot, u32 flags);
void image_free(struct image *im);
/* A new version of @extent's table, by @sequence, its codes and marks made of @salt. */
void image_write_table(struct image *im, u64 extent, u64 sequence, u64 salt);
void image_write_supers(struct image *im);
/* Both copies of the record, @hot extents in the one that holds, its sums right for the summaries as they are. */
void image_write_record(struct image *im, u32 hot);

/* What the kernel believes of a segment. */
struct belief {
	bool refused;		/* it opens no volume */
	bool candidates;	/* everything is compared */
	u64 commits;		/* of the site, as it tells its peer (I11) ... */
	u64 told;		/* ... and as it can have told it before a record was damaged */
	struct {
		u8 valid[MS_BITMAP_BYTES];
		u8 marks[MS_BITMAP_BYTES];
		u64 codes[MS_EXTENT_SEGS];	/* 0 unless valid */
	} extent[IMAGE_EXTENTS];
};

/* @unreadable: a block that cannot be read, or ~0 */
void image_believe(const u8 *bytes, u64 unreadable, struct belief *b);

/* Is nothing believed that was not before, and nothing forgotten? Return: NULL, or what is wrong. */
const char *belief_is_weaker(const struct belief *after, const struct belief *before);

#endif
