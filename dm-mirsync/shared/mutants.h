/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults to be switched on, one at a time, in a module built for `make check-mutants`:
 * each breaks one rule that keeps an invariant, and tests/crash has to notice, or the case
 * that is named, for what no recorded power cut shows. In any other build MS_MUTANT() is 0 and nothing of it remains. The numbers are those of the
 * module parameter `mutant`; the driver reads the list from here.
 */
#ifndef MS_SHARED_MUTANTS_H
#define MS_SHARED_MUTANTS_H

enum ms_mutant_no {
	MS_M_RECORD_LATE = 1,	/* the activity record is written after the writes are started */
	MS_M_VALID_EARLY = 2,	/* table blocks are on the disk and the record forgets before the data is flushed */
	MS_M_COOL_UNFLUSHED = 3,	/* cooling does not flush the data */
	MS_M_CODES_UNFLUSHED = 4,	/* ... when the generator was the last to touch the extent */
	MS_M_CLEAR_LATE = 5,	/* a verdict or confirmation clears marks though a write began since */
	MS_M_PINS_IGNORED = 6,	/* an extent cools with a write that is not confirmed */
	MS_M_RECORD_NO_FUA = 7,	/* the activity record is written without FUA */
	MS_M_TABLES_UNFLUSHED = 8,	/* the record forgets before table blocks are flushed */
	MS_M_NO_SUMMARY = 9,	/* the summary is not written */
	MS_M_NO_MARK = 10,	/* a write that nobody confirmed leaves no mark */
	MS_M_ONE_SUPER = 11,	/* a superblock change goes to one copy */
	MS_M_STILL_CONSISTENT = 12,	/* the target of a resync is not recorded as inconsistent */
	MS_M_PARTIAL_VALID = 13,	/* a write leaves the old code valid */
	MS_M_PEER_UNRECORDED = 14,	/* the secondary writes and confirms without a record */
	MS_M_PEER_UNFLUSHED = 15,	/* the secondary confirms a flush without a flush of its disk */
	MS_M_PARTIAL_CLEARS = 16,	/* the confirmation of a part of a segment clears its mark */
	MS_M_OLD_GENERATION = 17,	/* unconfirmed writes complete without a new generation */
	MS_M_DONE_UNFLUSHED = 18,	/* the target of a resync is consistent before its data is flushed */
	MS_M_SUMS_STALE = 19,	/* the record's sums do not count what was written while an extent was hot */
	MS_M_SAMPLE_BLIND = 20,	/* case 097: the sample takes each code for that of the data */
	MS_M_RECOVER_BLIND = 21,	/* case 100: nothing is suspect after an unclean stop */
	MS_M_ORDER_IGNORED = 22,	/* overlapping operations run at the same time */
	MS_M_SUMS_BLIND = 23,	/* case 132: whatever the record's sums, the summary blocks are believed */
	MS_M_EPOCH_IGNORED = 24,	/* case 163: the secondary starts a write of an epoch before the earlier ones are done */
	MS_M_LEFT_UNRECORDED = 25,	/* case 115: a site goes on through its peer and does not record that its disk has failed */
};

#ifdef MS_MUTANTS
extern int ms_mutant;
#define MS_MUTANT(no)	(ms_mutant == MS_M_ ## no)
#else
#define MS_MUTANT(no)	0
#endif

#endif
