// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payload buffers and data-device I/O; see segio.h. Called by the engine's
 * write path, the peer's receiver, the generator and the resync.
 */
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/highmem.h>
#include <linux/slab.h>

#include "shared/code.h"
#include "service/segio.h"

int ms_pool_init(struct ms_pool *p, u32 max)
{
	int r;

	p->max = max;
	mutex_init(&p->reserve);
	spin_lock_init(&p->lock);
	INIT_LIST_HEAD(&p->used);
	p->nr_used = 0;
	r = mempool_init_kmalloc_pool(&p->vectors, 2, max * sizeof(struct bio_vec));
	if (r)
		return r;
	r = mempool_init_page_pool(&p->pages, 2 * max, 0);
	if (r)
		goto no_pages;
	r = bioset_init(&p->bios, 64, 0, BIOSET_NEED_BVECS);
	if (!r)
		return 0;
	mempool_exit(&p->pages);
no_pages:
	mempool_exit(&p->vectors);
	return r;
}

void ms_pool_exit(struct ms_pool *p)
{
	struct page *page, *next;

	bioset_exit(&p->bios);
	list_for_each_entry_safe(page, next, &p->used, lru)
		mempool_free(page, &p->pages);
	mempool_exit(&p->pages);
	mempool_exit(&p->vectors);
	mutex_destroy(&p->reserve);
}

/* As many as there are of those that were used before. Return: how many. */
static u32 take_used(struct ms_pool *p, struct ms_buf *b)
{
	struct page *page;
	u32 i;

	spin_lock(&p->lock);
	for (i = 0; i < b->nr && p->nr_used; i++) {
		page = list_first_entry(&p->used, struct page, lru);
		list_del(&page->lru);
		p->nr_used--;
		b->bv[i].bv_page = page;
	}
	spin_unlock(&p->lock);
	return i;
}

/*
 * Keep it for the next one, unless a disk's driver, or the network below it, still has it, or the reserve
 * wants it: somebody may wait for that.
 */
static bool __keep_used(struct ms_pool *p, struct page *page)
{
	if (p->nr_used >= MS_USED_PAGES || page_count(page) != 1 ||
	    READ_ONCE(p->pages.curr_nr) < p->pages.min_nr)
		return false;
	list_add(&page->lru, &p->used);
	p->nr_used++;
	return true;
}

static void give_pages(struct ms_pool *p, struct ms_buf *b)
{
	u32 i, kept;

	spin_lock(&p->lock);
	for (kept = 0; kept < b->nr && __keep_used(p, b->bv[kept].bv_page); kept++)
		;
	spin_unlock(&p->lock);
	for (i = kept; i < b->nr; i++)
		mempool_free(b->bv[i].bv_page, &p->pages);
}

/* All pages at once without waiting; what was got is given back when it does not work out. */
static bool take_pages(struct ms_pool *p, struct ms_buf *b, gfp_t gfp)
{
	u32 i;

	for (i = take_used(p, b); i < b->nr; i++) {
		b->bv[i].bv_page = mempool_alloc(&p->pages, gfp);
		if (!b->bv[i].bv_page)
			break;
	}
	if (i == b->nr)
		return true;
	while (i)
		mempool_free(b->bv[--i].bv_page, &p->pages);
	return false;
}

/* Of the size needed, or the largest from the reserve. */
static void take_vector(struct ms_pool *p, struct ms_buf *b)
{
	b->spare = false;
	b->bv = b->small;
	if (b->nr <= MS_BUF_INLINE)
		return;
	b->bv = kmalloc_array(b->nr, sizeof(*b->bv), GFP_NOWAIT | __GFP_NOWARN);
	if (b->bv)
		return;
	b->bv = mempool_alloc(&p->vectors, GFP_NOIO);
	b->spare = true;
}

static void free_vector(struct ms_pool *p, struct ms_buf *b)
{
	if (b->spare)
		mempool_free(b->bv, &p->vectors);
	else if (b->bv != b->small)
		kfree(b->bv);
}

void ms_buf_alloc(struct ms_pool *p, struct ms_buf *b, u64 sector, u32 nsectors)
{
	u32 offset = (sector << SECTOR_SHIFT) & ~PAGE_MASK;
	u32 left = nsectors << SECTOR_SHIFT;
	u32 i;

	b->bytes = left;
	b->nr = DIV_ROUND_UP(offset + left, PAGE_SIZE);
	WARN_ON_ONCE(b->nr > p->max);
	take_vector(p, b);
	for (i = 0; i < b->nr; i++) {
		b->bv[i].bv_offset = offset;
		b->bv[i].bv_len = min_t(u32, left, PAGE_SIZE - offset);
		left -= b->bv[i].bv_len;
		offset = 0;
	}
	if (take_pages(p, b, GFP_NOWAIT | __GFP_NOWARN))
		return;
	mutex_lock(&p->reserve);
	take_pages(p, b, GFP_NOIO);	/* waits instead of failing */
	mutex_unlock(&p->reserve);
}

void ms_buf_free(struct ms_pool *p, struct ms_buf *b)
{
	if (!b->bv)
		return;
	give_pages(p, b);
	free_vector(p, b);
	b->bv = NULL;
	b->nr = 0;
}

/* A position in a buffer. */
struct cursor {
	u32 i;		/* vector */
	u32 done;	/* bytes of it behind us */
};

