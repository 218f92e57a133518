/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pure C of shared/ needs from the world it is compiled into: fixed
 * width types, byte order, and the two checksums. The kernel implements the
 * functions in env_kernel.c, everything in userspace in env_user.c.
 * No state, no locking; callable in any context.
 */
#ifndef MS_SHARED_ENV_H
#define MS_SHARED_ENV_H

#ifdef __KERNEL__

#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/build_bug.h>
#include <linux/xxhash.h>
#include <asm/byteorder.h>

#else

#include <errno.h>
#include <endian.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <linux/types.h>
#define XXH_STATIC_LINKING_ONLY	/* a state by value, as in the kernel */
#include <xxhash.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define cpu_to_le16(x)	((__le16)htole16(x))
#define cpu_to_le32(x)	((__le32)htole32(x))
#define cpu_to_le64(x)	((__le64)htole64(x))
#define le16_to_cpu(x)	le16toh((u16)(x))
#define le32_to_cpu(x)	le32toh((u32)(x))
#define le64_to_cpu(x)	le64toh((u64)(x))

#ifndef static_assert
#define static_assert	_Static_assert
#endif
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif
#ifndef __packed
#define __packed	__attribute__((packed))
#endif

#endif /* __KERNEL__ */

#define MS_SECTOR_SHIFT		9
#define MS_SECTOR		512u	/* bytes */
#define MS_BLOCK		4096u	/* bytes of a metadata block */
#define MS_UUID			16	/* bytes of a volume or node id */

/**
 * ms_crc32c_raw() - continue a crc32c without the initial and final inversion
 * @crc: state; ~0 to begin
 * @p: bytes
 * @n: how many
 *
 * Return: the new state; invert it for the standard CRC-32C (RFC 3720).
 */
u32 ms_crc32c_raw(u32 crc, const void *p, size_t n);

/** ms_crc32c() - the standard CRC-32C of @n bytes at @p */
static inline u32 ms_crc32c(const void *p, size_t n)
{
	return ~ms_crc32c_raw(~0u, p, n);
}

/** ms_xxh64() - xxh64 of @n bytes at @p with @seed */
u64 ms_xxh64(const void *p, size_t n, u64 seed);

#endif
