// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroes on the data device; see segio.h. As blkdev_issue_zeroout() does it, but with bios of the
 * volume: those that are there for the whole system may all be held by writes that wait for
 * this volume. One at a time, so that whoever is in here holds one at most. No state.
 */
#include <linux/blkdev.h>
#include <linux/mm.h>

#include "service/segio.h"

static int submit_and_put(struct bio *bio)
{
	int r = submit_bio_wait(bio);

	bio_put(bio);
	return r;
}

/* The device makes them itself. */
static int offload(struct ms_pool *p, struct block_device *bdev, u64 sector, u32 n, blk_opf_t flags)
{
	struct bio *bio = bio_alloc_bioset(bdev, 0, REQ_OP_WRITE_ZEROES | flags, GFP_NOIO, &p->bios);

	bio->bi_iter.bi_sector = sector;
	bio->bi_iter.bi_size = n << SECTOR_SHIFT;
	return submit_and_put(bio);
}

static int write_pages(struct ms_pool *p, struct block_device *bdev, u64 sector, u32 n)
{
	u32 left = n << SECTOR_SHIFT, len;
	struct bio *bio = bio_alloc_bioset(bdev, DIV_ROUND_UP(left, PAGE_SIZE), REQ_OP_WRITE, GFP_NOIO, &p->bios);

	bio->bi_iter.bi_sector = sector;
	for (; left; left -= len) {
		len = min_t(u32, left, PAGE_SIZE);
		__bio_add_page(bio, ZERO_PAGE(0), len, 0);
	}
	return submit_and_put(bio);
}

int ms_zeroout(struct ms_pool *p, struct block_device *bdev, u64 sector, u32 nsectors, bool nounmap)
{
	const u32 pages = BIO_MAX_VECS << (PAGE_SHIFT - SECTOR_SHIFT);
	/* Whole logical blocks, of 4 KiB at most. */
	u32 limit = round_down(min(bdev_write_zeroes_sectors(bdev), UINT_MAX >> SECTOR_SHIFT), 8);
	u32 n;
	int r;

	while (nsectors) {
		n = min(nsectors, limit ?: pages);
		r = limit ? offload(p, bdev, sector, n, nounmap ? REQ_NOUNMAP : 0) :
			    write_pages(p, bdev, sector, n);
		if (r && limit) {	/* it may not have known that it cannot */
			limit = 0;
			continue;
		}
		if (r)
			return r;
		sector += n;
		nsectors -= n;
	}
	return 0;
}
