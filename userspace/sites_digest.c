// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both sites' contents compared by SHA-256; see sites.h. A few extents at a time: the
 * kernel has them read at both sites beside each other. The verdicts on them follow at once,
 * while their versions have a chance to hold; an extent whose version did not is looked at
 * again, a few times.
 */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "cli.h"
#include "dev.h"
#include "interrupt.h"
#include "sites_internal.h"

#define PACE_MS		500u	/* between two looks whether somebody wants it to end */
#define WINDOW	(MS_DIGEST_BATCH / 2)	/* extents at a time, each at both sites */
#define TRIES	3

/* An extent in the making. */
struct look {
	u64 extent;
	u8 left[MS_BITMAP_BYTES];	/* not compared yet */
	u8 equal[MS_BITMAP_BYTES], differs[MS_BITMAP_BYTES], unknown[MS_BITMAP_BYTES];
	u8 marks[2][MS_BITMAP_BYTES];
	u64 version[2];
	bool begun;
	bool moved;		/* it was written to meanwhile */
};

struct digests {
	struct comparison c;
	struct look look[WINDOW];
	struct ms_ioc_digest *d;	/* two for each of them */
	u64 rate;			/* KiB per second */
	u64 start, read;		/* ms, bytes */
};

static bool any(const u8 *map)
{
	return ms_bits(map, MS_EXTENT_SEGS);
}

/* The segments that a site has tried to read: all up to the last one that it gave. */
static u32 tried(const struct ms_ioc_digest *d)
{
	u32 i, n = 0;

	for (i = 0; i < MS_EXTENT_SEGS; i++)
		if (ms_bit(d->segs, i))
			n = i + 1;
	return n;
}

/* What both have tried is settled; what one of them did not give is unknown. */
static void settle(struct digests *g, struct look *l, const struct ms_ioc_digest *mine,
		   const struct ms_ioc_digest *theirs)
{
	u32 a = tried(mine), b = tried(theirs), end = a < b ? a : b, i;

	if (!end)		/* one of them can read nothing of it */
		end = MS_EXTENT_SEGS;
	for (i = 0; i < end; i++) {
		if (!ms_bit(l->left, i))
			continue;
		ms_bit_clear(l->left, i);
		if (!ms_bit(mine->segs, i) || !ms_bit(theirs->segs, i))
			ms_bit_set(l->unknown, i);
		else if (memcmp(mine->digest[i], theirs->digest[i], sizeof(mine->digest[i])))
			ms_bit_set(l->differs, i);
		else
			ms_bit_set(l->equal, i);
	}
	g->read += (u64)ms_bits(mine->segs, MS_EXTENT_SEGS) * g->c.geo.seg_sectors << MS_SECTOR_SHIFT;
}

static bool same_version(struct look *l, u32 site, const struct ms_ioc_digest *d)
{
	bool same = !l->begun || l->version[site] == d->version;

	l->version[site] = d->version;
	memcpy(l->marks[site], d->marks, sizeof(l->marks[site]));
	return same;
}

/* What the kernel reads at most when it is asked for what is left of the extent: also in vain. */
static u64 asked_bytes(const struct digests *g, const struct look *l)
{
	u64 bytes = (u64)ms_bits(l->left, MS_EXTENT_SEGS) * g->c.geo.seg_sectors << MS_SECTOR_SHIFT;

	return bytes < MS_DIGEST_READ ? bytes : MS_DIGEST_READ;
}

/* Return: an exit status. */
static int take_answers(struct digests *g, struct look *l, const struct ms_ioc_digest *d)
{
	const char * const name = g->c.o->vol.name;
	u32 site;

	for (site = 0; site < 2; site++) {
		if (d[site].status == EAGAIN)
			l->moved = true;
		else if (d[site].status)
			return cli_error(CLI_FAILED, name, "%s contents cannot be read: %s",
					 site ? "the peer's" : "this site's",
					 strerror((int)d[site].status));
		if (!same_version(l, site, &d[site]))
			l->moved = true;
	}
	l->begun = true;
	if (l->moved)
		g->read += asked_bytes(g, l);
	else
		settle(g, l, &d[MS_SITE_LOCAL], &d[MS_SITE_PEER]);
	return 0;
}

/* One question for each extent of the window that is not done. Return: an exit status; @asked: how many. */
static int ask(struct digests *g, u32 count, u32 *asked)
{
	struct ms_ioc_digests ds = { .dev = g->c.o->vol.dev, .buffer = (uintptr_t)g->d };
	struct look *of[WINDOW];
	u32 i, site;
	int code = 0;

	*asked = 0;
	for (i = 0; i < count; i++) {
		if (!any(g->look[i].left) || g->look[i].moved)
			continue;
		for (site = 0; site < 2; site++) {
			struct ms_ioc_digest *d = &g->d[2 * *asked + site];

			d->extent = g->look[i].extent;
			d->site = site;
			memcpy(d->segs, g->look[i].left, sizeof(d->segs));
		}
		of[(*asked)++] = &g->look[i];
	}
	if (!*asked)
		return 0;
	ds.count = 2 * *asked;
	if (ioctl(g->c.o->fd, MS_IOC_DIGEST, &ds))
		return cli_error(CLI_FAILED, g->c.o->vol.name, "the contents cannot be compared: %s",
				 strerror(errno));
	for (i = 0; !code && i < *asked; i++)
		code = take_answers(g, of[i], &g->d[2 * i]);
	return code;
}

