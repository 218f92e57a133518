// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power cuts at recorded runs: goes along the tape, and at many points takes away what the
 * cache of each disk may have lost, in a seeded way, and looks at what is left of both
 * sites.
 *
 *   replay [-s SEED] [-n POINTS] [-p POINT] [-e EVERY -o DIR] [-c] TAPE
 *
 * -p looks at one point only and says more; -o writes the disks of every EVERYth point
 * to DIR/POINT.{a,b}.{data,meta}; -c also the tape up to there, DIR/POINT.tape, so that
 * disks can go on from there: then the points are those after the last power cut. Exit status 0: all is well; 1: something is wrong; 2: the
 * tape is no good, or shows too little to prove anything.
 *
 * A point is an instant of the tape: all four disks lose their power at once. What must
 * hold then is in the functions check_*; the letters are those of tests/crash/README.md.
 */
#include <err.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "image.h"
#include "ledger.h"
#include "site.h"
#include "shared/code.h"

#define WRONG_SHOWN	10

struct half {			/* one site at a point */
	struct site site;
	enum policy policy[2];
	int lost_super;		/* copy that the power cut took with it, or -1 */
	u32 *filled;		/* data */
	u8 *area;		/* metadata */
	/* codes of what was seen last in each segment */
	u32 *cache_filled;
	u64 *cache_code;
	u64 cache_seed;
};

static struct tape tape;
static struct image disk[TAPE_DISKS];
static struct ledger ledger;
static struct half half[2];
static u64 *history;
static u64 sectors, segments;
static u64 seed = 1, only = NEVER, every;
static const char *out_dir;
static bool whole_tape;
static u64 nr_points = 2000, point, now, wrong, written;
static bool in_sync_seen, power_seen, async;
/* What each site suspected when its power came back: in its memory until they are in sync. */
static u8 suspected[2][SITE_MAX_SEGS];

static struct {			/* what the points have shown */
	u64 points, lost, kept, hot, torn_super;
	u64 alone, together, inconsistent, candidates;
	u64 codes, marked, differ, flushed, alone_a, alone_b;
} seen;

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
	static const char * const name[POLICIES] = { "none", "all", "writes", "sectors", "mixed" };
	va_list args;

	if (wrong++ >= WRONG_SHOWN)
		return;
	printf("point %llu, event %llu: ", (unsigned long long)point, (unsigned long long)now);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (kept: a %s/%s b %s/%s)\n", name[half[0].policy[0]], name[half[0].policy[1]],
	       name[half[1].policy[0]], name[half[1].policy[1]]);
}

static u32 seg_sectors(u64 seg)
{
	return seg + 1 < segments || !(sectors % 8) ? 8 : sectors % 8;
}

static void fill_segment(const u32 *filled, u64 seg, u8 *bytes)
{
	u32 n = seg_sectors(seg), i;

	for (i = 0; i < n; i++) {
		u64 s = seg * 8 + i;

		if (filled[s])
			tape_fill(bytes + i * MS_SECTOR, filled[s], s);
		else
			memset(bytes + i * MS_SECTOR, 0, MS_SECTOR);
	}
}

static u64 code_of(struct half *h, u64 seg)
{
	u32 n = seg_sectors(seg);
	size_t size = n * sizeof(u32);
	u8 bytes[MS_BLOCK];

	if (h->cache_seed != h->site.sb.code_seed) {
		memset(h->cache_filled, 0xff, sectors * sizeof(u32));
		h->cache_seed = h->site.sb.code_seed;
	}
	if (memcmp(h->cache_filled + seg * 8, h->filled + seg * 8, size)) {
		fill_segment(h->filled, seg, bytes);
		h->cache_code[seg] = ms_code(bytes, n * MS_SECTOR, h->cache_seed);
		memcpy(h->cache_filled + seg * 8, h->filled + seg * 8, size);
	}
	return h->cache_code[seg];
}

/*
 * The checks of one site
 */

/* (a) what is recovered says of each valid code what is true. */
static void check_codes(struct half *h)
{
	const struct site *s = &h->site;
	u64 seg;

	for (seg = 0; seg < segments; seg++) {
		seen.marked += s->marked[seg];
		if (!s->valid[seg])
			continue;
		seen.codes++;
		if (code_of(h, seg) == s->code[seg])
			continue;
		complain("site %c: the valid code of segment %llu (extent %llu, %s) is not that of its data",
			 s->name, (unsigned long long)seg,
			 (unsigned long long)(seg / MS_EXTENT_SEGS),
			 s->is_hot[seg / MS_EXTENT_SEGS] ? "hot, but not there" : "not hot");
		return;
	}
}

