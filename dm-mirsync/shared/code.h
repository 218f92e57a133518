/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The code of a segment: 64 bits made of the crc32c of its bytes (upper half)
 * and the low 32 bits of a seeded xxh64 of them (lower half). A crc32c alone
 * is blind to changes in blocks that end in their own crc32c, as ext4's do.
 * Pure functions on caller's memory; no locking.
 */
#ifndef MS_SHARED_CODE_H
#define MS_SHARED_CODE_H

#include "shared/env.h"

/* A code in the making, for a segment whose bytes come in several pieces. */
struct ms_code_state {
	u32 crc;
#ifdef __KERNEL__
	struct xxh64_state xxh;
#else
	XXH64_state_t xxh;
#endif
};

void ms_code_init(struct ms_code_state *st, u64 seed);
void ms_code_update(struct ms_code_state *st, const void *p, size_t n);
u64 ms_code_final(struct ms_code_state *st);

/** ms_code() - code of @n contiguous bytes at @p under the volume's @seed */
u64 ms_code(const void *p, size_t n, u64 seed);

/** ms_code_zero() - code of @n bytes of zeroes under @seed; @n in bytes */
u64 ms_code_zero(u32 n, u64 seed);

/** ms_code_crc() - the crc32c half of a code */
static inline u32 ms_code_crc(u64 code)
{
	return code >> 32;
}

#endif
