// SPDX-License-Identifier: GPL-2.0-only
/*
 * The metadata worker; see activity.h. One work item on an ordered queue does
 * all of it, so that steps never overlap:
 *
 *   recording	load the table blocks of the extents that ask, write the whole
 *		record with them added (one FUA write for all that wait), then
 *		let their operations start. A crash before the write leaves
 *		nothing changed; after it, the extents are recovered as hot.
 *   cooling	take extents without operations and pins; flush the data
 *		device; write their table blocks and summaries and flush these;
 *		then let the record forget them. A crash at any point before the
 *		last step leaves them in the record. When the data device cannot
 *		be flushed they stay hot, and suspect.
 *   pulse	if neither was due for some seconds in which there were writes, the
 *		record as it is, with the next number.
 *
 * Locking: v->lock for lists and states. Extents on the worker's own lists
 * belong to it: nobody starts an operation on one that is not hot.
 */
#include <linux/blkdev.h>

#include "engine/activity.h"
#include "engine/codes.h"
#include "engine/extent.h"
#include "engine/hang.h"
#include "engine/loss.h"
#include "engine/request.h"
#include "engine/sample.h"
#include "engine/trace.h"
#include "shared/mutants.h"

#define IDLE_AGE	(3 * HZ)
#define PULSE		(5 * HZ)
#define COOL_BATCH	64u
#define ANNOUNCE_MAX	32u	/* extents told at once */
#define MEMORY_TRIES	100	/* times that a device may want for memory */
#define MEMORY_WAIT	(HZ / 10)

void ms_activity_kick(struct ms_volume *v)
{
	queue_work(v->meta_wq, &v->act_work);
}

void ms_summary_counts(const struct ms_volume *v, const struct ms_summary_entry *s,
		       u32 segs, u32 *valid, u32 *marked)
{
	u64 seq = le64_to_cpu(s->sequence);

	*valid = min_t(u32, le16_to_cpu(s->valid), segs);
	*marked = min_t(u32, le16_to_cpu(s->marked), segs);
	if (!seq) {
		*valid = 0;
		*marked = 0;
	} else if (seq == U64_MAX) {
		*valid = 0;
		*marked = segs;
	} else if (seq < v->sb.codes_since) {
		*valid = 0;
	}
}

void ms_activity_fail(struct ms_volume *v, int r)
{
	struct ms_extent *e;
	LIST_HEAD(ready);

	trace_mirsync_error(v, "metadata", 0, r);
	ms_err(v, "metadata cannot be kept (%pe): writes are refused from now on", ERR_PTR(r));
	spin_lock(&v->lock);
	v->meta_failed = true;
	__ms_extent_admit(v, true, &ready);
	list_for_each_entry(e, &v->lru, lru)
		__ms_extent_run(v, e, &ready);
	spin_unlock(&v->lock);
	ms_ops_start(&ready);
	wake_up_all(&v->cooled);
	ms_volume_event(v);
}

/*
 * The record as it will be: hot extents, and those of this batch with what they ask for.
 * What is left in @sums is of the extents that are not in it.
 */
static u32 __gather(struct ms_volume *v, struct ms_sums *sums)
{
	struct ms_extent *e;
	u32 n = 0;

	list_for_each_entry(e, &v->lru, lru) {
		if (e->state == MS_EXT_NEW && !e->loaded)
			continue;
		if (e->leaving)
			continue;
		ms_sums_sub(sums, e->no, e->counted);
		e->snap = e->want;
		v->record[n].extent = e->no;
		v->record[n++].mask = e->snap;
	}
	return n;
}

static int write_record(struct ms_volume *v, u32 added)
{
	struct ms_sums sums = v->sums;
	u64 id, seq;
	u32 n;
	int r;

	spin_lock(&v->lock);
	n = __gather(v, &sums);
	id = v->seen.id;
	seq = v->seen.commits;
	v->n.record_writes++;
	v->noted_writes = v->n.writes;
	v->noted_at = jiffies;
	spin_unlock(&v->lock);
	ms_hang_meta(v, true);
	r = ms_meta_write_record(v->meta, v->record, n, id, seq, &sums);
	if (r)		/* once more into the same copy */
		r = ms_meta_write_record(v->meta, v->record, n, id, seq, &sums);
	trace_mirsync_record(v, added, n, r);
	return r;
}

