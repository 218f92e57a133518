/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What follows when the data device has failed a write or a flush: what it had confirmed
 * before may be lost, and a primary may have to go on through its peer. Locking: v->lock.
 */
#ifndef MS_ENGINE_LOSS_H
#define MS_ENGINE_LOSS_H

#include "engine/write.h"

#define MS_RETRY_DELAY	(10 * HZ)	/* after an error of a disk */

/* The order of the words in shared/options.c. */
enum ms_disk_error { MS_DISK_ERROR_FAIL, MS_DISK_ERROR_PEER };

/*
 * Written data may be lost: what is hot is suspect (I4, I5). The primary tells the
 * application with its next flush and copies the suspects to its target, or leaves its disk;
 * a secondary is inconsistent until its next resync (I10). v->lock held.
 */
void __ms_data_lost(struct ms_volume *v);
/*
 * Has a flush of the data device failed since v->losses was @losses? Then it may have used up the
 * device's error, and the success of another one proves nothing. v->lock held.
 */
static inline bool __ms_flush_failed_since(const struct ms_volume *v, u32 losses)
{
	return v->losses != losses || atomic_read(&v->flushes_failing);
}

/* Is there a loss that the application has still to be told of, by the failure of its next flush? v->lock held. */
static inline bool __ms_loss_untold(const struct ms_volume *v)
{
	return v->lost_writes > v->told_writes;
}

/**
 * ms_flush_disk() - flush the data device; one that fails counts as failing from the interrupt on
 *
 * Context: sleeps. Return: 0; negative errno: then __ms_flush_failed() is due.
 */
int ms_flush_disk(struct ms_volume *v);
/* Its consequences, as __ms_data_lost(). v->lock held. */
void __ms_flush_failed(struct ms_volume *v);

/**
 * ms_data_flush() - make durable what was written to the data device before
 *
 * Context: sleeps; no locks but role_lock. Return: 0; negative errno: that cannot be said, and it is
 * dealt with as after each failed flush, see __ms_data_lost().
 */
int ms_data_flush(struct ms_volume *v);

/* Marks arose in the session: settle them in a while, at once. v->lock held. */
void __ms_resync_soon(struct ms_volume *v);
void __ms_resync_now(struct ms_volume *v);

/* The disk has failed @w, of the application; called before its marks are set. v->lock held. */
void __ms_write_failed(struct ms_write *w);
/*
 * @w is over at the peer, one way or the other, and not on this disk. Return: whether it waits for
 * the decision; else what becomes of it is in its status and parked. v->lock held.
 */
bool __ms_lost_waits(struct ms_write *w);
/* Wait until it is decided whether the site leaves its disk. The session is over. */
void ms_loss_settle(struct ms_volume *v);
void ms_loss_init(struct ms_volume *v);

/* The role may be lost, and with it the reason to leave the disk alone. v->lock held. */
static inline void __ms_own_again(struct ms_volume *v)
{
	if (!v->active && v->own == MS_OWN_LEFT)
		v->own = MS_OWN_USED;
}

#endif
