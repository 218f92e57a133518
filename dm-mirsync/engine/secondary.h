/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The target's side of mirroring: applies the peer's writes in their order and
 * answers them. Called by the session thread and by the ends of local I/O.
 * Locking: v->lock.
 */
#ifndef MS_ENGINE_SECONDARY_H
#define MS_ENGINE_SECONDARY_H

#include "engine/write.h"

void ms_secondary_init(struct ms_volume *v);
/* WRITE, ZERO, FLUSH. Session thread. Return: 0 or negative to cut the session. */
int ms_secondary_frame(struct ms_volume *v, const struct ms_head *h, const void *body);
/* Local I/O of a PEER write or flush has ended. */
void ms_secondary_ended(struct ms_write *w);
/* Wait until all that has come so far is done. */
void ms_secondary_catch_up(struct ms_volume *v);
/* Wait until nothing of the peer's is in flight here. */
void ms_secondary_drain(struct ms_volume *v);

#endif
