// SPDX-License-Identifier: GPL-2.0
// Does dm_bufio_client_create() take flags?
#include <linux/device-mapper.h>
#include <linux/dm-bufio.h>

struct dm_bufio_client *probe(struct block_device *bdev)
{
	return dm_bufio_client_create(bdev, 4096, 1, 0, NULL, NULL, 0);
}