static void complain_lost(const struct half *h, u64 sector, const u64 *floor, const char *what)
{
	complain("site %c: %s: sector %llu (segment %llu) is from write %u, a write that began at event %llu has to be there",
		 h->site.name, what, (unsigned long long)sector,
		 (unsigned long long)sector / 8, h->filled[sector],
		 (unsigned long long)floor[sector]);
}

/* (c) what was acknowledged is there. */
static void check_promises(struct half *h, const u64 *floor, const char *what)
{
	u64 s = ledger_check(&ledger, floor, h->filled);

	seen.flushed++;
	if (s != NEVER)
		complain_lost(h, s, floor, what);
}

/* (c) a consistent site is one state of the past: nothing younger without what was promised before it. */
static void check_consistent(struct half *h, bool flushed)
{
	u64 s;

	ledger_history(&ledger, h->filled, flushed, history);
	s = ledger_check(&ledger, history, h->filled);
	if (s != NEVER)
		complain_lost(h, s, history, flushed ? "no state of the past" : "its live disk is no state of the past");
}

/*
 * The checks of both
 */

static bool same_lineage(void)
{
	const struct ms_gens *a = &half[0].site.sb.gens, *b = &half[1].site.sb.gens;

	return a->current_gen && a->current_gen == b->current_gen &&
	       half[1].site.sb.disk == MS_DISK_CONSISTENT;
}

/* (b) each segment that differs between two disks has a mark that survives. */
static void check_marks(const u32 *a, const u32 *b, const u8 *marks_a, const u8 *marks_b,
			bool besides_flying, const char *what)
{
	u64 seg;

	for (seg = 0; seg < segments; seg++) {
		u32 n = seg_sectors(seg);

		if (!memcmp(a + seg * 8, b + seg * 8, n * sizeof(u32)))
			continue;
		seen.differ++;
		if (marks_a[seg] || marks_b[seg] ||
		    (besides_flying && ledger_in_flight(&ledger, seg * 8, n)))
			continue;
		complain("%s: segment %llu (extent %llu, %s at a, %s at b) differs and has no mark", what,
			 (unsigned long long)seg, (unsigned long long)(seg / MS_EXTENT_SEGS),
			 half[0].site.is_hot[seg / MS_EXTENT_SEGS] ? "hot" : "cold",
			 half[1].site.is_hot[seg / MS_EXTENT_SEGS] ? "hot" : "cold");
		return;
	}
}

/* Marks of a site that goes on: on its disk, and in its memory. */
static const u8 *known(const struct site *s, u32 i)
{
	static u8 marks[2][SITE_MAX_SEGS];
	u64 seg;

	for (seg = 0; seg < segments; seg++)
		marks[i][seg] = s->noted[seg] || suspected[i][seg];
	return marks[i];
}

static void check_pair(void)
{
	struct site *a = &half[0].site, *b = &half[1].site;
	struct ms_site tell[2];
	struct ms_decision d;

	site_tells(a, true, &tell[0]);
	site_tells(b, false, &tell[1]);
	ms_rules_meet(&tell[0], &tell[1], &d);
	if (d.meeting != MS_MEET_SOURCE) {
		complain("the sites would not come together: %s", ms_meeting_text(d.meeting));
		return;
	}
	if (d.scope == MS_SCOPE_ALL) {
		seen.candidates++;
		return;
	}
	check_marks(half[0].filled, half[1].filled, a->marked, b->marked, false, "both crashed");
	if (!same_lineage() || (a->sb.flags | b->sb.flags) & MS_SB_ALL_CANDIDATES)
		return;
	/* One has crashed, the other one goes on from its live disk and its memory. */
	seen.alone_a++;
	check_marks(half[0].filled, (u32 *)disk[2].live, a->marked, known(b, 1), false,
		    "a crashed, b did not");
	/* What a knows to be on its way to b is not on a's disk: all hot extents then, as after a crash. */
	check_marks((u32 *)disk[0].live, half[1].filled, async ? a->marked : known(a, 0), b->marked, true,
		    "b crashed, a did not");
}

