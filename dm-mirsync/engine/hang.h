/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disks that do not answer (option disk_timeout). What the data device has held for longer
 * than that, reads included, or what waits that long for metadata to be written, is an
 * error to the application, as is what it asks for until the disk answers again; the peer of a target is
 * left alone, so that it goes on without it.
 *
 * Owns v->aging, the writes and flushes whose local part has not ended, and v->hung.
 * Locking: v->lock; functions named __x want it held.
 */
#ifndef MS_ENGINE_HANG_H
#define MS_ENGINE_HANG_H

#include "engine/write.h"

void ms_hang_init(struct ms_volume *v);
/* Look from now on, if the option wants it; the option has changed. Any context. */
void ms_hang_watch(struct ms_volume *v);
/* Nothing looks any more, and nothing is hung. Sleeps. */
void ms_hang_stop(struct ms_volume *v);
/*
 * ms_hang_wait() - wait on v->cooled until @over, which may need a disk that hangs; for ever, if
 * that never answers, and it says so now and then. Sleeps, and is no hung task.
 */
void ms_hang_wait(struct ms_volume *v, bool (*over)(struct ms_volume *v));

/* @w is on its way to the local disk / has come back from it. */
static inline void __ms_hang_begin(struct ms_write *w)
{
	list_add_tail(&w->age, &w->v->aging);
}

static inline void __ms_hang_end(struct ms_write *w)
{
	list_del_init(&w->age);
}

/* The metadata worker begins something that writes wait for, or the next part of it / has done it all. No locks. */
static inline void ms_hang_meta(struct ms_volume *v, bool begins)
{
	WRITE_ONCE(v->meta_begun, begins ? ktime_get_ns() : 0);
}

#endif
