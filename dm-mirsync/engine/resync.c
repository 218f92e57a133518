// SPDX-License-Identifier: GPL-2.0-only
/*
 * The resync at its source; see resync.h. Candidates are the marked segments,
 * and all segments of candidate extents. Several extents are worked on beside
 * each other, each by a worker that
 *   1. makes the codes that are missing here (the target does so there),
 *   2. asks the target which segments are equal by code,
 *   3. reads and ships those that differ; each loses its mark when the target
 *      has confirmed exactly what was read.
 * Application writes go on and are mirrored meanwhile; a read for a copy holds
 * its range in the extent's queue until it is queued to the peer (I7).
 *
 * A cut or crash at any point leaves marks, or the persistent "all are
 * candidates", for whatever was not confirmed: the next session begins again
 * and finds by codes what is equal by then.
 *
 * Locking: v->lock for state and counters. One resync_work at a time.
 */
#include <linux/delay.h>
#include <linux/slab.h>

#include "engine/codes.h"
#include "engine/compare.h"
#include "engine/link.h"
#include "engine/loss.h"
#include "engine/resync.h"
#include "engine/roles.h"
#include "engine/tables.h"
#include "engine/write.h"

#define JOBS_MAX	8	/* extents worked on at once */
#define COPIES_MAX	4	/* runs on their way, for each */
#define COMPARE_TRIES	3	/* of segments that are being written */

static bool going(struct ms_volume *v, u32 session)
{
	bool r;

	spin_lock(&v->lock);
	r = v->connected && v->mirroring && v->session == session &&
	    !v->meta_failed;
	spin_unlock(&v->lock);
	return r;
}

/*
 * Copying the marked segments of one extent
 */

struct copies {
	struct ms_write *w[COPIES_MAX];
	struct completion done[COPIES_MAX];
	u32 next;
	int r;
};

/* Wait for the copy in a slot. */
static void reap(struct copies *c, u32 i)
{
	struct ms_write *w = c->w[i];

	if (!w)
		return;
	wait_for_completion(&c->done[i]);
	c->r = c->r ?: w->status;
	ms_write_put(w);
	c->w[i] = NULL;
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
	for (i = 0; ok && i < w->span.count; i++)
		__ms_seg_set_code(v, e, w->span.first + i, w->body->codes[i]);
	spin_unlock(&v->lock);
	if (!ok)
		ms_err(v, "the data device was changed behind its codes, at sectors %llu+%u",
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
	w->flags = MS_W_RESYNC;
	return w;
}

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
	r = read_local(v, w);
	if (!r && !adopt_codes(v, w)) {
		r = -EILSEQ;
	} else if (!r) {
		init_completion(&c->done[slot]);
		w->finished = &c->done[slot];
		refcount_inc(&w->refs);
		r = ms_write_ship(w);
		if (!r)
			c->w[slot] = w;
		else
			refcount_dec(&w->refs);
	} else {
		ms_err_limit(v, "cannot read %u sectors at %llu to copy them (%d)",
			     w->op.nsectors, w->op.sector, r);
	}
	ms_op_done(&w->op);
	if (!r)
		return 0;
out:
	ms_write_put(w);
	return r;
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
		r = going(v, session) ? copy_run(v, e, first, n, c) : -ENOTCONN;
		at = first + n;
	}
	for (i = 0; i < COPIES_MAX; i++)
		reap(c, i);
	r = r ?: c->r;
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
	u32 i;

	spin_lock(&v->lock);
	for (i = 0; i < e->segs; i++)
		if (ms_bit(left, i))
			__ms_seg_mark(v, e, i, 1);
	__ms_cand_clear(v, e->no);
	spin_unlock(&v->lock);
}

static int resync_extent(struct ms_volume *v, struct ms_extent *e, u32 session)
{
	u8 todo[MS_BITMAP_BYTES];
	int tries, r = 0;
	bool any;

	spin_lock(&v->lock);
	any = __todo(v, e, todo);
	spin_unlock(&v->lock);
	if (!any)
		return 0;
	for (tries = 0; tries < COMPARE_TRIES; tries++) {
		if (!going(v, session))
			return -ENOTCONN;
		ms_codes_generate(v, e, todo, NULL);
		r = ms_compare_ask_codes(v, e, todo);
		if (r)
			return r;
		if (!ms_bits(todo, e->segs))
			break;
	}
	judged(v, e, todo);
	return copy_marked(v, e, session);
}

