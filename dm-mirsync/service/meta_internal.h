/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the meta*.c files share: the handle and the calls between them.
 *
 *   meta.c		open, close, sequence numbers
 *   meta_io.c		bios of its own for superblocks and record
 *   meta_super.c	the superblock pair
 *   meta_record.c	the activity record
 *   meta_table.c	table blocks: read, write
 *   meta_summary.c	summary blocks: read, fold in what is pending, flush
 *   meta_pending.c	summary entries that are not in their blocks yet
 *   meta_grow.c	summary blocks of a volume that becomes larger
 *
 * There is one writer at a time (see meta.h) and any number of readers.
 * ms_meta.lock is what keeps these apart.
 */
#ifndef MS_SERVICE_META_INTERNAL_H
#define MS_SERVICE_META_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/dm-bufio.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include "service/meta.h"

#define DM_MSG_PREFIX "mirsync"

#define MS_META_VECS	20	/* pages of a bio; one is enough for the largest record */
#define MS_LOST		(~0ull)	/* sequence of a table block whose summary was lost */

/* The summary entry of a table block written since the last good flush. */
struct ms_pending {
	u64 extent;
	struct ms_summary_entry entry;
	bool lost;	/* a flush failed since: the table block must be written again */
};

/* A bio for ms_meta_io_by(). */
struct ms_meta_bio {
	struct bio bio;
	struct bio_vec vecs[MS_META_VECS];
};

struct ms_meta {
	/* constant; geo but for growth, while nobody looks at extents */
	struct block_device *bdev;
	char *name;
	struct ms_geo geo;
	u64 format_id;
	struct dm_bufio_client *bufio;

	/* the writer's: I/O */
	struct ms_meta_bio io;
	struct ms_super *raw;	/* one block */

	/* the writer's: superblock */
	struct ms_sb sb;	/* as committed or read */
	u64 sb_sequence;	/* the last one used, by a failed commit too */
	u32 sb_newest;		/* copy that holds m->sb; the other is written first */
	u64 room;		/* sectors that the next one may say; 0: those of m->sb only */

	/* the writer's: activity record */
	struct ms_record_sector *image[2];	/* each copy as it shall be on the disk */
	bool whole[2];		/* image and disk may differ: write all of it */
	bool loaded;
	bool heal;		/* the record was damaged: both copies must be written */
	u32 next_copy;
	u64 rec_sequence;	/* the last one used, by a failed write too */
	u64 rec_held;		/* that of the record that holds */

	/* any context */
	atomic64_t sequence;
	atomic64_t commits;	/* sb.sequence + rec_held */
	atomic64_t codes_since;	/* sb.codes_since, for readers */
	struct xarray reported;	/* damaged summary blocks: a message each is enough */
	bool sums_known;	/* no summary block reads otherwise than in the scan */

	/* lock: pending, and the contents of table and summary buffers */
	struct rw_semaphore lock;
	struct ms_pending *pending;	/* sorted by extent; room for geo.max_hot */
	u32 nr_pending;
};

/* What is on stable storage has changed. */
static inline void ms_meta_count_commits(struct ms_meta *m)
{
	atomic64_set(&m->commits, m->sb.sequence + m->rec_held);
}

/* meta_io.c */
void *ms_meta_alloc(u32 blocks);
int ms_meta_io_by(struct ms_meta *m, struct ms_meta_bio *io, blk_opf_t opf, u64 block,
		  void *buf, u32 blocks);

/* The same for the writer's thread. */
static inline int ms_meta_io(struct ms_meta *m, blk_opf_t opf, u64 block, void *buf, u32 blocks)
{
	return ms_meta_io_by(m, &m->io, opf, block, buf, blocks);
}

/* meta_super.c */
int ms_meta_read_super(struct ms_meta *m, const char **why);

/* meta_pending.c; all with m->lock held, for writing where something changes */
struct ms_pending *ms_pending_find(struct ms_meta *m, u64 extent);
struct ms_pending *ms_pending_from(struct ms_meta *m, u64 extent);
bool ms_pending_full(struct ms_meta *m, u64 extent);
void ms_pending_add(struct ms_meta *m, u64 extent,
		    const struct ms_summary_entry *e);

/* End of the array, for walks that begin with ms_pending_from(). */
static inline struct ms_pending *ms_pending_end(struct ms_meta *m)
{
	return m->pending + m->nr_pending;
}

/* meta_summary.c */
int ms_summary_lookup(struct ms_meta *m, u64 extent,
		      struct ms_summary_entry *e);
void ms_summary_believe(struct ms_meta *m, u64 s, struct ms_summary_block *sb, enum ms_bad bad);
void *ms_meta_buffer(struct ms_meta *m, u64 block, struct dm_buffer **b);

#endif
