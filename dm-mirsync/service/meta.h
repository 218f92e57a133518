/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metadata of one volume behind an opaque handle: superblock pair,
 * activity record, table and summary blocks. It owns all I/O on the metadata
 * device. It knows nothing of writes, roles or peers; the engine decides what
 * is written when, and this layer makes each step durable as it says.
 *
 * Locking: every function may sleep and none is called from interrupt context
 * or with a spinlock held. All functions but the ms_meta_read_* ones are called
 * by one thread at a time (the engine's metadata worker, or the constructor /
 * preresume / postsuspend when that worker is idle). ms_meta_read_* may be
 * called by any thread at any time beside everything else.
 * All I/O is GFP_NOIO.
 */
#ifndef MS_SERVICE_META_H
#define MS_SERVICE_META_H

#include "shared/codec.h"
#include "shared/format.h"
#include "shared/geometry.h"

struct block_device;
struct ms_meta;

/**
 * ms_meta_open() - read and judge the superblock pair
 * @bdev: metadata device, opened by the caller for as long as the handle lives
 * @name: of the volume, for messages
 * @pm: the handle
 * @why: set to a static text on error ("metadata device has no dm-mirsync superblock", ...)
 *
 * Writes nothing. One bad copy is reported by DMWARN and repaired by the next
 * ms_meta_commit_super().
 *
 * Return: 0, -ENOENT (no superblock), -EUCLEAN (both copies bad), -EINVAL
 * (device too small for the area, unknown incompat feature), -ENOMEM, -EIO.
 */
int ms_meta_open(struct block_device *bdev, const char *name,
		 struct ms_meta **pm, const char **why);
void ms_meta_close(struct ms_meta *m);

/* The layout. The pointer stays valid; contents change when the volume grows. */
const struct ms_geo *ms_meta_geo(const struct ms_meta *m);

/* The superblock as last committed (or read). The pointer stays valid; contents change with ms_meta_commit_super(). */
const struct ms_sb *ms_meta_super(const struct ms_meta *m);

/**
 * ms_meta_commit_super() - write @sb to both copies, one after the other, FUA
 * @sb: copied; sequence is taken from the handle (one more than the last)
 *
 * When it returns 0 both copies are on stable storage (I3). On error the
 * state on the disk is the old one, the new one, or one of each.
 */
int ms_meta_commit_super(struct ms_meta *m, const struct ms_sb *sb);

/**
 * ms_meta_load_record() - read and judge both copies of the activity record
 * @hot: room for geo->max_hot entries
 *
 * Sets the copy and sequence that the next ms_meta_write_record() uses. What
 * cannot be read is judged as bad sectors. After MS_RECORD_DAMAGED the next
 * ms_meta_write_record() makes both copies good: not before the superblock says
 * what the damage means.
 * Return: 0 (see res->state), -EIO (nothing can be read), -ENOMEM.
 */
int ms_meta_load_record(struct ms_meta *m, struct ms_hot *hot,
			struct ms_record_result *res);

/**
 * ms_meta_write_record() - one FUA write of the whole record to the other copy
 * @hot: entries; @total at most geo->max_hot
 * @sums: of the summary entries of all other extents, counted from what ms_meta_scan()
 *	gave. Left out of the record when a summary block has turned bad since.
 *
 * On error the same copy is used again by the next call (a failed write must
 * not be followed by one that destroys the last good copy).
 * Return: 0 when on stable storage.
 */
int ms_meta_write_record(struct ms_meta *m, const struct ms_hot *hot, u32 total,
			 u64 peer_id, u64 peer_seq, const struct ms_sums *sums);

/*
 * ms_meta_commits() - how many commits of superblock and record this metadata has seen, in
 * its whole life, as far as they are on stable storage (I11). Grows with each one. Valid
 * after ms_meta_load_record(). Any context, lock-free.
 */
u64 ms_meta_commits(const struct ms_meta *m);

/* Next sequence number for tables, summaries, versions: activation << 40 | counter, never repeated. Any context, lock-free. */
u64 ms_meta_next_sequence(struct ms_meta *m);
/* ms_meta_set_activation() - start numbering from @activation << 40 (after the superblock with it was committed) */
void ms_meta_set_activation(struct ms_meta *m, u64 activation);

/**
 * ms_meta_read_summary() - entries of @count extents from @first
 * @out: little-endian as on the disk
 *
 * A bad summary block reads as damage: entries with sequence ~0 (a table whose
 * summary is lost: no valid code, all marked); reported once per block. An
 * entry with a sequence below super->codes_since reads with valid and digest 0.
 * Return: 0, -ERANGE, -EIO (then the entries are as for damage too), -ENOMEM.
 */
