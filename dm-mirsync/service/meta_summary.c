// SPDX-License-Identifier: GPL-2.0-only
/*
 * Summary blocks, through dm-bufio: what a reader sees of them (the block
 * overlaid with what is pending), and the flush, which folds the pending
 * entries in. Readers hold ms_meta.lock for reading while they look at a
 * buffer, the writer holds it for writing while it changes one.
 *
 * After an error dm-bufio drops what it could not write: the buffers count as
 * clean, and once evicted they read as the old contents. So a failed flush
 * leaves no table block of its batch on the disk for sure, the ones whose own
 * write went well included (the device's cache may be what failed). Their
 * pending entries stay and are marked lost, and no later flush succeeds before
 * each of them was written again by ms_meta_write_table(): the caller still has
 * them, as their extents may not leave the activity record before (I2). Until
 * then a read of such a table gives the new contents, or damage; a summary
 * block gets all of its entries again with the next flush.
 */
#include "service/meta_internal.h"
#include "shared/mutants.h"

static u64 summary_of(u64 extent)
{
	u32 index;

	return ms_geo_summary_of(extent, &index);
}

/* One message for each damaged block; a lost note only means another message. Return: was there none. */
static bool report(struct ms_meta *m, u64 s, const char *what)
{
	if (xa_insert(&m->reported, s, xa_mk_value(1), GFP_NOIO) == -EBUSY)
		return false;
	DMWARN_LIMIT("%s: summary block %llu is bad (%s): no code of its extents is believed",
		     m->name, s, what);
	return true;
}

/* The scan had found it good: the sums over all entries, counted from there, hold no more. */
static void turned_bad(struct ms_meta *m, u64 s, const char *what)
{
	if (report(m, s, what))
		WRITE_ONCE(m->sums_known, false);
}

/* It is good. If it was bad in the scan, or since, the sums hold no more either. */
static void is_good(struct ms_meta *m, u64 s)
{
	if (!xa_empty(&m->reported) && xa_erase(&m->reported, s))
		WRITE_ONCE(m->sums_known, false);
}

/* The block as it is in the cache or on the disk. Return: its data if good, else an ERR_PTR. */
static struct ms_summary_block *get(struct ms_meta *m, u64 s,
				    struct dm_buffer **b)
{
	u64 block = ms_geo_summary_block(&m->geo, s);
	struct ms_summary_block *sb = dm_bufio_read(m->bufio, block, b);
	enum ms_bad bad;

	if (IS_ERR(sb)) {
		if (PTR_ERR(sb) != -ENOMEM)
			turned_bad(m, s, "unreadable");
		return sb;
	}
	bad = ms_summary_check(sb, &m->geo, m->format_id, s);
	if (!bad) {
		is_good(m, s);
		return sb;
	}
	turned_bad(m, s, ms_bad_text(bad));
	dm_bufio_release(*b);
	return ERR_PTR(-EUCLEAN);
}

/* What stands for an entry that was lost: no valid code, all marked. */
static void lost_entry(struct ms_meta *m, u64 extent,
		       struct ms_summary_entry *e)
{
	memset(e, 0, sizeof(*e));
	e->sequence = cpu_to_le64(MS_LOST);
	e->marked = cpu_to_le16(ms_geo_extent_segs(&m->geo, extent));
}

/**
 * ms_summary_lookup() - the summary entry of one extent
 * @m: handle; its lock is held
 * @extent: number
 * @e: the entry, pending or from its block
 *
 * Return: 0, -EUCLEAN (the block is damaged or unreadable; reported), -ENOMEM.
 */
int ms_summary_lookup(struct ms_meta *m, u64 extent,
		      struct ms_summary_entry *e)
{
	struct ms_pending *p = ms_pending_find(m, extent);
	struct ms_summary_block *sb;
	struct dm_buffer *b;
	u32 index;

	if (p) {
		*e = p->entry;
		return 0;
	}
	sb = get(m, ms_geo_summary_of(extent, &index), &b);
	if (IS_ERR(sb))
		return PTR_ERR(sb) == -ENOMEM ? -ENOMEM : -EUCLEAN;
	*e = sb->entry[index];
	dm_bufio_release(b);
	return 0;
}

