// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading code tables, at either site, and taking verdicts; see tables.h.
 *
 * An extent that is in the cache is described from there, any other from its
 * blocks on the disk. Between looking into the cache and reading the disk an
 * extent may come and go: what is returned then is a state it had, with
 * the version it had; nobody may act on it without checking that version
 * (ms_extent_if_unchanged()).
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "engine/activity.h"
#include "engine/extent.h"
#include "engine/tables.h"

static void describe_cold(struct ms_volume *v, u64 no, struct ms_summary_entry *s)
{
	u32 segs = ms_geo_extent_segs(v->geo, no), valid, marked;

	ms_summary_counts(v, s, segs, &valid, &marked);
	s->valid = cpu_to_le16(valid);
	s->marked = cpu_to_le16(marked);
}

int ms_summary_snapshot(struct ms_volume *v, u64 first, u32 count,
			struct ms_summary_entry *out)
{
	struct ms_extent *e;
	u32 i;
	int r;

	r = ms_meta_read_summary(v->meta, first, count, out);
	if (r && r != -EIO)
		return r;
	for (i = 0; i < count; i++) {
		describe_cold(v, first + i, &out[i]);
		spin_lock(&v->lock);
		e = __ms_extent_find(v, first + i);
		if (e && e->state != MS_EXT_NEW) {
			ms_summary_from_table(&out[i], e->tb, e->segs, v->seed);
			out[i].sequence = cpu_to_le64(e->version);
		}
		spin_unlock(&v->lock);
	}
	return 0;
}

static bool copy_cached(struct ms_volume *v, u64 no, struct ms_wire_table *out)
{
	struct ms_extent *e;
	bool found;

	spin_lock(&v->lock);
	e = __ms_extent_find(v, no);
	found = e && e->state != MS_EXT_NEW;
	if (found) {
		out->version = cpu_to_le64(e->version);
		memcpy(out->valid, e->tb->valid, sizeof(out->valid));
		memcpy(out->marks, e->tb->marks, sizeof(out->marks));
		memcpy(out->codes, e->tb->codes, sizeof(out->codes));
	}
	spin_unlock(&v->lock);
	return found;
}

int ms_table_snapshot(struct ms_volume *v, u64 no, struct ms_wire_table *out)
{
	struct ms_table_block *tb;
	int r;

	out->extent = cpu_to_le64(no);
	if (copy_cached(v, no, out))
		return 0;
	tb = (void *)__get_free_page(GFP_NOIO);
	if (!tb)
		return -ENOMEM;
	r = ms_meta_read_table(v->meta, no, tb);
	if (r >= 0) {
		out->version = tb->sequence;
		memcpy(out->valid, tb->valid, sizeof(out->valid));
		memcpy(out->marks, tb->marks, sizeof(out->marks));
		memcpy(out->codes, tb->codes, sizeof(out->codes));
	}
	free_page((unsigned long)tb);
	return r;
}

void ms_table_heal(struct ms_volume *v, u64 no)
{
	struct ms_extent *e = ms_extent_hold(v, no);

	if (e)
		ms_extent_release(v, e);
}

bool ms_extent_if_unchanged(struct ms_volume *v, u64 no, u64 version,
			    void (*fn)(struct ms_volume *v, u64 no, void *arg), void *arg)
{
	struct ms_summary_entry s;
	struct ms_extent *e;
	u64 gen;
	bool same;

	do {
		gen = READ_ONCE(v->cool_gen);
		if (ms_meta_read_summary(v->meta, no, 1, &s))
			return false;
		spin_lock(&v->lock);
		e = __ms_extent_find(v, no);
		/* It may have cooled just now: read again. */
		if ((!e || e->state == MS_EXT_NEW) && gen != v->cool_gen) {
			spin_unlock(&v->lock);
			continue;
		}
		if (e && e->state != MS_EXT_NEW)
			same = e->version == version;
		else
			same = le64_to_cpu(s.sequence) == version;
		if (same && fn)
			fn(v, no, arg);
		spin_unlock(&v->lock);
		return same;
	} while (true);
}

/*
 * For the peer
 */

static bool range_ok(struct ms_volume *v, const struct ms_range_req *rq, u32 max)
{
	u64 first = le64_to_cpu(rq->first), count = le32_to_cpu(rq->count);

	return count && count <= max && first < v->geo->extents &&
	       count <= v->geo->extents - first;
}

