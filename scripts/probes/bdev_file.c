// SPDX-License-Identifier: GPL-2.0
// Is a block device opened as a struct file?
#include <linux/blkdev.h>

struct block_device *probe(dev_t dev, void *holder)
{
	struct file *file;

	file = bdev_file_open_by_dev(dev, BLK_OPEN_READ, holder, NULL);
	return file_bdev(file);
}
