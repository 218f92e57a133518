/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far a resync has come: its counters, at the source and, from what that tells, at the
 * target. Only for who looks at the status. Locking: v->lock.
 */
#ifndef MS_ENGINE_RESYNC_PROGRESS_H
#define MS_ENGINE_RESYNC_PROGRESS_H

#include "engine/volume.h"

/* Counters of a new resync begin at zero. */
void ms_resync_reset(struct ms_volume *v);
/* The time from here on counts. v->lock held. */
void __ms_progress_begin(struct ms_volume *v);
/* ... until now. v->lock held. */
void __ms_progress_end(struct ms_volume *v);
/* Source: tell the target, once a second; @now: in any case. Sleeps for memory. */
void ms_progress_tell(struct ms_volume *v, u32 session, bool now);
/* Target: what the source tells. */
void ms_progress_take(struct ms_volume *v, const struct ms_progress *p);

#endif
