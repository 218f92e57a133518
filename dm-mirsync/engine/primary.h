/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Application I/O at the primary: reads are remapped to the data device, as long as that is
 * in use; everything else waits on the intake list for the worker that makes writes
 * of it. Locking: v->lock.
 */
#ifndef MS_ENGINE_PRIMARY_H
#define MS_ENGINE_PRIMARY_H

#include "engine/write.h"

void ms_primary_init(struct ms_volume *v);
/* A write that carries an application's bio is over: end the bio, go on with the rest of a large discard, or put it back into the line. */
void ms_primary_ended(struct ms_write *w);
/* The same, of one that failed as a disk did not answer in time; it is not over. No locks. */
void ms_primary_expired(struct ms_write *w);
/* End with an error what waits to be begun while a disk hangs. No locks. */
void ms_primary_refuse(struct ms_volume *v);
/* Put a bio back into the line, first. Any context but interrupts. */
void ms_primary_again(struct ms_volume *v, struct bio *bio);
/* Stand still until everything in flight is over and confirmed / go on. Return: 0, -ETIMEDOUT (then nothing is frozen). */
int ms_primary_freeze(struct ms_volume *v, unsigned int seconds);
void ms_primary_thaw(struct ms_volume *v);

#endif
