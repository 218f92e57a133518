// SPDX-License-Identifier: GPL-2.0-only
/*
 * See repair.h. The order of writes, each on stable storage before the next:
 *
 *   1. The superblock: a new activation number, from which the sequences of all that is
 *	written here come, so that none is used twice; and, if no code can be believed,
 *	codes_since and ALL_CANDIDATES. Both copies, the one that does not hold first.
 *   2. The activity record: blank, if it was damaged; else, if its sums are wrong or will
 *	be, with the same list and without sums.
 *   3. Table blocks without a valid code and with all marks, and their summary blocks, in
 *	any order: until both are there, the one does not name the other, which means the
 *	same.
 *
 * So what is believed never grows, and whatever is left after an interruption is damage
 * of the kind that was there before, or a torn summary block.
 */
#include <stdlib.h>

#include "area_write.h"
#include "repair.h"
#include "tree.h"

/* As the kernel does when there may have been higher sequences than those that are left. */
#define LOST_SKIP	65536

struct look {
	const struct area *a;
	struct repair *r;
	struct ms_sums_found sums;
};

static void look_summary(void *arg, const struct tree_summary *s)
{
	struct look *l = arg;
	u32 i;

	tree_sum(l->a, s, &l->sums);
	if (!s->error && !s->bad)
		return;
	l->r->summaries++;
	l->r->extents += s->count;
	for (i = 0; i < s->count; i++)
		l->r->suspect += ms_geo_extent_segs(&l->a->geo, s->first + i);
}

static void look_extent(void *arg, const struct tree_extent *x)
{
	struct look *l = arg;
	u32 segs = ms_geo_extent_segs(&l->a->geo, x->extent);

	if (x->highest > l->r->highest)
		l->r->highest = x->highest;
	if (tree_damaged(x->state)) {
		l->r->extents++;
		l->r->suspect += segs;
	}
	if (x->state != TREE_GOOD)
		return;
	l->r->marked += ms_bits(x->table->marks, segs);
	if (area_codes_hold(l->a, le64_to_cpu(x->entry->sequence)))
		l->r->valid += ms_bits(x->table->valid, segs);
}

static void look_supers(const struct area *a, struct repair *r)
{
	r->super_bad = a->bad[0] || a->bad[1];
	r->super_differs = !r->super_bad && a->copy[0].sequence == a->copy[1].sequence &&
			   memcmp(&a->copy[0], &a->copy[1], sizeof(a->copy[0]));
}

static void look_record(struct area *a, struct repair *r)
{
	u32 other;

	area_load_record(a);
	other = !a->record.copy;
	r->record_damaged = a->record.state == MS_RECORD_DAMAGED ||
			    (!a->record.held && a->record_bad[other]);
	if (r->record_damaged)
		return;
	memcpy(r->record_bad, a->record_bad, sizeof(r->record_bad));
	r->record_ends = a->record.total && a->sb.flags & MS_SB_CLEAN;
}

static enum repair_state judge(const struct area *a, const struct repair *r)
{
	if (r->super_bad || r->void_codes || r->record_ends || r->record_bad[0] ||
	    r->record_bad[1] || r->extents)
		return REPAIR_DAMAGED;
	if (!(a->sb.flags & MS_SB_CLEAN) || a->record.torn ||
	    a->copy[0].sequence != a->copy[1].sequence)
		return REPAIR_RECOVERY;
	return REPAIR_CLEAN;
}

void repair_look(struct area *a, struct repair *r)
{
	struct look l = { .a = a, .r = r };
	const struct tree_visitor visitor = { look_summary, look_extent, &l };

	memset(r, 0, sizeof(*r));
	look_supers(a, r);
	look_record(a, r);
	tree_walk(a, &visitor);
	r->super_older = r->highest >> 40 > a->sb.activation;
	r->sums_wrong = !tree_sums_agree(a, &l.sums);
	r->void_codes = r->super_differs || r->super_older || r->record_damaged ||
			r->sums_wrong;
	if (r->void_codes)
		r->valid = 0;
	r->state = judge(a, r);
}

/*
 * Writing
 */

