// SPDX-License-Identifier: GPL-2.0
// Is there a type blk_mode_t for the mode of an open block device?
#include <linux/blkdev.h>

blk_mode_t probe(void)
{
	return BLK_OPEN_READ | BLK_OPEN_WRITE;
}
