// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segment codes: crc32c in the upper half, the low half of a seeded xxh64 in
 * the lower one. The write path calls ms_code() for every segment, so that it
 * is two passes over contiguous bytes and nothing else; the generator, whose
 * bytes come page by page, uses the streaming form. No state, no locking.
 */
#include "shared/code.h"

#ifndef __KERNEL__
#define xxh64_reset	XXH64_reset
#define xxh64_update	XXH64_update
#define xxh64_digest	XXH64_digest
#endif

static const u8 zeroes[4096];

static u64 make_code(u32 raw_crc, u64 xxh)
{
	return (u64)~raw_crc << 32 | (u32)xxh;
}

/**
 * ms_code_init() - begin a code
 * @st: state, the caller's
 * @seed: of the volume
 */
void ms_code_init(struct ms_code_state *st, u64 seed)
{
	st->crc = ~0u;
	xxh64_reset(&st->xxh, seed);
}

/**
 * ms_code_update() - go on with the next bytes of the segment
 * @st: state
 * @p: bytes
 * @n: how many, any number
 */
void ms_code_update(struct ms_code_state *st, const void *p, size_t n)
{
	if (!n)
		return;
	st->crc = ms_crc32c_raw(st->crc, p, n);
	xxh64_update(&st->xxh, p, n);
}

/**
 * ms_code_final() - the code of all bytes so far; the state stays usable
 * @st: state
 */
u64 ms_code_final(struct ms_code_state *st)
{
	return make_code(st->crc, xxh64_digest(&st->xxh));
}

u64 ms_code(const void *p, size_t n, u64 seed)
{
	return make_code(ms_crc32c_raw(~0u, p, n), ms_xxh64(p, n, seed));
}

u64 ms_code_zero(u32 n, u64 seed)
{
	struct ms_code_state st;
	u32 step;

	ms_code_init(&st, seed);
	for (; n; n -= step) {
		step = n < sizeof(zeroes) ? n : (u32)sizeof(zeroes);
		ms_code_update(&st, zeroes, step);
	}
	return ms_code_final(&st);
}