/* Copy one vector of a bio, out of it or into it, as far as the buffer goes. */
static void copy_vec(const struct ms_buf *b, struct cursor *c, struct bio_vec *vec, bool into)
{
	char *theirs = bvec_kmap_local(vec);
	u32 at = 0;

	while (at < vec->bv_len && c->i < b->nr) {
		struct bio_vec *ours = &b->bv[c->i];
		u32 n = min(vec->bv_len - at, ours->bv_len - c->done);
		char *p = bvec_kmap_local(ours);

		if (into)
			memcpy(theirs + at, p + c->done, n);
		else
			memcpy(p + c->done, theirs + at, n);
		kunmap_local(p);
		at += n;
		c->done += n;
		if (c->done == ours->bv_len) {
			c->i++;
			c->done = 0;
		}
	}
	kunmap_local(theirs);
}

void ms_buf_copy_from_bio(struct ms_buf *b, struct bio *bio)
{
	struct cursor c = { 0, 0 };
	struct bvec_iter iter;
	struct bio_vec vec;

	bio_for_each_segment(vec, bio, iter)
		copy_vec(b, &c, &vec, false);
}

void ms_buf_copy_to_bio(const struct ms_buf *b, u32 skip, struct bio *bio)
{
	struct cursor c = { 0, skip };
	struct bvec_iter iter;
	struct bio_vec vec;

	while (c.i < b->nr && c.done >= b->bv[c.i].bv_len)
		c.done -= b->bv[c.i++].bv_len;
	bio_for_each_segment(vec, bio, iter) {
		copy_vec(b, &c, &vec, true);
		flush_dcache_page(vec.bv_page);
	}
}

/* Feed the next @n bytes into @st; a single piece when they lie in one page. */
static u64 code_run(const struct ms_buf *b, struct cursor *c, u32 n, u64 seed,
		    bool whole)
{
	struct ms_code_state st;
	u32 crc = ~0u;
	u64 code = 0;
	bool first = true;

	while (n) {
		const struct bio_vec *bv = &b->bv[c->i];
		u32 len = min(n, bv->bv_len - c->done);
		char *p = bvec_kmap_local((struct bio_vec *)bv) + c->done;

		if (!whole) {
			crc = ms_crc32c_raw(crc, p, len);
		} else if (first && len == n) {
			code = ms_code(p, len, seed);
		} else {
			if (first)
				ms_code_init(&st, seed);
			ms_code_update(&st, p, len);
			if (len == n)
				code = ms_code_final(&st);
		}
		kunmap_local(p);
		first = false;
		n -= len;
		c->done += len;
		if (c->done == bv->bv_len) {
			c->i++;
			c->done = 0;
		}
	}
	return whole ? code : (u64)~crc << 32;
}

/* Bytes of segment @i of @span that lie in the run, and whether these are all of it. */
static u32 covered(u64 sector, u32 nsectors, const struct ms_geo *geo,
		   const struct ms_span *span, u32 i, bool *whole)
{
	u64 start = ms_geo_extent_start(geo, span->extent) +
		    ((u64)(span->first + i) << (geo->seg_shift - MS_SECTOR_SHIFT));
	u64 end = start + ms_geo_seg_len(geo, span->extent, span->first + i);
	u64 from = max(start, sector), to = min(end, sector + nsectors);

	*whole = from == start && to == end;
	return (u32)(to - from) << MS_SECTOR_SHIFT;
}

void ms_buf_codes(const struct ms_buf *b, u64 sector, u32 nsectors,
		  const struct ms_geo *geo, u64 seed,
		  const struct ms_span *span, __le64 *codes)
{
	struct cursor c = { 0, 0 };
	bool whole;
	u32 i, n;

	for (i = 0; i < span->count; i++) {
		n = covered(sector, nsectors, geo, span, i, &whole);
		codes[i] = cpu_to_le64(code_run(b, &c, n, seed, whole));
	}
}

int ms_buf_verify(const struct ms_buf *b, u64 sector, u32 nsectors,
		  const struct ms_geo *geo, u64 seed,
		  const struct ms_span *span, const __le64 *codes)
{
	struct cursor c = { 0, 0 };
	bool whole;
	u32 i, n;

	for (i = 0; i < span->count; i++) {
		n = covered(sector, nsectors, geo, span, i, &whole);
		if (codes[i] != cpu_to_le64(code_run(b, &c, n, seed, whole)))
			return -EBADMSG;
	}
	return 0;
}

static void end_bio(struct bio *bio)
{
	struct ms_io *io = bio->bi_private;

	io->status = blk_status_to_errno(bio->bi_status);
	bio_put(bio);
	io->end(io);
}

void ms_io_submit(struct ms_pool *p, struct ms_io *io)
{
	u32 nr = io->buf ? io->buf->nr : 0;
	struct bio *bio = bio_alloc_bioset(io->bdev, nr, io->opf, GFP_NOIO, &p->bios);
	u32 i;

	bio->bi_iter.bi_sector = io->sector;
	bio->bi_private = io;
	bio->bi_end_io = end_bio;
	for (i = 0; i < nr; i++)
		__bio_add_page(bio, io->buf->bv[i].bv_page, io->buf->bv[i].bv_len,
			       io->buf->bv[i].bv_offset);
	submit_bio(bio);
}

struct sync_io {
	struct ms_io io;
	struct completion done;
};

static void end_sync(struct ms_io *io)
{
	complete(&container_of(io, struct sync_io, io)->done);
}

int ms_io_sync(struct ms_pool *p, struct ms_io *io)
{
	struct sync_io s = { .io = *io };

	init_completion(&s.done);
	s.io.end = end_sync;
	ms_io_submit(p, &s.io);
	wait_for_completion_io(&s.done);
	io->status = s.io.status;
	return io->status;
}
