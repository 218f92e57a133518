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
#include "engine/repair.h"
#include "engine/resync_marks.h"
#include "engine/resync_rate.h"
#include "engine/trace.h"
#include "shared/mutants.h"

#define GEN_STEP	(2u << 20)	/* bytes that the generator reads in one go */
#define GEN_REST	HZ		/* jiffies without a write before it looks at a hot extent */
#define GEN_YIELD	((unsigned long)(HZ / 4))	/* between two steps while the application writes */

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

struct ms_code_run *ms_code_run_alloc(struct ms_volume *v, u64 no, u32 first, u32 count)
{
	struct ms_code_run *run = kzalloc(struct_size(run, codes, count), GFP_NOIO);

	if (!run)
		return NULL;
	run->seed = READ_ONCE(v->seed);
	run->op.extent = no;
	run->op.first = first;
	run->op.count = count;
	run->op.nsectors = ms_run_sectors(v, no, first, count, &run->op.sector);
	if (ms_geo_span(v->geo, run->op.sector, run->op.nsectors, &run->span)) {
		kfree(run);
		return NULL;
	}
	ms_buf_alloc(&v->pool, &run->buf, run->op.sector, run->op.nsectors);
	return run;
}

void ms_code_run_free(struct ms_volume *v, struct ms_code_run *run)
{
	ms_buf_free(&v->pool, &run->buf);
	kfree(run);
}

int ms_code_run_read(struct ms_volume *v, struct ms_code_run *run)
{
	struct ms_io io = {
		.bdev = v->data,
		.sector = run->op.sector,
		.nsectors = run->op.nsectors,
		.buf = &run->buf,
		.opf = REQ_OP_READ,
	};
	int r = ms_io_sync(&v->pool, &io);

	if (!r)
		ms_buf_codes(&run->buf, run->op.sector, run->op.nsectors, v->geo,
			     run->seed, &run->span, run->codes);
	return r;
}

/* One that became valid meanwhile, by a write, stays: nothing read replaces a code that there is. */
static void __take_codes(struct ms_volume *v, struct ms_extent *e, const struct ms_code_run *run,
			 u32 losses)
{
	u32 i, seg;

	/* What was read may be what a failed flush has lost since. */
	if (run->seed != v->seed || losses != v->losses)
		return;
	for (i = 0; i < run->span.count; i++) {
		seg = run->span.first + i;
		if (!ms_bit(e->tb->valid, seg))
			__ms_seg_set_code(v, e, seg, run->codes[i]);
	}
}

static int generate_run(struct ms_volume *v, struct ms_extent *e, u32 first, u32 count)
{
	struct ms_code_run *run = ms_code_run_alloc(v, e->no, first, count);
	u32 losses;
	int r;

	if (!run)
		return -ENOMEM;
	run->op.held = true;
	r = ms_op_acquire(v, &run->op);
	if (r)
		goto out;
	losses = READ_ONCE(v->losses);
	r = ms_code_run_read(v, run);
	spin_lock(&v->lock);
	v->n.gen_read_sectors += run->op.nsectors;
	if (!r)
		__take_codes(v, e, run, losses);
	spin_unlock(&v->lock);
	ms_op_done(&run->op);
	if (r)
		trace_mirsync_error(v, "read for codes", run->op.sector, r);
	if (r && count == 1)
		ms_err_limit(v, "cannot read %u sectors at %llu for their codes (%d)",
			     run->op.nsectors, run->op.sector, r);
out:
	ms_code_run_free(v, run);
	return r;
}

u32 __ms_codes_missing(const struct ms_volume *v, const struct ms_extent *e, const u8 *todo)
{
	u32 i, n = 0;

	for (i = 0; i < e->segs; i++)
		if (ms_bit(todo, i) && !ms_bit(e->tb->valid, i))
			n += ms_geo_seg_len(v->geo, e->no, i);
	return n;
}

/* One by one, for the sake of those beside one that cannot be read; which the peer may have. */
static int generate_singly(struct ms_volume *v, struct ms_extent *e, u32 first, u32 count)
{
	int r, ret = 0;
	u32 i;

	for (i = first; i < first + count; i++) {
		r = generate_run(v, e, i, 1);
		if (r)
			r = ms_repair_segment(v, e->no, i);
		ret = ret ?: r;
	}
	return ret;
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
		if (r)
			r = generate_singly(v, e, first, n);
		ret = ret ?: r;
		at = first + n;
	}
	return ret;
}

struct end_of_codes {
	u64 since;
	bool candidates;
};

static void sb_void_codes(struct ms_sb *sb, void *arg)
{
	const struct end_of_codes *end = arg;

	sb->codes_since = end->since;
	if (end->candidates)
		sb->flags |= MS_SB_ALL_CANDIDATES;
}

