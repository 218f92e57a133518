// SPDX-License-Identifier: GPL-2.0-only
/*
 * Synchronous I/O on whole metadata blocks with a bio of the caller's: that of the
 * handle for the writer's thread, one for each worker of a scan. It is not taken
 * from a pool: the pools' bios may all be waiting for writes to the volume, and
 * those for the activity record.
 */
#include <linux/highmem.h>

#include "service/meta_internal.h"

/**
 * ms_meta_alloc() - a zeroed buffer for ms_meta_io(); freed by vfree()
 * @blocks: metadata blocks
 */
void *ms_meta_alloc(u32 blocks)
{
	return vzalloc((size_t)blocks * MS_BLOCK);
}

/* Add pages of a vmalloc'ed buffer as long as there is room. Return: bytes added. */
static u32 fill_bio(struct bio *bio, char *buf, u32 bytes)
{
	u32 done = 0;

	while (done < bytes) {
		char *p = buf + done;
		u32 n = min_t(u32, bytes - done, PAGE_SIZE - offset_in_page(p));

		if (bio_add_page(bio, vmalloc_to_page(p), n,
				 offset_in_page(p)) != n)
			break;
		done += n;
	}
	return done;
}

/**
 * ms_meta_io_by() - read or write metadata blocks and wait
 * @m: handle
 * @io: the bio to do it by, in use by nobody else
 * @opf: REQ_OP_READ or REQ_OP_WRITE with flags
 * @block: first block of the metadata area
 * @buf: from ms_meta_alloc()
 * @blocks: how many, at least 1
 *
 * Return: 0, or what the device said.
 */
int ms_meta_io_by(struct ms_meta *m, struct ms_meta_bio *io, blk_opf_t opf, u64 block,
		  void *buf, u32 blocks)
{
	sector_t sector = block * (MS_BLOCK / MS_SECTOR);
	u32 left = blocks * MS_BLOCK;
	char *p = buf;
	int r = 0;

	flush_kernel_vmap_range(buf, left);
	while (left && !r) {
		u32 n;

		bio_init(&io->bio, m->bdev, io->vecs, MS_META_VECS, opf);
		io->bio.bi_iter.bi_sector = sector;
		n = fill_bio(&io->bio, p, left);
		r = n ? submit_bio_wait(&io->bio) : -EIO;
		bio_uninit(&io->bio);
		sector += n >> SECTOR_SHIFT;
		p += n;
		left -= n;
	}
	if (!op_is_write(opf))
		invalidate_kernel_vmap_range(buf, blocks * MS_BLOCK);
	return r;
}