static void check_data(void)
{
	struct half *a = &half[0], *b = &half[1];
	u32 *crashed = b->filled;

	check_promises(a, ledger.kept, "a flush was acknowledged");
	if (b->site.sb.disk != MS_DISK_CONSISTENT) {
		seen.inconsistent++;
		return;
	}
	if (same_lineage() && !async) {
		seen.together++;
		check_promises(b, ledger.kept, "a flush was acknowledged");
		b->filled = (u32 *)disk[2].live;
		check_promises(b, ledger.written, "its live disk, and a write was acknowledged");
	} else {
		seen.together += same_lineage();
		seen.alone += !same_lineage();
		check_consistent(b, true);
		b->filled = (u32 *)disk[2].live;
		check_consistent(b, false);
	}
	b->filled = crashed;
}

/*
 * Points
 */

/* One of two superblocks is lost as well: what is granted is on both (I3). */
static void lose_super(struct half *h, u32 site, u64 *rng)
{
	u32 copy = below(rng, 2);

	h->lost_super = -1;
	if (below(rng, 6) || image_waits(&disk[2 * site + DISK_META], 0, 16 * 8) ||
	    !site_super_sequence(h->area, !copy))
		return;
	h->lost_super = copy;
	memset(h->area + (copy ? MS_SUPER_BLOCK1 : MS_SUPER_BLOCK0) * MS_BLOCK, 0xa5, MS_BLOCK);
	seen.torn_super++;
}

static bool cut_site(u32 i, u64 *rng)
{
	struct image *data = &disk[2 * i + DISK_DATA], *meta = &disk[2 * i + DISK_META];
	struct half *h = &half[i];
	char why[160];

	h->policy[0] = below(rng, POLICIES);
	h->policy[1] = below(rng, POLICIES);
	image_cut(data, h->policy[0], rng, (u8 *)h->filled);
	image_cut(meta, h->policy[1], rng, h->area);
	lose_super(h, i, rng);
	seen.lost += memcmp(h->filled, data->live, image_bytes(data)) != 0;
	seen.kept += memcmp(h->filled, data->durable, image_bytes(data)) != 0;
	if (!site_recover(&h->site, h->area, meta->sectors, why, sizeof(why))) {
		complain("site %c: %s", h->site.name, why);
		return false;
	}
	seen.hot += h->site.hot;
	return true;
}

static void write_disk(u32 i, const char *kind)
{
	struct half *h = &half[i];
	char path[4096];
	u8 bytes[MS_BLOCK];
	u64 seg;
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%llu.%c.%s", out_dir, (unsigned long long)point, 'a' + i, kind);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		err(2, "%s", path);
	if (*kind == 'm') {
		ok = write(fd, h->area, image_bytes(&disk[2 * i + 1])) ==
		     (ssize_t)image_bytes(&disk[2 * i + 1]);
	} else {
		ok = !ftruncate(fd, sectors * MS_SECTOR);
		for (seg = 0; seg < segments; seg++) {
			u32 n = seg_sectors(seg) * MS_SECTOR;

			fill_segment(h->filled, seg, bytes);
			if (memcmp(bytes, (u8 [MS_BLOCK]){ 0 }, n))
				ok &= pwrite(fd, bytes, n, seg * MS_BLOCK) == (ssize_t)n;
		}
	}
	if (!ok || close(fd))
		err(2, "%s", path);
}

/* The tape as it was then, to be gone on with. */
static void write_tape(u64 end)
{
	struct tape_head head = *tape.head;
	char path[4096];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%llu.tape", out_dir, (unsigned long long)point);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		err(2, "%s", path);
	head.next = end;
	ok = pwrite(fd, &head, sizeof(head), 0) == sizeof(head);
	ok &= pwrite(fd, (u8 *)tape.head + TAPE_HEAD, end - TAPE_HEAD, TAPE_HEAD) ==
	      (ssize_t)(end - TAPE_HEAD);
	if (!ok || close(fd))
		err(2, "%s", path);
}

static void look(u64 end)
{
	u64 rng = seed * 1000003 + point, before = wrong;
	bool ok;

	if (only != NEVER && point != only)
		return;
	ok = cut_site(0, &rng);
	ok &= cut_site(1, &rng);
	seen.points++;
	if (ok) {
		check_codes(&half[0]);
		check_codes(&half[1]);
		check_pair();
		check_data();
	}
	if (out_dir && (point % every == 0 || only != NEVER) && wrong == before) {
		write_disk(0, "data");
		write_disk(0, "meta");
		write_disk(1, "data");
		write_disk(1, "meta");
		if (whole_tape)
			write_tape(end);
		written++;
	}
}