struct job {
	struct work_struct work;
	struct ms_volume *v;
	u64 no;
	u32 session;
};

static void job_work(struct work_struct *work)
{
	struct job *j = container_of(work, struct job, work);
	struct ms_volume *v = j->v;
	struct ms_extent *e;
	int r = -EIO;

	e = ms_extent_hold(v, j->no);
	if (e) {
		r = resync_extent(v, e, j->session);
		ms_extent_release(v, e);
	}
	spin_lock(&v->lock);
	v->n.rs_done++;
	if (r && v->last_error != EILSEQ)
		v->last_error = -r;
	v->copy_jobs--;
	spin_unlock(&v->lock);
	wake_up_all(&v->copy_wait);
	kfree(j);
}

static bool slot_free(struct ms_volume *v, u32 max)
{
	bool r;

	spin_lock(&v->lock);
	r = v->copy_jobs < max;
	spin_unlock(&v->lock);
	return r;
}

static int start_job(struct ms_volume *v, u64 no, u32 session)
{
	struct job *j = kmalloc(sizeof(*j), GFP_NOIO);

	if (!j)
		return -ENOMEM;
	INIT_WORK(&j->work, job_work);
	j->v = v;
	j->no = no;
	j->session = session;
	wait_event(v->copy_wait, slot_free(v, JOBS_MAX));
	spin_lock(&v->lock);
	v->copy_jobs++;
	spin_unlock(&v->lock);
	queue_work(v->copy_wq, &j->work);
	return 0;
}

/*
 * All extents
 */

/* Candidates that are equal as a whole need no look at their codes. */
static int compare_digests(struct ms_volume *v, u32 session)
{
	u64 no = 0, end = v->geo->extents;
	u64 *list;
	u32 n;
	int r = 0;

	list = kvmalloc_array(MS_CMP_BATCH, sizeof(*list), GFP_NOIO);
	if (!list)
		return -ENOMEM;
	while (!r && no < end && going(v, session)) {
		for (n = 0; n < MS_CMP_BATCH; n++) {
			no = find_next_bit(v->cand_map, end, no);
			if (no >= end)
				break;
			list[n] = no++;
		}
		if (n)
			r = ms_compare_ask_extents(v, list, n);
	}
	kvfree(list);
	return r;
}

static u64 next_todo(struct ms_volume *v, u64 no)
{
	u64 a = find_next_bit(v->cand_map, v->geo->extents, no);
	u64 b = find_next_bit(v->marked_map, v->geo->extents, no);

	return min(a, b);
}

static int one_pass(struct ms_volume *v, u32 session)
{
	u64 no = 0;
	int r;

	r = compare_digests(v, session);
	while (!r && (no = next_todo(v, no)) < v->geo->extents) {
		if (!going(v, session))
			r = -ENOTCONN;
		else
			r = start_job(v, no++, session);
	}
	wait_event(v->copy_wait, slot_free(v, 1));
	return r;
}

/* How much is left, in whatever unit: 0 is nothing. */
static u64 left(struct ms_volume *v)
{
	u64 n;

	spin_lock(&v->lock);
	n = v->n_cand + v->n_marked;
	spin_unlock(&v->lock);
	return n;
}

void ms_resync_reset(struct ms_volume *v)
{
	spin_lock(&v->lock);
	v->n.rs_done = v->n.rs_equal = v->n.rs_differ = 0;
	v->n.rs_copied = v->n.rs_copied_bytes = v->n.rs_ms = 0;
	v->last_error = 0;
	spin_unlock(&v->lock);
}

static void begin(struct ms_volume *v)
{
	u64 a, b;

	a = bitmap_weight(v->cand_map, v->geo->extents);
	b = bitmap_weight(v->marked_map, v->geo->extents);
	spin_lock(&v->lock);
	v->n.rs_total = v->n.rs_done + max(a, b);
	v->copying = true;
	v->last_error = 0;
	v->rs_start = get_jiffies_64();
	spin_unlock(&v->lock);
	ms_info(v, "resync begins: %llu extents to compare, %llu segments marked",
		v->n_cand, v->n_marked);
}

