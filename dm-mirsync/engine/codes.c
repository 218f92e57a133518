// SPDX-License-Identifier: GPL-2.0-only
/*
 * Codes made by reading; see codes.h. A read holds its segments in the queue of
 * their extent, so no write to them is in flight meanwhile (I4). The code
 * is valid in memory at once; on the disk it becomes valid only when the extent
 * cools, behind a flush of the data device (I2b): what a read returned may still
 * be in a drive's cache.
 */
#include <linux/slab.h>

#include "engine/codes.h"

u32 ms_next_run(const struct ms_volume *v, const u8 *map, u32 segs, u32 from, u32 *first)
{
	u32 n = 0;

	while (from < segs && !ms_bit(map, from))
		from++;
	*first = from;
	while (from + n < segs && n < ms_run_segs(v) && ms_bit(map, from + n))
		n++;
	return n;
}

u32 ms_run_sectors(const struct ms_volume *v, u64 no, u32 first, u32 count, u64 *sector)
{
	*sector = ms_geo_extent_start(v->geo, no) + (u64)first * v->geo->seg_sectors;
	return (count - 1) * v->geo->seg_sectors +
	       ms_geo_seg_len(v->geo, no, first + count - 1);
}

struct run {
	struct ms_op op;
	struct ms_buf buf;
	struct ms_span span;
	u64 seed;
	__le64 codes[];
};

static int read_run(struct ms_volume *v, struct run *run)
{
	struct ms_io io = {
		.bdev = v->data,
		.sector = run->op.sector,
		.nsectors = run->op.nsectors,
		.buf = &run->buf,
		.opf = REQ_OP_READ,
	};
	int r;

	r = ms_buf_alloc(&v->pool, &run->buf, run->op.sector, run->op.nsectors);
	if (r)
		return r;
	r = ms_io_sync(&v->pool, &io);
	if (!r)
		ms_buf_codes(&run->buf, run->op.sector, run->op.nsectors, v->geo,
			     run->seed, &run->span, run->codes);
	ms_buf_free(&v->pool, &run->buf);
	return r;
}

static int generate_run(struct ms_volume *v, struct ms_extent *e, u32 first, u32 count)
{
	struct run *run = kzalloc(struct_size(run, codes, count), GFP_NOIO);
	u32 i;
	int r;

	if (!run)
		return -ENOMEM;
	run->op.extent = e->no;
	run->seed = READ_ONCE(v->seed);
	run->op.nsectors = ms_run_sectors(v, e->no, first, count, &run->op.sector);
	run->op.first = first;
	run->op.count = count;
	r = ms_geo_span(v->geo, run->op.sector, run->op.nsectors, &run->span);
	if (!r)
		r = ms_op_acquire(v, &run->op);
	if (r)
		goto out;
	r = read_run(v, run);
	spin_lock(&v->lock);
	v->n.gen_read_sectors += run->op.nsectors;
	for (i = 0; !r && run->seed == v->seed && i < count; i++)
		__ms_seg_set_code(v, e, first + i, run->codes[i]);
	spin_unlock(&v->lock);
	ms_op_done(&run->op);
	if (r)
		ms_err_limit(v, "cannot read %u sectors at %llu for their codes (%d)",
			     run->op.nsectors, run->op.sector, r);
out:
	kfree(run);
	return r;
}

int ms_codes_generate(struct ms_volume *v, struct ms_extent *e, const u8 *todo,
		      const bool *stop)
{
	u8 need[MS_BITMAP_BYTES];
	u32 at = 0, first, n, i;
	int r = 0, ret = 0;

	spin_lock(&v->lock);
	for (i = 0; i < sizeof(need); i++)
		need[i] = todo[i] & ~e->tb->valid[i];
	spin_unlock(&v->lock);
	while ((n = ms_next_run(v, need, e->segs, at, &first))) {
		if (stop && READ_ONCE(*stop))
			return -EINTR;
		r = generate_run(v, e, first, n);
		ret = ret ?: r;
		at = first + n;
	}
	return ret;
}

static void sb_void_codes(struct ms_sb *sb, void *arg)
{
	sb->codes_since = *(u64 *)arg;
	sb->flags |= MS_SB_ALL_CANDIDATES;
}

/* One job of the metadata worker, so that no extent cools between its two steps. */
static int void_codes(struct ms_volume *v, void *arg)
{
	u64 since = ms_meta_next_sequence(v->meta);
	int r = ms_super_change_here(v, sb_void_codes, &since);

	if (r)
		return r;
	spin_lock(&v->lock);
	__ms_void_codes(v);
	spin_unlock(&v->lock);
	return 0;
}

int ms_codes_void(struct ms_volume *v)
{
	ms_err(v, "no code of this site is valid any more, all segments are candidates");
	return ms_meta_job(v, void_codes, NULL);
}

/*
 * The background generator
 */

/* One extent without all of its codes, after the one done last. */
static bool next_extent(struct ms_volume *v, u64 *no)
{
	u64 n = v->geo->extents;

	*no = find_next_bit(v->invalid_map, n, v->gen_next);
	if (*no >= n)
		*no = find_next_bit(v->invalid_map, n, 0);
	v->gen_next = *no + 1;
	return *no < n;
}

static void generator_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, gen_codes);
	unsigned long delay = HZ;
	struct ms_extent *e;
	u8 all[MS_BITMAP_BYTES];
	u64 no, writes;
	bool idle;

	if (READ_ONCE(v->gen_stop) || READ_ONCE(v->meta_failed))
		return;
	spin_lock(&v->lock);
	writes = v->n.writes;
	idle = writes == v->gen_writes;
	v->gen_writes = writes;
	if (v->sb.flags & MS_SB_NEVER_MET || v->copying || v->target_copying)
		idle = false;		/* no seed yet, or the copy makes what it needs */
	else
		delay = HZ / 5;
	spin_unlock(&v->lock);
	if (idle && next_extent(v, &no)) {
		memset(all, 0xff, sizeof(all));
		e = ms_extent_hold(v, no);
		if (e) {
			delay = ms_codes_generate(v, e, all, &v->gen_stop) ? HZ : 0;
			ms_extent_release(v, e);
		}
	}
	if (!READ_ONCE(v->gen_stop))
		queue_delayed_work(v->copy_wq, &v->gen_codes, delay);
}

void ms_generator_init(struct ms_volume *v)
{
	INIT_DELAYED_WORK(&v->gen_codes, generator_work);
	v->gen_stop = true;
}

void ms_generator_start(struct ms_volume *v)
{
	v->gen_stop = false;
	queue_delayed_work(v->copy_wq, &v->gen_codes, HZ);
}

void ms_generator_stop(struct ms_volume *v)
{
	WRITE_ONCE(v->gen_stop, true);
	cancel_delayed_work_sync(&v->gen_codes);
}
