// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far a resync has come; see resync_progress.h. Nothing depends on these figures.
 * Locking: v->lock.
 */
#include <linux/math64.h>

#include "engine/request.h"
#include "engine/resync_progress.h"

void ms_resync_reset(struct ms_volume *v)
{
	spin_lock(&v->lock);
	v->n.rs_done = v->n.rs_total = v->n.rs_equal = v->n.rs_differ = 0;
	v->n.rs_copied = v->n.rs_copied_bytes = v->n.rs_ms = 0;
	v->last_error = 0;
	spin_unlock(&v->lock);
}

void __ms_progress_begin(struct ms_volume *v)
{
	v->rs_start = get_jiffies_64();
	v->rs_told = jiffies;
	v->pace.window = ktime_get_ns();
	v->pace.measured = 0;
}

void __ms_progress_end(struct ms_volume *v)
{
	v->n.rs_ms = jiffies64_to_msecs(get_jiffies_64() - v->rs_start);
}

void ms_progress_tell(struct ms_volume *v, u32 session, bool now)
{
	struct ms_progress p;

	spin_lock(&v->lock);
	now |= time_after_eq(jiffies, v->rs_told + HZ);
	if (now)
		v->rs_told = jiffies;
	p.done = cpu_to_le64(v->n.rs_done);
	p.total = cpu_to_le64(v->n.rs_total);
	p.shipped = cpu_to_le64(v->n.rs_copied_bytes);
	spin_unlock(&v->lock);
	if (now)
		ms_send_note(v, session, MS_F_PROGRESS, 0, &p, sizeof(p));
}

void ms_progress_take(struct ms_volume *v, const struct ms_progress *p)
{
	u64 total = le64_to_cpu(p->total), shipped = le64_to_cpu(p->shipped);
	u64 now = ktime_get_ns(), ms;

	spin_lock(&v->lock);
	if (v->target_copying) {
		ms = max_t(u64, div_u64(now - v->pace.window, NSEC_PER_MSEC), 1);
		v->pace.measured = min_t(u64, div64_u64(shipped - min(shipped, v->n.rs_copied_bytes), ms),
					 U32_MAX);
		v->pace.window = now;
		v->n.rs_total = total;
		v->n.rs_done = min(total, le64_to_cpu(p->done));
		v->n.rs_copied_bytes = shipped;
		v->n.rs_copied = (shipped >> v->geo->seg_shift) +
				 !!(shipped & ((1u << v->geo->seg_shift) - 1));
	}
	spin_unlock(&v->lock);
}
