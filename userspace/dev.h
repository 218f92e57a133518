/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A block device, or a regular file standing in for one, opened by the offline
 * commands: size, logical block size, whole reads and writes, what else is
 * known to be on it or to use it. Every function reports its errors by
 * cli_error() unless it says otherwise.
 */
#ifndef MS_CLI_DEV_H
#define MS_CLI_DEV_H

#include <sys/stat.h>

#include "shared/env.h"

struct dev {
	const char *path;
	int fd;			/* -1: closed */
	bool block;		/* a block device; else a regular file */
	u64 bytes;
	u32 logical_block;	/* bytes; 512 for files */
	struct stat st;
};

#define DEV_WRITE	(1u << 0)
#define DEV_EXCLUSIVE	(1u << 1)	/* fail when a block device is in use */

/*
 * dev_open() - block devices are opened for direct I/O where possible, so
 * that nothing stale is read: buffers, lengths and offsets have to be
 * multiples of 4096 bytes (or of the logical block, at the end of a device).
 * Return: 0, or a negative errno; -EBUSY: in use.
 */
int dev_open(struct dev *d, const char *path, unsigned int flags);
void dev_close(struct dev *d);

/* Memory for I/O, zeroed; exits when there is none. Freed by free(). */
void *dev_buffer(size_t bytes);

/* Return: 0, or a negative errno, -ENODATA beyond the end. Not reported. */
int dev_read(const struct dev *d, void *buf, size_t bytes, u64 offset);
int dev_write(const struct dev *d, const void *buf, size_t bytes, u64 offset);
int dev_sync(const struct dev *d);

/* Are both the same device or file, or is one a partition of the other? Not reported. */
bool dev_same(const struct dev *a, const struct dev *b);

/*
 * dev_mounted() - where the block device @rdev is mounted
 * @where: room for @size bytes
 */
bool dev_mounted(dev_t rdev, char *where, size_t size);

/*
 * dev_signature() - what libblkid finds on the device
 * @text: room for @size bytes: "ext4", "gpt partition table"; empty: nothing
 * Return: 0, or a negative errno (reported)
 */
int dev_signature(const struct dev *d, char *text, size_t size);
/* Erase every signature that libblkid finds. Return: 0, or a negative errno. Not reported. */
int dev_wipe_signatures(const struct dev *d);

#endif
