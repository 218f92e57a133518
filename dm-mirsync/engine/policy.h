/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the application waits for the peer, by the operator's options: not at all while
 * the peer is there (mode async), up to a limit (async_queue, queue_full), for as long
 * as it is lost (link_lost). Asked by the write path and the intake; knows nothing of
 * disks and extents. Locking: v->lock; functions named __x want it held.
 */
#ifndef MS_ENGINE_POLICY_H
#define MS_ENGINE_POLICY_H

#include "engine/write.h"

/* The order of the words in shared/options.c. */
enum ms_mode { MS_MODE_SYNC, MS_MODE_ASYNC };
enum ms_queue_full { MS_QUEUE_THROTTLE, MS_QUEUE_DETACH };
enum ms_link_lost { MS_LOST_CONTINUE, MS_LOST_FREEZE };

void ms_policy_init(struct ms_volume *v);

/* May the application be told of @w, which the peer has not confirmed? */
bool __ms_policy_ahead(const struct ms_write *w);
/* The flag of the frame that is queued now: MS_W_EPOCH when it is the first of an epoch, or 0. */
u32 __ms_policy_border(struct ms_volume *v);
/* Is @w too much for the queue? Then nothing is shipped any more: see queue_full. */
bool __ms_policy_full(struct ms_volume *v, const struct ms_write *w);
/* A write waits for a free extent: are they all pinned by what is not confirmed? The same then. */
void __ms_policy_pinned(struct ms_volume *v);
/* May the intake take more, as far as the queue goes? */
bool __ms_policy_room(struct ms_volume *v);
/* Has the peer left a write unconfirmed for longer than it may take? Takes v->lock. */
bool ms_policy_overdue(struct ms_volume *v);
/* For how long the oldest unconfirmed one has waited, in jiffies. */
unsigned long __ms_policy_oldest(struct ms_volume *v);
/* Do writes wait because the peer is lost? */
bool __ms_policy_frozen(struct ms_volume *v);
/* From now on writes are mirrored. */
void __ms_policy_mirrors(struct ms_volume *v);
/* Source, the sites have met: is it too early to mirror again? It begins later by itself then. */
bool ms_policy_postpone(struct ms_volume *v, u32 session);
/* The peer is lost: say what follows. */
void ms_policy_link_down(struct ms_volume *v);
/* Options have changed. Does not sleep. */
void ms_policy_changed(struct ms_volume *v);
/* Stopping: give the peer time to confirm what the application was told of. Sleeps. */
void ms_policy_settle(struct ms_volume *v);
/* Stopping: nothing begins by itself any more. Sleeps. */
void ms_policy_stop(struct ms_volume *v);

#endif
