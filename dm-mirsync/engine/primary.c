// SPDX-License-Identifier: GPL-2.0-only
/*
 * Application I/O at the primary; see primary.h. map() never sleeps: it only
 * queues. The intake worker copies the payload (I6), computes the codes and
 * hands the write to its extent, as long as the bytes in flight are below
 * their limit. Reads go to the disk at once, but are put into a line of
 * their own when it has failed a write (loss.c). Locking: v->lock for the lists and the flags.
 */
#include <linux/blkdev.h>

#include "engine/policy.h"
#include "engine/primary.h"
#include "engine/read.h"
#include "engine/repair.h"
#include "engine/resync_rate.h"
#include "engine/trace.h"

#define END_TOGETHER	32	/* bios, at most */

static struct bio_list *line(struct ms_volume *v, const struct bio *bio)
{
	return bio_data_dir(bio) == READ ? &v->reads_later : &v->intake;
}

/* Return: as map() does; when remapped it is the caller's to submit. */
static int read_disk(struct ms_volume *v, struct bio *bio)
{
	if (ms_read_apart(v)) {
		ms_read_queue(v, bio);
		return DM_MAPIO_SUBMITTED;
	}
	bio_set_dev(bio, v->data);
	return DM_MAPIO_REMAPPED;
}

int ms_primary_map(struct ms_volume *v, struct bio *bio)
{
	struct ms_app_io *io = dm_per_bio_data(bio, sizeof(*io));

	ms_app_seen(v);
	trace_mirsync_bio(v, bio);
	if (bio_data_dir(bio) == READ) {
		if (!READ_ONCE(v->active) || READ_ONCE(v->hung))
			return DM_MAPIO_KILL;
		io->iter = bio->bi_iter;
		io->flags = bio->bi_flags;
		io->tried = false;
		ms_watch_read(&v->watch, bio_sectors(bio));
		if (READ_ONCE(v->own) == MS_OWN_USED)
			return read_disk(v, bio);
		io->tried = true;	/* until the disk is asked */
	}
	io->done = 0;
	spin_lock(&v->lock);
	if ((!v->active || v->hung) && !v->frozen) {
		spin_unlock(&v->lock);
		return DM_MAPIO_KILL;
	}
	bio_list_add(line(v, bio), bio);
	spin_unlock(&v->lock);
	queue_work(v->io_wq, &v->intake_work);
	return DM_MAPIO_SUBMITTED;
}

/* Would the peer do better? Not where the disk was never asked, or will be again. */
static bool is_disk_error(blk_status_t status)
{
	switch (status) {
	case BLK_STS_NOTSUPP:
	case BLK_STS_AGAIN:
	case BLK_STS_RESOURCE:
	case BLK_STS_DEV_RESOURCE:
	case BLK_STS_DM_REQUEUE:
		return false;
	default:
		return true;
	}
}

int ms_primary_end_io(struct ms_volume *v, struct bio *bio, blk_status_t status)
{
	struct ms_app_io *io = dm_per_bio_data(bio, sizeof(*io));

	if (bio_op(bio) != REQ_OP_READ || bio->bi_opf & REQ_RAHEAD || io->tried ||
	    !is_disk_error(status))
		return DM_ENDIO_DONE;
	ms_repair_read(v, io, false);
	return DM_ENDIO_INCOMPLETE;
}

static bool is_zeroing(const struct bio *bio)
{
	return bio_op(bio) == REQ_OP_DISCARD || bio_op(bio) == REQ_OP_WRITE_ZEROES;
}

/* One extent's share of a discard or write-zeroes; the rest follows when it is done. */
static struct ms_write *zero_piece(struct ms_volume *v, struct bio *bio)
{
	struct ms_app_io *io = dm_per_bio_data(bio, sizeof(*io));
	u64 sector = bio->bi_iter.bi_sector + io->done;
	u64 left = bio_sectors(bio) - io->done;
	u64 end = ms_geo_extent_start(v->geo, ms_geo_extent(v->geo, sector)) +
		  v->geo->extent_sectors;
	struct ms_write *w;

