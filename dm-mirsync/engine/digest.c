// SPDX-License-Identifier: GPL-2.0-only
/*
 * Digests of contents; see digest.h. A run of segments is held in the queue of its extent
 * while it is read, so no write to it is in flight; a write that begins before or after that,
 * anywhere in the extent, changes the extent's version. So digests that are given with a
 * version are those of what the segments hold as long as it is the same, and a
 * verdict by them is judged by the versions, as one by codes is (verdict.c).
 *
 * No code is made and nothing is changed: a table that changed would get another version
 * when it cools. A crash in the middle leaves an extent in the record, for no sub-range.
 *
 * What is read for one question is bounded (MS_DIGEST_READ), since nothing is stopped
 * meanwhile: not the session, not the volume. A few questions are worked on beside each other.
 *
 * Locking: v->lock. A stop waits for what is read for the ioctl (v->scrubs).
 */
#include <linux/slab.h>

#include "engine/codes.h"
#include "engine/digest.h"
#include "engine/scrub.h"
#include "service/sha256.h"

#define ANSWER_ROOM	(sizeof(struct ms_wire_digest) + MS_EXTENT_SEGS * MS_SHA256)

static_assert(sizeof_field(struct ms_ioc_digest, digest) == MS_EXTENT_SEGS * MS_SHA256);
static_assert(sizeof_field(struct ms_ioc_digest, segs) == MS_BITMAP_BYTES);

/* The digests of a run that was read. */
static int hash_run(struct ms_volume *v, struct crypto_shash *hash, const struct ms_buf *buf,
		    struct ms_ioc_digest *d, u32 first, u32 count)
{
	u32 i, bytes, at = 0;
	int r = 0;

	for (i = first; !r && i < first + count; i++) {
		bytes = ms_geo_seg_len(v->geo, d->extent, i) << SECTOR_SHIFT;
		r = ms_buf_sha256(hash, buf, at, bytes, d->digest[i]);
		at += bytes;
		if (!r)
			ms_bit_set(d->segs, i);
	}
	return r;
}

static int digest_run(struct ms_volume *v, struct crypto_shash *hash, struct ms_ioc_digest *d,
		      u32 first, u32 count)
{
	struct ms_op op = { .extent = d->extent, .first = first, .count = count, .held = true };
	struct ms_io io = { .bdev = v->data, .opf = REQ_OP_READ };
	struct ms_buf buf;
	int r;

	op.nsectors = ms_run_sectors(v, d->extent, first, count, &op.sector);
	io.sector = op.sector;
	io.nsectors = op.nsectors;
	io.buf = &buf;
	/* Before the range is held: those who wait for it hold pages too. */
	ms_buf_alloc(&v->pool, &buf, op.sector, op.nsectors);
	r = ms_op_acquire(v, &op);
	if (!r) {
		r = ms_io_sync(&v->pool, &io);
		ms_op_done(&op);
		spin_lock(&v->lock);
		v->n.gen_read_sectors += op.nsectors;
		spin_unlock(&v->lock);
	}
	if (!r)
		r = hash_run(v, hash, &buf, d, first, count);
	ms_buf_free(&v->pool, &buf);
	return r;
}

/* One by one: what can be read beside what cannot. */
static void digest_singly(struct ms_volume *v, struct crypto_shash *hash,
			  struct ms_ioc_digest *d, u32 first, u32 count)
{
	u32 i;

	for (i = first; i < first + count; i++)
		if (digest_run(v, hash, d, i, 1))
			ms_warn_limit(v, "segment %u of extent %llu cannot be read for its digest",
				      i, d->extent);
}

/* Is what is read still asked for? @session: 0 for who asks here. */
static bool __wanted(const struct ms_volume *v, u32 session)
{
	return v->own == MS_OWN_USED && !v->meta_failed &&
	       (!session || (v->connected && v->session == session));
}

