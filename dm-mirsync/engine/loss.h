/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What follows when the data device has failed a flush: what it had confirmed before may be
 * lost. Locking: v->lock.
 */
#ifndef MS_ENGINE_LOSS_H
#define MS_ENGINE_LOSS_H

#include "engine/volume.h"

#define MS_RETRY_DELAY	(10 * HZ)	/* after an error of a disk */

/*
 * Written data may be lost: what is hot is suspect (I4, I5). The primary tells the
 * application with its next flush and copies the suspects to its target; a secondary is
 * inconsistent until its next resync (I10). v->lock held.
 */
void __ms_data_lost(struct ms_volume *v);
/* Marks arose in the session: settle them in a while. v->lock held. */
void __ms_resync_soon(struct ms_volume *v);

#endif
