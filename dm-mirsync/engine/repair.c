// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads served by the peer, and the repair of what the local disk cannot read;
 * see repair.h. The segments are held like those of a write while the peer is
 * asked:
 *   - no write to them is started meanwhile, and one that was started before has left its
 *     frame in front of the question, or a mark. A segment without a mark therefore
 *     is at the peer what it is here (I10), and the question stays behind the frames that
 *     make it so: the peer's queue of the extent is in their order;
 *   - they are in the record (I1) when they are written anew. A power cut in between
 *     leaves them suspect, like any write.
 * What comes must fit its codes, and the local code where there is a valid one.
 *
 * A segment that is not what its valid code says (scrub.c) is asked for *by code*: what comes
 * is believed if it is what that code says, whatever the sites are to each other. Nothing is held
 * meanwhile, as the code is looked at again when the segment is held to be written. This
 * write takes nothing from code and mark: the code was not true of the disk before, is true of it
 * afterwards, and of a torn segment no less true than before. So the bits stay, and the
 * sub-range is not recorded: a power cut must leave the code, which says that the content is
 * bad, and not a suspect that is copied over the peer's good one.
 *
 * Locking: v->lock. Nothing is held while the peer is asked but the range.
 */
#include <linux/slab.h>

#include "engine/codes.h"
#include "engine/link.h"
#include "engine/policy.h"
#include "engine/primary.h"
#include "engine/repair.h"
#include "engine/secondary.h"

#define ASK_ROUNDS	10	/* of the time that a write may take */

struct repair {
	struct ms_op op;
	struct ms_volume *v;
	struct ms_span span;
	struct ms_buf buf;
	struct ms_read_req ask;
	bool over;			/* whatever this site's code says */
	bool by_code;
	__le64 code;			/* ... of the one segment */
	struct ms_write_body *body;	/* the answer's, with its codes */
};

static void free_repair(struct repair *rp)
{
	ms_buf_free(&rp->v->pool, &rp->buf);
	kfree(rp->body);
	kfree(rp);
}

/* The whole segments that a run of sectors touches; it lies in one extent. */
static int whole_span(struct ms_volume *v, u64 sector, u32 nsectors, struct repair *rp)
{
	int r = ms_geo_span(v->geo, sector, nsectors, &rp->span);

	if (r)
		return r;
	rp->op.extent = rp->span.extent;
	rp->op.first = rp->span.first;
	rp->op.count = rp->span.count;
	rp->op.nsectors = ms_run_sectors(v, rp->span.extent, rp->span.first, rp->span.count,
					 &rp->op.sector);
	rp->span.head_partial = false;
	rp->span.tail_partial = false;
	return rp->op.nsectors <= MS_DATA_MAX >> SECTOR_SHIFT ? 0 : -EFBIG;
}

static struct repair *alloc_repair(struct ms_volume *v, u64 sector, u32 nsectors)
{
	struct repair *rp = kzalloc(sizeof(*rp), GFP_NOIO);

	if (!rp)
		return NULL;
	rp->v = v;
	rp->op.excl = true;
	rp->op.masked = true;
	if (whole_span(v, sector, nsectors, rp))
		goto bad;
	rp->body = kzalloc(struct_size(rp->body, codes, rp->span.count), GFP_NOIO);
	if (!rp->body)
		goto bad;
	ms_buf_alloc(&v->pool, &rp->buf, rp->op.sector, rp->op.nsectors);
	rp->ask.sector = cpu_to_le64(rp->op.sector);
	rp->ask.sectors = cpu_to_le32(rp->op.nsectors);
	return rp;
bad:
	free_repair(rp);
	return NULL;
}

static bool __any_marked(const struct ms_extent *e, const struct ms_span *span)
{
	u32 i;

	for (i = 0; i < span->count; i++)
		if (ms_bit(e->tb->marks, span->first + i))
			return true;
	return false;
}

/* Is the peer's content that of this site, without any doubt? */
static bool __peer_has_it(struct repair *rp)
{
	struct ms_volume *v = rp->v;

	if (rp->by_code)		/* the answer proves itself */
		return v->connected;
	if (!v->connected || !v->mirroring)
		return false;
	if (v->own == MS_OWN_LEFT)	/* the peer has everything; the marks are this site's */
		return true;
	return !test_bit(rp->span.extent, v->cand_map) && !__any_marked(rp->op.e, &rp->span);
}

