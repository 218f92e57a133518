// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comparison of code tables. The engine's resync and the CLI's failback call
 * it, so that both come to the same verdict. Works on the little-endian codes
 * as they are in table blocks and frames. No state, no locking.
 */
#include "shared/codec.h"
#include "shared/compare.h"

/* The bits of byte @i of a bitmap of @segs segments. */
static u8 byte_in_range(u32 i, u32 segs)
{
	u32 left = segs - i * 8;

	return left >= 8 ? 0xff : (u8)((1u << left) - 1);
}

/* Which of the eight segments from @codes_a, @codes_b differ, of those in @both. */
static u8 differing(u8 both, const __le64 *codes_a, const __le64 *codes_b)
{
	u8 differs = 0;
	u32 i;

	for (i = 0; i < 8; i++)
		if (both >> i & 1 && codes_a[i] != codes_b[i])
			differs |= 1u << i;
	return differs;
}

void ms_compare_extent(const u8 *valid_a, const __le64 *codes_a,
		       const u8 *valid_b, const __le64 *codes_b,
		       u32 segs, struct ms_verdict *v)
{
	u32 i;

	if (segs > MS_EXTENT_SEGS)
		segs = MS_EXTENT_SEGS;
	memset(v, 0, sizeof(*v));
	for (i = 0; i * 8 < segs; i++) {
		u8 range = byte_in_range(i, segs);
		u8 both = valid_a[i] & valid_b[i] & range;

		v->differs[i] = differing(both, codes_a + i * 8, codes_b + i * 8);
		v->equal[i] = both & ~v->differs[i];
		v->unknown[i] = range & ~both;
	}
	v->n_equal = ms_bits(v->equal, segs);
	v->n_differs = ms_bits(v->differs, segs);
	v->n_unknown = ms_bits(v->unknown, segs);
}

/* Written, not lost, every segment valid and none marked. */
static bool wholly_valid(const struct ms_summary_entry *e, u32 segs)
{
	u64 sequence = le64_to_cpu(e->sequence);

	return sequence && sequence != ~0ull && !e->flags &&
	       le16_to_cpu(e->valid) == segs && !e->marked;
}

bool ms_compare_summary(const struct ms_summary_entry *a,
			const struct ms_summary_entry *b, u32 segs)
{
	return wholly_valid(a, segs) && wholly_valid(b, segs) &&
	       a->digest == b->digest;
}