struct work {
	const struct area *a;
	const struct dev *dev;
	u64 sequence;		/* the last one used */
	struct ms_table_block *tables;	/* of one summary block */
	struct ms_summary_block block;	/* the one whose extents are being visited */
	u64 number;
	bool dirty;
	int error;
};

/* Where the sequences of blank records begin: above those of all activations before. */
static u64 blank_sequence(const struct area *a, u64 activation)
{
	u64 sequence = a->record.sequence + LOST_SKIP;
	u64 floor = activation << 40;

	return sequence < floor ? floor : sequence;
}

/*
 * Is there a number for all that a repair writes, and for the commits of the site, which
 * are the sum of those of the superblock and of the record (I11)?
 */
static bool numbers_left(const struct area *a, const struct ms_sb *sb)
{
	return sb->activation <= MS_ACTIVATION_MAX && sb->sequence <= ~0ull - LOST_SKIP &&
	       a->record.sequence <= ~0ull - LOST_SKIP - 2 &&
	       blank_sequence(a, sb->activation) + 2 <= ~0ull - LOST_SKIP - sb->sequence;
}

static int new_super(const struct area *a, const struct repair *r, struct ms_sb *sb)
{
	u64 highest = r->highest >> 40;
	u64 since;

	*sb = a->sb;
	sb->activation = (highest > sb->activation ? highest : sb->activation) + 1;
	if (!numbers_left(a, sb))
		return -EOVERFLOW;
	/*
	 * If the blank records do not get written whole, an older one may hold again: an
	 * empty word, but the site's history (I11) is not to get shorter by it.
	 */
	sb->sequence += r->record_damaged ? LOST_SKIP : 1;
	if (r->record_ends)
		sb->flags &= ~MS_SB_CLEAN;
	if (r->void_codes) {
		since = sb->activation << 40 | 1;
		sb->flags |= MS_SB_ALL_CANDIDATES;
		if (since > sb->codes_since)
			sb->codes_since = since;
	}
	return 0;
}

/* The superblock of the repaired area, in both copies. */
static int write_supers(struct area *a, const struct repair *r)
{
	struct ms_sb sb;
	int err;

	/* A bad copy beside a good one, and nothing else: the good one says all. */
	if (!r->void_codes && !r->record_ends && !r->extents)
		return r->super_bad ? area_write_super(&a->dev, &a->sb, !a->holds) : 0;
	err = new_super(a, r, &sb);
	if (!err)
		err = area_write_super(&a->dev, &sb, !a->holds);
	if (!err)
		err = area_write_super(&a->dev, &sb, a->holds);
	if (!err)
		a->sb = sb;
	return err;
}

/* The sectors that are bad, of those that the record that holds does not use, as blank ones. */
static int patch_record(const struct area *a, u32 copy)
{
	size_t bytes = (size_t)a->geo.record_blocks * MS_BLOCK;
	struct ms_record_sector *raw = dev_buffer(bytes), *blank = dev_buffer(bytes);
	int err = 0;
	u32 i;

	area_read_record(a, copy, raw);
	ms_record_blank(blank, &a->geo, a->sb.format_id, copy, 0, NULL);
	for (i = 0; i < a->geo.record_sectors; i++) {
		if (ms_record_sector_good(&raw[i], &a->geo, a->sb.format_id, copy, i))
			continue;
		if (i < ms_record_sectors(a->record.total))
			err = -EIO;	/* it was good a moment ago */
		raw[i] = blank[i];
	}
	if (!err)
		err = area_write_record(&a->dev, &a->geo, copy, raw);
	free(raw);
	free(blank);
	return err;
}

/* The record has sums that are wrong, or will be once tables are written. */
static bool sums_to_drop(const struct area *a, const struct repair *r)
{
	return !r->record_damaged && a->record.sums_known && (r->sums_wrong || r->extents);
}

/* The same record without its sums, in the other copy, as the kernel writes the next one. */
static int drop_sums(const struct area *a)
{
	struct ms_record_sector *raw = dev_buffer((size_t)a->geo.record_blocks * MS_BLOCK);
	u32 copy = !a->record.copy;
	int err;

	ms_record_blank(raw, &a->geo, a->sb.format_id, copy, 0, NULL);
	ms_record_encode(raw, a->sb.format_id, copy, a->record.sequence + 1, a->hot,
			 a->record.total, a->record.peer_id, a->record.peer_seq, NULL);
	err = area_write_record(&a->dev, &a->geo, copy, raw);
	free(raw);
	return err;
}