	w = ms_write_alloc(v, MS_WRITE_APP, sector, min(left, end - sector), false);
	if (w && bio_op(bio) == REQ_OP_WRITE_ZEROES && bio->bi_opf & REQ_NOUNMAP)
		w->flags |= MS_W_NOUNMAP;
	return w;
}

static struct ms_write *data_write(struct ms_volume *v, struct bio *bio)
{
	u64 sector = bio->bi_iter.bi_sector;
	u32 n = bio_sectors(bio);
	struct ms_write *w;

	if (n > MS_DATA_MAX >> SECTOR_SHIFT)
		return NULL;
	w = ms_write_alloc(v, MS_WRITE_APP, sector, n, true);
	if (!w)
		return NULL;
	ms_buf_copy_from_bio(&w->buf, bio);
	ms_buf_codes(&w->buf, sector, n, v->geo, v->seed, &w->span, w->body->codes);
	return w;
}

/* One that came when the disk had failed. */
static void take_read(struct ms_volume *v, struct bio *bio)
{
	struct ms_app_io *io = dm_per_bio_data(bio, sizeof(*io));

	if (READ_ONCE(v->own) == MS_OWN_LEFT) {
		ms_repair_read(v, io, true);
		return;
	}
	io->tried = false;
	bio->bi_status = BLK_STS_OK;
	if (read_disk(v, bio) == DM_MAPIO_REMAPPED)
		submit_bio_noacct(bio);
}

static void take(struct ms_volume *v, struct bio *bio)
{
	struct ms_write *w;

	if (bio_data_dir(bio) == READ) {
		take_read(v, bio);
		return;
	}
	if (!bio_sectors(bio)) {
		w = ms_flush_alloc(v, MS_WRITE_APP);
		w->app = bio;
		ms_flush_submit(w);
		return;
	}
	w = is_zeroing(bio) ? zero_piece(v, bio) : data_write(v, bio);
	if (!w) {
		bio_io_error(bio);
		return;
	}
	if (bio->bi_opf & REQ_FUA)
		w->flags |= MS_W_FUA;
	w->app = bio;
	ms_write_submit(w);
}

static void end_all(struct bio_list *list, blk_status_t status)
{
	struct bio *bio;

	while ((bio = bio_list_pop(list))) {
		bio->bi_status = status;
		bio_endio(bio);
	}
}

static bool __may_take(struct ms_volume *v)
{
	return v->own != MS_OWN_FAILING && ms_write_room(v) && __ms_policy_room(v) &&
	       !__ms_policy_frozen(v);
}

/* From a disk in use at once, as ever; from the peer like a write, which waits for one that is lost. */
static bool __may_read(struct ms_volume *v)
{
	return v->own == MS_OWN_USED || (v->own == MS_OWN_LEFT && !__ms_policy_frozen(v));
}

/* The next bio that something can be done about. */
static struct bio *__next(struct ms_volume *v, bool active)
{
	struct bio *bio = NULL;

	if (v->frozen)
		return NULL;
	if (!active || __may_read(v))
		bio = bio_list_pop(&v->reads_later);
	if (!bio && (!active || __may_take(v)))
		bio = bio_list_pop(&v->intake);
	return bio;
}

/* Whatever waits here. */
static void __take_all(struct ms_volume *v, struct bio_list *list)
{
	bio_list_merge(list, &v->reads_later);
	bio_list_merge(list, &v->intake);
	bio_list_init(&v->reads_later);
	bio_list_init(&v->intake);
}

static void intake_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, intake_work);
	struct blk_plug plug;
	struct bio_list back;
	struct bio *bio;
	bool active;

	blk_start_plug(&plug);
	do {
		bio_list_init(&back);
		spin_lock(&v->lock);
		bio = NULL;
		active = v->active && !v->hung;
		/* One that is interrupted takes nothing back any more, a while before it says so. */
		if (!v->requeue)
			bio = __next(v, active);
		else if (dm_noflush_suspending(v->requeue))
			__take_all(v, &back);
		spin_unlock(&v->lock);
		end_all(&back, BLK_STS_DM_REQUEUE);
		if (!bio)
			break;
		if (active)
			take(v, bio);
		else
			bio_io_error(bio);
	} while (true);
	blk_finish_plug(&plug);
}

