// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdicts of a failback that a helper in userspace has reached by comparing
 * tables. The helper is never believed more than its evidence: "differs" is
 * only ever added to the marks; "the rest is equal" counts only if the versions
 * of the extent it was judged by still hold, at the peer and here, in that order.
 * An extent without such a verdict stays a candidate and is compared by the
 * resync itself. Locking: v->lock.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "engine/extent.h"
#include "engine/request.h"
#include "engine/scrub.h"
#include "engine/tables.h"

static int ask_versions(struct ms_volume *v, const struct ms_ioc_verdict *vd, u32 count,
			struct ms_cmp_reply *rep)
{
	struct ms_cmp_version *c = kvmalloc_array(count, sizeof(*c), GFP_KERNEL);
	u32 i, got;
	int r;

	if (!c)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		c[i].extent = cpu_to_le64(vd[i].extent);
		c[i].version = cpu_to_le64(vd[i].peer_version);
	}
	r = ms_request(v, MS_F_CMP_VERSIONS, c, count * sizeof(*c), MS_F_CMP_REPLY, rep,
		       sizeof(*rep), &got);
	if (!r && (got != sizeof(*rep) || rep->status))
		r = -EREMOTEIO;
	kvfree(c);
	return r;
}

/* Does a verdict of that session still count? v->lock held. */
static bool __counts(struct ms_volume *v, u32 session)
{
	return v->failback == 1 && v->session == session;
}

static bool counts(struct ms_volume *v, u32 session)
{
	bool r;

	spin_lock(&v->lock);
	r = __counts(v, session);
	spin_unlock(&v->lock);
	return r;
}

struct equal {
	u32 session;
	bool held;
};

static void __judged_equal(struct ms_volume *v, u64 no, void *arg)
{
	struct equal *q = arg;

	q->held = __counts(v, q->session);
	if (!q->held || !test_bit(no, v->cand_map))
		return;
	__ms_cand_clear(v, no);
	v->n.rs_equal += ms_geo_extent_segs(v->geo, no);
	v->n.rs_done++;
}

/* Mark what differs; the extent is judged when its version still holds. */
static int take_differs(struct ms_volume *v, struct ms_ioc_verdict *vd, bool held,
			u32 session)
{
	struct ms_extent *e = ms_extent_hold(v, vd->extent);
	u32 i, n = 0;

	if (!e)
		return -EIO;
	spin_lock(&v->lock);
	/* Of one that is over they would be marks that no resync comes for. */
	for (i = 0; __counts(v, session) && i < e->segs; i++) {
		if (!ms_bit(vd->differs, i))
			continue;
		__ms_seg_mark(v, e, i, 1);
		n++;
	}
	vd->held = held && __counts(v, session) && e->version == vd->local_version &&
		   test_bit(vd->extent, v->cand_map);
	if (vd->held) {
		__ms_cand_clear(v, vd->extent);
		v->n.rs_equal += e->segs - n;
	}
	spin_unlock(&v->lock);
	ms_extent_release(v, e);
	return 0;
}

static int take_one(struct ms_volume *v, struct ms_ioc_verdict *vd, bool held, u32 session)
{
	struct equal q = { .session = session };

	if (memchr_inv(vd->differs, 0, sizeof(vd->differs)))
		return take_differs(v, vd, held, session);
	if (held)
		ms_extent_if_unchanged(v, vd->extent, vd->local_version, __judged_equal, &q);
	vd->held = q.held;
	return 0;
}

int ms_take_verdicts(struct ms_volume *v, struct ms_ioc_verdict *vd, u32 count,
		     u32 *held)
{
	struct ms_cmp_reply rep;
	u32 i, session;
	bool begun;
	int r;

	*held = 0;
	if (!count || count > MS_CMP_BATCH)
		return -EINVAL;
	for (i = 0; i < count; i++)
		if (vd[i].extent >= v->geo->extents)
			return -ERANGE;
	spin_lock(&v->lock);
	begun = v->failback == 1;
	session = v->session;
	spin_unlock(&v->lock);
	if (!begun)
		return -EPERM;
	if (!ms_scrub_begin(v))		/* a stop waits for it */
		return -ENODEV;
	r = ask_versions(v, vd, count, &rep);
	for (i = 0; !r && i < count; i++) {
		r = counts(v, session) ? take_one(v, &vd[i], ms_bit(rep.equal, i), session) :
					 -ENOTCONN;
		*held += vd[i].held;
	}
	ms_scrub_end(v);
	return r;
}
