// SPDX-License-Identifier: GPL-2.0-only
/*
 * Growing: a volume that is stopped takes a larger size before it is activated again. One
 * change of the superblock does it; what comes before is not looked at without it, so a
 * crash anywhere leaves the old size or the new one (doc/design.md, "Growing"). What is on
 * the new part of the disk is nobody's data and differs between the sites, so everything
 * becomes a candidate by the same change: no code of the new part is valid, and no pair is
 * in sync that has not compared it.
 *
 * Locking: v->control, while nothing runs; the metadata in its worker.
 */
#include <linux/blkdev.h>
#include <linux/sched/mm.h>

#include "engine/extent.h"
#include "engine/grow.h"

struct grow {
	u64 sectors;
	struct ms_geo geo;	/* of that size */
};

static void sb_grow(struct ms_sb *sb, void *arg)
{
	const struct grow *g = arg;

	sb->sectors = g->geo.sectors;
	sb->area_blocks = g->geo.area_blocks;
	sb->flags |= MS_SB_ALL_CANDIDATES;
}

static void sb_unclean(struct ms_sb *sb, void *arg)
{
	sb->flags &= ~MS_SB_CLEAN;
}

/*
 * The volume's last segment is a short one and becomes longer: its code, of the bytes that
 * there were, would be a lie (I4). In the record, its extent is one that may change: whatever
 * size the superblock will say, the next activation believes no code there. A volume with
 * such an extent is not a clean one.
 */
static int record_end(struct ms_volume *v)
{
	u64 no = v->geo->extents - 1;
	struct ms_hot hot = { .extent = no };
	struct ms_sums sums = v->sums;
	struct ms_summary_entry s;
	int r;

	r = ms_super_change_here(v, sb_unclean, NULL);
	if (r)
		return r;
	r = ms_meta_read_summary(v->meta, no, 1, &s);
	if (r && r != -EIO)	/* unreadable: the entry says so, as for damage */
		return r;
	ms_sums_sub(&sums, no, ms_sums_hash(v->sb.format_id, no, le64_to_cpu(s.sequence)));
	hot.mask = ms_geo_mask(ms_geo_extent_segs(v->geo, no) - 1, 1);
	return ms_meta_write_record(v->meta, &hot, 1, v->seen.id, v->seen.commits, &sums);
}

static int grow_job(struct ms_volume *v, void *arg)
{
	struct grow *g = arg;
	int r;

	r = ms_meta_make_room(v->meta, g->sectors, &g->geo);
	if (!r && v->geo->sectors & (v->geo->seg_sectors - 1))
		r = record_end(v);
	return r ?: ms_super_change_here(v, sb_grow, g);
}

/* Stopped in order, by a suspend: nothing is hot, and all is on stable storage. */
static int may_grow_now(struct ms_volume *v, u64 sectors)
{
	if (sectors < v->geo->sectors || v->running)
		return -EINVAL;
	if (v->meta_failed)
		return -EIO;
	return v->was_up && v->sb.flags & MS_SB_CLEAN ? 0 : -EBUSY;
}

int ms_volume_grow(struct ms_volume *v, u64 sectors)
{
	struct grow g = { .sectors = sectors };
	u64 before, extents;
	unsigned int noio;
	int r = 0;

	mutex_lock(&v->control);
	before = v->geo->sectors;
	if (sectors == before)
		goto out;
	r = may_grow_now(v, sectors);
	if (!r) {
		extents = DIV_ROUND_UP_ULL(sectors, v->geo->extent_sectors);
		noio = memalloc_noio_save();
		r = ms_extents_maps(v, extents);
		memalloc_noio_restore(noio);
	}
	if (!r)
		r = ms_meta_job(v, grow_job, &g);
	if (r == -EBUSY)
		ms_err(v, "was not stopped in order: has to be resumed with its old size before it can grow");
	else if (r)
		ms_err(v, "cannot grow from %llu to %llu sectors (%pe)", before, sectors, ERR_PTR(r));
	else
		ms_info(v, "grown from %llu to %llu sectors", before, sectors);
out:
	mutex_unlock(&v->control);
	return r;
}

/* A source with a target is as large as that one. */
static bool has_target(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = v->connected && v->claim == MS_CLAIM_ACTIVE;
	spin_unlock(&v->lock);
	return r;
}

int ms_volume_check_size(struct ms_volume *v, u64 sectors, const char **why)
{
	u64 blocks;
	int r = -EINVAL;

	if (sectors == v->geo->sectors)
		return 0;
	if (READ_ONCE(v->meta_failed)) {
		*why = "the metadata of this site has failed: remove and create";
	} else if (sectors < v->geo->sectors) {
		*why = "a volume cannot be made smaller";
	} else if (sectors & ((v->sb.logical_block >> SECTOR_SHIFT) - 1)) {
		*why = "new size is no multiple of the volume's logical blocks";
	} else if (has_target(v)) {
		*why = "the other site's volume has to grow before the primary's";
	} else {
		r = ms_meta_room(v->meta, sectors, &blocks);
		if (r == -ENOSPC) {
			ms_err(v, "%llu sectors need a metadata device of %llu bytes", sectors,
			       blocks * MS_BLOCK);
			*why = "metadata device is too small for the new size";
		} else if (r) {
			*why = "new size is larger than a volume can be";
		}
	}
	return r;
}