int ms_meta_read_summary(struct ms_meta *m, u64 first, u32 count,
			 struct ms_summary_entry *out);

/* Entries of @count extents from @first, as ms_meta_read_summary() gives them. One call at a time. */
typedef void (*ms_scan_fn)(void *ctx, u64 first, u32 count,
			   const struct ms_summary_entry *entries);
/* A block that is damaged, with its number, as it was read; its entries of damage follow. */
typedef void (*ms_scan_bad_fn)(void *ctx, u64 number, const struct ms_summary_block *raw);
/**
 * ms_meta_scan() - all summary entries, for activation
 * @fn: called once for each block, in no order; by other threads as well
 * @bad: before that, for one that is damaged; likewise
 *
 * Writer's thread, before the first change or after everything was flushed.
 * Blocks that are damaged or cannot be read give entries of damage; reported.
 * Return: 0, -ENOMEM.
 */
int ms_meta_scan(struct ms_meta *m, ms_scan_fn fn, ms_scan_bad_fn bad, void *ctx);

/* Hint: read ahead the summary blocks / table blocks for these extents. */
void ms_meta_prefetch_summary(struct ms_meta *m, u64 first, u32 count);
void ms_meta_prefetch_table(struct ms_meta *m, u64 extent);

/**
 * ms_meta_read_table() - table block of @extent
 * @tb: 4096 bytes
 *
 * Consults the summary entry. Never written (sequence 0): an initialised
 * block without valid codes and marks. Bad checksum, number, sequence, a bad
 * summary or an I/O error: no valid code, all segments marked, reported. A
 * sequence below super->codes_since: valid bits cleared, marks kept.
 * Return: 0 (good or never written), 1 (damage was replaced as said), -ENOMEM,
 * -ERANGE.
 */
int ms_meta_read_table(struct ms_meta *m, u64 extent, struct ms_table_block *tb);

/**
 * ms_meta_write_table() - put a table block and its summary entry into the cache
 * @tb: is sealed with @sequence by this function
 *
 * Not durable before ms_meta_flush_tables(); may reach the disk at any time
 * before. A damaged summary block is built anew on the way: its other entries
 * become "sequence ~0", which read as damage until their tables are written.
 * The extent is in the activity record; so at most max_hot of them wait for a
 * flush, and one more flushes by itself.
 *
 * Return: 0, -ERANGE, -EINVAL (@sequence 0 or ~0), -ENOMEM, -EIO; after an error
 * the table block counts as not written.
 */
int ms_meta_write_table(struct ms_meta *m, u64 extent, u64 sequence,
			struct ms_table_block *tb);

/**
 * ms_meta_flush_tables() - make durable what ms_meta_write_table() wrote
 *
 * After an error none of the table blocks written since the last flush that
 * returned 0 is on the disk for sure, and they may read as damage: each has to
 * be written again, and no flush succeeds before all of them were.
 *
 * Return: 0 when all tables and summaries written so far are on stable storage.
 */
int ms_meta_flush_tables(struct ms_meta *m);

/**
 * ms_meta_room() - does the metadata of a volume of @sectors fit its device
 * @blocks: set to the blocks that it takes, 0 when no volume has that size
 *
 * Any context that may sleep. Return: 0, -ENOSPC, -EINVAL.
 */
int ms_meta_room(const struct ms_meta *m, u64 sectors, u64 *blocks);

/**
 * ms_meta_make_room() - write the summary blocks that a volume of more sectors has in addition
 * @geo: its layout
 *
 * Nothing is written that the superblock in force looks at. When it returns 0 they are on
 * stable storage, and the next ms_meta_commit_super() may name this size; the layout
 * changes with it. Writer's thread, while no extent is looked at and all was flushed.
 * Return: 0, -ENOSPC, -EINVAL, -ENOMEM, or what the device said.
 */
int ms_meta_make_room(struct ms_meta *m, u64 sectors, struct ms_geo *geo);

/**
 * ms_meta_secure() - make durable what is read from now on
 *
 * Blocks that a kernel wrote before it died may be in the device's cache only. They are
 * read as if they were on the disk, and an extent whose table block needs no change leaves
 * the record without another flush. Called before an activation believes anything.
 *
 * Context: process; sleeps, allocates without I/O. Return: 0 or negative errno.
 */
int ms_meta_secure(struct ms_meta *m);

#endif