static void end(struct ms_volume *v, int r)
{
	spin_lock(&v->lock);
	v->copying = false;
	v->n.rs_ms = jiffies64_to_msecs(get_jiffies_64() - v->rs_start);
	if (r)
		v->last_error = -r;
	spin_unlock(&v->lock);
	if (r)
		ms_warn(v, "resync stopped (%d): %llu extents and %llu segments are left",
			r, v->n_cand, v->n_marked);
	else
		ms_info(v, "resync done: %llu segments equal, %llu differed, %llu copied in %llu ms",
			v->n.rs_equal, v->n.rs_differ, v->n.rs_copied, v->n.rs_ms);
	ms_volume_event(v);
}

/* Left over while still connected. A disk that cannot be read is tried again, without tearing the session down. */
static void try_again(struct ms_volume *v, u32 session, int r)
{
	if (v->last_error == EILSEQ)
		ms_codes_void(v);
	if (!going(v, session))
		return;
	if (r == -EAGAIN || v->last_error == EILSEQ)
		ms_net_cut(v->net, r);	/* the sites have to meet anew */
	else
		queue_delayed_work(v->copy_wq, &v->resync_work, MS_RETRY_DELAY);
}

static void resync_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, resync_work);
	u32 session = v->session, stuck = 0;
	u64 before, now = left(v);
	int r = 0;

	begin(v);
	while (!r && now) {
		before = now;
		r = one_pass(v, session);
		now = left(v);
		if (now >= before && ++stuck > 20)
			r = r ?: -(v->last_error ?: EIO);
		else if (now >= before)
			msleep(50);
		if (!r && now && !going(v, session))
			r = -ENOTCONN;
	}
	if (!r)
		r = ms_roles_agree(v, session);
	end(v, r);
	if (r)
		try_again(v, session, r);
}

/*
 * Before the copy
 */

static int send_marks_batch(struct ms_volume *v, const struct ms_marks *m, u32 n)
{
	struct ms_result *res = kmalloc(sizeof(*res), GFP_NOIO);
	int r;

	if (!res)
		return -ENOMEM;
	r = ms_request(v, MS_F_MARKS, m, n * sizeof(*m), MS_F_RESULT, res, sizeof(*res), NULL);
	if (!r && res->status)
		r = -EREMOTEIO;
	kfree(res);
	return r;
}

static int send_marks(struct ms_volume *v)
{
	struct ms_marks *m = kcalloc(MS_MARKS_BATCH, sizeof(*m), GFP_NOIO);
	struct ms_wire_table *t = kvmalloc(sizeof(*t), GFP_NOIO);
	u64 no = 0, end = v->geo->extents;
	int r = m && t ? 0 : -ENOMEM;
	u32 n = 0;

	while (!r && (no = find_next_bit(v->marked_map, end, no)) < end) {
		r = ms_table_snapshot(v, no, t);
		if (r < 0)
			break;
		r = 0;
		m[n].extent = cpu_to_le64(no++);
		memcpy(m[n++].marks, t->marks, sizeof(t->marks));
		if (n == MS_MARKS_BATCH) {
			r = send_marks_batch(v, m, n);
			n = 0;
		}
	}
	if (!r && n)
		r = send_marks_batch(v, m, n);
	kvfree(t);
	kfree(m);
	return r;
}

void ms_resync_send_marks(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, marks_work);
	u32 session;
	bool all;
	int r = 0;

	spin_lock(&v->lock);
	session = v->session;
	all = v->decision.scope == MS_SCOPE_ALL;
	spin_unlock(&v->lock);
	if (!all)
		r = send_marks(v);
	if (!r)
		r = ms_send_note(v, session, MS_F_MARKS_END, 0, NULL, 0);
	if (r && r != -ENOTCONN)
		ms_net_cut(v->net, r);
}

void ms_resync_take_marks(struct ms_inbound *in)
{
	const struct ms_marks *m = (void *)in->body;
	u32 i, k, n = in->head.body_len / sizeof(*m);
	struct ms_volume *v = in->v;
	struct ms_extent *e;

	for (i = 0; i < n; i++) {
		u64 no = le64_to_cpu(m[i].extent);

		e = no < v->geo->extents ? ms_extent_hold(v, no) : NULL;
		if (!e)
			return ms_inbound_result(in, -EIO, "marks cannot be taken");
		spin_lock(&v->lock);
		for (k = 0; k < e->segs; k++)
			if (ms_bit(m[i].marks, k))
				__ms_seg_mark(v, e, k, 1);
		spin_unlock(&v->lock);
		ms_extent_release(v, e);
	}
	ms_inbound_result(in, 0, NULL);
}

