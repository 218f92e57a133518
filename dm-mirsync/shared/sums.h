/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sums over summary entries that the activity record carries. An older summary block
 * that was put back is whole and in its place; only something outside of it can tell. Each
 * entry counts by a hash of its extent and sequence, which is used for one content only.
 * The record's sums are over all extents that are not in its list: their entries change
 * only after a record with them, and before one without them, so the sums are those of
 * what is on stable storage at any instant (doc/design.md, "The sums of the record").
 *
 * Modulo 2^64. In the second sum an entry counts times the number of its summary block,
 * plus one. Of one block that is lost the two say what it must have added, so that the
 * others can be judged without it.
 *
 * Called by the kernel's activation, the CLI's check and repair, and the tests. No state,
 * no locking.
 */
#ifndef MS_SHARED_SUMS_H
#define MS_SHARED_SUMS_H

#include "shared/env.h"
#include "shared/geometry.h"

struct ms_sums {
	u64 plain;
	u64 weighted;
};

/* ms_sums_hash() - what an entry counts; 0 for one that was never written (@sequence 0) */
u64 ms_sums_hash(u64 format_id, u64 extent, u64 sequence);

/* ms_sums_add() - add an entry of ms_sums_hash() @hash */
static inline void ms_sums_add(struct ms_sums *s, u64 extent, u64 hash)
{
	u32 index;

	s->plain += hash;
	s->weighted += hash * (ms_geo_summary_of(extent, &index) + 1);
}

static inline void ms_sums_sub(struct ms_sums *s, u64 extent, u64 hash)
{
	ms_sums_add(s, extent, 0 - hash);
}

/* What the summaries of an area come to, always without the extents in the record. */
struct ms_sums_found {
	struct ms_sums good;	/* entries of good blocks */
	/* Entries of bad blocks, as sequence 2^64 - 1, by which they are believed, and as they were read. */
	struct ms_sums lost, raw;
	u64 bad;		/* such blocks */
	u64 number;		/* one of them */
};

/* ms_sums_bad_block() - count a bad summary block; its entries follow */
void ms_sums_bad_block(struct ms_sums_found *f, u64 number);
/* ms_sums_bad_entry() - an entry of it, of an extent that is not in the record; @sequence as read */
void ms_sums_bad_entry(struct ms_sums_found *f, u64 format_id, u64 extent, u64 sequence);

/**
 * ms_sums_agree() - are the good summary blocks those that the record was written for
 * @want: of the record that holds
 * @f: what was found
 *
 * One bad block may hold anything. Several have to be torn, which leaves the entries of
 * extents that were not being written as they were, or to have been bad already when the
 * record was written.
 *
 * Return: false when a block that looks good was put back from an older time, or several
 * blocks are damaged: then nothing is known of the other ones.
 */
bool ms_sums_agree(const struct ms_sums *want, const struct ms_sums_found *f);

#endif
