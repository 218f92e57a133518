// SPDX-License-Identifier: GPL-2.0-only
/*
 * Four disks with volatile write caches, and a tape of what they were asked and have
 * answered, in one order: the far end of four network block devices of the kernel it
 * runs under. What dm-log-writes cannot tell is told here: when an unflushed write
 * reached the disk and when it was answered, beside the FUA writes and flushes of its
 * own and of the other disks. A data disk refuses a write now and then, and has none of it
 * then; that is not on the tape. Answers are held back by seeded random times, so that
 * requests overlap and overtake one another; each disk has fast and slow times.
 *
 *   disks TAPE MIB SEED ERRORS SECTORS...
 *   disks -c TAPE MIB SEED ERRORS FILE...
 *
 * makes the tape of MIB MiB and attaches /dev/nbd0, /dev/nbd1 ... with so many sectors
 * each, or goes on with a tape after a power cut that has left the FILEs. Says "ready" when
 * all of them are there; ends by SIGTERM. One thread does all the work; the others
 * only sit in the kernel's ioctl.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nbd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tape.h"

#define MAX_HELD	1024
#define MAX_REQUEST	(32u << 20)
#define NBD_FUA		(1u << 16)
#ifndef NBD_FLAG_SEND_WRITE_ZEROES
#define NBD_FLAG_SEND_WRITE_ZEROES (1 << 6)
#endif
#define WRITE_ZEROES	6	/* NBD_CMD_WRITE_ZEROES of newer headers */

struct held {			/* an answer that waits for its time */
	u64 due;		/* microseconds */
	u64 id;
	u8 handle[8];
	u32 disk;
	u32 error;
	bool untold;		/* not on the tape */
};

struct disk {
	int sock, device;
	u64 sectors;
	u8 *bytes;
	u64 mood_ends;		/* microseconds */
	u32 mood;
};

static struct disk disks[TAPE_DISKS];
static u32 nr_disks;
static struct tape tape;
static u64 seed;
static u32 errors;		/* one write of so many fails, 0: none; at the other site one of ten times as many */
static struct held held[MAX_HELD];
static u32 nr_held;
static u8 *buffer;

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

static void read_all(int fd, void *buf, size_t n)
{
	while (n) {
		ssize_t r = read(fd, buf, n);

		if (r <= 0)
			errx(0, "the kernel has let go of a disk");
		buf = (u8 *)buf + r;
		n -= r;
	}
}

static void write_all(int fd, const void *buf, size_t n)
{
	while (n) {
		ssize_t r = write(fd, buf, n);

		if (r < 0)
			err(2, "answer");
		buf = (const u8 *)buf + r;
		n -= r;
	}
}

/* How long the disk takes for this one. */
static u64 delay(struct disk *d, u64 t)
{
	static const u32 longest[] = { 0, 300, 1500, 15000 };

	if (t >= d->mood_ends) {
		d->mood = below(&seed, 4);
		d->mood_ends = t + 50000 + below(&seed, d->mood == 3 ? 200000 : 500000);
	}
	if (below(&seed, 300) == 0)
		return 30000 + below(&seed, 50000);
	return longest[d->mood] ? below(&seed, longest[d->mood]) : 0;
}

static void answer(const struct held *h)
{
	struct nbd_reply reply = { .magic = htobe32(NBD_REPLY_MAGIC) };
	struct tape_event e = { .kind = TAPE_DONE, .disk = h->disk, .id = h->id };

	memcpy(&reply.handle, h->handle, sizeof(h->handle));
	reply.error = htobe32(h->error);
	if (!h->untold)
		tape_put(&tape, &e, NULL);
	write_all(disks[h->disk].sock, &reply, sizeof(reply));
}

static void hold(u32 disk, const void *handle, u64 id)
{
	u64 t = now();
	struct held h = { .due = t + delay(&disks[disk], t), .disk = disk, .id = id };

	memcpy(h.handle, handle, sizeof(h.handle));
	if (h.due == t || nr_held == MAX_HELD)
		answer(&h);
	else
		held[nr_held++] = h;
}

/* Give the answers whose time has come. Return: milliseconds to the next one, -1 when there is none. */
static int give(void)
{
	u64 t = now(), next = ~0ull;
	u32 i;

	for (i = 0; i < nr_held;) {
		if (held[i].due <= t) {
			struct held h = held[i];

			held[i] = held[--nr_held];
			answer(&h);
			continue;
		}
		if (held[i].due < next)
			next = held[i].due;
		i++;
	}
	return nr_held ? (int)((next - t) / 1000) : -1;
}