/* Does the run fit its codes, and the codes those that are valid at this site? */
static int check_run(struct ms_volume *v, const struct ms_op *op, const struct ms_buf *buf,
		     const struct ms_span *span, const __le64 *codes)
{
	int r = ms_buf_verify(buf, op->sector, op->nsectors, v->geo, v->seed, span, codes);
	u32 i, seg;

	spin_lock(&v->lock);
	for (i = 0; !r && i < span->count; i++) {
		seg = span->first + i;
		if (ms_bit(op->e->tb->valid, seg) && op->e->tb->codes[seg] != codes[i])
			r = -EILSEQ;
	}
	spin_unlock(&v->lock);
	return r;
}

/* Without regard to the codes that this site has. */
static int check_alone(struct repair *rp)
{
	struct ms_volume *v = rp->v;
	int r = ms_buf_verify(&rp->buf, rp->op.sector, rp->op.nsectors, v->geo, v->seed,
			      &rp->span, rp->body->codes);

	if (!r && rp->by_code && rp->body->codes[0] != rp->code)
		r = -EILSEQ;
	return r;
}

static int check_answer(struct repair *rp, u32 len)
{
	const struct ms_write_body *b = rp->body;

	if (len != struct_size(b, codes, rp->span.count) || b->sector != rp->ask.sector ||
	    b->sectors != rp->ask.sectors || le16_to_cpu(b->segs) != rp->span.count)
		return -EPROTO;
	if (rp->by_code || rp->over)
		return check_alone(rp);
	return check_run(rp->v, &rp->op, &rp->buf, &rp->span, b->codes);
}

/* Changes with each confirmation of the peer's, and with each of its writes. */
static u64 heard(struct ms_volume *v)
{
	return READ_ONCE(v->confirmed_at) + READ_ONCE(v->rx_count);
}

/*
 * The answer may come behind a long queue (async): as long as the peer confirms what is ahead of
 * the question, or sends what is ahead of the answer, there is hope, and an end to that, too.
 */
static bool answer_comes(struct ms_volume *v, struct ms_request *rq)
{
	u64 before;
	int i;

	for (i = 0; i < ASK_ROUNDS; i++) {
		before = heard(v);
		if (wait_for_completion_timeout(&rq->answered, v->confirm_timeout)) {
			complete(&rq->answered);	/* for who waits next */
			return true;
		}
		if (before == heard(v))
			break;
	}
	return false;
}

/* Ask the peer, whose disk may hang: then the session ends, as for a write. */
static int ask_peer(struct repair *rp)
{
	u32 room = struct_size(rp->body, codes, rp->span.count);
	struct ms_volume *v = rp->v;
	struct ms_request rq;
	int r;

	ms_request_prepare(&rq, MS_F_READ_REQ, &rp->ask, sizeof(rp->ask), MS_F_READ_DATA,
			   rp->body, room);
	rq.buf = &rp->buf;
	spin_lock(&v->lock);
	r = __peer_has_it(rp) ? __ms_request_queue(v, &rq) : -ENODATA;
	spin_unlock(&v->lock);
	if (r)
		return r;
	if (!answer_comes(v, &rq))
		ms_net_cut(v->net, -ETIME);
	r = ms_request_wait(&rq);
	return r ?: check_answer(rp, rq.len);
}

/* Hold the segments and get their content. Return: 0, then end_repair() is due; or negative. */
static int begin_repair(struct repair *rp)
{
	struct ms_volume *v = rp->v;
	int r = ms_op_acquire(v, &rp->op);

	if (r)
		return r;
	r = ask_peer(rp);
	if (!r)
		return 0;
	ms_op_done(&rp->op);
	if (r == -EILSEQ || r == -EBADMSG)
		ms_err_limit(v, "what the peer has at sectors %llu+%u does not fit its code (%d)",
			     rp->op.sector, rp->op.nsectors, r);
	return r;
}

static int write_run(struct repair *rp)
{
	struct ms_volume *v = rp->v;
	struct ms_io io = {
		.bdev = v->data,
		.sector = rp->op.sector,
		.nsectors = rp->op.nsectors,
		.buf = &rp->buf,
		.opf = REQ_OP_WRITE | REQ_SYNC,
	};
	int r = ms_io_sync(&v->pool, &io);

	if (r)
		ms_err_limit(v, "sectors %llu+%u cannot be written anew here (%d)",
			     rp->op.sector, rp->op.nsectors, r);
	return r;
}

