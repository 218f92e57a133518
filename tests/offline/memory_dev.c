// SPDX-License-Identifier: GPL-2.0-only
/*
 * See memory_dev.h. Every block of 4 KiB counts as a write of its own, so that a cut
 * falls between the blocks of one call as well.
 */
#include <stdlib.h>

#include "memory_dev.h"

struct memory_dev memory_dev;

void memory_dev_set(u8 *image, size_t bytes)
{
	memory_dev = (struct memory_dev){
		.image = image,
		.bytes = bytes,
		.cut = NO_CUT,
		.unreadable = ~0ull,
	};
}

int dev_open(struct dev *d, const char *path, unsigned int flags)
{
	(void)flags;
	memset(d, 0, sizeof(*d));
	d->path = path;
	d->bytes = memory_dev.bytes;
	d->logical_block = MS_SECTOR;
	return 0;
}

void dev_close(struct dev *d)
{
	d->fd = -1;
}

void *dev_buffer(size_t bytes)
{
	void *p = calloc(1, bytes);

	if (!p)
		abort();
	return p;
}

int dev_read(const struct dev *d, void *buf, size_t bytes, u64 offset)
{
	(void)d;
	if (offset > memory_dev.bytes || bytes > memory_dev.bytes - offset)
		return -ENODATA;
	if (memory_dev.unreadable >= offset / MS_BLOCK &&
	    memory_dev.unreadable < (offset + bytes + MS_BLOCK - 1) / MS_BLOCK)
		return -EIO;
	memcpy(buf, memory_dev.image + offset, bytes);
	return 0;
}

static void write_block(u8 *to, const u8 *from)
{
	u32 i;

	for (i = 0; i < MS_BLOCK / MS_SECTOR; i++) {
		if (memory_dev.writes < memory_dev.cut || memory_dev.torn >> i & 1)
			memcpy(to + i * MS_SECTOR, from + i * MS_SECTOR, MS_SECTOR);
		else if (memory_dev.spoilt >> i & 1)
			memset(to + i * MS_SECTOR, 0xa5, MS_SECTOR);
	}
}

int dev_write(const struct dev *d, const void *buf, size_t bytes, u64 offset)
{
	const u8 *from = buf;

	(void)d;
	if (offset % MS_BLOCK || bytes % MS_BLOCK || offset > memory_dev.bytes ||
	    bytes > memory_dev.bytes - offset)
		abort();
	for (; bytes; bytes -= MS_BLOCK, offset += MS_BLOCK, from += MS_BLOCK) {
		if (memory_dev.writes > memory_dev.cut)
			return -EIO;
		write_block(memory_dev.image + offset, from);
		if (memory_dev.writes++ == memory_dev.cut)
			return -EIO;
		if (memory_dev.unreadable == offset / MS_BLOCK)
			memory_dev.unreadable = ~0ull;
	}
	return 0;
}

int dev_sync(const struct dev *d)
{
	(void)d;
	return memory_dev.writes > memory_dev.cut ? -EIO : 0;
}

/* There is nothing else on it. */
int dev_signature(const struct dev *d, char *text, size_t size)
{
	(void)d;
	(void)size;
	*text = '\0';
	return 0;
}
