/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two sites' code tables compared, for a failback or to verify them: summaries
 * first, tables only of the extents that these do not settle. Data is read at neither
 * site.
 */
#ifndef MS_CLI_SITES_H
#define MS_CLI_SITES_H

#include "online.h"
#include "shared/compare.h"
#include "shared/wire.h"

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

/* An extent has segments with valid codes at both sites that are not the same. Return: an exit status. */
typedef int (*sites_differ)(void *arg, const struct ms_wire_table *local,
			    const struct ms_wire_table *peer, const struct ms_verdict *v);

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

/* sites_find() - the same, without the kernel; calls @differ for each extent that has what it wants */
int sites_find(struct online *o, sites_progress progress, sites_differ differ, void *arg,
	       struct sites_result *result);

/* sites_look() - the table of one extent. @site: MS_SITE_*. Return: 0, or an exit status, reported. */
int sites_look(struct online *o, u32 site, u64 extent, struct ms_wire_table *table);

#endif
