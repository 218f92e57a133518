// SPDX-License-Identifier: GPL-2.0
// Does dm-bufio prefetch with an I/O priority?
#include <linux/device-mapper.h>
#include <linux/dm-bufio.h>

void probe(struct dm_bufio_client *c, sector_t block)
{
	dm_bufio_prefetch_with_ioprio(c, block, 1, 0);
}
