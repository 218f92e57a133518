// SPDX-License-Identifier: GPL-2.0
// Are write cache, FUA and stable writes features in struct queue_limits?
#include <linux/blkdev.h>

void probe(struct queue_limits *limits)
{
	limits->features |= BLK_FEAT_STABLE_WRITES;
	limits->features |= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
}