void ms_primary_again(struct ms_volume *v, struct bio *bio)
{
	spin_lock(&v->lock);
	bio_list_add_head(line(v, bio), bio);
	spin_unlock(&v->lock);
	queue_work(v->io_wq, &v->intake_work);
}

/* Bios of the application that are over, in the plug of who has ended them. */
struct ended {
	struct blk_plug_cb cb;
	struct bio_list list;
	u32 count;
};

static void end_these(struct ended *e)
{
	struct bio *bio;

	while ((bio = bio_list_pop(&e->list)))
		bio_endio(bio);
	e->count = 0;
}

static void unplug(struct blk_plug_cb *cb, bool from_schedule)
{
	struct ended *e = container_of(cb, struct ended, cb);

	end_these(e);
	kfree(e);
}

/*
 * Several at once wake the application once, which then has several to ask for again. Who has a plug
 * takes the next one in hand, or sleeps, which empties it.
 */
static void end_together(struct ms_volume *v, struct bio *bio)
{
	struct blk_plug_cb *cb = blk_check_plugged(unplug, v, sizeof(struct ended));
	struct ended *e;

	if (!cb) {
		bio_endio(bio);
		return;
	}
	e = container_of(cb, struct ended, cb);
	bio_list_add(&e->list, bio);
	if (++e->count == END_TOGETHER)
		end_these(e);
}

void ms_primary_ended(struct ms_write *w)
{
	struct ms_volume *v = w->v;
	struct bio *bio = w->app;
	struct ms_app_io *io = dm_per_bio_data(bio, sizeof(*io));

	w->app = NULL;
	if (w->zero && !w->status && !w->parked)
		io->done += w->op.nsectors;
	if (w->parked || (w->zero && !w->status && io->done < bio_sectors(bio))) {
		ms_primary_again(v, bio);
		return;
	}
	bio->bi_status = errno_to_blk_status(w->status);
	end_together(v, bio);
}

void ms_primary_expired(struct ms_write *w)
{
	struct bio *bio = w->app;

	w->app = NULL;
	bio_io_error(bio);
}

void ms_primary_refuse(struct ms_volume *v)
{
	struct bio_list list;

	bio_list_init(&list);
	spin_lock(&v->lock);
	if (v->hung && !v->frozen)
		__take_all(v, &list);
	spin_unlock(&v->lock);
	end_all(&list, BLK_STS_IOERR);
}

void ms_primary_requeue(struct ms_volume *v, struct dm_target *ti)
{
	struct bio_list back;

	bio_list_init(&back);
	spin_lock(&v->lock);
	v->requeue = ti;
	if (ti)
		__take_all(v, &back);
	spin_unlock(&v->lock);
	end_all(&back, BLK_STS_DM_REQUEUE);
	queue_work(v->io_wq, &v->intake_work);
}

static bool still(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = __ms_write_idle(v);
	spin_unlock(&v->lock);
	return r;
}

int ms_primary_freeze(struct ms_volume *v, unsigned int seconds)
{
	spin_lock(&v->lock);
	v->frozen = true;
	spin_unlock(&v->lock);
	if (wait_event_timeout(v->cooled, still(v), seconds * HZ))
		return 0;
	ms_primary_thaw(v);
	return -ETIMEDOUT;
}

void ms_primary_thaw(struct ms_volume *v)
{
	spin_lock(&v->lock);
	v->frozen = false;
	spin_unlock(&v->lock);
	queue_work(v->io_wq, &v->intake_work);
}

void ms_primary_init(struct ms_volume *v)
{
	INIT_WORK(&v->intake_work, intake_work);
	bio_list_init(&v->intake);
	bio_list_init(&v->reads_later);
}
