// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metadata of a volume that becomes larger. Where blocks are does not depend on the volume's
 * size: the area only gets longer at its end. What a larger volume reads, and the present
 * one does not, is summary blocks; they are made here, on stable storage before the
 * superblock with the new size (meta_super.c) is written. No table block is: an entry says
 * that it was never written. For the writer's thread.
 */
#include "service/meta_internal.h"

int ms_meta_room(const struct ms_meta *m, u64 sectors, u64 *blocks)
{
	struct ms_geo geo;
	int r = ms_geo_init(&geo, sectors, m->geo.seg_shift, m->geo.max_hot);

	*blocks = r ? 0 : geo.area_blocks;
	if (r)
		return r;
	return geo.area_blocks > bdev_nr_bytes(m->bdev) / MS_BLOCK ? -ENOSPC : 0;
}

/* From number @s to the end of its group, those in reserve included. */
static int write_group(struct ms_meta *m, const struct ms_geo *geo, u64 s,
		       struct ms_summary_block *buf)
{
	u32 n = MS_GROUP_SUMMARIES - (u32)(s % MS_GROUP_SUMMARIES), i;

	for (i = 0; i < n; i++) {
		ms_summary_init(&buf[i], geo, s + i);
		ms_summary_seal(&buf[i], m->format_id);
	}
	return ms_meta_io(m, REQ_OP_WRITE | REQ_SYNC, ms_geo_summary_block(geo, s), buf, n);
}

static int write_summaries(struct ms_meta *m, const struct ms_geo *geo)
{
	struct ms_summary_block *buf = ms_meta_alloc(MS_GROUP_SUMMARIES);
	u64 s = m->geo.summaries;
	int r = buf ? 0 : -ENOMEM;

	while (!r && s < geo->summaries) {
		r = write_group(m, geo, s, buf);
		s += MS_GROUP_SUMMARIES - s % MS_GROUP_SUMMARIES;
		cond_resched();
	}
	vfree(buf);
	return r;
}

int ms_meta_make_room(struct ms_meta *m, u64 sectors, struct ms_geo *geo)
{
	unsigned int noio;
	u64 blocks;
	int r;

	if (WARN_ON_ONCE(sectors <= m->geo.sectors || m->nr_pending))
		return -EINVAL;
	r = ms_meta_room(m, sectors, &blocks);
	if (r)
		return r;
	ms_geo_init(geo, sectors, m->geo.seg_shift, m->geo.max_hot);
	noio = memalloc_noio_save();
	r = write_summaries(m, geo);
	if (!r)
		r = blkdev_issue_flush(m->bdev);
	memalloc_noio_restore(noio);
	if (r)
		DMERR("%s: cannot write the summary blocks of the new size: %d", m->name, r);
	else
		m->room = sectors;
	return r;
}
