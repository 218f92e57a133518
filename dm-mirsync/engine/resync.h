/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one engine for every copy: comparison of candidates by codes, copy of what
 * differs, agreement that both are equal. Locking: v->lock.
 */
#ifndef MS_ENGINE_RESYNC_H
#define MS_ENGINE_RESYNC_H

#include "engine/volume.h"

void ms_resync_init(struct ms_volume *v);
/* Source: begin to mirror, and to resync when anything is out of sync. Sleeps. Return: 0 or negative. */
int ms_resync_go(struct ms_volume *v);
/* Does the session stand in which a resync was begun? */
bool ms_resync_going(struct ms_volume *v, u32 session);
/* Are codes no proof in this copy, so that all that is marked or a candidate is copied? */
bool ms_resync_copies_all(struct ms_volume *v);
/* Wait until no resync of a session that is over runs any more. */
void ms_resync_wait(struct ms_volume *v);

#endif
