// SPDX-License-Identifier: GPL-2.0
// Is unaligned access in linux/unaligned.h (else in asm/)?
#include <linux/unaligned.h>

u32 probe(const void *p)
{
	return get_unaligned_le32(p);
}
