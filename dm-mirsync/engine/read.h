/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads of the application by way of the volume's own pages. Only while a disk may not take as
 * long as it likes (option disk_timeout): from a device that does not answer a bio cannot
 * be taken back, but pages can be left with it. Otherwise a read goes straight to the disk.
 *
 * Owns v->reading, the reads in the disk, and v->read_intake, those that wait for room.
 * Locking: v->lock; functions named __x want it held.
 */
#ifndef MS_ENGINE_READ_H
#define MS_ENGINE_READ_H

#include "engine/volume.h"

int ms_reads_init(struct ms_volume *v);
void ms_reads_exit(struct ms_volume *v);
void ms_read_work_init(struct ms_volume *v);

/* Must a read go this way? */
static inline bool ms_read_apart(const struct ms_volume *v)
{
	return READ_ONCE(v->opt.disk_timeout);
}

/* Take a read of the application; it ends by itself. Does not sleep. */
void ms_read_queue(struct ms_volume *v, struct bio *bio);
/* Since when has the disk had the oldest one, by ktime_get_ns(); 0: it has none. */
u64 __ms_read_oldest(struct ms_volume *v);
/**
 * __ms_read_expire() - the application does not wait any more
 * @before: for what was begun then or earlier
 *
 * Return: a bio, to be ended by ms_read_fail(); NULL: there is no such read.
 */
struct bio *__ms_read_expire(struct ms_volume *v, u64 before);
/* End it with an error; the peer is not asked. No locks. */
void ms_read_fail(struct bio *bio);
/* The same for what waits to be begun while a disk hangs. No locks. */
void ms_read_refuse(struct ms_volume *v);
/* None is in the disk or waits. */
bool __ms_read_idle(const struct ms_volume *v);

#endif
