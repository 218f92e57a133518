// SPDX-License-Identifier: GPL-2.0-only
/*
 * One extent of a resync, at its source; see resync.h. It is compared in portions,
 * then what differs is copied in runs of segments:
 *   1. the codes that are missing are made here (the target does so there),
 *   2. the target says which segments are equal by code,
 *   3. those that differ are read and shipped; each loses its mark when the target has
 *      confirmed exactly what was read.
 * Application writes go on and are mirrored meanwhile; a read for a copy holds its range in
 * the extent's queue until it is queued to the peer (I7). Whatever reads the data device at
 * one of the sites waits for its turn first (resync_rate.h), and holds no range then.
 *
 * Locking: v->lock for bits and counters; the extent is held by the caller.
 */
#include <linux/slab.h>

#include "engine/codes.h"
#include "engine/compare.h"
#include "engine/resync.h"
#include "engine/resync_extent.h"
#include "engine/resync_rate.h"
#include "engine/trace.h"
#include "engine/write.h"

#define COPIES_MAX	4	/* runs on their way, for each extent */
#define COMPARE_TRIES	3	/* of segments that are being written */

/*
 * Copying the marked segments of one extent
 */

/* None is held on to: its memory is free when it ends, as the next one may be waiting for it. */
struct copies {
	struct ms_copy_end end[COPIES_MAX];
	bool busy[COPIES_MAX];
	u32 next;
	u32 unreadable;		/* segments */
	int r;
};

/* Wait for the copy in a slot. */
static void reap(struct copies *c, u32 i)
{
	if (!c->busy[i])
		return;
	wait_for_completion_state(&c->end[i].done, TASK_IDLE);	/* as long as the queue to the peer takes */
	c->r = c->r ?: c->end[i].status;
	c->busy[i] = false;
}

static int read_local(struct ms_volume *v, struct ms_write *w)
{
	struct ms_io io = {
		.bdev = v->data,
		.sector = w->op.sector,
		.nsectors = w->op.nsectors,
		.buf = &w->buf,
		.opf = REQ_OP_READ,
	};
	int r = ms_io_sync(&v->pool, &io);

	if (!r)
		ms_buf_codes(&w->buf, w->op.sector, w->op.nsectors, v->geo, v->seed,
			     &w->span, w->body->codes);
	return r;
}

/*
 * What was read is what reads return: its codes are valid. A valid code that says
 * otherwise means that the disk was changed behind it (I4). Return: whether all fit.
 */
static bool adopt_codes(struct ms_volume *v, struct ms_write *w)
{
	struct ms_extent *e = w->op.e;
	bool ok = true;
	u32 i, seg;

	spin_lock(&v->lock);
	v->n.copy_read_sectors += w->op.nsectors;
	for (i = 0; i < w->span.count; i++) {
		seg = w->span.first + i;
		if (ms_bit(e->tb->valid, seg) && e->tb->codes[seg] != w->body->codes[i])
			ok = false;
	}
	/* What was read may be what a failed flush has lost since. */
	for (i = 0; ok && i < w->span.count; i++)
		if (e->chg[w->span.first + i] == w->chg[i])
			__ms_seg_set_code(v, e, w->span.first + i, w->body->codes[i]);
	spin_unlock(&v->lock);
	if (!ok)
		ms_err_limit(v, "the data device was changed behind its codes, at sectors %llu+%u",
			     w->op.sector, w->op.nsectors);
	return ok;
}

static struct ms_write *copy_alloc(struct ms_volume *v, struct ms_extent *e,
				   u32 first, u32 count)
{
	struct ms_write *w;
	u64 sector;
	u32 n = ms_run_sectors(v, e->no, first, count, &sector);

	w = ms_write_alloc(v, MS_WRITE_COPY, sector, n, true);
	if (!w)
		return NULL;
	w->op.excl = false;
	w->op.masked = false;
	w->op.held = true;
	w->flags = MS_W_RESYNC;
	return w;
}

/* Return: 0, 1 when it cannot be read, or negative. */
static int copy_run(struct ms_volume *v, struct ms_extent *e, u32 first, u32 count,
		    struct copies *c)
{
	u32 slot = c->next++ % COPIES_MAX;
	struct ms_write *w;
	int r;

	reap(c, slot);
	w = copy_alloc(v, e, first, count);
	if (!w)
		return -ENOMEM;
	r = ms_op_acquire(v, &w->op);
	if (r)
		goto out;
	ms_write_remember(w);
	r = read_local(v, w);
	trace_mirsync_resync_run(v, e->no, w->op.sector, w->op.nsectors, r);
	if (!r && !adopt_codes(v, w)) {
		r = -EILSEQ;
	} else if (!r) {
		init_completion(&c->end[slot].done);
		w->finished = &c->end[slot];
		refcount_inc(&w->refs);		/* until the range is let go */
		r = ms_write_ship(w);
		c->busy[slot] = !r;
		if (r)
			refcount_dec(&w->refs);
	} else {
		trace_mirsync_error(v, "read to copy", w->op.sector, r);
		if (count == 1)
			ms_err_limit(v, "sectors %llu+%u cannot be read (%d): the peer lacks them until they are written anew",
				     w->op.sector, w->op.nsectors, r);
		r = 1;
	}
	ms_op_done(&w->op);
out:
	ms_write_put(w);
	return r;
}

