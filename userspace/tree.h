/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A walk over all summary and table blocks of a metadata area that judges each extent as
 * the kernel would. check prints what it finds, repair acts on it, so that both see the
 * same. Reads only.
 */
#ifndef MS_CLI_TREE_H
#define MS_CLI_TREE_H

#include "area.h"

#define TREE_LOST	(~0ull)	/* sequence in an entry whose summary block was lost */

enum tree_state {
	TREE_UNWRITTEN,		/* no code, no mark */
	TREE_GOOD,
	TREE_ACTIVE,		/* bad, but in the activity record: a crash leaves that */
	/* From here on: damage. No code of the extent is believed, all of it is suspect. */
	TREE_LOST_ENTRY,	/* the entry says that it was lost */
	TREE_UNREADABLE,
	TREE_BAD,		/* the table block is not the one that the entry names */
	TREE_FORGOTTEN,		/* never written, says the entry, but there is a good table block */
	TREE_COUNTS,		/* the entry's counts or digest are not those of the table block */
};

/* An extent of a good summary block. */
struct tree_extent {
	u64 extent;
	enum tree_state state;
	const struct ms_summary_entry *entry;
	const struct ms_table_block *table;	/* as read; of use when GOOD or COUNTS */
	const struct ms_hot *hot;	/* its entry in the activity record, or NULL */
	enum ms_bad bad;		/* BAD, ACTIVE: why */
	int error;			/* UNREADABLE: negative errno */
	/* The highest sequence that the entry, or a table block that is the extent's own, names. */
	u64 highest;
};

struct tree_summary {
	u64 number;
	u64 first;			/* extents that it describes */
	u32 count;
	const struct ms_summary_block *block;	/* as read */
	int error;			/* negative errno of reading it */
	enum ms_bad bad;
};

/* Either function may be missing. A summary block comes before its extents; of a bad one none come. */
struct tree_visitor {
	void (*summary)(void *arg, const struct tree_summary *s);
	void (*extent)(void *arg, const struct tree_extent *x);
	void *arg;
};

static inline bool tree_damaged(enum tree_state state)
{
	return state >= TREE_LOST_ENTRY;
}

/* tree_walk() - visit everything, in order; area_load_record() was called before */
void tree_walk(const struct area *a, const struct tree_visitor *v);

/*
 * tree_sums_agree() - are the summary blocks those that the activity record was written for
 * @found: counted up by tree_sum() for each summary block
 *
 * Also true when the record does not say, or is damaged.
 */
bool tree_sums_agree(const struct area *a, const struct ms_sums_found *found);
/* tree_sum() - count a summary block, in the visitor's function for these; @found was zero before */
void tree_sum(const struct area *a, const struct tree_summary *s, struct ms_sums_found *found);

#endif
