/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comparison of two sites' code tables, one extent at a time: which segments
 * are equal by code, which differ by code, which cannot be told because a code
 * is not valid. The kernel's engine and the CLI's failback use the same code.
 * Pure functions; no locking.
 */
#ifndef MS_SHARED_COMPARE_H
#define MS_SHARED_COMPARE_H

#include "shared/env.h"
#include "shared/format.h"

struct ms_verdict {
	u8 equal[MS_BITMAP_BYTES];	/* both valid, same code */
	u8 differs[MS_BITMAP_BYTES];	/* both valid, other code */
	u8 unknown[MS_BITMAP_BYTES];	/* a code is invalid at one site or both */
	u32 n_equal, n_differs, n_unknown;
};

/**
 * ms_compare_extent() - compare the tables of one extent
 * @valid_a, @codes_a, @valid_b, @codes_b: of the two sites; codes little-endian
 * @segs: segments of the extent
 * @v: outcome; the three maps are disjoint and cover the first @segs bits
 */
void ms_compare_extent(const u8 *valid_a, const __le64 *codes_a,
		       const u8 *valid_b, const __le64 *codes_b,
		       u32 segs, struct ms_verdict *v);

/**
 * ms_compare_summary() - can two extents be told equal without their codes
 *
 * Return: true when both entries are of wholly valid, unmarked extents with the
 * same digest; false means that the codes have to be looked at.
 */
bool ms_compare_summary(const struct ms_summary_entry *a,
			const struct ms_summary_entry *b, u32 segs);

#endif
