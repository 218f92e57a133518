// SPDX-License-Identifier: GPL-2.0-only
/*
 * The application of a recorded run: threads that write, zero and flush a block device at
 * seeded random places, with direct I/O, and note on the tape what they are about to do
 * and what was acknowledged. Writes of 4 KiB, parts of a segment, some larger ones,
 * overlapping; FUA; discards; flushes; busy times and pauses long enough for the
 * generator and the cleaner to come along. Ends after SECONDS, on a busy machine later.
 *
 *   load DEVICE TAPE SEED SECONDS THREADS
 *
 *   load -m TAPE TEXT      only puts a mark on the tape
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tape.h"

#define SPOTS		48	/* places that are written again and again */
#define SPOT_SECTORS	64
#define MAX_SECTORS	256
#define OPS_PER_SECOND	100	/* on a slower machine it takes longer, up to four times as long */

static struct tape tape;
static int device;
static u64 sectors, spot[SPOTS];
static u64 seed0, ios0;
static u32 failed;
static double length;

static double now(void)
{
	static double begin;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (!begin)
		begin = t.tv_sec + t.tv_nsec / 1e9;
	return t.tv_sec + t.tv_nsec / 1e9 - begin;
}

static u32 begin(u32 kind, u64 sector, u32 n, u32 flags)
{
	u32 id = __atomic_add_fetch(&tape.head->ios, 1, __ATOMIC_SEQ_CST);
	struct tape_event e = {
		.kind = kind, .id = id, .sector = sector, .nsectors = n, .flags = flags,
	};

	tape_put(&tape, &e, NULL);
	return id;
}

/* An error of a disk below may reach the application; any other one may not. */
static void end(u32 id, bool ok, const char *what)
{
	struct tape_event e = { .kind = ok ? TAPE_APP_DONE : TAPE_APP_FAILED, .id = id };

	if (!ok && errno != EIO)
		err(1, "%s", what);
	__atomic_add_fetch(&failed, !ok, __ATOMIC_SEQ_CST);

	tape_put(&tape, &e, NULL);
}

static u64 place(u64 *seed, u32 n)
{
	u64 s;

	if (below(seed, 10) < 7)
		s = spot[below(seed, SPOTS)] + below(seed, SPOT_SECTORS);
	else
		s = below(seed, sectors);
	return s + n > sectors ? sectors - n : s;
}

static void do_write(u64 *seed, u8 *buf, u64 sector, u32 n)
{
	u32 fua = below(seed, 12) == 0 ? TAPE_FUA : 0, id, i;
	struct iovec vec = { .iov_base = buf, .iov_len = (size_t)n * MS_SECTOR };

	if (sector + n > sectors)
		n = sectors - sector;
	vec.iov_len = (size_t)n * MS_SECTOR;
	id = begin(TAPE_APP_WRITE, sector, n, fua);
	for (i = 0; i < n; i++)
		tape_fill(buf + i * MS_SECTOR, id, sector + i);
	end(id, pwritev2(device, &vec, 1, sector * MS_SECTOR, fua ? RWF_DSYNC : 0) ==
		(ssize_t)vec.iov_len, "write");
}

static void do_zero(u64 *seed, u64 sector, u32 n)
{
	u64 range[2] = { sector * MS_SECTOR, (u64)n * MS_SECTOR };
	u32 id = begin(TAPE_APP_ZERO, sector, n, 0);
	int r;

	/* Network block devices before 6.12 cannot be told to write zeroes; then a volume offers no discard. */
	r = below(seed, 2) ? -1 : ioctl(device, BLKDISCARD, range);
	if (r)
		r = ioctl(device, BLKZEROOUT, range);
	end(id, !r, "zeroing");
}

static void one(u64 *seed, u8 *buf)
{
	u64 what = below(seed, 100);
	u32 n, id;

	if (what < 50) {
		do_write(seed, buf, place(seed, 8) / 8 * 8, 8);
	} else if (what < 75) {
		n = 1 + below(seed, 6);
		do_write(seed, buf, place(seed, n), n);
	} else if (what < 82) {
		n = 2 + below(seed, 100);
		do_write(seed, buf, place(seed, n), n);
	} else if (what < 87) {
		n = 1 + below(seed, below(seed, 4) ? 24 : MAX_SECTORS);
		do_zero(seed, place(seed, n), n);
	} else {
		id = begin(TAPE_APP_FLUSH, 0, 0, 0);
		end(id, !fdatasync(device), "flush");
	}
}

/* All threads pause at the same times: the plan is a function of the seed. */
static bool pausing(double t)
{
	u64 seed = seed0;
	double at = 0;

	for (;;) {
		at += 0.5 + below(&seed, 2000) / 1000.0;
		if (t < at)
			return false;
		at += below(&seed, 5) ? below(&seed, 700) / 1000.0 : 4.2;
		if (t < at)
			return true;
	}
}

static void *work(void *arg)
{
	u64 seed = seed0 * 1000 + (uintptr_t)arg;
	void *buf;
	double t;

	if (posix_memalign(&buf, 4096, MAX_SECTORS * MS_SECTOR))
		errx(1, "memory");
	while ((t = now()) < length || (tape.head->ios - ios0 < length * OPS_PER_SECOND && t < 4 * length)) {
		if (pausing(t))
			usleep(50000);
		else
			one(&seed, buf);
	}
	return NULL;
}

static void mark(const char *text)
{
	struct tape_event e = { .kind = TAPE_MARK, .bytes = strlen(text) + 1 };

	tape_put(&tape, &e, text);
}

int main(int argc, char **argv)
{
	pthread_t thread[64];
	u64 bytes, i, n;

	if (argc == 4 && !strcmp(argv[1], "-m")) {
		tape_open(&tape, argv[2], 0);
		mark(argv[3]);
		return 0;
	}
	if (argc != 6)
		errx(2, "usage: load DEVICE TAPE SEED SECONDS THREADS | load -m TAPE TEXT");
	device = open(argv[1], O_RDWR | O_DIRECT);
	if (device < 0 || ioctl(device, BLKGETSIZE64, &bytes))
		err(2, "%s", argv[1]);
	tape_open(&tape, argv[2], 0);
	ios0 = tape.head->ios;
	sectors = bytes / MS_SECTOR;
	seed0 = strtoull(argv[3], NULL, 0);
	length = atof(argv[4]);
	n = strtoull(argv[5], NULL, 0);
	now();
	for (i = 0; i < SPOTS; i++)
		spot[i] = below(&seed0, sectors - SPOT_SECTORS);
	for (i = 0; i < n && i < ARRAY_SIZE(thread); i++)
		if (pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i))
			errx(2, "pthread_create");
	for (i = 0; i < n && i < ARRAY_SIZE(thread); i++)
		pthread_join(thread[i], NULL);
	printf("load: %llu operations, %u failed\n", (unsigned long long)(tape.head->ios - ios0), failed);
	return 0;
}