static int load(struct ms_volume *v, struct ms_extent *e)
{
	struct ms_summary_entry s;
	int r;

	ms_hang_meta(v, true);
	r = ms_meta_read_summary(v->meta, e->no, 1, &s);
	if (r && r != -EIO)
		return r;
	r = ms_meta_read_table(v->meta, e->no, e->tb);
	if (r < 0)
		return r;
	e->counted = ms_sums_hash(v->sb.format_id, e->no, le64_to_cpu(s.sequence));
	spin_lock(&v->lock);
	ms_summary_counts(v, &s, e->segs, &e->n_valid, &e->n_marked);
	__ms_extent_loaded(v, e);
	e->loaded = true;
	e->version = le64_to_cpu(e->tb->sequence);
	if (r) {		/* damage: write it back as what it is now */
		e->dirty = true;
		e->version = ms_meta_next_sequence(v->meta);
		/* Marks that the other site does not know of: meet anew to settle them. */
		if (v->connected)
			ms_net_cut(v->net, -EUCLEAN);
	}
	spin_unlock(&v->lock);
	return 0;
}

static int load_batch(struct ms_volume *v, struct list_head *batch)
{
	struct ms_extent *e;
	int r = 0;

	list_for_each_entry(e, batch, act)
		if (e->state == MS_EXT_NEW)
			ms_meta_prefetch_table(v->meta, e->no);
	list_for_each_entry(e, batch, act)
		if (!r && e->state == MS_EXT_NEW && !e->loaded)	/* not twice: it is counted */
			r = load(v, e);
	return r;
}

/*
 * A hint for the target, which may record them meanwhile: so a cold write waits for both
 * records at once instead of one after the other. Losing it costs time only.
 */
static void announce(struct ms_volume *v, struct list_head *batch)
{
	struct ms_announce a[ANNOUNCE_MAX];
	struct ms_extent *e;
	u32 session, n = 0;

	spin_lock(&v->lock);
	session = v->session;
	list_for_each_entry(e, batch, act) {
		if (!v->mirroring || n == ANNOUNCE_MAX)
			break;
		if (!(e->want & ~e->rec))
			continue;
		a[n].extent = cpu_to_le64(e->no);
		a[n++].mask = cpu_to_le64(e->want);
	}
	spin_unlock(&v->lock);
	if (n)
		ms_send_hint(v, session, MS_F_ANNOUNCE, a, n * sizeof(a[0]));
}

/* Record the extents that ask. Return: how many, or negative. */
static int record_batch(struct ms_volume *v)
{
	struct ms_extent *e, *next;
	LIST_HEAD(batch);
	LIST_HEAD(ready);
	u32 added = 0;
	int n = 0, r;

	spin_lock(&v->lock);
	__ms_extent_admit(v, false, &ready);
	list_splice_init(&v->act, &batch);
	spin_unlock(&v->lock);
	ms_ops_start(&ready);
	if (list_empty(&batch))
		return 0;

	announce(v, &batch);
	list_for_each_entry(e, &batch, act)
		added++;
	r = load_batch(v, &batch);
	if (!r && !MS_MUTANT(RECORD_LATE))
		r = write_record(v, added);

	spin_lock(&v->lock);
	if (r) {
		list_splice(&batch, &v->act);
		spin_unlock(&v->lock);
		return r;
	}
	list_for_each_entry_safe(e, next, &batch, act) {
		list_del_init(&e->act);
		e->state = MS_EXT_HOT;
		e->rec = MS_MUTANT(RECORD_LATE) ? e->want : e->snap;
		__ms_extent_run(v, e, &ready);
		n++;
	}
	spin_unlock(&v->lock);
	ms_ops_start(&ready);
	if (MS_MUTANT(RECORD_LATE))
		write_record(v, added);
	return n;
}

