/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one engine for every copy: exchange of marks, comparison of candidates
 * by codes, copy of what differs, agreement that both are equal.
 * Locking: v->lock.
 */
#ifndef MS_ENGINE_RESYNC_H
#define MS_ENGINE_RESYNC_H

#include "engine/request.h"

void ms_resync_init(struct ms_volume *v);
/* Target: send all marks to the source, then MARKS_END. Worker. */
void ms_resync_send_marks(struct work_struct *work);
/* Source: marks of the target; their end. */
void ms_resync_take_marks(struct ms_inbound *in);
void ms_resync_marks_ended(struct ms_inbound *in);
/* Source: begin to mirror, and to resync when anything is out of sync. Sleeps. Return: 0 or negative. */
int ms_resync_go(struct ms_volume *v);
/* Source: every extent is a candidate from now on (not persisted here). */
void ms_resync_all_candidates(struct ms_volume *v);
/* Counters of a new resync begin at zero. */
void ms_resync_reset(struct ms_volume *v);
/* Wait until no resync of a session that is over runs any more. */
void ms_resync_wait(struct ms_volume *v);

#endif
