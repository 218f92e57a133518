// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices and files of the offline commands; see dev.h. libblkid tells what is
 * on them, O_EXCL and /proc/self/mountinfo who uses them.
 */
#include <blkid/blkid.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cli.h"
#include "dev.h"

static int look_at(struct dev *d)
{
	int logical;

	if (S_ISREG(d->st.st_mode)) {
		d->bytes = (u64)d->st.st_size;
		d->logical_block = MS_SECTOR;
		return 0;
	}
	d->block = true;
	if (ioctl(d->fd, BLKGETSIZE64, &d->bytes) || ioctl(d->fd, BLKSSZGET, &logical))
		return -errno;
	d->logical_block = (u32)logical;
	return 0;
}

static int open_fd(struct dev *d, unsigned int flags)
{
	int mode = flags & DEV_WRITE ? O_RDWR : O_RDONLY;

	mode |= O_CLOEXEC;
	if (S_ISREG(d->st.st_mode))
		return open(d->path, mode);
	if (flags & DEV_EXCLUSIVE)
		mode |= O_EXCL;
	d->fd = open(d->path, mode | O_DIRECT);
	return d->fd < 0 && errno == EINVAL ? open(d->path, mode) : d->fd;
}

int dev_open(struct dev *d, const char *path, unsigned int flags)
{
	char where[256];
	int r;

	memset(d, 0, sizeof(*d));
	d->path = path;
	d->fd = -1;
	if (stat(path, &d->st)) {
		r = -errno;
		cli_error(0, path, "%s", strerror(-r));
		return r;
	}
	if (!S_ISREG(d->st.st_mode) && !S_ISBLK(d->st.st_mode)) {
		cli_error(0, path, "not a block device or regular file");
		return -ENOTBLK;
	}
	d->fd = open_fd(d, flags);
	if (d->fd < 0) {
		r = -errno;
		if (r != -EBUSY)
			cli_error(0, path, "%s", strerror(-r));
		else if (dev_mounted(d->st.st_rdev, where, sizeof(where)))
			cli_error(0, path, "in use: mounted at %s", where);
		else
			cli_error(0, path,
				  "in use by the kernel (mounted, or part of another device)");
		return r;
	}
	r = look_at(d);
	if (r) {
		cli_error(0, path, "cannot find out its size: %s", strerror(-r));
		dev_close(d);
	}
	return r;
}

void dev_close(struct dev *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

void *dev_buffer(size_t bytes)
{
	void *p;

	if (posix_memalign(&p, MS_BLOCK, bytes)) {
		cli_error(0, "memory", "%zu bytes cannot be had", bytes);
		exit(CLI_FAILED);
	}
	memset(p, 0, bytes);
	return p;
}

int dev_read(const struct dev *d, void *buf, size_t bytes, u64 offset)
{
	ssize_t n;

	while (bytes) {
		n = pread(d->fd, buf, bytes, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
		buf = (char *)buf + n;
		bytes -= (size_t)n;
		offset += (u64)n;
	}
	return 0;
}

int dev_write(const struct dev *d, const void *buf, size_t bytes, u64 offset)
{
	ssize_t n;

	while (bytes) {
		n = pwrite(d->fd, buf, bytes, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		buf = (const char *)buf + n;
		bytes -= (size_t)n;
		offset += (u64)n;
	}
	return 0;
}

int dev_sync(const struct dev *d)
{
	return fsync(d->fd) ? -errno : 0;
}

/* The device that @rdev is a partition of; @rdev itself when it is none. */
static dev_t whole_disk(dev_t rdev)
{
	dev_t whole = rdev;

	if (blkid_devno_to_wholedisk(rdev, NULL, 0, &whole))
		return rdev;
	return whole;
}

bool dev_same(const struct dev *a, const struct dev *b)
{
	if (a->block != b->block)
		return false;
	if (!a->block)
		return a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino;
	return a->st.st_rdev == b->st.st_rdev ||
	       whole_disk(a->st.st_rdev) == b->st.st_rdev ||
	       whole_disk(b->st.st_rdev) == a->st.st_rdev;
}

bool dev_mounted(dev_t rdev, char *where, size_t size)
{
	unsigned int maj, min;
	char line[4096], point[2048];
	bool found = false;
	FILE *f;

	f = fopen("/proc/self/mountinfo", "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		found = sscanf(line, "%*d %*d %u:%u %*s %2047s", &maj, &min, point) == 3 &&
			makedev(maj, min) == rdev;
	}
	fclose(f);
	if (found)
		snprintf(where, size, "%s", point);
	return found;
}

/* libblkid reads and writes what suits it, not what suits direct I/O. */
static void set_direct(const struct dev *d, bool on)
{
	int flags = fcntl(d->fd, F_GETFL);

	if (d->block && flags >= 0)
		fcntl(d->fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT);
}

static void free_probe(const struct dev *d, blkid_probe pr)
{
	blkid_free_probe(pr);
	set_direct(d, true);
}

static blkid_probe new_probe(const struct dev *d)
{
	blkid_probe pr = blkid_new_probe();

	set_direct(d, false);
	if (!pr || blkid_probe_set_device(pr, d->fd, 0, 0)) {
		free_probe(d, pr);
		return NULL;
	}
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_MAGIC);
	blkid_probe_enable_partitions(pr, 1);
	blkid_probe_set_partitions_flags(pr, BLKID_PARTS_MAGIC);
	return pr;
}

int dev_signature(const struct dev *d, char *text, size_t size)
{
	const char *type;
	blkid_probe pr;
	int r;

	*text = '\0';
	if (!d->bytes)
		return 0;
	pr = new_probe(d);
	r = pr ? blkid_do_safeprobe(pr) : -1;
	if (r == 0 && !blkid_probe_lookup_value(pr, "TYPE", &type, NULL))
		snprintf(text, size, "%s", type);
	else if (r == 0 && !blkid_probe_lookup_value(pr, "PTTYPE", &type, NULL))
		snprintf(text, size, "%s partition table", type);
	else if (r == 0 || r == -2)
		snprintf(text, size, "several signatures");
	if (pr)
		free_probe(d, pr);
	if (r == -1) {
		cli_error(0, d->path, "cannot be probed for signatures");
		return -EIO;
	}
	return 0;
}

int dev_wipe_signatures(const struct dev *d)
{
	blkid_probe pr = new_probe(d);
	int r = 0;

	if (!pr)
		return -EIO;
	while (!r && blkid_do_probe(pr) == 0)
		r = blkid_do_wipe(pr, 0);
	free_probe(d, pr);
	return r ? -EIO : 0;
}
