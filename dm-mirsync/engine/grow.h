/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Growing of a volume by a reload with a larger table: checked when the table is loaded,
 * done when it is resumed.
 */
#ifndef MS_ENGINE_GROW_H
#define MS_ENGINE_GROW_H

#include "engine/volume.h"

/**
 * ms_volume_check_size() - may a volume have this size from the next resume on
 * @sectors: of a table that is being loaded
 * @why: static text on error
 *
 * Return: 0, also for the size it has; or a negative errno.
 */
int ms_volume_check_size(struct ms_volume *v, u64 sectors, const char **why);

/**
 * ms_volume_grow() - take this size
 *
 * Between suspend and resume; nothing when it is the size already. On both superblocks when
 * it returns 0. Sleeps; no I/O of the volume is needed for memory.
 * Return: 0; or a negative errno, logged: the volume has the old size, or, when its metadata
 * has failed, the one or the other.
 */
int ms_volume_grow(struct ms_volume *v, u64 sectors);

#endif