void ms_resync_marks_ended(struct ms_inbound *in)
{
	struct ms_volume *v = in->v;
	bool source;
	int r;

	spin_lock(&v->lock);
	source = v->decision.meeting == MS_MEET_SOURCE && v->session == in->session &&
		 !v->mirroring;
	spin_unlock(&v->lock);
	if (!source)
		return;
	r = ms_resync_go(v);
	if (r && r != -ENOTCONN)
		ms_net_cut(v->net, r);
}

void ms_resync_all_candidates(struct ms_volume *v)
{
	spin_lock(&v->lock);
	bitmap_fill(v->cand_map, v->geo->extents);
	v->n_cand = v->geo->extents;
	v->in_sync = false;
	spin_unlock(&v->lock);
}

/* Announce what follows and begin to mirror, in one step against writes. */
static int start_mirroring(struct ms_volume *v, struct ms_result *res, bool *gap)
{
	struct ms_request rq;
	struct ms_go go = { };
	int r;

	ms_request_prepare(&rq, MS_F_GO, &go, sizeof(go), MS_F_RESULT, res, sizeof(*res));
	spin_lock(&v->lock);
	*gap = v->failback == 2 || v->n_cand || v->n_marked || v->peer_disk != MS_DISK_CONSISTENT ||
	       (v->sb.gens.offered != v->sb.gens.current_gen &&
		v->sb.gens.base != v->sb.gens.current_gen);
	go.gap = cpu_to_le32(*gap);
	go.scope = cpu_to_le32(v->decision.scope);
	ms_gens_encode(&v->sb.gens, &go.gens);
	r = __ms_request_queue(v, &rq);
	if (!r)
		v->mirroring = true;
	if (!r && *gap)
		v->copying = true;
	spin_unlock(&v->lock);
	if (!r)
		r = ms_request_wait(&rq);
	if (!r && res->status)
		r = -EREMOTEIO;
	return r;
}

int ms_resync_go(struct ms_volume *v)
{
	struct ms_result *res;
	bool gap;
	int r;

	if (!v->failback_judged)
		ms_resync_reset(v);
	if (v->decision.scope == MS_SCOPE_ALL && !v->failback_judged)
		ms_resync_all_candidates(v);
	v->failback_judged = false;	/* the verdicts are used up, or were never there */
	r = ms_roles_offer(v);
	if (r)
		return r;
	res = kzalloc(sizeof(*res), GFP_NOIO);
	if (!res)
		return -ENOMEM;
	r = start_mirroring(v, res, &gap);
	kfree(res);
	if (r) {
		spin_lock(&v->lock);
		v->copying = false;
		spin_unlock(&v->lock);
		return r;
	}
	if (gap)
		queue_delayed_work(v->copy_wq, &v->resync_work, 0);
	else
		r = ms_roles_agreed(v);
	ms_volume_event(v);
	return r;
}

/* Return: 0 nothing to do, 1 now, -EAGAIN later. */
static int settle_marks_now(struct ms_volume *v)
{
	int r = 0;

	spin_lock(&v->lock);
	if (v->connected && v->mirroring && v->n_marked && !v->copying)
		r = v->failback ? -EAGAIN : 1;
	spin_unlock(&v->lock);
	return r;
}

/*
 * Marks that arose in a session, by an error of the local disk. The target is told once more
 * that it has a gap, which it makes persistent (I10), then they are copied.
 */
static void again_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, again_work);
	int r = settle_marks_now(v);

	if (!r)
		return;
	/* Not beside a command; and stopping, which is one, waits for this worker. */
	if (r > 0 && mutex_trylock(&v->control)) {
		r = settle_marks_now(v) > 0 ? ms_resync_go(v) : 0;
		mutex_unlock(&v->control);
		if (r && r != -ENOTCONN)
			ms_net_cut(v->net, r);
		return;
	}
	spin_lock(&v->lock);
	__ms_resync_soon(v);
	spin_unlock(&v->lock);
}

void ms_resync_wait(struct ms_volume *v)
{
	cancel_delayed_work_sync(&v->again_work);
	cancel_delayed_work_sync(&v->resync_work);
	spin_lock(&v->lock);
	v->copying = false;
	spin_unlock(&v->lock);
}

void ms_resync_init(struct ms_volume *v)
{
	INIT_DELAYED_WORK(&v->resync_work, resync_work);
	INIT_DELAYED_WORK(&v->again_work, again_work);
	INIT_WORK(&v->marks_work, ms_resync_send_marks);
	init_waitqueue_head(&v->copy_wait);
}
