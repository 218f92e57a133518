// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of /dev/mirsync, by themselves: prints the state of a volume and how many of
 * its extents have the same codes at both sites. Needs nothing of dm-mirsync but the header.
 *
 *	cc -o summaries summaries.c
 *	./summaries /dev/mapper/db
 *
 * The header is where `make install` has put it; in the source tree, -Idm-mirsync/shared.
 *
 * Nothing is locked between the two readings: under a load they are not of one moment.
 */
#include <endian.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mirsync_ioctl.h"

#define BATCH	1024

static int control;

static __u32 read_site(__u64 dev, __u32 site, __u64 first, __u32 count,
		       struct ms_summary_entry *entry)
{
	struct ms_ioc_range range = {
		.dev = dev, .first = first, .count = count, .site = site,
		.buffer = (uintptr_t)entry,
	};

	if (ioctl(control, MS_IOC_SUMMARY, &range))
		err(1, "summaries of site %u", site);
	return range.count;	/* perhaps fewer than asked for */
}

/* Wholly valid, without a mark, and of the same digest. */
static int equal(const struct ms_summary_entry *a, const struct ms_summary_entry *b,
		 __u32 segments)
{
	return le16toh(a->valid) == segments && le16toh(b->valid) == segments &&
	       !a->marked && !b->marked && a->digest == b->digest;
}

static void compare(const struct ms_ioc_status *st)
{
	static struct ms_summary_entry mine[BATCH], theirs[BATCH];
	__u64 first = 0, same = 0, left;
	__u32 n, i;

	while (first < st->extents) {
		n = read_site(st->dev, MS_SITE_LOCAL, first, BATCH, mine);
		n = read_site(st->dev, MS_SITE_PEER, first, n, theirs);
		for (i = 0; i < n; i++) {
			left = st->segments - (first + i) * st->extent_segs;
			same += equal(&mine[i], &theirs[i], left < st->extent_segs ?
				      (__u32)left : st->extent_segs);
		}
		first += n;
	}
	printf("%llu of %llu extents have the same codes at both sites\n",
	       (unsigned long long)same, (unsigned long long)st->extents);
}

int main(int argc, char **argv)
{
	struct ms_ioc_status st = { 0 };
	__u32 version;
	struct stat s;

	if (argc != 2 || stat(argv[1], &s))
		err(2, "usage: summaries DEVICE");
	control = open("/dev/mirsync", O_RDWR);
	if (control < 0 || ioctl(control, MS_IOC_VERSION, &version))
		err(1, "/dev/mirsync");
	if (version != MS_IOC_VERSION_NUMBER)
		errx(1, "version %u of the interface, not %u", version, MS_IOC_VERSION_NUMBER);
	st.dev = (__u64)major(s.st_rdev) << 32 | minor(s.st_rdev);
	if (ioctl(control, MS_IOC_STATUS, &st))
		err(1, "%s", argv[1]);
	printf("%s: %s, %s, %llu of %llu segments valid, %llu marked\n", argv[1],
	       st.role ? "primary" : "secondary", st.in_sync ? "in sync" : "not in sync",
	       (unsigned long long)st.valid, (unsigned long long)st.segments,
	       (unsigned long long)st.marked);
	if (st.connected)
		compare(&st);
	return 0;
}