/*
 * A device below that could not get memory is no damage: nothing was changed, and who waits
 * goes on waiting for a while.
 */
static int record_patiently(struct ms_volume *v)
{
	int tries, r = record_batch(v);

	for (tries = 1; r == -ENOMEM && tries < MEMORY_TRIES; tries++) {
		schedule_timeout_uninterruptible(MEMORY_WAIT);
		r = record_batch(v);
	}
	return r;
}

static bool __coolable(const struct ms_extent *e)
{
	return e->state == MS_EXT_HOT && (!e->pins || MS_MUTANT(PINS_IGNORED)) && list_empty(&e->ops) &&
	       list_empty(&e->act);
}

/* Choose what to cool, longest unused first. */
static u32 __pick(struct ms_volume *v, struct ms_extent **pick, bool *dirty)
{
	u32 low = v->geo->max_hot / 8, want = 0, n = 0;
	struct ms_extent *e;

	if (v->nr_free < low || !list_empty(&v->op_wait))
		want = max(low - min(low, v->nr_free), 8u);
	*dirty = false;
	list_for_each_entry(e, &v->lru, lru) {
		if (n == COOL_BATCH)
			break;
		if (!__coolable(e))
			continue;
		if (!v->cool_all && n >= want &&
		    !(v->cool_idle && time_after(jiffies, e->used + IDLE_AGE)))
			continue;
		e->state = MS_EXT_COOLING;
		*dirty |= e->dirty;
		pick[n++] = e;
	}
	return n;
}

/*
 * The data device cannot be flushed: nothing that changed may cool. The extents stay in the
 * record, what was written to them is suspect, and a later attempt may succeed; who waits
 * for a free extent is refused.
 */
static void flush_failed(struct ms_volume *v, struct ms_extent **pick, u32 n, int r)
{
	int err = min(r, 0) ?: -EIO;
	LIST_HEAD(ready);
	u32 i;

	trace_mirsync_error(v, "flush", 0, err);
	ms_err_limit(v, "data device cannot be flushed (%pe): what was written lately is suspect",
		     ERR_PTR(err));
	spin_lock(&v->lock);
	v->data_failed = true;
	for (i = 0; i < n; i++)
		pick[i]->state = MS_EXT_HOT;
	if (r < 0)
		__ms_flush_failed(v);
	else
		__ms_data_lost(v);
	for (i = 0; i < n; i++)
		__ms_extent_run(v, pick[i], &ready);
	__ms_extent_admit(v, true, &ready);
	spin_unlock(&v->lock);
	ms_ops_start(&ready);
	wake_up_all(&v->cooled);
}

/*
 * The first step of cooling: I2b. A flush of the application's that failed since the extents
 * were picked may have used up the device's error: then this one's success proves nothing. Return: 0, 1
 * for that, or the error of this one, which counts as failing until it is dealt with.
 */
static int flush_data(struct ms_volume *v, u32 losses)
{
	int r;

	if (READ_ONCE(v->own) == MS_OWN_LEFT)	/* nothing is claimed of it any more */
		return 0;
	r = ms_flush_disk(v);
	if (r)
		return r;
	spin_lock(&v->lock);
	if (__ms_flush_failed_since(v, losses))
		r = 1;
	else
		v->data_failed = false;
	spin_unlock(&v->lock);
	return r;
}

/* Faults of the tests; never otherwise. */
static bool leave_unflushed(const struct ms_extent *e)
{
	return MS_MUTANT(VALID_EARLY) || MS_MUTANT(COOL_UNFLUSHED) ||
	       (MS_MUTANT(CODES_UNFLUSHED) && !e->used);
}

