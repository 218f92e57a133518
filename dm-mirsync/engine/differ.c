// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments that a comparison has found to differ although nobody has marked them: one site's
 * content is written over with that of the other, by a command that says which. Done at the
 * source, an extent at a time.
 *   PEER: they are marked, and a resync begins soon, in the same session. From there on they
 *	are what marked segments are (I5): only a crash of this site before they have cooled takes the marks, and
 *	leaves the segments as they were found. The target is recorded as inconsistent until they are copied (I10).
 *   LOCAL: each is written anew from the peer, as one that cannot be read here (repair.c), though it
 *	has a valid code of its own.
 * What the two have become equal by meanwhile is left alone: the resync, and the answer of the
 * peer, are compared with the code as it is then.
 *
 * Locking: v->lock. A stop waits for v->scrubs.
 */
#include "engine/extent.h"
#include "engine/loss.h"
#include "engine/repair.h"
#include "engine/scrub.h"

static const char *__why_not(struct ms_volume *v)
{
	if (!v->connected || !v->mirroring)
		return "not connected as the source of the peer";
	if (v->failback)
		return "a failback has been begun";
	if (v->own != MS_OWN_USED)
		return "the data device of this site has failed and is not used";
	return NULL;
}

static int refused(struct ms_ioc_repair *rp, const char *why)
{
	strscpy(rp->error, why, sizeof(rp->error));
	return -EPERM;
}

static int mark(struct ms_volume *v, struct ms_ioc_repair *rp)
{
	struct ms_extent *e = ms_extent_hold(v, rp->extent);
	const char *why;
	u32 i;

	if (!e)
		return -EIO;
	spin_lock(&v->lock);
	why = __why_not(v);	/* holding the extent took its time */
	for (i = 0; !why && i < e->segs; i++) {
		if (!ms_bit(rp->segs, i))
			continue;
		__ms_seg_mark(v, e, i, 1);
		rp->repaired++;
	}
	__ms_resync_now(v);
	spin_unlock(&v->lock);
	ms_extent_release(v, e);
	return why ? refused(rp, why) : 0;
}

static int write_over(struct ms_volume *v, struct ms_ioc_repair *rp)
{
	u32 i, segs = ms_geo_extent_segs(v->geo, rp->extent);
	int r = 0;

	for (i = 0; !r && i < segs; i++) {
		if (!ms_bit(rp->segs, i))
			continue;
		r = ms_repair_over(v, rp->extent, i);
		rp->repaired += !r;
	}
	return rp->repaired ? ms_data_flush(v) ?: r : r;
}

static int repair(struct ms_volume *v, struct ms_ioc_repair *rp)
{
	const char *why;
	int r;

	if (rp->extent >= v->geo->extents)
		return -ERANGE;
	spin_lock(&v->lock);
	why = __why_not(v);
	spin_unlock(&v->lock);
	if (why)
		return refused(rp, why);
	r = rp->site == MS_SITE_PEER ? mark(v, rp) : write_over(v, rp);
	if (r && rp->site == MS_SITE_LOCAL)
		strscpy(rp->error, "the peer cannot say what it has, or it cannot be written here",
			sizeof(rp->error));
	return r;
}

int ms_cmd_repair(struct ms_volume *v, struct ms_ioc_repair *rp)
{
	int r = -ENODEV;

	if (ms_scrub_begin(v)) {
		r = repair(v, rp);
		ms_scrub_end(v);
	}
	return r;
}