/* Entries of one block, as they are on the disk or as for damage. */
static int copy_entries(struct ms_meta *m, u64 first, u32 count,
			struct ms_summary_entry *out)
{
	struct ms_summary_block *sb;
	struct dm_buffer *b;
	u32 i, index;
	u64 s = ms_geo_summary_of(first, &index);

	sb = get(m, s, &b);
	if (!IS_ERR(sb)) {
		memcpy(out, &sb->entry[index], count * sizeof(*out));
		dm_bufio_release(b);
		return 0;
	}
	for (i = 0; i < count; i++)
		lost_entry(m, first + i, &out[i]);
	return PTR_ERR(sb) == -EUCLEAN ? 0 : PTR_ERR(sb);
}

static void overlay_pending(struct ms_meta *m, u64 first, u32 count,
			    struct ms_summary_entry *out)
{
	struct ms_pending *p;

	for (p = ms_pending_from(m, first);
	     p < ms_pending_end(m) && p->extent < first + count; p++)
		out[p->extent - first] = p->entry;
}

/* Codes from before codes_since are not valid, whatever the entry says. */
static void drop_old_codes(struct ms_meta *m, u32 count,
			   struct ms_summary_entry *out)
{
	u64 since = atomic64_read(&m->codes_since);
	u32 i;

	for (i = 0; i < count; i++) {
		if (le64_to_cpu(out[i].sequence) >= since)
			continue;
		out[i].valid = 0;
		out[i].digest = 0;
	}
}

/**
 * ms_summary_believe() - a block as it was read from the disk, made what may be believed of it
 * @m: handle
 * @s: its number
 * @sb: entries of a damaged block become those of damage, codes that are void are dropped
 * @bad: what is wrong with it
 *
 * For the scan, from whose entries the sums are counted.
 */
void ms_summary_believe(struct ms_meta *m, u64 s, struct ms_summary_block *sb, enum ms_bad bad)
{
	u64 first = s * MS_SUMMARY_ENTRIES;
	u32 count = min_t(u64, MS_SUMMARY_ENTRIES, m->geo.extents - first), i;

	if (bad)
		report(m, s, ms_bad_text(bad));
	else if (!xa_empty(&m->reported))
		xa_erase(&m->reported, s);
	for (i = 0; bad && i < count; i++)
		lost_entry(m, first + i, &sb->entry[i]);
	drop_old_codes(m, count, sb->entry);
}

static int read_one(struct ms_meta *m, u64 first, u32 count,
		    struct ms_summary_entry *out)
{
	int r;

	down_read(&m->lock);
	r = copy_entries(m, first, count, out);
	overlay_pending(m, first, count, out);
	up_read(&m->lock);
	drop_old_codes(m, count, out);
	return r == 0 || r == -ENOMEM ? r : -EIO;
}

static int read_range(struct ms_meta *m, u64 first, u32 count,
		      struct ms_summary_entry *out)
{
	int r = 0;

	while (count) {
		u32 index, n;
		int err;

		ms_geo_summary_of(first, &index);
		n = min(count, MS_SUMMARY_ENTRIES - index);
		err = read_one(m, first, n, out);
		if (err == -ENOMEM)
			return err;
		if (err)
			r = err;
		first += n;
		out += n;
		count -= n;
	}
	return r;
}

int ms_meta_read_summary(struct ms_meta *m, u64 first, u32 count,
			 struct ms_summary_entry *out)
{
	unsigned int noio;
	int r;

	if (first > m->geo.extents || count > m->geo.extents - first)
		return -ERANGE;
	noio = memalloc_noio_save();
	r = read_range(m, first, count, out);
	memalloc_noio_restore(noio);
	return r;
}

void ms_meta_prefetch_summary(struct ms_meta *m, u64 first, u32 count)
{
	u64 s, last, start = 0;
	unsigned int noio;
	u32 n = 0;

	if (!count || first >= m->geo.extents)
		return;
	count = min_t(u64, count, m->geo.extents - first);
	noio = memalloc_noio_save();
	last = summary_of(first + count - 1);
	for (s = summary_of(first); s <= last; s++) {
		u64 block = ms_geo_summary_block(&m->geo, s);

		if (n && block != start + n) {
			dm_bufio_prefetch(m->bufio, start, n);
			n = 0;
		}
		if (!n++)
			start = block;
	}
	dm_bufio_prefetch(m->bufio, start, n);
	memalloc_noio_restore(noio);
}

