// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk of tree.h. Called by the commands check and repair. A group of summary blocks
 * is read at a time, and the table blocks of a summary block at a time, one by one where
 * that fails. Single-threaded; the buffers are the walk's own.
 */
#include <stdlib.h>

#include "tree.h"

struct walk {
	const struct area *a;
	const struct tree_visitor *v;
	struct ms_summary_block *group;
	struct ms_table_block *tables;	/* of one summary block */
};

/* The sequence that a table block bears, if it is one of this format and this extent; else 0. */
static u64 own_sequence(const struct area *a, const struct ms_table_block *tb, u64 extent)
{
	u64 sequence = le64_to_cpu(tb->sequence);

	return ms_table_check(tb, &a->geo, a->sb.format_id, extent, sequence) ? 0 : sequence;
}

static bool counts_agree(const struct area *a, const struct tree_extent *x)
{
	u32 segs = ms_geo_extent_segs(&a->geo, x->extent);
	struct ms_summary_entry want;

	ms_summary_from_table(&want, x->table, segs, a->sb.code_seed);
	return want.valid == x->entry->valid && want.marked == x->entry->marked &&
	       (le16_to_cpu(want.valid) != segs || want.digest == x->entry->digest);
}

/* @x->error is that of reading the table block. */
static enum tree_state judge(const struct area *a, struct tree_extent *x)
{
	u64 sequence = le64_to_cpu(x->entry->sequence);
	u64 own = x->error ? 0 : own_sequence(a, x->table, x->extent);

	x->highest = sequence == TREE_LOST ? 0 : sequence;
	if (own != TREE_LOST && own > x->highest)
		x->highest = own;
	if (sequence == TREE_LOST)
		return TREE_LOST_ENTRY;
	if (!sequence)		/* an active one: written, and cut off before its entry was */
		return own && !x->hot ? TREE_FORGOTTEN : TREE_UNWRITTEN;
	if (x->error)
		return TREE_UNREADABLE;
	if (own != sequence)
		x->bad = ms_table_check(x->table, &a->geo, a->sb.format_id, x->extent, sequence);
	if (x->bad)
		return x->hot ? TREE_ACTIVE : TREE_BAD;
	return counts_agree(a, x) ? TREE_GOOD : TREE_COUNTS;
}

static void visit_extents(const struct walk *w, const struct tree_summary *s)
{
	bool whole = !area_read_tables(w->a, s->first, s->count, w->tables);
	u32 i;

	for (i = 0; i < s->count; i++) {
		struct tree_extent x = {
			.extent = s->first + i,
			.entry = &s->block->entry[i],
			.table = &w->tables[i],
			.hot = area_hot(w->a, s->first + i),
		};

		if (!whole)
			x.error = area_read_tables(w->a, x.extent, 1, &w->tables[i]);
		x.state = judge(w->a, &x);
		if (w->v->extent)
			w->v->extent(w->v->arg, &x);
	}
}

static void visit_summary(const struct walk *w, u64 number, int error)
{
	const struct ms_geo *geo = &w->a->geo;
	struct tree_summary s = {
		.number = number,
		.first = number * MS_SUMMARY_ENTRIES,
		.count = MS_SUMMARY_ENTRIES,
		.block = &w->group[number % MS_GROUP_SUMMARIES],
		.error = error,
	};

	if (s.count > geo->extents - s.first)
		s.count = (u32)(geo->extents - s.first);
	if (!error)
		s.bad = ms_summary_check(s.block, geo, w->a->sb.format_id, number);
	if (w->v->summary)
		w->v->summary(w->v->arg, &s);
	if (!error && !s.bad)
		visit_extents(w, &s);
}

static void visit_group(const struct walk *w, u64 first)
{
	bool whole = !area_read_summaries(w->a, first, MS_GROUP_SUMMARIES, w->group);
	u64 s;

	for (s = first; s < first + MS_GROUP_SUMMARIES && s < w->a->geo.summaries; s++)
		visit_summary(w, s, whole ? 0 :
			      area_read_summaries(w->a, s, 1, &w->group[s - first]));
}

void tree_sum(const struct area *a, const struct tree_summary *s, struct ms_sums_found *found)
{
	u64 id = a->sb.format_id;
	u32 i;

	if (s->error || s->bad)
		ms_sums_bad_block(found, s->number);
	for (i = 0; i < s->count; i++) {
		u64 extent = s->first + i;
		/* Unreadable: anything will do. */
		u64 sequence = s->error ? TREE_LOST : le64_to_cpu(s->block->entry[i].sequence);

		if (area_hot(a, extent))
			continue;
		if (s->error || s->bad)
			ms_sums_bad_entry(found, id, extent, sequence);
		else
			ms_sums_add(&found->good, extent, ms_sums_hash(id, extent, sequence));
	}
}

bool tree_sums_agree(const struct area *a, const struct ms_sums_found *found)
{
	return a->record.state != MS_RECORD_OK || !a->record.sums_known ||
	       ms_sums_agree(&a->record.sums, found);
}

void tree_walk(const struct area *a, const struct tree_visitor *v)
{
	struct walk w = {
		.a = a,
		.v = v,
		.group = dev_buffer(MS_GROUP_SUMMARIES * MS_BLOCK),
		.tables = dev_buffer(MS_SUMMARY_ENTRIES * MS_BLOCK),
	};
	u64 s;

	for (s = 0; s < a->geo.summaries; s += MS_GROUP_SUMMARIES)
		visit_group(&w, s);
	free(w.group);
	free(w.tables);
}
