/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words for a volume's state, as the status line, the events and debugfs
 * use them.
 */
#ifndef MS_ENGINE_STATUS_H
#define MS_ENGINE_STATUS_H

#include "engine/volume.h"

/* connected, connecting, disconnected */
const char *ms_link_word(const struct ms_ioc_status *st);
/* ok, failed */
const char *ms_metadata_word(const struct ms_ioc_status *st);
/* in-sync, resync-source, resync-target, failback, out-of-sync */
const char *ms_sync_word(const struct ms_ioc_status *st);

#endif
