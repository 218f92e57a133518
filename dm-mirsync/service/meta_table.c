// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table blocks, through dm-bufio. A table block and the summary entry that
 * names its sequence are one thing to a reader: both are looked up under
 * ms_meta.lock, and the writer changes the block and its pending entry under
 * it, so a reader never sees one new and the other old. On the disk they may
 * differ, until the flush, for extents in the activity record only.
 */
#include "service/meta_internal.h"

/**
 * ms_meta_buffer() - a buffer that will be filled whole; nothing is read
 * @m: handle
 * @block: of the metadata area
 * @b: to mark dirty and release
 *
 * A read-ahead that failed leaves an error behind in the cache; meeting it
 * once removes it.
 *
 * Return: its data, or an ERR_PTR.
 */
void *ms_meta_buffer(struct ms_meta *m, u64 block, struct dm_buffer **b)
{
	void *data = dm_bufio_new(m->bufio, block, b);

	return IS_ERR(data) ? dm_bufio_new(m->bufio, block, b) : data;
}

/* Copy the table block as it is in the cache or on the disk. */
static int fetch(struct ms_meta *m, u64 extent, struct ms_table_block *tb)
{
	struct dm_buffer *b;
	void *data = dm_bufio_read(m->bufio,
				   ms_geo_table_block(&m->geo, extent), &b);

	if (IS_ERR(data))
		return PTR_ERR(data);
	memcpy(tb, data, MS_BLOCK);
	dm_bufio_release(b);
	return 0;
}

static int judge(struct ms_meta *m, u64 extent, u64 sequence,
		 struct ms_table_block *tb)
{
	enum ms_bad bad = ms_table_check(tb, &m->geo, m->format_id, extent,
					 sequence);

	if (bad) {
		DMWARN_LIMIT("%s: table block of extent %llu is damaged (%s)",
			     m->name, extent, ms_bad_text(bad));
		return -EUCLEAN;
	}
	if (sequence < (u64)atomic64_read(&m->codes_since))
		memset(tb->valid, 0, sizeof(tb->valid));
	return 0;
}

/* Return: 0 good, 1 never written, or a negative errno. */
static int read_table(struct ms_meta *m, u64 extent, struct ms_table_block *tb)
{
	struct ms_summary_entry e;
	u64 sequence;
	int r;

	down_read(&m->lock);
	r = ms_summary_lookup(m, extent, &e);
	sequence = r ? 0 : le64_to_cpu(e.sequence);
	if (sequence && sequence != MS_LOST)
		r = fetch(m, extent, tb);
	up_read(&m->lock);
	if (r)
		return r;
	if (sequence == MS_LOST)
		return -EUCLEAN;
	return sequence ? judge(m, extent, sequence, tb) : 1;
}

int ms_meta_read_table(struct ms_meta *m, u64 extent, struct ms_table_block *tb)
{
	unsigned int noio;
	int r;

	if (WARN_ON_ONCE(extent >= m->geo.extents))
		return -ERANGE;
	noio = memalloc_noio_save();
	r = read_table(m, extent, tb);
	memalloc_noio_restore(noio);
	if (r == 0 || r == -ENOMEM)
		return r;
	if (r < 0 && r != -EUCLEAN)
		DMWARN_LIMIT("%s: cannot read the table block of extent %llu: %d",
			     m->name, extent, r);
	ms_table_init(tb, &m->geo, extent, r < 0);
	return r < 0;
}

/* Both halves of what a reader sees; m->lock is held for writing. */
static int __put_table(struct ms_meta *m, u64 extent,
		       const struct ms_table_block *tb,
		       const struct ms_summary_entry *e)
{
	struct dm_buffer *b;
	void *data;

	lockdep_assert_held_write(&m->lock);
	if (ms_pending_full(m, extent))
		return -ENOSPC;
	data = ms_meta_buffer(m, ms_geo_table_block(&m->geo, extent), &b);
	if (IS_ERR(data))
		return PTR_ERR(data);
	memcpy(data, tb, MS_BLOCK);
	dm_bufio_mark_buffer_dirty(b);
	dm_bufio_release(b);
	ms_pending_add(m, extent, e);
	return 0;
}

static int put_table(struct ms_meta *m, u64 extent,
		     const struct ms_table_block *tb,
		     const struct ms_summary_entry *e)
{
	int r;

	down_write(&m->lock);
	r = __put_table(m, extent, tb, e);
	up_write(&m->lock);
	return r;
}

static int write_table(struct ms_meta *m, u64 extent,
		       const struct ms_table_block *tb,
		       const struct ms_summary_entry *e)
{
	int r = put_table(m, extent, tb, e);

	if (r != -ENOSPC)
		return r;
	r = ms_meta_flush_tables(m);
	return r ? r : put_table(m, extent, tb, e);
}

int ms_meta_write_table(struct ms_meta *m, u64 extent, u64 sequence,
			struct ms_table_block *tb)
{
	struct ms_summary_entry e;
	unsigned int noio;
	int r;

	if (WARN_ON_ONCE(extent >= m->geo.extents))
		return -ERANGE;
	if (WARN_ON_ONCE(!sequence || sequence == MS_LOST))
		return -EINVAL;
	ms_table_seal(tb, m->format_id, extent, sequence);
	ms_summary_from_table(&e, tb, ms_geo_extent_segs(&m->geo, extent),
			      m->sb.code_seed);
	noio = memalloc_noio_save();
	r = write_table(m, extent, tb, &e);
	memalloc_noio_restore(noio);
	if (r)
		DMERR_LIMIT("%s: cannot write the table block of extent %llu: %d",
			    m->name, extent, r);
	return r;
}

void ms_meta_prefetch_table(struct ms_meta *m, u64 extent)
{
	unsigned int noio = memalloc_noio_save();

	if (extent < m->geo.extents)
		dm_bufio_prefetch(m->bufio, ms_geo_table_block(&m->geo, extent),
				  1);
	memalloc_noio_restore(noio);
}