/* The peer's content onto the local disk. */
static int rewrite(struct repair *rp)
{
	struct ms_volume *v = rp->v;
	struct ms_extent *e = rp->op.e;
	u32 i, losses;
	int r;

	if (READ_ONCE(v->own) == MS_OWN_LEFT)
		return -EIO;
	spin_lock(&v->lock);
	__ms_seg_write_begin(v, e, rp->span.first, rp->span.count);
	losses = v->losses;
	spin_unlock(&v->lock);
	r = write_run(rp);
	spin_lock(&v->lock);
	if (!r && losses != v->losses)	/* a failed flush may have lost it at once */
		r = -EIO;
	for (i = 0; !r && i < rp->span.count; i++)
		__ms_seg_set_code(v, e, rp->span.first + i, rp->body->codes[i]);
	if (!r)
		v->n.repaired += rp->span.count;
	spin_unlock(&v->lock);
	return r;
}

static int end_repair(struct repair *rp)
{
	int r = rewrite(rp);

	ms_op_done(&rp->op);
	return r;
}

static void count_repair(struct ms_volume *v, int by)
{
	spin_lock(&v->lock);
	v->repairs += by;
	spin_unlock(&v->lock);
	wake_up_all(&v->cooled);
}

/* Give the application its data, at once; whether the rewrite fails is nothing to it. */
static void answer_read(struct repair *rp, struct bio *bio)
{
	struct ms_app_io *io = dm_per_bio_data(bio, sizeof(*io));
	struct ms_volume *v = rp->v;
	u32 skip = (io->iter.bi_sector - rp->op.sector) << SECTOR_SHIFT;

	ms_buf_copy_to_bio(&rp->buf, skip, bio);
	spin_lock(&v->lock);
	v->n.reads_from_peer++;
	spin_unlock(&v->lock);
	if (!io->left)
		ms_warn_limit(v, "sectors %llu+%u cannot be read here (%d): served by the peer",
			      (u64)io->iter.bi_sector, io->iter.bi_size >> SECTOR_SHIFT,
			      blk_status_to_errno(bio->bi_status));
	bio->bi_status = BLK_STS_OK;
	bio_endio(bio);
}

/*
 * The site has left its disk: the peer's content is the volume's. Without the peer the read waits
 * like a write, or fails.
 */
static void read_there(struct ms_app_io *io, struct bio *bio)
{
	struct ms_volume *v = io->v;
	bool waits = false;
	struct repair *rp;

	rp = alloc_repair(v, io->iter.bi_sector, io->iter.bi_size >> SECTOR_SHIFT);
	if (rp) {
		rp->op.excl = false;	/* reads may overlap, and leave nothing to be recorded */
		rp->op.masked = false;
	}
	if (rp && !begin_repair(rp)) {
		answer_read(rp, bio);
		ms_op_done(&rp->op);
	} else {
		spin_lock(&v->lock);
		waits = __ms_policy_frozen(v);
		spin_unlock(&v->lock);
		if (waits)
			ms_primary_again(v, bio);
		else
			bio_io_error(bio);
	}
	if (rp)
		free_repair(rp);
}

static void read_here(struct ms_app_io *io, struct bio *bio)
{
	struct ms_volume *v = io->v;
	struct repair *rp;

	rp = alloc_repair(v, io->iter.bi_sector, io->iter.bi_size >> SECTOR_SHIFT);
	if (!rp || begin_repair(rp)) {
		if (READ_ONCE(v->own) == MS_OWN_USED)
			bio_endio(bio);		/* with the disk's error */
		else
			ms_primary_again(v, bio);
	} else {
		answer_read(rp, bio);
		end_repair(rp);
	}
	if (rp)
		free_repair(rp);
}

static void read_work(struct work_struct *work)
{
	struct ms_app_io *io = container_of(work, struct ms_app_io, work);
	struct bio *bio = dm_bio_from_per_bio_data(io, sizeof(*io));
	struct ms_volume *v = io->v;

	/* As it was mapped: the device below may have split it, and counted its parts down to 0. */
	bio->bi_iter = io->iter;
	bio->bi_flags = io->flags;
	atomic_set(&bio->__bi_remaining, 1);
	count_repair(v, 1);
	if (io->left)
		read_there(io, bio);
	else if (READ_ONCE(v->own) == MS_OWN_USED)
		read_here(io, bio);
	else
		ms_primary_again(v, bio);	/* the disk has failed since */
	count_repair(v, -1);
}

