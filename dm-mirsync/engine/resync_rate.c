// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rate of a resync; see resync_rate.h. Counted is what is read, to be compared or to be
 * copied; a comparison of codes that are there costs nothing.
 *
 * resync_rate_max is the ceiling at any time, and so is what a failback was given as a limit
 * of its own. Beside the application the resync yields: each
 * fifth of a second with application I/O quarters the rate, down to resync_rate_min; each one
 * without doubles it, until it is free again. An application that works all the time has
 * the floor beside it within a second; one that writes now and then hardly delays the resync.
 * While it yields, only an eighth of a second's worth of copies is on its way to the peer:
 * what an application writes queues behind them.
 *
 * What has been let through is a debt, which time pays off at the rate of the moment; the
 * next one may begin when no more than a sixteenth of a second is left of it. So a change of an
 * option or of the rate counts at once, also for who waits already.
 *
 * Locking: v->lock.
 */
#include <linux/math64.h>

#include "engine/codes.h"
#include "engine/resync.h"
#include "engine/resync_progress.h"
#include "engine/resync_rate.h"

#define WINDOW		(NSEC_PER_SEC / 5)
#define FREE		(1u << 21)	/* KiB per second: from here on it is free */
#define PART_MIN	(64u << 10)	/* bytes taken at once: at least ... */
#define PART_MAX	(8u << 20)	/* ... and at most */
#define WAIT_MAX	((unsigned long)(HZ / 10))	/* jiffies until the next look */

bool __ms_app_active(struct ms_volume *v)
{
	return v->inflight || time_before(jiffies, READ_ONCE(v->app_at) + HZ / 5);
}

u32 __ms_pace_limit(const struct ms_volume *v)
{
	u32 most = min_not_zero(READ_ONCE(v->opt.resync_rate_max), v->copy_rate);

	return min_not_zero(v->pace.rate, most);
}

static u32 kib_per_second(u64 bytes, u64 ns)
{
	return min_t(u64, div64_u64(bytes * (NSEC_PER_SEC >> 10), ns), U32_MAX);
}

/* The rate beside the application that follows from the window that ends now. */
static void __window(struct ms_volume *v, u64 now)
{
	struct ms_pace *p = &v->pace;
	u32 moved, rate;

	if (now - p->window < WINDOW)
		return;
	moved = kib_per_second(p->moved, now - p->window);
	p->measured += ((s64)moved - p->measured) / 4;
	p->window = now;
	p->moved = 0;
	if (__ms_app_active(v)) {
		rate = min_not_zero(p->rate, moved) / 4;
		p->rate = max(rate, READ_ONCE(v->opt.resync_rate_min));
	} else {
		p->rate = p->rate < FREE / 2 ? 2 * p->rate : 0;
	}
}

/* Time pays the debt off. */
static void __pay(struct ms_volume *v, u64 now)
{
	struct ms_pace *p = &v->pace;
	u64 us = div_u64(now - p->paid, NSEC_PER_USEC);
	u32 limit = __ms_pace_limit(v);
	u64 paid;

	if (!limit) {
		p->debt = 0;
	} else if (us < 1000) {
		return;
	} else {
		paid = div_u64(min_t(u64, us, 10 * USEC_PER_SEC) * limit, USEC_PER_SEC >> 10);
		p->debt -= min(p->debt, paid);
	}
	p->paid = now;
}

/* May @bytes be read? Return: 0, or jiffies to wait before asking again. */
static unsigned long __admit(struct ms_volume *v, u64 bytes, bool copy)
{
	u64 now = ktime_get_ns(), rate, most;
	struct ms_pace *p = &v->pace;

	__window(v, now);
	__pay(v, now);
	rate = (u64)__ms_pace_limit(v) << 10;
	most = rate / 16;
	if (rate && p->debt > most)
		return clamp_t(u64, div64_u64((p->debt - most) * HZ, rate), 1, WAIT_MAX);
	if (copy && p->rate && v->copy_bytes && v->copy_bytes + bytes > rate / 8)
		return 1;
	p->debt += bytes;
	p->moved += bytes;
	return 0;
}

bool ms_pace(struct ms_volume *v, u32 session, u64 bytes, bool copy)
{
	unsigned long wait;

	while (ms_resync_going(v, session)) {
		spin_lock(&v->lock);
		wait = __admit(v, bytes, copy);
		spin_unlock(&v->lock);
		ms_progress_tell(v, session, false);
		if (!wait)
			return true;
		schedule_timeout_uninterruptible(wait);
	}
	return false;
}

void ms_pace_charge(struct ms_volume *v, u64 bytes)
{
	spin_lock(&v->lock);
	v->pace.debt += bytes;
	v->pace.moved += bytes;
	spin_unlock(&v->lock);
}

u32 ms_pace_segs(struct ms_volume *v)
{
	u64 bytes = PART_MAX;
	u32 limit;

	spin_lock(&v->lock);
	limit = __ms_pace_limit(v);
	spin_unlock(&v->lock);
	if (limit)
		bytes = clamp_t(u64, ((u64)limit << 10) / 16, PART_MIN, PART_MAX);
	return max_t(u64, bytes >> v->geo->seg_shift, 1);
}

void ms_pace_begin(struct ms_volume *v)
{
	spin_lock(&v->lock);
	memset(&v->pace, 0, sizeof(v->pace));
	v->pace.window = ktime_get_ns();
	v->pace.paid = v->pace.window;
	if (__ms_app_active(v))
		v->pace.rate = READ_ONCE(v->opt.resync_rate_min);
	spin_unlock(&v->lock);
}
