/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments of this site against their valid codes (ms_scrub(), in volume.h): finds content that
 * changed without a write. Keeps nothing between two calls; who calls goes through the volume.
 * Locking: v->lock.
 */
#ifndef MS_ENGINE_SCRUB_H
#define MS_ENGINE_SCRUB_H

#include "engine/volume.h"

/* Something is done with segments by an ioctl: a stop waits for its end. Return: false: the volume is being stopped. */
bool ms_scrub_begin(struct ms_volume *v);
void ms_scrub_end(struct ms_volume *v);

/* Is nobody looking at segments? v->lock held. */
static inline bool __ms_scrub_idle(const struct ms_volume *v)
{
	return !v->scrubs;
}

#endif
