/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two sites compared, for a failback or to verify them. By their code tables:
 * summaries first, tables only of the extents that these do not settle; data is read at
 * neither site. Or by digests of the contents, or only what is marked.
 */
#ifndef MS_CLI_SITES_H
#define MS_CLI_SITES_H

#include "online.h"
#include "shared/compare.h"
#include "shared/wire.h"

struct sites_result {
	u64 equal;		/* segments with the same code (or digest) at both sites */
	u64 not_marked;		/* segments that count as equal since no site has marked them */
	u64 differ;		/* ... with another code */
	u64 unknown;		/* ... with no valid code (or digest) at one site or both */
	u64 equal_bytes, not_marked_bytes;	/* of the first two */
	u64 differ_bytes;	/* to be copied for certain */
	u64 unknown_bytes;	/* to be copied unless they are found equal */
	u64 peer_marked;	/* segments the peer has marked and that are not equal: its own
				 * writes that were never confirmed here, and would be lost */
	u64 local_only;		/* the same of this site: marked here, and not equal */
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

/**
 * sites_compare_digests() - the same by SHA-256 of the contents, which both sites read
 * @rate: KiB per second that are read here at most; 0: no limit
 *
 * An extent gets a verdict only if nothing was written to it from its reading on. So
 * one that is written all the time has none, and counts as unknown.
 */
int sites_compare_digests(struct online *o, bool tell_kernel, u64 rate, sites_progress progress,
			  void *arg, struct sites_result *result);

/**
 * sites_compare_marked() - the same of what is marked, by codes; the rest counts as equal
 *
 * For sites whose marks cover all that differs (st.changed_trusted).
 */
int sites_compare_marked(struct online *o, bool tell_kernel, sites_progress progress,
			 void *arg, struct sites_result *result);

/* sites_count_marks() - nothing is compared, all is to be copied: only the marks are counted */
int sites_count_marks(struct online *o, sites_progress progress, void *arg,
		      struct sites_result *result);

/* sites_find() - the same, without the kernel; calls @differ for each extent that has what it wants */
int sites_find(struct online *o, sites_progress progress, sites_differ differ, void *arg,
	       struct sites_result *result);

/* sites_valid() - how many segments of @site (MS_SITE_*) have a valid code. Return: 0, or an exit status, reported. */
int sites_valid(struct online *o, u32 site, u64 *valid);

/* sites_look() - the table of one extent. @site: MS_SITE_*. Return: 0, or an exit status, reported. */
int sites_look(struct online *o, u32 site, u64 extent, struct ms_wire_table *table);

#endif