/* A block anew, in place of one that was lost: nothing is known of its extents. */
static void rebuild(struct ms_meta *m, u64 s, struct ms_summary_block *sb)
{
	u64 extent = s * MS_SUMMARY_ENTRIES;
	u32 i;

	ms_summary_init(sb, &m->geo, s);
	for (i = 0; i < MS_SUMMARY_ENTRIES && extent + i < m->geo.extents; i++)
		lost_entry(m, extent + i, &sb->entry[i]);
	xa_erase(&m->reported, s);
	DMWARN("%s: summary block %llu was lost and is built anew", m->name, s);
}

/* The block to change, with m->lock held for writing. */
static struct ms_summary_block *get_for_change(struct ms_meta *m, u64 s,
					       struct dm_buffer **b)
{
	struct ms_summary_block *sb = get(m, s, b);

	if (!IS_ERR(sb) || PTR_ERR(sb) == -ENOMEM)
		return sb;
	sb = ms_meta_buffer(m, ms_geo_summary_block(&m->geo, s), b);
	if (!IS_ERR(sb))
		rebuild(m, s, sb);
	return sb;
}

/* Have a block in the cache before the lock is taken; an error shows up again there. */
static void warm(struct ms_meta *m, u64 s)
{
	struct dm_buffer *b;

	if (!IS_ERR(dm_bufio_read(m->bufio, ms_geo_summary_block(&m->geo, s),
				  &b)))
		dm_bufio_release(b);
}

/* Bring the pending entries @from up to @end, all of block @s, into it. */
static int fold(struct ms_meta *m, u64 s, const struct ms_pending *from,
		const struct ms_pending *end)
{
	struct ms_summary_block *sb;
	struct dm_buffer *b;

	warm(m, s);
	down_write(&m->lock);
	sb = get_for_change(m, s, &b);
	if (!IS_ERR(sb)) {
		for (; from < end; from++)
			sb->entry[from->extent - s * MS_SUMMARY_ENTRIES] =
				from->entry;
		ms_summary_seal(sb, m->format_id);
		dm_bufio_mark_buffer_dirty(b);
		dm_bufio_release(b);
	}
	up_write(&m->lock);
	return PTR_ERR_OR_ZERO(sb);
}

/* End of the pending entries that are of the same block as @p. */
static const struct ms_pending *same_block(struct ms_meta *m,
					   const struct ms_pending *p)
{
	u64 s = summary_of(p->extent);

	while (p < ms_pending_end(m) && summary_of(p->extent) == s)
		p++;
	return p;
}

/* The writer walks the array without the lock: nobody else changes it. */
static int fold_all(struct ms_meta *m)
{
	const struct ms_pending *p, *next;
	int r = 0;

	for (p = m->pending; p < ms_pending_end(m); p = same_block(m, p))
		ms_meta_prefetch_summary(m, p->extent, 1);
	for (p = m->pending; p < ms_pending_end(m) && !r; p = next) {
		next = same_block(m, p);
		r = fold(m, summary_of(p->extent), p, next);
	}
	return r;
}

static bool any_lost(const struct ms_meta *m)
{
	u32 i;

	for (i = 0; i < m->nr_pending; i++)
		if (m->pending[i].lost)
			return true;
	return false;
}

static void settle(struct ms_meta *m, bool lost)
{
	u32 i;

	down_write(&m->lock);
	for (i = 0; i < m->nr_pending; i++)
		m->pending[i].lost = lost;
	if (!lost)
		m->nr_pending = 0;
	up_write(&m->lock);
}

static int flush_pending(struct ms_meta *m)
{
	int r;

	if (any_lost(m)) {
		DMERR_LIMIT("%s: table blocks of a failed flush were not written again",
			    m->name);
		return -EIO;
	}
	r = MS_MUTANT(NO_SUMMARY) ? 0 : fold_all(m);
	if (!r)
		r = dm_bufio_write_dirty_buffers(m->bufio);
	settle(m, r != 0);
	if (r)
		DMERR_LIMIT("%s: cannot write table blocks: %d", m->name, r);
	return r;
}

int ms_meta_flush_tables(struct ms_meta *m)
{
	unsigned int noio;
	int r;

	if (!m->nr_pending)
		return 0;
	noio = memalloc_noio_save();
	r = flush_pending(m);
	memalloc_noio_restore(noio);
	return r;
}
