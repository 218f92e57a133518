/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The history of a site, by which its peer notices that it has gone back in time (I11):
 * restored, metadata and data together, from an older snapshot. A point is an activation
 * and the number of metadata commits (of superblock and activity record) that the site had
 * made by then; both never repeat on one line of time. Each frame tells the sender's point
 * of now, each site keeps the highest that it has seen of the other. Pure; no locking.
 */
#ifndef MS_SHARED_HISTORY_H
#define MS_SHARED_HISTORY_H

#include "shared/env.h"
#include "shared/format.h"

struct ms_point {
	u64 id;			/* of the activation, random; 0: none */
	u64 commits;
};

struct ms_history {
	struct ms_point now;
	struct ms_point past[MS_PAST];	/* earlier activations as they ended, the latest first */
};

/**
 * ms_history_has() - was a site with this history ever at @seen
 *
 * An activation that is no longer among the MS_PAST last ones counts as never been: the
 * answer is on the safe side.
 */
bool ms_history_has(const struct ms_history *h, const struct ms_point *seen);

/* ms_history_begin() - a new activation: @was, as it ended, goes to the past; one without id does not */
void ms_history_begin(struct ms_point past[MS_PAST], const struct ms_point *was);

/* Between memory and disk or wire. */
void ms_past_encode(const struct ms_point past[MS_PAST], struct ms_disk_point raw[MS_PAST]);
void ms_past_decode(const struct ms_disk_point raw[MS_PAST], struct ms_point past[MS_PAST]);

#endif