/* The summary entry of @e has become that of its version. */
static void count_entry(struct ms_volume *v, struct ms_extent *e)
{
	u64 hash = ms_sums_hash(v->sb.format_id, e->no, e->version);

	ms_sums_sub(&v->sums, e->no, e->counted);
	ms_sums_add(&v->sums, e->no, hash);
	e->counted = hash;
}

/* Write what must be durable before the record may forget the extents (I2c). */
static int settle(struct ms_volume *v, struct ms_extent **pick, u32 n)
{
	u32 i;
	int r;

	for (i = 0; i < n; i++) {
		if (!pick[i]->dirty)
			continue;
		pick[i]->version = ms_meta_next_sequence(v->meta);
		r = ms_meta_write_table(v->meta, pick[i]->no, pick[i]->version,
					pick[i]->tb);
		if (r)
			return r;
		if (!MS_MUTANT(SUMS_STALE))
			count_entry(v, pick[i]);
	}
	ms_hang_meta(v, true);
	return MS_MUTANT(TABLES_UNFLUSHED) ? 0 : ms_meta_flush_tables(v->meta);
}

/* Let the record forget @pick; what got an operation meanwhile is recorded anew. */
static int release(struct ms_volume *v, struct ms_extent **pick, u32 n)
{
	LIST_HEAD(ready);
	u32 i;
	int r;

	for (i = 0; i < n; i++)
		pick[i]->leaving = true;
	r = write_record(v, 0);
	if (r)
		return r;
	spin_lock(&v->lock);
	v->n.evictions += n;
	for (i = 0; i < n; i++) {
		struct ms_extent *e = pick[i];

		e->leaving = false;
		e->loaded = false;
		e->dirty = false;
		e->bulk = false;
		e->want = 0;
		e->rec = 0;
		e->state = MS_EXT_NEW;
		v->cool_gen++;
		if (list_empty(&e->ops) && list_empty(&e->act))
			__ms_extent_free(v, e);
		else
			__ms_extent_run(v, e, &ready);
	}
	__ms_extent_admit(v, false, &ready);
	spin_unlock(&v->lock);
	ms_ops_start(&ready);
	wake_up_all(&v->cooled);
	return 0;
}

/* Cool one batch. Return: how many, or negative. */
static int cool_batch(struct ms_volume *v)
{
	struct ms_extent *pick[COOL_BATCH];
	u32 n, losses;
	bool dirty;
	int r;

	spin_lock(&v->lock);
	n = __pick(v, pick, &dirty);
	losses = v->losses;
	spin_unlock(&v->lock);
	if (!n)
		return 0;
	r = dirty && !leave_unflushed(pick[0]) ? flush_data(v, losses) : 0;
	if (r) {
		trace_mirsync_cool(v, n, dirty, r);
		flush_failed(v, pick, n, r);
		return 0;
	}
	r = dirty ? settle(v, pick, n) : 0;
	if (!r)
		r = release(v, pick, n);
	trace_mirsync_cool(v, n, dirty, r);
	if (MS_MUTANT(VALID_EARLY))
		blkdev_issue_flush(v->data);
	return r ?: n;
}

/*
 * What is written to again and again stays hot, and nothing has to be recorded for as long as that goes on.
 * Without a commit now and then a site that is put back to a moment of that time would not be known to have gone
 * back (I11).
 */
static int pulse(struct ms_volume *v)
{
	bool due;

	spin_lock(&v->lock);
	due = v->n.writes != v->noted_writes && time_after(jiffies, v->noted_at + PULSE);
	spin_unlock(&v->lock);
	return due ? write_record(v, 0) : 0;
}

static void activity_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, act_work);
	int recorded = 0, cooled = 0;

	if (!v->meta_failed) {
		ms_hang_meta(v, true);
		recorded = record_patiently(v);
		ms_hang_meta(v, true);
		cooled = recorded < 0 ? recorded : cool_batch(v);
		if (!recorded && !cooled)
			cooled = pulse(v);
		ms_hang_meta(v, false);
		if (cooled < 0)
			ms_activity_fail(v, cooled);
	}
	/* Behind who waits for the metadata worker: this may go on as long as the load does. */
	if (recorded > 0 || cooled > 0) {
		queue_work(v->meta_wq, &v->act_work);
		return;
	}
	spin_lock(&v->lock);
	v->cool_idle = false;
	spin_unlock(&v->lock);
	wake_up_all(&v->cooled);
}

