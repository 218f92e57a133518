// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two checksums in userspace: crc32c by SSE4.2 where the processor has it,
 * else by eight tables; xxh64 by libxxhash. Called by everything in shared/.
 * The tables and the choice are made before main() and only read afterwards,
 * so that there is no locking.
 */
#include "shared/env.h"

#define CRC32C_POLY	0x82f63b78u	/* reflected */

typedef u32 (*crc_fn)(u32 crc, const u8 *p, size_t n);

static u32 table[8][256];

static u32 crc_table(u32 crc, const u8 *p, size_t n)
{
	for (; n >= 8; n -= 8, p += 8) {
		u64 v;

		memcpy(&v, p, 8);
		v = le64toh(v) ^ crc;
		crc = table[7][v & 0xff] ^
		      table[6][v >> 8 & 0xff] ^
		      table[5][v >> 16 & 0xff] ^
		      table[4][v >> 24 & 0xff] ^
		      table[3][v >> 32 & 0xff] ^
		      table[2][v >> 40 & 0xff] ^
		      table[1][v >> 48 & 0xff] ^
		      table[0][v >> 56];
	}
	while (n--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2")))
static u32 crc_sse42(u32 crc, const u8 *p, size_t n)
{
	u64 state = crc;

	for (; n >= 8; n -= 8, p += 8) {
		u64 v;

		memcpy(&v, p, 8);
		state = __builtin_ia32_crc32di(state, v);
	}
	crc = state;
	while (n--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}

static bool have_sse42(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("sse4.2");
}
#else
#define crc_sse42	crc_table
static bool have_sse42(void)
{
	return false;
}
#endif

static crc_fn crc_best = crc_table;

__attribute__((constructor))
static void choose(void)
{
	for (u32 i = 0; i < 256; i++) {
		u32 crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C_POLY : 0);
		table[0][i] = crc;
	}
	for (u32 i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++)
			table[t][i] = table[t - 1][i] >> 8 ^
				      table[0][table[t - 1][i] & 0xff];
	if (have_sse42())
		crc_best = crc_sse42;
}

u32 ms_crc32c_raw(u32 crc, const void *p, size_t n)
{
	return crc_best(crc, p, n);
}

u64 ms_xxh64(const void *p, size_t n, u64 seed)
{
	return XXH64(p, n, seed);
}
