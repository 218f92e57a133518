// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comparing codes across the link; see compare.h. Equal codes are proof of
 * equal content (I8) at the moment they are compared at the target; the
 * source uses the answer only where nothing was written to the segment since it
 * took its code, and no mark was set meanwhile (I5). The target's own writes
 * all come from the source, so the source's view covers both.
 */
#include <linux/slab.h>

#include "engine/compare.h"
#include "engine/codes.h"
#include "engine/tables.h"
#include "engine/trace.h"
#include "shared/mutants.h"

static bool is_target(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = v->connected && v->decision.meeting == MS_MEET_TARGET;
	spin_unlock(&v->lock);
	return r;
}

static void reply(struct ms_inbound *in, struct ms_cmp_reply *rep, u32 count, int r)
{
	rep->count = cpu_to_le32(count);
	rep->status = cpu_to_le32(-r);
	ms_inbound_reply(in, MS_F_CMP_REPLY, rep, sizeof(*rep));
}

void ms_compare_extents(struct ms_inbound *in)
{
	const struct ms_cmp_extent *c = (void *)in->body;
	u32 i, n = in->head.body_len / sizeof(*c);
	struct ms_cmp_reply rep = { };
	struct ms_volume *v = in->v;
	struct ms_summary_entry s;

	for (i = 0; i < n; i++) {
		u64 no = le64_to_cpu(c[i].extent);

		if (no >= v->geo->extents)
			return reply(in, &rep, n, -ERANGE);
		if (ms_summary_snapshot(v, no, 1, &s))
			continue;
		if (le16_to_cpu(s.valid) == ms_geo_extent_segs(v->geo, no) &&
		    !s.marked && s.digest == c[i].digest)
			ms_bit_set(rep.equal, i);
	}
	reply(in, &rep, n, 0);
}

void ms_compare_versions(struct ms_inbound *in)
{
	const struct ms_cmp_version *c = (void *)in->body;
	u32 i, n = in->head.body_len / sizeof(*c);
	struct ms_cmp_reply rep = { };
	struct ms_volume *v = in->v;

	for (i = 0; i < n; i++) {
		u64 no = le64_to_cpu(c[i].extent);

		if (no >= v->geo->extents)
			return reply(in, &rep, n, -ERANGE);
		if (ms_extent_if_unchanged(v, no, le64_to_cpu(c[i].version), NULL, NULL))
			ms_bit_set(rep.equal, i);
	}
	reply(in, &rep, n, 0);
}

static void __judge(struct ms_volume *v, struct ms_extent *e,
		    const struct ms_cmp_codes *c, struct ms_cmp_reply *rep)
{
	u32 i, k = 0;

	for (i = 0; i < e->segs; i++) {
		if (!ms_bit(c->segs, i))
			continue;
		if (!ms_bit(e->tb->valid, i) || __ms_seg_busy(e, i)) {
			k++;
		} else if (e->tb->codes[i] == c->codes[k++]) {
			ms_bit_set(rep->equal, i);
			__ms_seg_unmark(v, e, i);
		} else {
			ms_bit_set(rep->differs, i);
		}
	}
}

/* Return: sectors that had to be read for it. */
static u32 generate(struct ms_volume *v, struct ms_extent *e, const u8 *segs)
{
	u32 missing;

	spin_lock(&v->lock);
	missing = __ms_codes_missing(v, e, segs);
	spin_unlock(&v->lock);
	ms_codes_generate(v, e, segs, NULL);
	return missing;
}

void ms_compare_codes(struct ms_inbound *in)
{
	const struct ms_cmp_codes *c = (void *)in->body;
	u64 no = le64_to_cpu(c->extent);
	struct ms_cmp_reply rep = { };
	struct ms_volume *v = in->v;
	struct ms_extent *e;
	u32 read = 0, segs;

	if (no >= v->geo->extents ||
	    ms_bits(c->segs, MS_EXTENT_SEGS) != ms_bits(c->segs, ms_geo_extent_segs(v->geo, no)) ||
	    in->head.body_len != sizeof(*c) + 8 * ms_bits(c->segs, MS_EXTENT_SEGS))
		return reply(in, &rep, 0, -ERANGE);
	if (!is_target(v))
		return reply(in, &rep, 0, -EPERM);
	e = ms_extent_hold(v, no);
	if (!e)
		return reply(in, &rep, 0, -EIO);
	if (c->generate)
		read = generate(v, e, c->segs);
	spin_lock(&v->lock);
	__judge(v, e, c, &rep);
	segs = e->segs;
	spin_unlock(&v->lock);
	ms_extent_release(v, e);
	rep.read = cpu_to_le32(read);
	reply(in, &rep, segs, 0);
}

/*
 * The source
 */

