/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two sites' code tables compared, for a failback: summaries first, tables
 * only of the extents that these do not settle. Data is read at neither site.
 */
#ifndef MS_CLI_SITES_H
#define MS_CLI_SITES_H

#include "online.h"

struct sites_result {
	u64 equal;		/* segments with the same code at both sites */
	u64 differ;		/* ... with another code */
	u64 unknown;		/* ... with no valid code at one site or both */
	u64 differ_bytes;	/* to be copied for certain */
	u64 unknown_bytes;	/* to be copied unless they are found equal */
	u64 peer_marked;	/* segments the peer has marked and that are not equal: its own
				 * writes that were never confirmed here, and would be lost */
	u64 local_marked;	/* segments marked here, equal or not */
	u64 by_summary;		/* extents settled without their codes */
	u64 tables_read;	/* extents whose codes were read, at each site */
	u64 judged;		/* verdicts that the kernel accepted as still true */
};

/* Called now and then with the number of extents done. Return: false to stop. */
typedef bool (*sites_progress)(void *arg, u64 done, u64 total);

/**
 * sites_compare() - compare all extents
 * @tell_kernel: send the verdicts (a failback must have been begun)
 *
 * An extent of which nothing is known gets no verdict: the kernel compares it
 * itself when it copies.
 *
 * Return: 0, an exit status (reported), or -EINTR when @progress said stop.
 */
int sites_compare(struct online *o, bool tell_kernel, sites_progress progress,
		  void *arg, struct sites_result *result);

#endif
