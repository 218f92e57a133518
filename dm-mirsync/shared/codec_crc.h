/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checksum of a unit that carries its own checksum in a field, for the
 * codec_*.c files. No state, no locking.
 */
#ifndef MS_SHARED_CODEC_CRC_H
#define MS_SHARED_CODEC_CRC_H

#include "shared/env.h"

/* Continue @state over @n bytes at @p with the __le32 at offset @at taken as zero. */
static inline u32 crc_around(u32 state, const void *p, size_t n, size_t at)
{
	static const u8 zero[4];
	const u8 *bytes = p;

	state = ms_crc32c_raw(state, bytes, at);
	state = ms_crc32c_raw(state, zero, 4);
	return ms_crc32c_raw(state, bytes + at + 4, n - at - 4);
}

/*
 * The checksum of a unit of one volume's format: begun from @format_id, so
 * that a unit of an earlier format of the same device does not pass.
 */
static inline u32 crc_of_format(u64 format_id, const void *p, size_t n, size_t at)
{
	__le64 id = cpu_to_le64(format_id);

	return ~crc_around(ms_crc32c_raw(~0u, &id, 8), p, n, at);
}

#endif