/* A run that cannot be read as a whole: all of it that can. Return: 0 or negative. */
static int copy_singly(struct ms_volume *v, struct ms_extent *e, u32 first, u32 count,
		       u32 session, struct copies *c)
{
	int r = 0;
	u32 i;

	for (i = first; r >= 0 && i < first + count; i++) {
		r = ms_resync_going(v, session) ? copy_run(v, e, i, 1, c) : -ENOTCONN;
		c->unreadable += r == 1;
	}
	return min(r, 0);
}

static int copy_marked(struct ms_volume *v, struct ms_extent *e, u32 session)
{
	u8 todo[MS_BITMAP_BYTES];
	u32 at = 0, first, n, i;
	struct copies *c;
	int r = 0;

	c = kzalloc(sizeof(*c), GFP_NOIO);
	if (!c)
		return -ENOMEM;
	spin_lock(&v->lock);
	memcpy(todo, e->tb->marks, sizeof(todo));
	spin_unlock(&v->lock);
	while (!r && (n = ms_next_run(v, todo, e->segs, at, &first))) {
		n = min(n, ms_pace_segs(v));
		r = ms_pace(v, session, (u64)n << v->geo->seg_shift, true) ?
			copy_run(v, e, first, n, c) : -ENOTCONN;
		if (r == 1)
			r = copy_singly(v, e, first, n, session, c);
		at = first + n;
	}
	for (i = 0; i < COPIES_MAX; i++)
		reap(c, i);
	spin_lock(&v->lock);
	v->rs_unreadable += c->unreadable;
	v->rs_hopeless += c->unreadable && c->unreadable == e->n_marked;
	spin_unlock(&v->lock);
	r = r ?: c->r ?: (c->unreadable ? -EIO : 0);
	kfree(c);
	return r;
}

/*
 * One extent
 */

/* Segments to compare: all of a candidate, else the marked ones. */
static bool __todo(struct ms_volume *v, struct ms_extent *e, u8 *todo)
{
	u32 i;

	if (test_bit(e->no, v->cand_map)) {
		memset(todo, 0, MS_BITMAP_BYTES);
		for (i = 0; i < e->segs; i++)
			ms_bit_set(todo, i);
		return true;
	}
	memcpy(todo, e->tb->marks, MS_BITMAP_BYTES);
	return e->n_marked;
}

/* What could not be judged is copied: mark it. The extent is judged now. */
static void judged(struct ms_volume *v, struct ms_extent *e, const u8 *left)
{
	bool all = ms_resync_copies_all(v);
	u32 i;

	spin_lock(&v->lock);
	for (i = 0; i < e->segs; i++)
		if (ms_bit(left, i))
			__ms_seg_mark(v, e, i, 1);
	__ms_cand_clear(v, e->no);
	if (all)
		v->n.rs_differ += ms_bits(left, e->segs);
	spin_unlock(&v->lock);
}

/* Move the first @max bits of @todo to @part. Return: how many there were. */
static u32 take_part(u8 *todo, u32 segs, u32 max, u8 *part)
{
	u32 i, n = 0;

	memset(part, 0, MS_BITMAP_BYTES);
	for (i = 0; i < segs && n < max; i++) {
		if (!ms_bit(todo, i))
			continue;
		ms_bit_clear(todo, i);
		ms_bit_set(part, i);
		n++;
	}
	return n;
}

/*
 * Compare the segments in @part; those without an answer are left in it. Both sites read
 * what they have no code of, beside each other: the larger share counts.
 */
static int compare_part(struct ms_volume *v, struct ms_extent *e, u8 *part, u32 session)
{
	u32 mine, theirs = 0;
	int r;

	spin_lock(&v->lock);
	mine = __ms_codes_missing(v, e, part);
	spin_unlock(&v->lock);
	if (!ms_pace(v, session, (u64)mine << SECTOR_SHIFT, false))
		return -ENOTCONN;
	ms_codes_generate(v, e, part, NULL);
	r = ms_compare_ask_codes(v, e, part, &theirs);
	if (theirs > mine)
		ms_pace_charge(v, (u64)(theirs - mine) << SECTOR_SHIFT);
	return r;
}

/* Compare the segments in @todo once; those without an answer are left in it. */
static int compare(struct ms_volume *v, struct ms_extent *e, u8 *todo, u32 session)
{
	u8 part[MS_BITMAP_BYTES], left[MS_BITMAP_BYTES] = { };
	u32 i;
	int r = 0;

	while (!r && take_part(todo, e->segs, ms_pace_segs(v), part)) {
		r = compare_part(v, e, part, session);
		for (i = 0; i < sizeof(left); i++)
			left[i] |= part[i];
	}
	memcpy(todo, left, sizeof(left));
	return r;
}

int ms_resync_extent(struct ms_volume *v, struct ms_extent *e, u32 session)
{
	u8 todo[MS_BITMAP_BYTES];
	int tries = 0, r = 0;
	bool any;

	spin_lock(&v->lock);
	any = __todo(v, e, todo);
	spin_unlock(&v->lock);
	if (!any)
		return 0;
	/* Of a copy for which codes prove nothing, none of it is compared. */
	if (ms_resync_copies_all(v))
		tries = COMPARE_TRIES;
	for (; !r && tries < COMPARE_TRIES && ms_bits(todo, e->segs); tries++)
		r = compare(v, e, todo, session);
	if (r)
		return r;
	judged(v, e, todo);
	return copy_marked(v, e, session);
}
