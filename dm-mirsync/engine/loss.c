// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost data: see loss.h. Nothing here waits; the consequences that sleep are left to
 * workers. Locking: v->lock.
 */
#include "engine/extent.h"
#include "engine/loss.h"

void __ms_resync_soon(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	if (v->connected && v->mirroring)
		queue_delayed_work(v->copy_wq, &v->again_work, MS_RETRY_DELAY);
}

void __ms_data_lost(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	__ms_suspect_hot(v);
	v->losses++;			/* what is cooling now may not: see cool_batch() */
	if (v->n.writes != v->told_writes)
		v->data_lost = true;
	__ms_resync_soon(v);
	if (v->claim == MS_CLAIM_NONE) {
		v->target_failed = true;
		queue_work(v->done_wq, &v->target_failed_work);
	}
}
