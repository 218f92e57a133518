/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sampled check of valid codes against the data device (I4): somebody may have written
 * to it behind the target's back, by restoring the disk alone for example.
 * Locking: v->sample is for activation; the rest see the functions.
 */
#ifndef MS_ENGINE_SAMPLE_H
#define MS_ENGINE_SAMPLE_H

#include "engine/volume.h"

/* Activation, during the scan: an extent with valid codes whose table has this sequence. */
void ms_sample_note(struct ms_volume *v, u64 no, u64 sequence);

/**
 * ms_sample_check() - read some segments and compare them with their valid codes
 *
 * Of the extents that were written latest as of the last activation, and of random ones. A
 * mismatch makes all codes of the site invalid and all segments candidates, durably. What
 * cannot be read, or is written meanwhile, proves nothing. Sleeps; application I/O may go on.
 *
 * Return: 0, also when codes had to be made invalid, or the error of doing that.
 */
int ms_sample_check(struct ms_volume *v);

#endif