void ms_repair_read(struct ms_volume *v, struct ms_app_io *io, bool left)
{
	io->v = v;
	io->tried = true;
	io->left = left;
	INIT_WORK(&io->work, read_work);
	queue_work(v->repair_wq, &io->work);
}

/* The repair of one segment, which a stop waits for; NULL without memory. */
static struct repair *take_segment(struct ms_volume *v, u64 no, u32 seg)
{
	u64 sector;
	u32 n = ms_run_sectors(v, no, seg, 1, &sector);
	struct repair *rp = alloc_repair(v, sector, n);

	if (rp)
		count_repair(v, 1);
	return rp;
}

/* It is over. @r: of what was done; @done: what to say of it, NULL: nothing was. Return: @r. */
static int drop_segment(struct repair *rp, int r, const char *done)
{
	struct ms_volume *v = rp->v;

	if (!r && done)
		ms_warn_limit(v, "sectors %llu+%u %s", rp->op.sector, rp->op.nsectors, done);
	free_repair(rp);
	count_repair(v, -1);
	return r;
}

int ms_repair_segment(struct ms_volume *v, u64 no, u32 seg)
{
	struct repair *rp = take_segment(v, no, seg);
	int r;

	if (!rp)
		return -ENOMEM;
	rp->op.held = true;
	r = begin_repair(rp);
	if (!r)
		r = end_repair(rp);
	return drop_segment(rp, r, "could not be read here: written anew from the peer");
}

/* The segment is held since before the peer was asked, so its code is what the answer is compared with. */
static bool __equal_by_now(const struct repair *rp)
{
	const struct ms_table_block *tb = rp->op.e->tb;
	u32 seg = rp->span.first;

	return ms_bit(tb->valid, seg) && tb->codes[seg] == rp->body->codes[0];
}

int ms_repair_over(struct ms_volume *v, u64 no, u32 seg)
{
	struct repair *rp = take_segment(v, no, seg);
	bool equal = false;
	int r;

	if (!rp)
		return -ENOMEM;
	rp->over = true;
	r = begin_repair(rp);
	if (!r) {
		spin_lock(&v->lock);
		equal = __equal_by_now(rp);
		spin_unlock(&v->lock);
		if (equal)
			ms_op_done(&rp->op);
		else
			r = end_repair(rp);
	}
	return drop_segment(rp, r, equal ? NULL : "were written over with what the peer has");
}

/* Is the segment still to be what it was asked for? The version is for who reads it meanwhile. */
static bool __still_wanted(struct repair *rp)
{
	struct ms_volume *v = rp->v;
	struct ms_extent *e = rp->op.e;
	u32 seg = rp->span.first;

	if (v->own != MS_OWN_USED || !ms_bit(e->tb->valid, seg) || e->tb->codes[seg] != rp->code)
		return false;
	e->version = ms_meta_next_sequence(v->meta);
	e->dirty = true;
	return true;
}

static int put_back(struct repair *rp)
{
	struct ms_volume *v = rp->v;
	bool wanted;
	int r = ms_op_acquire(v, &rp->op);

	if (r)
		return r;
	spin_lock(&v->lock);
	wanted = __still_wanted(rp);
	spin_unlock(&v->lock);
	r = wanted ? write_run(rp) : -ESTALE;
	spin_lock(&v->lock);
	if (!r)
		v->n.repaired++;
	spin_unlock(&v->lock);
	ms_op_done(&rp->op);
	return r;
}

int ms_repair_by_code(struct ms_volume *v, u64 no, u32 seg, __le64 code)
{
	struct repair *rp = take_segment(v, no, seg);
	int r;

	if (!rp)
		return -ENOMEM;
	rp->op.masked = false;
	rp->by_code = true;
	rp->code = code;
	rp->ask.flags = cpu_to_le32(MS_READ_BY_CODE);
	r = ask_peer(rp);
	if (!r)
		r = put_back(rp);
	return drop_segment(rp, r, "were written anew from the peer");
}

/*
 * For the peer
 */