static void idle_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, idle_work);

	spin_lock(&v->lock);
	v->cool_idle = true;
	spin_unlock(&v->lock);
	ms_activity_kick(v);
	queue_delayed_work(v->meta_wq, &v->idle_work, HZ);
}

void ms_activity_init(struct ms_volume *v)
{
	INIT_WORK(&v->act_work, activity_work);
	INIT_DELAYED_WORK(&v->idle_work, idle_work);
	init_waitqueue_head(&v->cooled);
}

static bool all_cool(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = v->meta_failed || v->data_failed || !v->hot;
	spin_unlock(&v->lock);
	if (!r)
		ms_activity_kick(v);
	return r;
}

int ms_activity_cool_all(struct ms_volume *v)
{
	spin_lock(&v->lock);
	v->cool_all = true;
	v->data_failed = false;		/* it gets one more chance */
	spin_unlock(&v->lock);
	if (!wait_event_timeout(v->cooled, all_cool(v), 30 * HZ))
		ms_warn(v, "%u extents stay in the activity record", v->hot);
	spin_lock(&v->lock);
	v->cool_all = false;
	spin_unlock(&v->lock);
	return v->meta_failed || v->hot ? -EIO : 0;
}

struct scan {
	struct ms_volume *v;
	u32 total;		/* extents in v->record */
	struct ms_sums_found found;
};

static bool in_record(const struct scan *c, u64 extent)
{
	u32 i;

	for (i = 0; i < c->total; i++)
		if (c->v->record[i].extent == extent)
			return true;
	return false;
}

static void scan_bad(void *ctx, u64 number, const struct ms_summary_block *raw)
{
	u64 extent = number * MS_SUMMARY_ENTRIES;
	struct scan *c = ctx;
	u32 i;

	ms_sums_bad_block(&c->found, number);
	for (i = 0; i < MS_SUMMARY_ENTRIES && extent < c->v->geo->extents; i++, extent++)
		if (!in_record(c, extent))
			ms_sums_bad_entry(&c->found, c->v->sb.format_id, extent,
					  le64_to_cpu(raw->entry[i].sequence));
}

static void scan_entries(void *ctx, u64 first, u32 count, const struct ms_summary_entry *s)
{
	struct ms_volume *v = ((struct scan *)ctx)->v;
	u32 valid, marked, segs, i;
	u64 sequence;

	for (i = 0; i < count; i++) {
		if (!s[i].sequence)	/* never written: no code, no mark */
			continue;
		sequence = le64_to_cpu(s[i].sequence);
		ms_sums_add(&v->sums, first + i,
			    ms_sums_hash(v->sb.format_id, first + i, sequence));
		segs = ms_geo_extent_segs(v->geo, first + i);
		ms_summary_counts(v, &s[i], segs, &valid, &marked);
		v->n_valid += valid;
		v->n_marked += marked;
		__ms_map_marked(v, first + i, marked);
		__ms_map_invalid(v, first + i, valid < segs);
		if (valid)
			ms_sample_note(v, first + i, sequence);
	}
}

/* Sums and maps from the summaries of all extents. */
static int scan(struct scan *c)
{
	struct ms_volume *v = c->v;
	u64 n = v->geo->extents;

	memset(&v->sums, 0, sizeof(v->sums));
	v->n_valid = v->n_marked = v->n_cand = v->marked_extents = 0;
	v->invalid_extents = n;
	memset(v->sample, 0, sizeof(v->sample));
	bitmap_zero(v->marked_map, n);
	bitmap_zero(v->cand_map, n);
	bitmap_fill(v->invalid_map, n);
	return ms_meta_scan(v->meta, scan_entries, scan_bad, c);
}