/* Build and send one reply of @count elements of @size bytes. */
static void send_range(struct ms_inbound *in, u16 type, u32 max, size_t size,
		       int (*fill)(struct ms_volume *v, u64 first, u32 count, void *out))
{
	const struct ms_range_req *rq = (void *)in->body;
	u32 count = le32_to_cpu(rq->count);
	struct ms_range_reply *rep;
	int r = 0;

	if (!range_ok(in->v, rq, max)) {
		count = 0;
		r = -ERANGE;
	}
	rep = kvzalloc(sizeof(*rep) + count * size, GFP_NOIO);
	if (!rep)
		return ms_net_cut(in->v->net, -ENOMEM);
	if (!r)
		r = fill(in->v, le64_to_cpu(rq->first), count, rep + 1);
	rep->first = rq->first;
	rep->count = cpu_to_le32(r ? 0 : count);
	rep->status = cpu_to_le32(-r);
	ms_inbound_reply(in, type, rep, sizeof(*rep) + (r ? 0 : count * size));
	kvfree(rep);
}

static int fill_summaries(struct ms_volume *v, u64 first, u32 count, void *out)
{
	return ms_summary_snapshot(v, first, count, out);
}

static int fill_tables(struct ms_volume *v, u64 first, u32 count, void *out)
{
	struct ms_wire_table *t = out;
	u32 i;
	int r = 0;

	for (i = 0; r >= 0 && i < count; i++)
		r = ms_table_snapshot(v, first + i, &t[i]);
	return min(r, 0);
}

void ms_tables_send_summaries(struct ms_inbound *in)
{
	send_range(in, MS_F_SUMMARY, MS_SUMMARY_BATCH, sizeof(struct ms_summary_entry),
		   fill_summaries);
}

void ms_tables_send(struct ms_inbound *in)
{
	send_range(in, MS_F_TABLE, MS_TABLE_BATCH, sizeof(struct ms_wire_table), fill_tables);
}

/*
 * For the ioctl
 */

/* Ask the peer for a range; the elements are put into @out. */
static int ask_range(struct ms_volume *v, u16 type, u16 answer, u64 first, u32 *count,
		     size_t size, void *out)
{
	struct ms_range_req rq = { .first = cpu_to_le64(first), .count = cpu_to_le32(*count) };
	u32 room = sizeof(struct ms_range_reply) + *count * size, got;
	struct ms_range_reply *rep = kvmalloc(room, GFP_NOIO);
	int r;

	if (!rep)
		return -ENOMEM;
	r = ms_request(v, type, &rq, sizeof(rq), answer, rep, room, &got);
	if (!r && (got < sizeof(*rep) || le32_to_cpu(rep->count) > *count ||
		   got != sizeof(*rep) + le32_to_cpu(rep->count) * size))
		r = -EPROTO;
	if (!r && rep->status)
		r = -EREMOTEIO;
	if (!r) {
		*count = le32_to_cpu(rep->count);
		memcpy(out, rep + 1, *count * size);
	}
	kvfree(rep);
	return r;
}

static int clip(struct ms_volume *v, u64 first, u32 *count, u32 max)
{
	if (first >= v->geo->extents)
		return -ERANGE;
	*count = min_t(u64, min(*count, max), v->geo->extents - first);
	return *count ? 0 : -EINVAL;
}

int ms_read_summaries(struct ms_volume *v, u32 site, u64 first, u32 *count,
		      struct ms_summary_entry *out)
{
	int r = clip(v, first, count, MS_SUMMARY_BATCH);

	if (r)
		return r;
	if (site == MS_SITE_LOCAL)
		return ms_summary_snapshot(v, first, *count, out);
	return ask_range(v, MS_F_SUMMARY_REQ, MS_F_SUMMARY, first, count, sizeof(*out), out);
}

int ms_read_tables(struct ms_volume *v, u32 site, u64 first, u32 *count,
		   struct ms_wire_table *out)
{
	int r = clip(v, first, count, MS_TABLE_BATCH);

	if (r)
		return r;
	if (site == MS_SITE_LOCAL)
		return fill_tables(v, first, *count, out);
	return ask_range(v, MS_F_TABLE_REQ, MS_F_TABLE, first, count, sizeof(*out), out);
}
