/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All volumes of this kernel, and the devices they use: dm devices share one
 * holder, so nobody else would notice a device used twice.
 */
#ifndef MS_TARGET_REGISTRY_H
#define MS_TARGET_REGISTRY_H

#include "engine/volume.h"

/**
 * ms_registry_take() - the volume for a new table
 *
 * A table that replaces another one of the same dm device gets its volume;
 * devices and addresses must be the same then, and the size at least that. Otherwise a volume is created.
 * Return: 0; -EBUSY when a device is in use by another volume, also by one on its way out.
 */
int ms_registry_take(const struct ms_volume_config *cfg, struct ms_volume **pv,
		     const char **why);
/* A table is gone; the last one takes the volume with it. */
void ms_registry_drop(struct ms_volume *v);

/* For an ioctl: the volume of a dm device (major << 32 | minor), kept alive until put. NULL: none. */
struct ms_volume *ms_registry_get(u64 dev);
void ms_registry_put(struct ms_volume *v);
/* @owner of failbacks that were begun is gone: see ms_failback_abandon(). Sleeps. */
void ms_registry_abandon(const void *owner);

#endif
