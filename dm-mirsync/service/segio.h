/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Payload buffers and data-device I/O: private pages for the bytes of a write
 * or a read, their codes, and the bios that move them. Knows segments only as
 * lengths; knows nothing of extents, peers or roles.
 *
 * Locking: none of its own but a mutex inside the pool that lets one taker at
 * a time drain the reserve (several takers that each hold a part would wait
 * for each other for ever), and a spin lock for the pages that were used last.
 * Everything may sleep except ms_io_submit()'s callback, which runs in interrupt
 * context.
 */
#ifndef MS_SERVICE_SEGIO_H
#define MS_SERVICE_SEGIO_H

#include <linux/bio.h>
#include <linux/mempool.h>
#include <linux/mutex.h>

#include "shared/wire.h"

/*
 * Pages kept for the next writes. One of the kernel's own costs more than what is done with it, the more
 * as it is filled with zeroes before, by default. A kernel that looks for wrong uses of memory is to see each.
 */
#define MS_USED_PAGES	(IS_ENABLED(CONFIG_KASAN) ? 0 : 1024)

#define MS_BUF_INLINE	9	/* pages that need no separate vector: 32 KiB, unaligned */

/*
 * A run of sectors in private pages. The first byte lies at the same offset
 * in its page as in 4 KiB of the device, so that no 4 KiB segment straddles
 * two pages.
 */
struct ms_buf {
	struct bio_vec *bv;
	u32 nr;
	u32 bytes;
	bool spare;		/* bv is of the pool's reserve */
	struct bio_vec small[MS_BUF_INLINE];
};

struct ms_pool {
	u32 max;		/* pages of the largest buffer */
	mempool_t vectors;	/* of so many each */
	mempool_t pages;
	spinlock_t lock;
	struct list_head used;	/* lock: pages that were used before, by their lru, the last one first */
	u32 nr_used;		/* lock */
	struct mutex reserve;	/* held by the one taker that may wait */
	struct bio_set bios;
};

/* @max: pages of the largest buffer; those of two are kept for forward progress */
int ms_pool_init(struct ms_pool *p, u32 max);
void ms_pool_exit(struct ms_pool *p);

/**
 * ms_buf_alloc() - pages for @nsectors beginning at @sector
 *
 * Waits for memory, which comes back when I/O ends: not for a caller that such I/O waits
 * for. At most as many bytes as the pool was made for.
 */
void ms_buf_alloc(struct ms_pool *p, struct ms_buf *b, u64 sector, u32 nsectors);
void ms_buf_free(struct ms_pool *p, struct ms_buf *b);

/* Copy the payload of @bio, from its current position, into @b. */
void ms_buf_copy_from_bio(struct ms_buf *b, struct bio *bio);
/* The other way: fill @bio, from its current position, with what is in @b behind @skip bytes. */
void ms_buf_copy_to_bio(const struct ms_buf *b, u32 skip, struct bio *bio);

/**
 * ms_buf_codes() - codes of the segments that a buffer touches
 * @sector, @nsectors: where the buffer lies on the volume
 * @geo: segment size and end of the volume
 * @seed: of the volume
 * @span: of the same run
 * @codes: one for each segment of @span; for a segment covered in part only
 *	the crc32c of the covered bytes, in the upper half
 *
 * One pass over the bytes.
 */
void ms_buf_codes(const struct ms_buf *b, u64 sector, u32 nsectors,
		  const struct ms_geo *geo, u64 seed,
		  const struct ms_span *span, __le64 *codes);

/* ms_buf_verify() - do @codes (as above) fit the bytes. Compares the crc32c halves, whole codes where the segment is whole. Return: 0, -EBADMSG, -ENOMEM */
int ms_buf_verify(const struct ms_buf *b, u64 sector, u32 nsectors,
		  const struct ms_geo *geo, u64 seed,
		  const struct ms_span *span, const __le64 *codes);

struct ms_io {
	struct block_device *bdev;
	u64 sector;
	u32 nsectors;
	const struct ms_buf *buf;	/* NULL for a flush */
	blk_opf_t opf;
	int status;			/* negative errno, when it ends */
	void (*end)(struct ms_io *io);	/* interrupt context */
};

/* Start it; @io must live until end(). */
void ms_io_submit(struct ms_pool *p, struct ms_io *io);
/* Start it and wait. Return: 0 or negative errno. */
int ms_io_sync(struct ms_pool *p, struct ms_io *io);

/**
 * ms_zeroout() - write zeroes
 * @sector, @nsectors: where; no more than 4 GiB
 * @nounmap: keep the space allocated
 *
 * By the device itself if it can, else by writing them. Sleeps.
 *
 * Return: 0 or negative errno.
 */
int ms_zeroout(struct ms_pool *p, struct block_device *bdev, u64 sector, u32 nsectors, bool nounmap);

#endif
