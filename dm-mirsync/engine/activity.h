/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metadata worker: records extents before they change (I1), cools them
 * when all is durable (I2), and runs superblock changes, one thing after the
 * other. It owns every write to the metadata device.
 */
#ifndef MS_ENGINE_ACTIVITY_H
#define MS_ENGINE_ACTIVITY_H

#include "engine/volume.h"

void ms_activity_init(struct ms_volume *v);
/* There may be something to record or to cool. Any context, locks may be held. */
void ms_activity_kick(struct ms_volume *v);
/* Cool everything that can be cooled, and wait until nothing is hot. Return: 0, or -EIO when the metadata has failed or the data device cannot be flushed. */
int ms_activity_cool_all(struct ms_volume *v);
/* Before activation: read the record, for the history of this site and of the peer. Changes nothing. */
int ms_activity_load(struct ms_volume *v);
/* Recover after activation: scan the summaries, take over the record. Before the workers start. */
int ms_activity_recover(struct ms_volume *v, bool clean);
/* The metadata cannot be written: from now on every operation fails. The metadata worker, or before it begins. */
void ms_activity_fail(struct ms_volume *v, int r);
/* What an entry contributes to the sums: damage and void codes included. */
void ms_summary_counts(const struct ms_volume *v, const struct ms_summary_entry *s,
		       u32 segs, u32 *valid, u32 *marked);

#endif