/*
 * Along the tape
 */

/* Both superblocks hold a change before anything is done that follows from it (I3). */
static void check_step(const struct tape_event *e)
{
	u64 s[2];

	if (!in_sync_seen || (e->kind != TAPE_WRITE && e->kind != TAPE_ZERO) ||
	    e->disk % 2 != DISK_META || e->sector < 16 * 8)
		return;
	s[0] = site_super_sequence(disk[e->disk].durable, 0);
	s[1] = site_super_sequence(disk[e->disk].durable, 1);
	if (s[0] != s[1])
		complain("site %c goes on although its superblocks differ (%llu, %llu)",
			 "ab"[e->disk / 2], (unsigned long long)s[0], (unsigned long long)s[1]);
}

static void power_is_back(u32 i)
{
	const struct image *meta = &disk[2 * i + DISK_META];
	struct site *s = &half[i].site;
	char why[160];

	if (!site_recover(s, meta->live, meta->sectors, why, sizeof(why)))
		complain("site %c, its power is back: %s", s->name, why);
	else
		memcpy(suspected[i], s->marked, sizeof(suspected[i]));
}

static void take_mark(const char *text)
{
	if (!strcmp(text, "settled"))
		memset(suspected, 0, sizeof(suspected));
	if (!strcmp(text, "async"))
		async = true;
	if (only != NEVER)
		printf("event %llu: %s\n", (unsigned long long)now, text);
	if (!strcmp(text, "in-sync"))
		in_sync_seen = true;
	if (!strcmp(text, "in-sync-again") &&
	    memcmp(disk[0].live, disk[2].live, image_bytes(&disk[0])))
		complain("the sites are in sync, and their disks differ");
}

static void take(const struct tape_event *e)
{
	now++;
	switch (e->kind) {
	case TAPE_WRITE:
	case TAPE_ZERO:
	case TAPE_FLUSH:
	case TAPE_DONE:
		check_step(e);
		image_event(&disk[e->disk], e);
		break;
	case TAPE_POWER:
		image_event(&disk[e->disk], e);
		if (e->disk == 0)
			ledger_power(&ledger);
		if (e->disk % 2 == DISK_META)
			power_is_back(e->disk / 2);
		power_seen = true;
		break;
	case TAPE_MARK:
		take_mark(tape_payload(e));
		break;
	default:
		ledger_event(&ledger, e, now);
	}
}

static void add(u64 **list, u64 *n, u64 number)
{
	if (!(*n & (*n - 1)))
		*list = realloc(*list, (*n ? 2 * *n : 1) * sizeof(u64));
	if (!*list)
		errx(2, "memory");
	(*list)[(*n)++] = number;
}