static int write_records(const struct area *a, const struct repair *r)
{
	u64 sequence = blank_sequence(a, a->sb.activation);
	u32 other = !a->record.copy;
	int err = 0;

	if (r->record_damaged) {
		err = area_write_blank_record(&a->dev, &a->sb, &a->geo, other, sequence + 1,
					      NULL);
		if (!err)
			err = dev_sync(&a->dev);
		if (!err)
			err = area_write_blank_record(&a->dev, &a->sb, &a->geo, !other,
						      sequence + 2, NULL);
	} else {
		/* One that does not hold stays below the one that does, at any moment. */
		if (r->record_bad[other])
			err = area_write_blank_record(&a->dev, &a->sb, &a->geo, other, 0,
						      NULL);
		if (!err && r->record_bad[!other])
			err = patch_record(a, !other);
		if (!err)
			err = dev_sync(&a->dev);
		if (!err && sums_to_drop(a, r))
			err = drop_sums(a);
	}
	return err ? err : dev_sync(&a->dev);
}

static void write_block(struct work *w, const void *buf, u32 blocks, u64 at)
{
	if (!w->error)
		w->error = dev_write(w->dev, buf, (size_t)blocks * MS_BLOCK, at * MS_BLOCK);
}

/* The summary block that was visited last, if entries of it have changed. */
static void finish_summary(struct work *w)
{
	struct ms_summary_block *buf;

	if (!w->dirty)
		return;
	w->dirty = false;
	buf = dev_buffer(MS_BLOCK);
	*buf = w->block;
	ms_summary_seal(buf, w->a->sb.format_id);
	write_block(w, buf, 1, ms_geo_summary_block(&w->a->geo, w->number));
	free(buf);
}

/* @count extents from @first, of one summary block: no valid code, all marked. */
static void make_suspect(struct work *w, u64 first, u32 count)
{
	const struct area *a = w->a;
	u32 i, index;

	ms_geo_summary_of(first, &index);
	for (i = 0; i < count; i++) {
		ms_table_init(&w->tables[i], &a->geo, first + i, true);
		ms_table_seal(&w->tables[i], a->sb.format_id, first + i, ++w->sequence);
		ms_summary_from_table(&w->block.entry[index + i], &w->tables[i],
				      ms_geo_extent_segs(&a->geo, first + i),
				      a->sb.code_seed);
	}
	w->dirty = true;
	write_block(w, w->tables, count, ms_geo_table_block(&a->geo, first));
}

static void repair_summary(void *arg, const struct tree_summary *s)
{
	struct work *w = arg;

	finish_summary(w);
	w->number = s->number;
	if (!s->error && !s->bad) {
		w->block = *s->block;
		return;
	}
	ms_summary_init(&w->block, &w->a->geo, s->number);
	make_suspect(w, s->first, s->count);
}

static void repair_extent(void *arg, const struct tree_extent *x)
{
	if (tree_damaged(x->state))
		make_suspect(arg, x->extent, 1);
}

static int write_tree(const struct area *a)
{
	struct work *w = dev_buffer(sizeof(*w));
	const struct tree_visitor visitor = { repair_summary, repair_extent, w };
	int err;

	w->a = a;
	w->dev = &a->dev;
	w->sequence = a->sb.activation << 40 | 1;
	w->tables = dev_buffer(MS_SUMMARY_ENTRIES * MS_BLOCK);
	tree_walk(a, &visitor);
	finish_summary(w);
	err = w->error ? w->error : dev_sync(&a->dev);
	free(w->tables);
	free(w);
	return err;
}

int repair_write(struct area *a, const struct repair *r)
{
	int err = write_supers(a, r);

	if (!err && (r->record_damaged || r->record_bad[0] || r->record_bad[1] ||
		     sums_to_drop(a, r)))
		err = write_records(a, r);
	if (!err && r->extents)
		err = write_tree(a);
	return err;
}
