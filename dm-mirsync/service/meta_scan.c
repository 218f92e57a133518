// SPDX-License-Identifier: GPL-2.0-only
/*
 * All summary blocks in one go, for activation: read group by group into a buffer of its
 * own, past dm-bufio, which would make an object and a bio of each block and fill its cache
 * with what is looked at once. For the writer's thread, while nothing is pending and nothing
 * in the cache is dirty.
 */
#include "service/meta_internal.h"

struct scan {
	struct ms_meta *m;
	struct ms_summary_block *buf;	/* MS_GROUP_SUMMARIES blocks */
	ms_scan_fn fn;
	ms_scan_bad_fn bad;
	void *ctx;
};

/* The read of a whole group has failed: block by block. What cannot be read is made bad. */
static void salvage(struct ms_meta *m, u64 first, u32 count, struct ms_summary_block *buf)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (ms_meta_io(m, REQ_OP_READ | REQ_SYNC, ms_geo_summary_block(&m->geo, first + i),
			       &buf[i], 1))
			memset(&buf[i], 0xff, sizeof(buf[i]));
}

static void judge(struct scan *s, u64 number, struct ms_summary_block *sb)
{
	u64 first = number * MS_SUMMARY_ENTRIES;
	u32 count = min_t(u64, MS_SUMMARY_ENTRIES, s->m->geo.extents - first);
	enum ms_bad bad = ms_summary_check(sb, &s->m->geo, s->m->format_id, number);

	if (bad)
		s->bad(s->ctx, number, sb);
	ms_summary_believe(s->m, number, sb, bad);
	s->fn(s->ctx, first, count, sb->entry);
}

static void one_group(struct scan *s, u64 first)
{
	u32 count = min_t(u64, MS_GROUP_SUMMARIES, s->m->geo.summaries - first), i;

	if (ms_meta_io(s->m, REQ_OP_READ | REQ_SYNC, ms_geo_summary_block(&s->m->geo, first),
		       s->buf, count))
		salvage(s->m, first, count, s->buf);
	for (i = 0; i < count; i++)
		judge(s, first + i, &s->buf[i]);
	cond_resched();
}

int ms_meta_scan(struct ms_meta *m, ms_scan_fn fn, ms_scan_bad_fn bad, void *ctx)
{
	struct scan s = { .m = m, .fn = fn, .bad = bad, .ctx = ctx };
	unsigned int noio = memalloc_noio_save();
	u64 first;

	WRITE_ONCE(m->sums_known, true);	/* as long as nothing reads otherwise afterwards */
	s.buf = ms_meta_alloc(MS_GROUP_SUMMARIES);
	for (first = 0; s.buf && first < m->geo.summaries; first += MS_GROUP_SUMMARIES)
		one_group(&s, first);
	vfree(s.buf);
	memalloc_noio_restore(noio);
	return s.buf ? 0 : -ENOMEM;
}