static int by_number(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * When to look: a half of the points anywhere between the first sync and the end, a quarter
 * right behind an answer of a disk, where something has just become true, and a quarter
 * right behind one of a metadata disk.
 */
static u64 *plan(void)
{
	u64 *when = calloc(nr_points, sizeof(u64)), *list[2] = { 0 }, n[2] = { 0 };
	u64 first = 0, last = 0, at = TAPE_HEAD, i, t = 0, rng = seed;
	const struct tape_event *e;

	while ((e = tape_next(&tape, &at))) {
		t++;
		if (e->kind == TAPE_POWER ||
		    (e->kind == TAPE_MARK && !strcmp(tape_payload(e), "in-sync"))) {
			first = t;
			last = n[0] = n[1] = 0;
		}
		if (e->kind == TAPE_MARK && !strcmp(tape_payload(e), "removed"))
			last = t;
		if (e->kind != TAPE_DONE || !first)
			continue;
		add(&list[0], &n[0], t);
		if (e->disk % 2 == DISK_META)
			add(&list[1], &n[1], t);
	}
	if (!last)
		last = t;
	if (!first || !n[1] || !when)
		errx(2, "the tape ends before the sites were in sync");
	for (i = 0; i < nr_points; i++)
		when[i] = i % 2 ? first + below(&rng, last - first) :
			  list[i / 2 % 2][below(&rng, n[i / 2 % 2])];
	free(list[0]);
	free(list[1]);
	qsort(when, nr_points, sizeof(u64), by_number);
	return when;
}

static void go_along(const u64 *when)
{
	const struct tape_event *e;
	u64 at = TAPE_HEAD;

	while ((e = tape_next(&tape, &at))) {
		take(e);
		for (; point < nr_points && when[point] == now; point++)
			look(at);
	}
}

static void prepare(void)
{
	u32 i;

	sectors = tape.head->sectors[0];
	segments = (sectors + 7) / 8;
	if (tape.head->full)
		errx(2, "the tape was too short");
	if (sectors != tape.head->sectors[2])
		errx(2, "the data disks differ in size");
	for (i = 0; i < TAPE_DISKS; i++)
		image_init(&disk[i], i, tape.head->sectors[i]);
	ledger_init(&ledger, sectors);
	history = calloc(sectors, sizeof(u64));
	for (i = 0; i < 2; i++) {
		half[i].site.name = "ab"[i];
		half[i].filled = calloc(sectors + 8, sizeof(u32));
		half[i].cache_filled = calloc(sectors + 8, sizeof(u32));
		half[i].cache_code = calloc(segments, sizeof(u64));
		half[i].area = calloc(tape.head->sectors[2 * i + 1], MS_SECTOR);
	}
}

/* A run that never got into danger proves nothing. */
static bool enough(void)
{
	bool ok = seen.lost && seen.kept && seen.hot && seen.codes && seen.marked && seen.differ;

	if (!power_seen)
		ok = ok && seen.alone && seen.together && ledger.flushes > 20;

	if (!ok)
		printf("the tape shows too little to prove anything\n");
	return ok || only != NEVER;
}

static void summary(void)
{
	u64 i, waits = 0;

	for (i = 0; i < TAPE_DISKS; i++)
		waits += disk[i].nr_pending;
	printf("%llu events, %u operations, %llu flushes; %llu points: %llu disks with losses, %llu with unflushed writes kept, "
	       "%llu.%llu extents hot; b has a's generation at %llu, an older one at %llu, is inconsistent at %llu, "
	       "all are candidates at %llu, one superblock lost at %llu; %llu codes compared, %llu segments differed\n",
	       (unsigned long long)now, ledger.nr, (unsigned long long)ledger.flushes,
	       (unsigned long long)seen.points, (unsigned long long)seen.lost, (unsigned long long)seen.kept,
	       (unsigned long long)(seen.hot / (2 * seen.points + !seen.points)),
	       (unsigned long long)(5 * seen.hot / (seen.points + !seen.points) % 10),
	       (unsigned long long)seen.together, (unsigned long long)seen.alone,
	       (unsigned long long)seen.inconsistent, (unsigned long long)seen.candidates,
	       (unsigned long long)seen.torn_super, (unsigned long long)seen.codes,
	       (unsigned long long)seen.differ);
}

int main(int argc, char **argv)
{
	int opt, i;

	while ((opt = getopt(argc, argv, "s:n:p:e:o:c")) != -1) {
		switch (opt) {
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 'n': nr_points = strtoull(optarg, NULL, 0); break;
		case 'p': only = strtoull(optarg, NULL, 0); break;
		case 'e': every = strtoull(optarg, NULL, 0); break;
		case 'o': out_dir = optarg; break;
		case 'c': whole_tape = true; break;
		default: return 2;
		}
	}
	if (argc != optind + 1 || !nr_points || (out_dir && !every && only == NEVER))
		errx(2, "usage: replay [-s SEED] [-n POINTS] [-p POINT] [-e EVERY -o DIR] [-c] TAPE");
	every = every ? every : 1;
	tape_open(&tape, argv[optind], 0);
	prepare();
	go_along(plan());
	for (i = 0; i < TAPE_DISKS; i++) {
		if (disk[i].foreign)
			complain("%llu sectors were written to disk %d that the application never filled so",
				 (unsigned long long)disk[i].foreign, i);
		if (disk[i].overlaps)
			complain("%llu writes to disk %d came while another one of the same sectors was in flight",
				 (unsigned long long)disk[i].overlaps, i);
	}
	summary();
	if (wrong) {
		printf("%llu things are wrong; seed %llu\n", (unsigned long long)wrong, (unsigned long long)seed);
		return 1;
	}
	return enough() ? 0 : 2;
}
