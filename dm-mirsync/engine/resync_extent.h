/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One extent of a resync, at its source. Locking: v->lock.
 */
#ifndef MS_ENGINE_RESYNC_EXTENT_H
#define MS_ENGINE_RESYNC_EXTENT_H

#include "engine/extent.h"

/**
 * ms_resync_extent() - compare what is marked, or all of a candidate, and copy what differs
 * @e: held by the caller
 * @session: the session that it is done in
 *
 * Context: sleeps. Return: 0, -ENOTCONN when the session is over, -EILSEQ when the data device
 * was changed behind its codes, or what else went wrong; what was not done stays marked or a
 * candidate.
 */
int ms_resync_extent(struct ms_volume *v, struct ms_extent *e, u32 session);

#endif
