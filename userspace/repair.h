/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Repair of a metadata area: what is good stays, everything else becomes suspect: no
 * valid code, all of it marked. Called by the command; nothing of it is written before
 * repair_write(). See doc/design.md, "Repair", for why the order of writes holds.
 */
#ifndef MS_CLI_REPAIR_H
#define MS_CLI_REPAIR_H

#include "area.h"

/* Whole, not stopped in order, damaged: the statuses of check. */
enum repair_state {
	REPAIR_CLEAN = 0,
	REPAIR_RECOVERY = 1,
	REPAIR_DAMAGED = 2,
};

/* What repair_look() finds. Segments: as the kernel would take them. */
struct repair {
	bool super_bad;		/* a copy is bad: it is written anew from the other */
	bool super_differs;	/* two contents under one sequence */
	bool super_older;	/* tables are of a later activation than the superblock */
	bool record_damaged;
	bool sums_wrong;	/* the record's sums are not those of the summary blocks */
	bool record_ends;	/* marked as stopped in order, with active extents */
	u32 record_bad[2];	/* bad sectors that nothing depends on, by copy */
	u64 summaries;		/* bad summary blocks */
	u64 extents;		/* to be made suspect */
	u64 suspect;		/* their segments */
	u64 valid, marked;	/* of the extents that are good */
	u64 highest;		/* sequence seen anywhere in the tree */
	bool void_codes;	/* no code of the site can be believed, all are candidates */
	enum repair_state state;
};

/* repair_look() - judge @a, which was opened as AREA_GOOD; loads its record, reads everything */
void repair_look(struct area *a, struct repair *r);

/*
 * repair_write() - do what repair_look() of the same @a has found
 * Return: 0; -EOVERFLOW when there are no numbers left; or the device's negative
 * errno: then repair can begin anew. Not reported.
 */
int repair_write(struct area *a, const struct repair *r);

#endif
