// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads by way of own pages; see read.h. A read changes nothing, so a crash leaves nothing.
 * One that the application was told has failed stays in v->reading with its pages until
 * the disk answers. Locking: v->lock; the device's interrupt only puts what has ended on
 * v->reads_done.
 */
#include <linux/bio.h>

#include "engine/primary.h"
#include "engine/read.h"

#define READING_MAX	(16u << 20)	/* bytes in the disk at once */

struct ms_read {
	struct ms_volume *v;
	struct bio *app;		/* lock: NULL: nobody waits any more */
	u64 begun;
	struct ms_buf buf;
	struct ms_io io;
	struct list_head age;		/* lock: in v->reading, oldest first */
	struct llist_node done;
};

static bool __room(const struct ms_volume *v)
{
	return v->reading_bytes < READING_MAX;
}

static void free_read(struct ms_read *r)
{
	ms_buf_free(&r->v->pool, &r->buf);
	mempool_free(r, &r->v->reads);
}

static void end(struct ms_io *io)
{
	struct ms_read *r = container_of(io, struct ms_read, io);
	struct ms_volume *v = r->v;

	if (llist_add(&r->done, &v->reads_done))
		queue_work(v->done_wq, &v->reads_done_work);
}

static void start(struct ms_volume *v, struct bio *bio)
{
	struct ms_read *r = mempool_alloc(&v->reads, GFP_NOIO);

	memset(r, 0, sizeof(*r));
	r->v = v;
	r->app = bio;
	r->io.bdev = v->data;
	r->io.sector = bio->bi_iter.bi_sector;
	r->io.nsectors = bio_sectors(bio);
	r->io.buf = &r->buf;
	r->io.opf = REQ_OP_READ | (bio->bi_opf & (REQ_SYNC | REQ_META | REQ_PRIO));
	r->io.end = end;
	ms_buf_alloc(&v->pool, &r->buf, r->io.sector, r->io.nsectors);
	r->begun = ktime_get_ns();
	spin_lock(&v->lock);
	list_add_tail(&r->age, &v->reading);
	v->reading_bytes += r->buf.bytes;
	spin_unlock(&v->lock);
	ms_io_submit(&v->pool, &r->io);
}

void ms_read_refuse(struct ms_volume *v)
{
	struct bio_list list;
	struct bio *bio;

	bio_list_init(&list);
	spin_lock(&v->lock);
	if (v->hung) {
		bio_list_merge(&list, &v->read_intake);
		bio_list_init(&v->read_intake);
	}
	spin_unlock(&v->lock);
	while ((bio = bio_list_pop(&list)))
		ms_read_fail(bio);
}

static void read_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, read_work);
	struct bio *bio;
	bool hung;

	do {
		spin_lock(&v->lock);
		hung = v->hung;
		bio = hung || __room(v) ? bio_list_pop(&v->read_intake) : NULL;
		spin_unlock(&v->lock);
		if (bio && hung)
			ms_read_fail(bio);
		else if (bio && READ_ONCE(v->own) != MS_OWN_USED)
			ms_primary_again(v, bio);
		else if (bio)
			start(v, bio);
	} while (bio);
}

/* A failed one goes on to ms_primary_end_io(), as one that the disk itself was given. */
static void ended(struct ms_read *r)
{
	struct ms_volume *v = r->v;
	struct bio *bio;

	spin_lock(&v->lock);
	list_del(&r->age);
	v->reading_bytes -= r->buf.bytes;
	bio = r->app;
	if (!bio_list_empty(&v->read_intake))
		queue_work(v->io_wq, &v->read_work);
	spin_unlock(&v->lock);
	if (bio) {
		if (!r->io.status)
			ms_buf_copy_to_bio(&r->buf, 0, bio);
		bio->bi_status = errno_to_blk_status(r->io.status);
		bio_endio(bio);
	}
	free_read(r);
}

static void reads_done_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, reads_done_work);
	struct llist_node *list = llist_reverse_order(llist_del_all(&v->reads_done));
	struct ms_read *r, *next;

	llist_for_each_entry_safe(r, next, list, done)
		ended(r);
	wake_up_all(&v->cooled);
}

void ms_read_queue(struct ms_volume *v, struct bio *bio)
{
	spin_lock(&v->lock);
	bio_list_add(&v->read_intake, bio);
	spin_unlock(&v->lock);
	queue_work(v->io_wq, &v->read_work);
}

u64 __ms_read_oldest(struct ms_volume *v)
{
	struct ms_read *r = list_first_entry_or_null(&v->reading, struct ms_read, age);

	lockdep_assert_held(&v->lock);
	return r ? r->begun : 0;
}

struct bio *__ms_read_expire(struct ms_volume *v, u64 before)
{
	struct ms_read *r;
	struct bio *bio;

	lockdep_assert_held(&v->lock);
	list_for_each_entry(r, &v->reading, age) {
		if (r->begun > before)
			break;
		bio = r->app;
		if (!bio)
			continue;
		r->app = NULL;
		return bio;
	}
	return NULL;
}

void ms_read_fail(struct bio *bio)
{
	struct ms_app_io *io = dm_per_bio_data(bio, sizeof(*io));

	io->tried = true;
	bio_io_error(bio);
}

bool __ms_read_idle(const struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	return list_empty(&v->reading) && bio_list_empty(&v->read_intake);
}

void ms_read_work_init(struct ms_volume *v)
{
	INIT_LIST_HEAD(&v->reading);
	bio_list_init(&v->read_intake);
	init_llist_head(&v->reads_done);
	INIT_WORK(&v->read_work, read_work);
	INIT_WORK(&v->reads_done_work, reads_done_work);
}

int ms_reads_init(struct ms_volume *v)
{
	return mempool_init_kmalloc_pool(&v->reads, 16, sizeof(struct ms_read));
}

void ms_reads_exit(struct ms_volume *v)
{
	mempool_exit(&v->reads);
}