static bool wanted(struct ms_volume *v, u32 session)
{
	bool r;

	spin_lock(&v->lock);
	r = __wanted(v, session);
	spin_unlock(&v->lock);
	return r;
}

/* The extent is held. @todo: segments wanted; d->segs gets those given. */
static int digest_held(struct ms_volume *v, struct ms_extent *e, struct crypto_shash *hash,
		       struct ms_ioc_digest *d, const u8 *todo, u32 session)
{
	u32 left = max(1u, MS_DIGEST_READ >> v->geo->seg_shift), at = 0, first, n;
	bool same;

	spin_lock(&v->lock);
	d->version = e->version;
	spin_unlock(&v->lock);
	while (left && (n = ms_next_run(v, todo, e->segs, at, &first))) {
		if (!wanted(v, session))
			return -EIO;
		n = min(n, left);
		if (digest_run(v, hash, d, first, n))
			digest_singly(v, hash, d, first, n);
		left -= n;
		at = first + n;
	}
	spin_lock(&v->lock);
	same = e->version == d->version;
	memcpy(d->marks, e->tb->marks, sizeof(d->marks));
	spin_unlock(&v->lock);
	return same ? 0 : -EAGAIN;
}

static int digest_extent(struct ms_volume *v, struct ms_ioc_digest *d, u32 session)
{
	struct crypto_shash *hash;
	u8 todo[MS_BITMAP_BYTES];
	struct ms_extent *e;
	int r = -EIO;

	memcpy(todo, d->segs, sizeof(todo));
	memset(d->segs, 0, sizeof(d->segs));
	if (d->extent >= v->geo->extents ||
	    ms_bits(todo, MS_EXTENT_SEGS) != ms_bits(todo, ms_geo_extent_segs(v->geo, d->extent)))
		return -ERANGE;
	if (!wanted(v, session))
		return -EIO;
	hash = ms_sha256_begin();
	if (IS_ERR(hash))
		return PTR_ERR(hash);
	e = ms_extent_hold(v, d->extent);
	if (e) {
		r = digest_held(v, e, hash, d, todo, session);
		ms_extent_release(v, e);
	}
	ms_sha256_end(hash);
	if (r)
		memset(d->segs, 0, sizeof(d->segs));
	return r;
}

/*
 * For the peer
 */

/* Into the form of the wire. Return: bytes. */
static u32 encode(const struct ms_ioc_digest *d, int r, struct ms_wire_digest *w)
{
	u32 i, n = 0;

	w->extent = cpu_to_le64(d->extent);
	w->version = cpu_to_le64(d->version);
	w->status = cpu_to_le32(-r);
	memcpy(w->segs, d->segs, sizeof(w->segs));
	memcpy(w->marks, d->marks, sizeof(w->marks));
	for (i = 0; i < MS_EXTENT_SEGS; i++)
		if (ms_bit(d->segs, i))
			memcpy(w->digests[n++], d->digest[i], MS_SHA256);
	return struct_size(w, digests, n);
}

void ms_digest_answer(struct ms_inbound *in)
{
	const struct ms_digest_req *q = (void *)in->body;
	struct ms_wire_digest *w = kvzalloc(ANSWER_ROOM, GFP_NOIO);
	struct ms_ioc_digest *d = kvzalloc(sizeof(*d), GFP_NOIO);
	int r;

	if (w && d) {
		d->extent = le64_to_cpu(q->extent);
		memcpy(d->segs, q->segs, sizeof(d->segs));
		r = digest_extent(in->v, d, in->session);
		ms_inbound_reply(in, MS_F_DIGEST, w, encode(d, r, w));
	} else {
		ms_net_cut(in->v->net, -ENOMEM);
	}
	kvfree(d);
	kvfree(w);
}

/*
 * For the ioctl
 */

struct question {
	struct work_struct work;	/* of what is read here */
	struct ms_volume *v;
	struct ms_ioc_digest *d;
	int r;
	/* to the peer */
	struct ms_request rq;
	struct ms_digest_req ask;
	struct ms_wire_digest *answer;
};

