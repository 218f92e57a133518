/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extents in memory, their segments' bits, and the queue of operations on
 * each. An operation (a write, a read for a code or a copy) waits here until
 * its extent is hot with the operation's sub-ranges on stable storage (I1)
 * and until no earlier overlapping operation is left (I7); then its start()
 * is called. An extent with operations or pins is never cooled (I2).
 *
 * Locking: everything under v->lock; functions named __x want it held.
 */
#ifndef MS_ENGINE_EXTENT_H
#define MS_ENGINE_EXTENT_H

#include "engine/volume.h"

enum ms_extent_state {
	MS_EXT_NEW,		/* table block not loaded, not recorded */
	MS_EXT_HOT,		/* loaded and recorded, for the sub-ranges in rec */
	MS_EXT_COOLING,		/* the cleaner has it */
};

struct ms_extent {
	u64 no;
	struct hlist_node hash;
	struct list_head lru;
	struct list_head act;		/* on v->act when it wants to be recorded */
	struct list_head ops;		/* struct ms_op, in order of arrival */
	enum ms_extent_state state;
	u32 pins;			/* other reasons not to cool */
	u64 want, rec, snap;		/* sub-range masks: asked for, recorded, being recorded */
	u64 version;			/* changes with each write */
	u64 counted;			/* meta_wq: what its summary entry counts in v->sums */
	u32 segs;
	u32 n_valid, n_marked;
	u32 mark_epoch;			/* counts marks set: revokes rights to clear */
	bool dirty;			/* differs from the table block on disk */
	bool loaded;			/* new: has its table block, and may be recorded */
	bool leaving;			/* the record being written is without it */
	bool bulk;			/* mask was extended once: next time take all */
	unsigned long used;		/* jiffies */
	struct ms_table_block *tb;
	u32 chg[MS_EXTENT_SEGS];	/* counts writes begun, by segment */
};

struct ms_op {
	struct list_head node;		/* in e->ops or v->op_wait */
	struct list_head ready;		/* private */
	struct ms_volume *v;
	struct ms_extent *e;		/* set before start(); NULL when none can be made free */
	u64 extent;
	u64 sector;
	u32 nsectors;
	u16 first, count;		/* segments in the extent; count 0: overlaps nothing */
	bool excl;			/* a write; two that only read may overlap */
	bool masked;			/* its sub-ranges must be in the record */
	bool held;			/* of who has pinned the extent: waits for no place */
	bool started;
	bool waited;			/* counted as one that waited for the record */
	void (*start)(struct ms_op *op);	/* process context, no locks */
	struct completion *granted;	/* ms_op_acquire() */
};

int ms_extents_init(struct ms_volume *v);
void ms_extents_exit(struct ms_volume *v);
/* Maps of the volume with a bit for each of @extents, in place of those there are: empty, until the next activation fills them in. While it is stopped. Return: 0, or -ENOMEM and those there were. */
int ms_extents_maps(struct ms_volume *v, u64 extents);
/* Recovered from the record: put into the cache as hot, touched segments invalid and suspect (I3). Before the workers start. */
int ms_extent_recover(struct ms_volume *v, const struct ms_hot *hot);

struct ms_extent *__ms_extent_find(struct ms_volume *v, u64 no);
/* Move operations that waited for a free extent, as far as there are some. @refuse: start the rest without one, to fail. */
void __ms_extent_admit(struct ms_volume *v, bool refuse, struct list_head *ready);
/* The source is about to write here: record it ahead, if that costs nobody a place. */
void __ms_extent_announced(struct ms_volume *v, u64 no, u64 mask);
/* Collect the operations on @e that may start; ask for recording if needed. */
void __ms_extent_run(struct ms_volume *v, struct ms_extent *e, struct list_head *ready);
/* Give a cold extent back. */
void __ms_extent_free(struct ms_volume *v, struct ms_extent *e);
/* Call start() of each; no locks held. */
void ms_ops_start(struct list_head *ready);

/* Queue an operation; op->extent, sector, nsectors, first, count, excl, masked, held, start are set. start() may be called before it returns. */
void ms_op_submit(struct ms_volume *v, struct ms_op *op);
/* Queue an operation and wait until it may go on; start is not used. Sleeps. Return: 0, or -EIO when the metadata has failed or no extent can be made free (ms_op_done() is called then). */
int ms_op_acquire(struct ms_volume *v, struct ms_op *op);
/* The operation is over; others may follow. */
void ms_op_done(struct ms_op *op);

/* Make an extent hot and keep it so; sleeps. Return: the extent pinned, or NULL when the metadata has failed or no extent can be made free. */
struct ms_extent *ms_extent_hold(struct ms_volume *v, u64 no);
void ms_extent_release(struct ms_volume *v, struct ms_extent *e);
void __ms_extent_release(struct ms_volume *v, struct ms_extent *e);

/* Bits. A mark set revokes all outstanding rights to clear one in this extent (I5). */
void __ms_seg_write_begin(struct ms_volume *v, struct ms_extent *e, u32 first, u32 count);
void __ms_seg_set_code(struct ms_volume *v, struct ms_extent *e, u32 seg, __le64 code);
void __ms_seg_invalidate(struct ms_volume *v, struct ms_extent *e, u32 seg);
void __ms_seg_mark(struct ms_volume *v, struct ms_extent *e, u32 first, u32 count);
void __ms_seg_unmark(struct ms_volume *v, struct ms_extent *e, u32 seg);
/* The scan: has extent @no a mark, or a segment without a code? Later the functions above see to it. */
void __ms_map_marked(struct ms_volume *v, u64 no, bool on);
void __ms_map_invalid(struct ms_volume *v, u64 no, bool on);
/* Recount after tb was loaded or replaced; keeps the volume's sums. */
void __ms_extent_loaded(struct ms_volume *v, struct ms_extent *e);
/* Written data may be lost: every touched segment of a hot extent is invalid and suspect, and so is what is on its way there. */
void __ms_suspect_hot(struct ms_volume *v);
/* No code is valid any more. */
void __ms_void_codes(struct ms_volume *v);
/* Is an operation that writes segment @seg under way (started)? */
bool __ms_seg_busy(const struct ms_extent *e, u32 seg);
void __ms_cand_set(struct ms_volume *v, u64 no);
void __ms_cand_clear(struct ms_volume *v, u64 no);

#endif
