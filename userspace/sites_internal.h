/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the ways of comparing two sites share: reading a range of tables, handing verdicts
 * to the kernel, counting bytes. For sites*.c only.
 */
#ifndef MS_CLI_SITES_INTERNAL_H
#define MS_CLI_SITES_INTERNAL_H

#include "sites.h"

struct comparison {
	struct online *o;
	struct sites_result *result;
	struct ms_geo geo;
	bool tell_kernel;
	sites_differ differ;		/* or NULL */
	void *arg;			/* of @differ and of the progress */
	struct ms_summary_entry *summary[2];	/* of a batch, by site */
	struct ms_wire_table *table[2];		/* of a window, by site */
	struct ms_ioc_verdict *verdict;		/* not sent yet */
	u32 verdicts;
};

/* Compare some extents. Return: an exit status. */
typedef int (*sites_batch)(struct comparison *c, u64 first, u32 count);
/*
 * sites_run() - a whole comparison: @batch for all extents, at most @size of them at a time
 * (MS_SUMMARY_BATCH is the most), then the verdicts that are left. Return: 0, an exit status
 * (reported), or -EINTR when @progress said stop.
 */
int sites_run(struct comparison *c, u32 size, sites_progress progress, sites_batch batch);

/* Read @count entries of @size bytes, in as many calls as the kernel likes. Return: an exit status. */
int sites_read(struct online *o, unsigned long request, u32 site, u64 first, u32 count,
	       void *buffer, size_t size);
/* Both sites' summaries of a batch of at most MS_SUMMARY_BATCH extents. Return: an exit status. */
int sites_read_summaries(struct comparison *c, u64 first, u32 count);

/* A verdict on an extent; @differs: NULL when nothing does. Sent in batches. Return: an exit status. */
int sites_verdict(struct comparison *c, u64 extent, u64 local_version, u64 peer_version,
		  const u8 *differs);
/* Send those that are left. Return: an exit status. */
int sites_send(struct comparison *c);

/* Bytes of @n segments of extent @e, of which @map are meant. */
u64 sites_bytes(const struct comparison *c, u64 e, const u8 *map, u32 n);
/* The codes of a table; aligned, though the struct is packed, in an aligned array. */
const __le64 *sites_codes(const struct ms_wire_table *t);

#endif
