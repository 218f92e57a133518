/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * userspace/dev.h on an image in memory, for tests and fuzzers of the offline code: a
 * power cut after any write, with any sectors of the next one; blocks that cannot be read
 * until they are written. There is one image at a time.
 */
#ifndef TESTS_OFFLINE_MEMORY_DEV_H
#define TESTS_OFFLINE_MEMORY_DEV_H

#include "dev.h"

#define NO_CUT	(~0u)

struct memory_dev {
	u8 *image;
	size_t bytes;
	u32 writes;		/* blocks written so far */
	u32 cut;		/* this many blocks are written, then the power is gone */
	u8 torn;		/* sectors of the next block that still arrive, a bit each */
	u8 spoilt;		/* those of the others that the cut leaves as rubbish */
	u64 unreadable;		/* block, or ~0 */
};

extern struct memory_dev memory_dev;

/* All of it readable, nothing cut off. */
void memory_dev_set(u8 *image, size_t bytes);

#endif
