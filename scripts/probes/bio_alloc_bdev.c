// SPDX-License-Identifier: GPL-2.0
// Do the bio allocators take the device and the operation?
#include <linux/bio.h>

struct bio *probe(struct block_device *bdev, struct bio_set *bs)
{
	return bio_alloc_bioset(bdev, 1, REQ_OP_WRITE, GFP_NOIO, bs);
}
