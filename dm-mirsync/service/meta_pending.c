// SPDX-License-Identifier: GPL-2.0-only
/*
 * Summary entries of table blocks that were written since the last good
 * flush, sorted by extent. They go into their summary blocks at the flush, all
 * of a block at once: a summary block is then sealed once per batch, and never
 * changed while dm-bufio writes it. The room is that of the activity record,
 * because a table block is changed only while its extent is in there (I1).
 * Used by meta_table.c and meta_summary.c under ms_meta.lock.
 */
#include "service/meta_internal.h"

/**
 * ms_pending_from() - first pending entry of an extent or a later one
 * @m: handle
 * @extent: number
 *
 * Return: the entry, or ms_pending_end().
 */
struct ms_pending *ms_pending_from(struct ms_meta *m, u64 extent)
{
	u32 low = 0, high = m->nr_pending;

	lockdep_assert_held(&m->lock);
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (m->pending[mid].extent < extent)
			low = mid + 1;
		else
			high = mid;
	}
	return m->pending + low;
}

/* ms_pending_find() - the pending entry of @extent, or NULL */
struct ms_pending *ms_pending_find(struct ms_meta *m, u64 extent)
{
	struct ms_pending *p = ms_pending_from(m, extent);

	return p < ms_pending_end(m) && p->extent == extent ? p : NULL;
}

/* ms_pending_full() - is there no room for an entry of @extent */
bool ms_pending_full(struct ms_meta *m, u64 extent)
{
	return m->nr_pending == m->geo.max_hot && !ms_pending_find(m, extent);
}

/* ms_pending_add() - add or replace the entry of @extent, not lost; there is room */
void ms_pending_add(struct ms_meta *m, u64 extent,
		    const struct ms_summary_entry *e)
{
	struct ms_pending *p = ms_pending_from(m, extent);

	lockdep_assert_held_write(&m->lock);
	if (p == ms_pending_end(m) || p->extent != extent) {
		memmove(p + 1, p, (char *)ms_pending_end(m) - (char *)p);
		m->nr_pending++;
		p->extent = extent;
	}
	p->entry = *e;
	p->lost = false;
}