/* Take over the extents that were hot when it stopped. */
static int take_record(struct ms_volume *v, const struct ms_record_result *res)
{
	u32 i;
	int r;

	for (i = 0; i < res->total; i++)
		ms_meta_prefetch_table(v->meta, v->record[i].extent);
	for (i = 0; i < res->total; i++) {
		struct ms_hot hot = v->record[i];

		r = ms_extent_recover(v, &hot);
		if (r)
			return r;
	}
	if (res->total)
		ms_info(v, "recovering: %u extents were hot, %llu segments are suspect",
			res->total, v->n_marked);
	return 0;
}

/* What the scan has found without the extents of the record, which are in the cache now. */
static void leave_out_record(struct scan *c)
{
	struct ms_sums *good = &c->found.good;
	struct ms_volume *v = c->v;
	struct ms_extent *e;
	u32 i;

	good->plain = v->sums.plain - c->found.lost.plain;
	good->weighted = v->sums.weighted - c->found.lost.weighted;
	spin_lock(&v->lock);
	for (i = 0; i < c->total; i++) {
		e = __ms_extent_find(v, v->record[i].extent);
		ms_sums_sub(good, e->no, e->counted);
	}
	spin_unlock(&v->lock);
}

/*
 * Are the summary blocks those that the record was written for? If not, an older one is
 * among them, or several are damaged, and marks may be missing anywhere.
 */
static int check_sums(struct scan *c, const struct ms_record_result *res)
{
	if (res->state == MS_RECORD_DAMAGED)
		return 0;
	if (!res->sums_known) {
		ms_info(c->v, "the activity record has no sums to judge the summary blocks by");
		return 0;
	}
	leave_out_record(c);
	if (ms_sums_agree(&res->sums, &c->found) || MS_MUTANT(SUMS_BLIND))
		return 0;
	ms_err(c->v, "the summary blocks, %llu of them damaged, are not those that the activity record was written for",
	       c->found.bad);
	return ms_codes_void(c->v);
}

/* What was seen of the peer: of one activation the higher point counts, of two the superblock's. */
static void take_seen(struct ms_volume *v, const struct ms_record_result *res)
{
	memcpy(v->seen_node, v->sb.peer_node_id, MS_UUID);
	v->seen.id = v->sb.peer_activation_id;
	v->seen.commits = v->sb.peer_commits;
	if (res->state == MS_RECORD_OK && res->peer_id == v->seen.id)
		v->seen.commits = max(v->seen.commits, res->peer_seq);
}

int ms_activity_load(struct ms_volume *v)
{
	struct ms_record_result *res;
	int r;

	res = kzalloc(sizeof(*res), GFP_KERNEL);
	if (!res)
		return -ENOMEM;
	r = ms_meta_load_record(v->meta, v->record, res);
	if (!r && !v->was_up)	/* who was only suspended knows better */
		take_seen(v, res);
	kfree(res);
	return r;
}

int ms_activity_recover(struct ms_volume *v, bool clean)
{
	struct scan c = { .v = v };
	struct ms_record_result *res;
	int r;

	res = kzalloc(sizeof(*res), GFP_KERNEL);
	if (!res)
		return -ENOMEM;
	r = ms_meta_load_record(v->meta, v->record, res);
	if (!r && res->state == MS_RECORD_DAMAGED) {
		ms_err(v, "the activity record is damaged");
		r = ms_codes_void(v);
		res->total = 0;
	}
	if (!r && clean && res->total)
		ms_warn(v, "marked as cleanly stopped, but %u extents are in the record", res->total);
	c.total = res->total;
	if (!r)
		r = scan(&c);
	if (!r)
		r = take_record(v, res);
	if (!r)
		r = check_sums(&c, res);
	if (!r && !res->total)
		r = write_record(v, 0);
	ms_hang_meta(v, false);
	kfree(res);
	return r;
}