static void __not_candidate(struct ms_volume *v, u64 no, void *arg)
{
	if (!test_bit(no, v->cand_map))
		return;
	__ms_cand_clear(v, no);
	v->n.rs_equal += ms_geo_extent_segs(v->geo, no);
	v->n.rs_done++;
}

struct digests {
	struct ms_cmp_extent c[MS_CMP_BATCH];
	u64 version[MS_CMP_BATCH];
	struct ms_cmp_reply rep;
};

static int ask_digests(struct ms_volume *v, struct digests *d, u32 n)
{
	u32 i, got;
	int r;

	r = ms_request(v, MS_F_CMP_EXTENTS, d->c, n * sizeof(d->c[0]), MS_F_CMP_REPLY,
		       &d->rep, sizeof(d->rep), &got);
	if (!r && (got != sizeof(d->rep) || d->rep.status))
		r = -EREMOTEIO;
	for (i = 0; !r && i < n; i++)
		if (ms_bit(d->rep.equal, i))
			ms_extent_if_unchanged(v, le64_to_cpu(d->c[i].extent),
					       d->version[i], __not_candidate, NULL);
	return r;
}

int ms_compare_ask_extents(struct ms_volume *v, const u64 *extents, u32 n)
{
	struct digests *d = kvzalloc(sizeof(*d), GFP_NOIO);
	struct ms_summary_entry s;
	u32 i, k = 0;
	int r = 0;

	if (!d)
		return -ENOMEM;
	for (i = 0; !r && i < n; i++) {
		r = ms_summary_snapshot(v, extents[i], 1, &s);
		if (r || s.marked ||
		    le16_to_cpu(s.valid) != ms_geo_extent_segs(v->geo, extents[i]))
			continue;
		d->c[k].extent = cpu_to_le64(extents[i]);
		d->c[k].digest = s.digest;
		d->version[k++] = le64_to_cpu(s.sequence);
	}
	if (!r && k)
		r = ask_digests(v, d, k);
	kvfree(d);
	return r;
}

/* One question about codes, and what the answer's right to count depends on. */
struct question {
	struct ms_cmp_reply rep;
	u32 chg[MS_EXTENT_SEGS];
	u32 mark_epoch;
	u32 n;
	struct ms_cmp_codes c;
	__le64 codes[MS_EXTENT_SEGS];
};

static void __ask(struct ms_extent *e, const u8 *todo, struct question *q)
{
	u32 i;

	q->c.extent = cpu_to_le64(e->no);
	q->c.generate = cpu_to_le32(1);
	q->mark_epoch = e->mark_epoch;
	for (i = 0; i < e->segs; i++) {
		if (!ms_bit(todo, i) || !ms_bit(e->tb->valid, i))
			continue;
		ms_bit_set(q->c.segs, i);
		q->chg[i] = e->chg[i];
		q->codes[q->n++] = e->tb->codes[i];
	}
}

static void __use(struct ms_volume *v, struct ms_extent *e, struct question *q, u8 *todo)
{
	bool clear_ok = e->mark_epoch == q->mark_epoch || MS_MUTANT(CLEAR_LATE);
	u32 i;

	for (i = 0; i < e->segs; i++) {
		if (!ms_bit(q->c.segs, i) || (e->chg[i] != q->chg[i] && !MS_MUTANT(CLEAR_LATE)))
			continue;
		if (ms_bit(q->rep.equal, i) && clear_ok) {
			__ms_seg_unmark(v, e, i);
			ms_bit_clear(todo, i);
			v->n.rs_equal++;
		} else if (ms_bit(q->rep.differs, i)) {
			__ms_seg_mark(v, e, i, 1);
			ms_bit_clear(todo, i);
			v->n.rs_differ++;
		}
	}
}

int ms_compare_ask_codes(struct ms_volume *v, struct ms_extent *e, u8 *todo, u32 *read)
{
	struct question *q = kvzalloc(sizeof(*q), GFP_NOIO);
	u32 got;
	int r = 0;

	if (!q)
		return -ENOMEM;
	spin_lock(&v->lock);
	__ask(e, todo, q);
	spin_unlock(&v->lock);
	if (!q->n)
		goto out;
	r = ms_request(v, MS_F_CMP_CODES, &q->c, sizeof(q->c) + 8 * q->n,
		       MS_F_CMP_REPLY, &q->rep, sizeof(q->rep), &got);
	if (!r && (got != sizeof(q->rep) || q->rep.status))
		r = -EREMOTEIO;
	if (!r) {
		*read = le32_to_cpu(q->rep.read);
		spin_lock(&v->lock);
		__use(v, e, q, todo);
		spin_unlock(&v->lock);
		trace_mirsync_resync_extent(v, e->no, q->n, ms_bits(q->rep.equal, e->segs),
					    ms_bits(q->rep.differs, e->segs));
	}
out:
	kvfree(q);
	return r;
}
