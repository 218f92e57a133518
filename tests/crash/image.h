/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk of the tape and what a power cut may leave of it. The model of a disk with a
 * volatile cache: what was answered before a flush was asked for is there when the
 * flush is answered; a FUA write is there when it is answered; of all else that has
 * reached the disk each sector may be there or not, the newest or an older one of
 * several that wait for it.
 *
 * A data disk is kept as numbers, for each sector which write of the application filled
 * it; a metadata disk as bytes.
 */
#ifndef CRASH_IMAGE_H
#define CRASH_IMAGE_H

#include "tape.h"

struct pending {		/* reached the disk, not durable */
	const struct tape_event *e;
	u32 *filled;		/* data disk: by sector; NULL: zeroes */
	bool answered;
	u64 covered;		/* first flush that came after the answer; 0: none */
};

struct image {
	bool meta;
	u32 who;		/* number of the disk */
	u64 sectors;
	u32 unit;		/* bytes of a sector as it is kept: 4 or 512 */
	u8 *durable;		/* certainly there */
	u8 *live;		/* as the running system reads it */
	struct pending *pending;	/* in the order in which they came */
	u32 nr_pending, room;
	u64 flush[256];		/* flushes in flight */
	u32 nr_flush;
	u64 foreign;		/* sectors written that the application never made so */
	u64 overlaps;		/* writes that came while one of the same sectors was in flight */
};

void image_init(struct image *m, u32 who, u64 sectors);
/* Take an event of this disk. After TAPE_POWER it is what that says. */
void image_event(struct image *m, const struct tape_event *e);
/* Is a write of any sector in [@sector, @sector + @n) not durable yet? */
bool image_waits(const struct image *m, u64 sector, u64 n);

enum policy {
	KEEP_NONE,		/* the cache is lost */
	KEEP_ALL,		/* all of it was written */
	KEEP_WRITES,		/* each write or not */
	KEEP_SECTORS,		/* each sector or not */
	KEEP_MIXED,		/* each write, not, or torn */
	POLICIES,
};

/* What the power cut leaves: @out has room for image_bytes(). */
void image_cut(const struct image *m, enum policy policy, u64 *seed, u8 *out);

static inline u64 image_bytes(const struct image *m)
{
	return m->sectors * m->unit;
}

#endif
