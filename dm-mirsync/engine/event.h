/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Telling of changes of a volume's state: to who waits for an event of the dm
 * device (`dmsetup wait`), and by a uevent with the state in words.
 *
 * The uevent is one of the control device, /dev/mirsync, and not of the dm
 * device: udev would answer that by probing the device for a file system. It
 * would fail at a secondary, and at a primary keep the device open while a
 * switchover asks whether it is.
 *
 * Locking: v->event_lock around v->ti and what was told last.
 */
#ifndef MS_ENGINE_EVENT_H
#define MS_ENGINE_EVENT_H

#include "engine/volume.h"

struct device;

void ms_event_init(struct ms_volume *v);
/* The control device, for all volumes; NULL before it goes. No volume exists at either time. */
void ms_event_device(struct device *dev);

#endif
