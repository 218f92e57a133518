/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables and summaries as they are now, cached or not: for the ioctl, for the
 * peer, for comparisons; and the verdicts of a failback. Locking: v->lock.
 */
#ifndef MS_ENGINE_TABLES_H
#define MS_ENGINE_TABLES_H

#include "engine/request.h"

/* Summary entries of @count extents from @first; sequence is the version. Sleeps. */
int ms_summary_snapshot(struct ms_volume *v, u64 first, u32 count,
			struct ms_summary_entry *out);
/* Table of one extent. Sleeps. Return: 0, 1 when its block is damaged (then none is valid, all are marked), -ENOMEM. */
int ms_table_snapshot(struct ms_volume *v, u64 no, struct ms_wire_table *out);
/* Its block is damaged: in the cache it becomes what it is now, and is written back as that. Sleeps. */
void ms_table_heal(struct ms_volume *v, u64 no);

/**
 * ms_extent_if_unchanged() - do something if an extent still has a version
 * @fn: called with v->lock held when it has, with @arg; may be NULL
 *
 * Sleeps. Return: whether it had.
 */
bool ms_extent_if_unchanged(struct ms_volume *v, u64 no, u64 version,
			    void (*fn)(struct ms_volume *v, u64 no, void *arg), void *arg);

/* The peer asks. */
void ms_tables_send_summaries(struct ms_inbound *in);
void ms_tables_send(struct ms_inbound *in);

#endif
