// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks that do not answer; see hang.h.
 *
 * A bio cannot be taken back from a device. So a write that the application was told has
 * failed goes on living: its pages are its own (I6), its segments stay held and its extent
 * recorded (I1, I2a) until the device answers, and what comes of it then is as true as
 * for any other write, code and mark included. A later write of the same segments
 * stays behind it (I7). One that was told so before it began is never begun. A crash in
 * between finds the extents in the record and suspects them.
 *
 * A look costs the length of the list, a few times in the time that a disk may take; the
 * write path only puts itself on it. Without the option nobody looks.
 *
 * Locking: v->lock for the list and the flags. The application is told without it.
 */
#include "engine/hang.h"
#include "engine/link.h"
#include "engine/primary.h"
#include "engine/read.h"

#define LOOKS	4u	/* in the time that a disk may take */
#define BATCH	32u
#define PATIENCE	(30 * HZ)	/* before a stop says what it waits for */

static u64 limit_ns(const struct ms_volume *v)
{
	return (u64)READ_ONCE(v->opt.disk_timeout) * NSEC_PER_MSEC;
}

static bool older(u64 now, u64 since, u64 ns)
{
	return now > since && now - since >= ns;
}

/* Does a device sit on something? */
static bool __hangs(struct ms_volume *v, u64 now, u64 ns)
{
	u64 meta = READ_ONCE(v->meta_begun), read = __ms_read_oldest(v);
	struct ms_write *w;

	if (meta && older(now, meta, ns))
		return true;
	if (v->own == MS_OWN_LEFT)	/* that disk is asked nothing more */
		return false;
	if (read && older(now, read, ns))
		return true;
	list_for_each_entry(w, &v->aging, age)
		if (w->local_pending && older(now, w->begun, ns))
			return true;
	return false;
}

/* An application waits for it, and has waited long enough: from here on it does not any more. */
static bool __expire(struct ms_write *w, u64 now, u64 ns)
{
	if (w->kind != MS_WRITE_APP || w->told || !older(now, w->taken, ns))
		return false;
	w->told = true;
	w->expired = true;
	w->v->watch.expired++;
	refcount_inc(&w->refs);
	return true;
}

/* Some of those, also of the ones that wait for a new generation, or for what loss.c decides. Return: how many. */
static u32 __collect(struct ms_volume *v, struct ms_write **batch, u64 now, u64 ns)
{
	struct ms_write *w;
	u32 n = 0;

	list_for_each_entry(w, &v->aging, age)
		if (n < BATCH && __expire(w, now, ns))
			batch[n++] = w;
	list_for_each_entry(w, &v->gen_wait, list)
		if (n < BATCH && __expire(w, now, ns))
			batch[n++] = w;
	list_for_each_entry(w, &v->lost, list)
		if (n < BATCH && __expire(w, now, ns))
			batch[n++] = w;
	return n;
}

static void tell_readers(struct ms_volume *v, u64 before)
{
	struct bio *bio;

	do {
		spin_lock(&v->lock);
		bio = __ms_read_expire(v, before);
		if (bio)
			v->watch.expired++;
		spin_unlock(&v->lock);
		if (bio)
			ms_read_fail(bio);
	} while (bio);
}

static void tell_writers(struct ms_volume *v, u64 now, u64 ns)
{
	struct ms_write *batch[BATCH];
	u32 n, i;

	do {
		spin_lock(&v->lock);
		n = __collect(v, batch, now, ns);
		spin_unlock(&v->lock);
		for (i = 0; i < n; i++) {
			ms_primary_expired(batch[i]);
			ms_write_put(batch[i]);
		}
	} while (n == BATCH);
}

/* It has begun, or is over. */
static void turned(struct ms_volume *v, bool hung, bool target)
{
	if (hung)
		ms_err_limit(v, "a disk has not answered for %u ms: %s until it does",
		       READ_ONCE(v->opt.disk_timeout),
		       target ? "without the peer" : "errors to the application");
	else if (ms_may_talk(v))
		ms_info(v, "the disk answers again");
	if (hung && target)
		ms_net_cut(v->net, -EIO);
	queue_work(v->io_wq, &v->intake_work);
	queue_work(v->io_wq, &v->read_work);
	ms_volume_event(v);
}

static void hang_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, hang_work);
	u64 now = ktime_get_ns(), ns = limit_ns(v);
	bool hung, was, target, left;

	spin_lock(&v->lock);
	left = v->own == MS_OWN_LEFT;
	was = v->hung;
	hung = ns && __hangs(v, now, ns);
	v->hung = hung;
	target = v->claim == MS_CLAIM_NONE;
	spin_unlock(&v->lock);
	if (hung != was)
		turned(v, hung, target);
	if (hung) {
		tell_writers(v, now, ns);
		/* The workers of these lines may themselves sit in the disk. */
		ms_primary_refuse(v);
		ms_read_refuse(v);
	}
	if (hung || (left && ns))
		tell_readers(v, now - ns);
	if (ns)
		queue_delayed_work(system_unbound_wq, &v->hang_work,
				   nsecs_to_jiffies(ns / LOOKS));
}

void ms_hang_watch(struct ms_volume *v)
{
	mod_delayed_work(system_unbound_wq, &v->hang_work, 0);
}

void ms_hang_stop(struct ms_volume *v)
{
	cancel_delayed_work_sync(&v->hang_work);
	spin_lock(&v->lock);
	v->hung = false;
	spin_unlock(&v->lock);
}

void ms_hang_wait(struct ms_volume *v, bool (*over)(struct ms_volume *v))
{
	while (!wait_event_idle_timeout(v->cooled, over(v), PATIENCE))
		ms_warn_limit(v, "waits for what a disk of this site has been given and not answered");
}

void ms_hang_init(struct ms_volume *v)
{
	INIT_LIST_HEAD(&v->aging);
	INIT_DELAYED_WORK(&v->hang_work, hang_work);
}