/* Wait until what was read was not too much, or somebody wants it to end. */
static void pace(const struct digests *g)
{
	u64 due, now;

	if (!g->rate)
		return;
	due = g->start + g->read * 1000 / (g->rate << 10);
	for (now = online_now(); due > now && !interrupted(); now = online_now())
		online_pause(due - now < PACE_MS ? (u32)(due - now) : PACE_MS);
}

static void begin_look(struct digests *g, struct look *l, u64 extent)
{
	u32 segs = ms_geo_extent_segs(&g->c.geo, extent), i;

	memset(l, 0, sizeof(*l));
	l->extent = extent;
	for (i = 0; i < segs; i++)
		ms_bit_set(l->left, i);
}

static void count(struct digests *g, const struct look *l)
{
	u32 segs = ms_geo_extent_segs(&g->c.geo, l->extent), i, equal, differ, unknown;
	struct sites_result *res = g->c.result;
	u8 not_known[MS_BITMAP_BYTES];

	for (i = 0; i < MS_BITMAP_BYTES; i++)
		not_known[i] = l->unknown[i] | l->left[i];
	equal = ms_bits(l->equal, segs);
	differ = ms_bits(l->differs, segs);
	unknown = ms_bits(not_known, segs);
	res->equal += equal;
	res->differ += differ;
	res->unknown += unknown;
	res->equal_bytes += sites_bytes(&g->c, l->extent, l->equal, equal);
	res->differ_bytes += sites_bytes(&g->c, l->extent, l->differs, differ);
	res->unknown_bytes += sites_bytes(&g->c, l->extent, not_known, unknown);
	res->local_marked += ms_bits(l->marks[MS_SITE_LOCAL], segs);
	for (i = 0; i < segs; i++)
		res->peer_marked += ms_bit(l->marks[MS_SITE_PEER], i) && !ms_bit(l->equal, i);
}

/* The versions did not hold: nothing is known of it. */
static void forget(struct digests *g, struct look *l)
{
	u64 extent = l->extent;

	begin_look(g, l, extent);
}

/*
 * Hand the verdicts over, and take out of the window what needs no other look. What is
 * marked has to be copied even if it is equal, or the mark would stay.
 * Return: an exit status; @count: how many are left in the window.
 */
static int conclude(struct digests *g, u32 *count_p)
{
	struct comparison *c = &g->c;
	u8 differs[MS_BITMAP_BYTES];
	struct look *of[WINDOW];
	u32 i, k, n = 0, left = 0;
	int code = 0;

	for (i = 0; !code && i < *count_p; i++) {
		struct look *l = &g->look[i];

		if (l->moved)
			continue;
		for (k = 0; k < MS_BITMAP_BYTES; k++)
			differs[k] = l->differs[k] | l->unknown[k] | l->marks[0][k] | l->marks[1][k];
		code = sites_verdict(c, l->extent, l->version[0], l->version[1], differs);
		of[n++] = l;
	}
	if (!code)
		code = sites_send(c);
	for (i = 0; !code && c->tell_kernel && i < n; i++)
		of[i]->moved = !c->verdict[i].held;
	for (i = 0; !code && i < *count_p; i++) {
		if (g->look[i].moved) {
			forget(g, &g->look[i]);
			g->look[left++] = g->look[i];
		} else {
			count(g, &g->look[i]);
		}
	}
	*count_p = left;
	return code;
}

static int look_at_window(struct comparison *c, u64 first, u32 n)
{
	struct digests *g = (void *)((char *)c - offsetof(struct digests, c));
	u32 i, tries, asked;
	int code = 0;

	for (i = 0; i < n; i++)
		begin_look(g, &g->look[i], first + i);
	for (tries = 0; !code && n && tries < TRIES; tries++) {
		do {
			code = ask(g, n, &asked);
			pace(g);
		} while (!code && asked);
		if (!code)
			code = conclude(g, &n);
	}
	for (i = 0; !code && i < n; i++)
		count(g, &g->look[i]);
	return code;
}

int sites_compare_digests(struct online *o, bool tell_kernel, u64 rate, sites_progress progress,
			  void *arg, struct sites_result *result)
{
	struct digests g = {
		.c = { .o = o, .result = result, .tell_kernel = tell_kernel, .arg = arg },
		.rate = rate,
		.start = online_now(),
	};
	int code;

	g.d = dev_buffer(MS_DIGEST_BATCH * sizeof(*g.d));
	code = sites_run(&g.c, WINDOW, progress, look_at_window);
	free(g.d);
	return code;
}