static void take(u32 disk)
{
	struct disk *d = &disks[disk];
	struct tape_event e = { .disk = disk, .id = ++tape.head->requests };
	struct held h = { .disk = disk, .untold = true };
	struct nbd_request rq;
	u32 type, len;
	u64 from;

	read_all(d->sock, &rq, sizeof(rq));
	type = be32toh(rq.type);
	from = be64toh(rq.from);
	len = be32toh(rq.len);
	if (be32toh(rq.magic) != NBD_REQUEST_MAGIC || len > MAX_REQUEST ||
	    ((type & 0xffff) != NBD_CMD_FLUSH && from + len > d->sectors * MS_SECTOR))
		errx(2, "a request of type %x, %u bytes at %llu", type, len, (unsigned long long)from);
	e.sector = from / MS_SECTOR;
	e.nsectors = len / MS_SECTOR;
	e.flags = type & NBD_FUA ? TAPE_FUA : 0;
	switch (type & 0xffff) {
	case NBD_CMD_READ:
		memcpy(h.handle, &rq.handle, sizeof(h.handle));
		answer(&h);
		write_all(d->sock, d->bytes + from, len);
		return;
	case NBD_CMD_WRITE:
		read_all(d->sock, buffer, len);
		if (errors && disk % 2 == DISK_DATA && below(&seed, disk ? 10 * errors : errors) == 0) {
			memcpy(h.handle, &rq.handle, sizeof(h.handle));
			h.error = EIO;
			answer(&h);
			return;
		}
		memcpy(d->bytes + from, buffer, len);
		e.kind = TAPE_WRITE;
		e.bytes = len;
		tape_put(&tape, &e, buffer);
		break;
	case NBD_CMD_TRIM:
	case WRITE_ZEROES:
		memset(d->bytes + from, 0, len);
		e.kind = TAPE_ZERO;
		tape_put(&tape, &e, NULL);
		break;
	case NBD_CMD_FLUSH:
		e.kind = TAPE_FLUSH;
		tape_put(&tape, &e, NULL);
		break;
	case NBD_CMD_DISC:
		exit(0);
	default:
		errx(2, "a request of type %x", type);
	}
	hold(disk, &rq.handle, e.id);
}

static void *sit(void *arg)
{
	struct disk *d = arg;

	ioctl(d->device, NBD_DO_IT);
	return NULL;
}

static void power_on(u32 i, const char *file)
{
	struct disk *d = &disks[i];
	struct tape_event e = { .kind = TAPE_POWER, .disk = i };
	int fd = open(file, O_RDONLY);

	e.bytes = d->sectors * MS_SECTOR;
	if (fd < 0)
		err(2, "%s", file);
	read_all(fd, d->bytes, e.bytes);
	close(fd);
	tape_put(&tape, &e, d->bytes);
}

static void attach(u32 i, u64 sectors, const char *file)
{
	struct disk *d = &disks[i];
	char path[32];
	pthread_t thread;
	int pair[2];

	snprintf(path, sizeof(path), "/dev/nbd%u", i);
	d->sectors = sectors;
	d->bytes = mmap(NULL, sectors * MS_SECTOR, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file)
		power_on(i, file);
	d->device = open(path, O_RDWR);
	if (d->bytes == MAP_FAILED || d->device < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		err(2, "%s", path);
	d->sock = pair[0];
	if (ioctl(d->device, NBD_SET_SOCK, pair[1]) ||
	    ioctl(d->device, NBD_SET_FLAGS, (unsigned long)(NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH |
		  NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM | NBD_FLAG_SEND_WRITE_ZEROES)) ||
	    ioctl(d->device, NBD_SET_BLKSIZE, (unsigned long)MS_SECTOR) ||
	    ioctl(d->device, NBD_SET_SIZE_BLOCKS, (unsigned long)sectors))
		err(2, "%s", path);
	if (pthread_create(&thread, NULL, sit, d))
		errx(2, "pthread_create");
}

static void serve(void)
{
	struct pollfd fds[TAPE_DISKS];
	u32 i;

	for (i = 0; i < nr_disks; i++)
		fds[i] = (struct pollfd){ .fd = disks[i].sock, .events = POLLIN };
	for (;;) {
		if (poll(fds, nr_disks, give()) < 0)
			err(2, "poll");
		for (i = 0; i < nr_disks; i++)
			if (fds[i].revents)
				take(i);
	}
}

int main(int argc, char **argv)
{
	u32 i;

	bool on = argc > 1 && !strcmp(argv[1], "-c");

	argc -= on;
	argv += on;
	if (argc < 6 || argc > 5 + TAPE_DISKS)
		errx(2, "usage: disks [-c] TAPE MIB SEED ERRORS SECTORS|FILE...");
	tape_open(&tape, argv[1], strtoull(argv[2], NULL, 0) << 20);
	seed = strtoull(argv[3], NULL, 0);
	errors = strtoul(argv[4], NULL, 0);
	buffer = malloc(MAX_REQUEST);
	if (!buffer)
		errx(2, "malloc");
	nr_disks = argc - 5;
	for (i = 0; i < nr_disks; i++) {
		if (!on)
			tape.head->sectors[i] = strtoull(argv[5 + i], NULL, 0);
		attach(i, tape.head->sectors[i], on ? argv[5 + i] : NULL);
	}
	puts("ready");
	fflush(stdout);
	serve();
}