struct answer {
	struct repair *rp;
	struct ms_inbound *in;
	struct ms_out out;
};

static void answer_sent(struct ms_out *out, int r)
{
	struct answer *a = container_of(out, struct answer, out);

	free_repair(a->rp);
	ms_inbound_put(a->in);
	kfree(a);
}

/* Is this site's content that of the source, as far as it knows? */
static bool __may_answer(struct repair *rp, u32 session)
{
	struct ms_volume *v = rp->v;

	if (rp->by_code)
		return v->connected && v->session == session && v->own == MS_OWN_USED;
	return v->receiving && v->session == session && !v->target_failed &&
	       !__any_marked(rp->op.e, &rp->span);
}

/* Read it, behind all that came before the question. */
static int read_run(struct repair *rp, u32 session)
{
	struct ms_volume *v = rp->v;
	struct ms_io io = {
		.bdev = v->data,
		.sector = rp->op.sector,
		.nsectors = rp->op.nsectors,
		.buf = &rp->buf,
		.opf = REQ_OP_READ,
	};
	int r = ms_op_acquire(v, &rp->op);

	if (r)
		return r;
	r = ms_io_sync(&v->pool, &io);
	if (!r) {
		ms_buf_codes(&rp->buf, rp->op.sector, rp->op.nsectors, v->geo, v->seed,
			     &rp->span, rp->body->codes);
		r = check_run(v, &rp->op, &rp->buf, &rp->span, rp->body->codes);
	}
	spin_lock(&v->lock);
	if (!r && !__may_answer(rp, session))
		r = -ESTALE;
	spin_unlock(&v->lock);
	ms_op_done(&rp->op);
	return r;
}

static int send_answer(struct repair *rp, struct ms_inbound *in)
{
	struct answer *a = kzalloc(sizeof(*a), GFP_NOIO);
	struct ms_volume *v = rp->v;
	int r = -ENOTCONN;

	if (!a)
		return -ENOMEM;
	rp->body->sector = rp->ask.sector;
	rp->body->sectors = rp->ask.sectors;
	rp->body->segs = cpu_to_le16(rp->span.count);
	a->rp = rp;
	a->in = in;
	ms_inbound_get(in);
	a->out.type = MS_F_READ_DATA;
	a->out.handle = in->head.handle;
	a->out.body = rp->body;
	a->out.body_len = struct_size(rp->body, codes, rp->span.count);
	a->out.bvec = rp->buf.bv;
	a->out.nr_bvec = rp->buf.nr;
	a->out.data_len = rp->buf.bytes;
	a->out.done = answer_sent;
	spin_lock(&v->lock);
	if (v->connected && v->session == in->session)
		r = ms_net_queue(v->net, &a->out);
	spin_unlock(&v->lock);
	if (r) {
		ms_inbound_put(in);
		kfree(a);
	}
	return r;
}

void ms_repair_answer(struct ms_inbound *in)
{
	const struct ms_read_req *q = (void *)in->body;
	u64 sector = le64_to_cpu(q->sector);
	u32 n = le32_to_cpu(q->sectors);
	u32 flags = le32_to_cpu(q->flags);
	struct ms_volume *v = in->v;
	struct repair *rp = flags & ~MS_READ_BY_CODE ? NULL : alloc_repair(v, sector, n);
	int r = -EINVAL;

	if (!rp)
		return ms_inbound_result(in, r, "no such segments");
	rp->by_code = flags & MS_READ_BY_CODE;
	rp->op.excl = false;
	rp->op.masked = false;
	ms_secondary_catch_up(v);	/* what came before may wait for its epoch */
	if (rp->op.sector == sector && rp->op.nsectors == n)
		r = read_run(rp, in->session);
	if (r == -EILSEQ && rp->by_code) {	/* both sites' content is bad: no more than that */
		ms_err_limit(v, "sectors %llu+%u are not what their valid code says", sector, n);
	} else if (r == -EILSEQ) {	/* I4 */
		ms_err(v, "the data device was changed behind its codes, at sectors %llu+%u",
		       sector, n);
		ms_codes_void(v);
		ms_net_cut(v->net, -EILSEQ);
	}
	if (!r)
		r = send_answer(rp, in);
	if (!r)
		return;
	free_repair(rp);
	ms_inbound_result(in, r, "these segments cannot be read");
}
