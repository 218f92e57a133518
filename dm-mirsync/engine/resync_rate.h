/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rate of a resync at its source, and whether the application is at work: how much may
 * be read, to be compared or copied, and when. Locking: v->lock; the application's stamp has
 * none.
 */
#ifndef MS_ENGINE_RESYNC_RATE_H
#define MS_ENGINE_RESYNC_RATE_H

#include "engine/volume.h"

/* The application has sent I/O just now. Any context. */
static inline void ms_app_seen(struct ms_volume *v)
{
	unsigned long now = jiffies;

	if (READ_ONCE(v->app_at) != now)
		WRITE_ONCE(v->app_at, now);
}

/* Was the application at work in the last fifth of a second? v->lock held. */
bool __ms_app_active(struct ms_volume *v);

/* A resync begins. */
void ms_pace_begin(struct ms_volume *v);

/**
 * ms_pace() - wait for one's turn to read
 * @bytes: to be read at once; 0: only wait
 * @copy: they are also sent to the peer
 *
 * Context: sleeps, with no range of segments held. Return: false when the session is over.
 */
bool ms_pace(struct ms_volume *v, u32 session, u64 bytes, bool copy);

/* So many bytes more were read than had been said. */
void ms_pace_charge(struct ms_volume *v, u64 bytes);

/* How many segments to take at once, at least one. */
u32 ms_pace_segs(struct ms_volume *v);

/* KiB per second that are allowed now; 0: no limit. v->lock held. */
u32 __ms_pace_limit(const struct ms_volume *v);

#endif