/* One job of the metadata worker, so that no extent cools between its two steps. */
static int void_codes(struct ms_volume *v, void *arg)
{
	struct end_of_codes *end = arg;
	int r;

	end->since = ms_meta_next_sequence(v->meta);
	r = ms_super_change_here(v, sb_void_codes, end);
	if (r)
		return r;
	spin_lock(&v->lock);
	__ms_void_codes(v);
	__ms_resync_forget(v);
	v->voids += end->candidates;
	spin_unlock(&v->lock);
	ms_volume_event(v);
	return 0;
}

int ms_codes_void(struct ms_volume *v)
{
	struct end_of_codes end = { .candidates = true };
	bool paired;
	int r;

	ms_err(v, "no code of this site is valid any more, all segments are candidates");
	r = ms_meta_job(v, void_codes, &end);
	spin_lock(&v->lock);
	paired = v->connected && (v->decision.meeting == MS_MEET_SOURCE ||
				  v->decision.meeting == MS_MEET_TARGET);
	spin_unlock(&v->lock);
	if (paired)		/* the sites have to meet anew, to compare all */
		ms_net_cut(v->net, -EILSEQ);
	return r;
}

int ms_codes_anew(struct ms_volume *v)
{
	struct end_of_codes end = { .candidates = false };

	ms_info(v, "all codes of this site are made anew");
	return ms_meta_job(v, void_codes, &end);
}

/*
 * The background generator
 */

/* A cold extent without all of its codes, from @from on. */
static bool __next_cold(struct ms_volume *v, u64 from, u64 end, u64 *no)
{
	for (*no = from; *no < end; ++*no) {
		*no = find_next_bit(v->invalid_map, end, *no);
		if (*no < end && !__ms_extent_find(v, *no))
			return true;
	}
	return false;
}

/* The one in the cache that has rested longest, if it has rested at all. */
static bool __next_rested(struct ms_volume *v, u64 *no)
{
	struct ms_extent *e;

	list_for_each_entry(e, &v->lru, lru) {
		if (e->state != MS_EXT_HOT || e->n_valid == e->segs ||
		    time_before(jiffies, e->used + GEN_REST))
			continue;
		*no = e->no;
		return true;
	}
	return false;
}

/*
 * In order of age: what is cold has been without codes for longer than what is in the cache,
 * and that is sorted. What is being written to would only have to be read again.
 */
static bool next_extent(struct ms_volume *v, u64 *no)
{
	bool found;

	spin_lock(&v->lock);
	found = __next_cold(v, v->gen_next, v->geo->extents, no) ||
		__next_cold(v, 0, v->gen_next, no);
	if (found)
		v->gen_next = *no + 1;
	else
		found = __next_rested(v, no);
	spin_unlock(&v->lock);
	return found;
}

/* The first segments without a code, at most GEN_STEP bytes. */
static void next_step(struct ms_volume *v, struct ms_extent *e, u8 *todo)
{
	u32 left = max(1u, GEN_STEP >> v->geo->seg_shift), i;

	memset(todo, 0, MS_BITMAP_BYTES);
	spin_lock(&v->lock);
	for (i = 0; left && i < e->segs; i++) {
		if (ms_bit(e->tb->valid, i))
			continue;
		ms_bit_set(todo, i);
		left--;
	}
	spin_unlock(&v->lock);
}

/* Return: jiffies to wait before the next step. */
static unsigned long generate_step(struct ms_volume *v, u64 no)
{
	struct ms_extent *e = ms_extent_hold(v, no);
	u64 before = v->n.gen_read_sectors, kib;
	u8 todo[MS_BITMAP_BYTES];
	u32 rate;
	int r;

	if (!e)
		return HZ;
	next_step(v, e, todo);
	r = ms_codes_generate(v, e, todo, &v->gen_stop);
	if (MS_MUTANT(CODES_UNFLUSHED))
		e->used = 0;
	ms_extent_release(v, e);
	if (r)
		return HZ;
	kib = (v->n.gen_read_sectors - before) / 2;
	rate = READ_ONCE(v->opt.generator_rate);
	return rate ? div_u64(kib * HZ, rate) : 0;
}

/* Is there anything to do, and may it be done at full speed? */
static bool may_generate(struct ms_volume *v, bool *busy)
{
	bool may;

	spin_lock(&v->lock);
	*busy = v->n.writes != v->gen_writes;
	v->gen_writes = v->n.writes;
	*busy |= __ms_app_active(v);
	/* Without a seed there are no codes, and a copy makes those that it needs. */
	may = !(v->sb.flags & MS_SB_NEVER_MET) && !v->copying && !v->target_copying &&
	      v->own == MS_OWN_USED;
	spin_unlock(&v->lock);
	return may;
}

static void generator_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, gen_codes);
	unsigned long delay = HZ;
	bool busy;
	u64 no;

	if (READ_ONCE(v->gen_stop) || READ_ONCE(v->meta_failed))
		return;
	if (may_generate(v, &busy)) {
		delay = HZ / 5;
		if (next_extent(v, &no))
			delay = max(generate_step(v, no), busy ? GEN_YIELD : 0);
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
