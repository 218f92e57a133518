// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two checksums by the kernel's own libraries, which pick the processor's
 * instructions for crc32c. Called by everything in shared/. No state and no
 * locking; callable in any context.
 */
#include <linux/crc32c.h>

#include "shared/env.h"

u32 ms_crc32c_raw(u32 crc, const void *p, size_t n)
{
	return crc32c(crc, p, n);
}

u64 ms_xxh64(const void *p, size_t n, u64 seed)
{
	return xxh64(p, n, seed);
}