static void ask_peer(struct question *q)
{
	struct ms_volume *v = q->v;

	q->answer = kvmalloc(ANSWER_ROOM, GFP_NOIO);
	q->r = -ENOMEM;
	if (!q->answer)
		return;
	q->ask.extent = cpu_to_le64(q->d->extent);
	memcpy(q->ask.segs, q->d->segs, sizeof(q->ask.segs));
	ms_request_prepare(&q->rq, MS_F_DIGEST_REQ, &q->ask, sizeof(q->ask), MS_F_DIGEST,
			   q->answer, ANSWER_ROOM);
	spin_lock(&v->lock);
	q->r = __ms_request_queue(v, &q->rq);
	spin_unlock(&v->lock);
}

/* Does the answer fit the question? */
static bool fits(const struct question *q)
{
	const struct ms_wire_digest *w = q->answer;
	u32 i, n;

	if (q->rq.len < sizeof(*w))
		return false;
	n = ms_bits(w->segs, MS_EXTENT_SEGS);
	for (i = 0; i < MS_BITMAP_BYTES; i++)
		if (w->segs[i] & ~q->ask.segs[i])
			return false;
	return w->extent == q->ask.extent && q->rq.len == struct_size(w, digests, n);
}

static void take_answer(struct question *q)
{
	const struct ms_wire_digest *w = q->answer;
	struct ms_ioc_digest *d = q->d;
	u32 i, n = 0;

	if (!q->r)
		q->r = ms_request_wait_limited(q->v, &q->rq, MAX_SCHEDULE_TIMEOUT);
	if (!q->r && !fits(q))
		q->r = -EPROTO;
	memset(d->segs, 0, sizeof(d->segs));
	if (q->r)
		return;
	d->version = le64_to_cpu(w->version);
	memcpy(d->segs, w->segs, sizeof(d->segs));
	memcpy(d->marks, w->marks, sizeof(d->marks));
	for (i = 0; i < MS_EXTENT_SEGS; i++)
		if (ms_bit(d->segs, i))
			memcpy(d->digest[i], w->digests[n++], MS_SHA256);
	d->status = le32_to_cpu(w->status);
	if (d->status)
		memset(d->segs, 0, sizeof(d->segs));
}

static void local_work(struct work_struct *work)
{
	struct question *q = container_of(work, struct question, work);

	q->r = digest_extent(q->v, q->d, 0);
	q->d->status = -q->r;
}

/* Those of this site. A stop waits for them. */
static int read_here(struct ms_volume *v, struct question *q, u32 count)
{
	u32 i;

	if (!ms_scrub_begin(v))
		return -ENODEV;
	for (i = 0; i < count; i++)
		if (q[i].d->site == MS_SITE_LOCAL)
			queue_work(v->copy_wq, &q[i].work);
	for (i = 0; i < count; i++)
		flush_work(&q[i].work);
	ms_scrub_end(v);
	return 0;
}

int ms_read_digests(struct ms_volume *v, struct ms_ioc_digest *d, u32 count)
{
	struct question *q = kvcalloc(count, sizeof(*q), GFP_KERNEL);
	int r, lost = 0;
	u32 i;

	if (!q)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		q[i].v = v;
		q[i].d = &d[i];
		INIT_WORK(&q[i].work, local_work);
		d[i].status = 0;
		if (d[i].site == MS_SITE_PEER)
			ask_peer(&q[i]);
	}
	r = read_here(v, q, count);
	for (i = 0; i < count; i++) {
		if (d[i].site != MS_SITE_PEER)
			continue;
		take_answer(&q[i]);	/* also when it is no longer wanted */
		lost = lost ?: q[i].r;
		kvfree(q[i].answer);
	}
	kvfree(q);
	return r ?: lost;
}
