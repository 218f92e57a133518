/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making codes valid by reading: for the generator, for the resync, and on
 * demand of the peer's comparison. Locking: v->lock; the range that is read is
 * held against writes by an operation.
 */
#ifndef MS_ENGINE_CODES_H
#define MS_ENGINE_CODES_H

#include "engine/extent.h"

/* Segments to read at once: 256 KiB, at least one. */
static inline u32 ms_run_segs(const struct ms_volume *v)
{
	return max(1u, (256u << 10) >> v->geo->seg_shift);
}

/* Longest run of segments with bit set in @map from @from on, at most ms_run_segs(). Return: its length, 0 at the end; *first is set. */
u32 ms_next_run(const struct ms_volume *v, const u8 *map, u32 segs, u32 from, u32 *first);

/* Sectors of a run of segments of extent @no, and where it begins. */
u32 ms_run_sectors(const struct ms_volume *v, u64 no, u32 first, u32 count, u64 *sector);

/* A run of segments to be read for their codes: its pages, and an operation to hold it by. */
struct ms_code_run {
	struct ms_op op;
	struct ms_buf buf;
	struct ms_span span;
	u64 seed;		/* that the codes were made with */
	__le64 codes[];
};

/* Before the range is held: those who wait for it hold pages too. Return: NULL without memory. */
struct ms_code_run *ms_code_run_alloc(struct ms_volume *v, u64 no, u32 first, u32 count);
void ms_code_run_free(struct ms_volume *v, struct ms_code_run *run);
/* Read it; the codes are in the run. Return: 0, or the error of the disk. */
int ms_code_run_read(struct ms_volume *v, struct ms_code_run *run);

/**
 * ms_codes_generate() - make the codes of the segments in @todo valid
 * @e: held by the caller
 * @stop: given up early when this becomes true; may be NULL
 *
 * Reads only those that have no valid code. Return: 0 or the first error
 * (the others were tried).
 */
int ms_codes_generate(struct ms_volume *v, struct ms_extent *e, const u8 *todo,
		      const bool *stop);

/* Sectors of the segments in @todo that have no valid code. v->lock held. */
u32 __ms_codes_missing(const struct ms_volume *v, const struct ms_extent *e, const u8 *todo);

/* No code of this site is to be believed any more: durably, all are invalid and all segments candidates. Return: 0 or negative. */
int ms_codes_void(struct ms_volume *v);
/* They are to be made anew: durably, none is valid. Nothing becomes a candidate for it. Return: 0 or negative. */
int ms_codes_anew(struct ms_volume *v);

/* The background generator. */
void ms_generator_init(struct ms_volume *v);
void ms_generator_start(struct ms_volume *v);
void ms_generator_stop(struct ms_volume *v);

#endif
