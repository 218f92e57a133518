// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync scrub: reads this site's data at a bounded rate and has the kernel compare it with the
 * codes. The kernel looks at a few segments for each call and keeps nothing between two of
 * them, so that stopping needs no care, and a volume that is in use gives no false alarm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "cli.h"
#include "interrupt.h"
#include "online.h"
#include "out.h"
#include "progress.h"
#include "shared/codec.h"

#define PIECE		(1u << 20)	/* bytes to be read by one call */
#define BEHIND_MS	1000u		/* what was lost of the rate by waiting is not made up for */

static u64 rate = 16384;
static const char *range;
static bool repair;
static bool json;

static const struct cli_option options[] = {
	{ "rate", CLI_NUMBER, "KIB", "KiB per second to read at most (default 16384; 0: no limit)",
	  &rate, 0, 1073741824 },
	{ "range", CLI_TEXT, "SECTOR+SECTORS", "only the segments that this part of the volume touches",
	  &range, 0, 0 },
	{ "repair", CLI_FLAG, NULL, "write anew from the peer what it still has", &repair, 0, 0 },
	{ "json", CLI_FLAG, NULL, "print one JSON object at the end", &json, 0, 0 },
	{ }
};

enum state { DIFFERS, UNREADABLE, REPAIRED };

static const char * const state_word[] = { "differs", "unreadable", "repaired" };

/* A run of segments that were found in one state. */
struct run {
	u64 sector, sectors;
	enum state state;
};

struct scrub {
	struct online o;
	struct ms_geo geo;
	struct progress progress;
	u64 first, end, at;		/* segments */
	u64 checked, no_code;
	u64 count[3], bytes[3];		/* segments by state */
	u64 read_bytes;
	u64 pace_since, pace_bytes;	/* ms; bytes read since */
	struct run *run;
	size_t runs;
};

static int no_such_range(void)
{
	return cli_error(CLI_USAGE, range, "no such range: SECTOR+SECTORS, within the volume");
}

/* Return: an exit status. */
static int parse_range(struct scrub *s)
{
	u64 sector, sectors;
	const char *plus;
	char text[24];

	s->first = 0;
	s->end = s->geo.segments;
	if (!range)
		return 0;
	plus = strchr(range, '+');
	if (!plus || (size_t)(plus - range) >= sizeof(text))
		return no_such_range();
	memcpy(text, range, (size_t)(plus - range));
	text[plus - range] = '\0';
	if (cli_parse_number(text, &sector) || cli_parse_number(plus + 1, &sectors) || !sectors ||
	    sector >= s->geo.sectors || sectors > s->geo.sectors - sector)
		return no_such_range();
	s->first = sector / s->geo.seg_sectors;
	s->end = (sector + sectors - 1) / s->geo.seg_sectors + 1;
	return 0;
}

static int add_run(struct scrub *s, u64 sector, u64 sectors, enum state state)
{
	struct run *last = s->runs ? &s->run[s->runs - 1] : NULL, *more;

	s->count[state]++;
	s->bytes[state] += sectors << MS_SECTOR_SHIFT;
	if (last && last->state == state && last->sector + last->sectors == sector) {
		last->sectors += sectors;
		return 0;
	}
	more = realloc(s->run, (s->runs + 1) * sizeof(*more));
	if (!more)
		return cli_error(CLI_FAILED, s->o.vol.name, "no memory");
	s->run = more;
	more[s->runs++] = (struct run){ sector, sectors, state };
	return 0;
}

/* What the kernel has found. */
static int account(struct scrub *s, const struct ms_ioc_scrub *sc, u32 first, u32 n)
{
	u32 i;
	int code = 0;

	for (i = first; !code && i < first + n; i++) {
		bool differs = ms_bit(sc->differs, i), unreadable = ms_bit(sc->unreadable, i);
		u64 sector = (sc->extent * MS_EXTENT_SEGS + i) * s->geo.seg_sectors;

		s->checked += ms_bit(sc->checked, i);
		s->no_code += !ms_bit(sc->checked, i) && !unreadable;
		if (differs || unreadable)
			code = add_run(s, sector, ms_geo_seg_len(&s->geo, sc->extent, i),
				       ms_bit(sc->repaired, i) ? REPAIRED :
				       differs ? DIFFERS : UNREADABLE);
	}
	s->read_bytes += sc->sectors << MS_SECTOR_SHIFT;
	s->pace_bytes += sc->sectors << MS_SECTOR_SHIFT;
	return code;
}

/* Segments from s->at on, all of one extent. */
static u32 piece(const struct scrub *s)
{
	u64 n = PIECE / MS_SECTOR / s->geo.seg_sectors, extent = s->at / MS_EXTENT_SEGS;
	u64 left = extent * MS_EXTENT_SEGS + ms_geo_extent_segs(&s->geo, extent) - s->at;

	if (left > s->end - s->at)
		left = s->end - s->at;
	n = n ? n : 1;
	return (u32)(n < left ? n : left);
}

/* Return: 0, -EINTR, or an exit status. */
static int look(struct scrub *s, u32 n)
{
	struct ms_ioc_scrub sc = {
		.dev = s->o.vol.dev,
		.extent = s->at / MS_EXTENT_SEGS,
		.flags = repair ? MS_SCRUB_REPAIR : 0,
	};
	u32 first = (u32)(s->at % MS_EXTENT_SEGS), i;

	for (i = first; i < first + n; i++)
		ms_bit_set(sc.segs, i);
	if (!ioctl(s->o.fd, MS_IOC_SCRUB, &sc))
		return account(s, &sc, first, n);
	if (errno == EINTR)
		return -EINTR;
	if (errno == ENODEV)
		return cli_error(CLI_NO_VOLUME, s->o.vol.name, "is not up any more, or suspended");
	return cli_error(CLI_FAILED, s->o.vol.name, "cannot look at sector %llu: %s",
			 (unsigned long long)s->at * s->geo.seg_sectors, strerror(errno));
}

/* Wait until what was read fits the rate. */
static void pace(struct scrub *s)
{
	u64 now = online_now(), due;

	if (!rate)
		return;
	due = s->pace_since + s->pace_bytes * 1000 / (rate << 10);
	if (due > now) {
		online_pause((u32)(due - now));
	} else if (now - due > BEHIND_MS) {
		s->pace_since = now;
		s->pace_bytes = 0;
	}
}

static int look_at_all(struct scrub *s)
{
	int code = 0;
	u32 n;

	s->at = s->first;
	s->pace_since = online_now();
	progress_begin(&s->progress, "scrubbing", json);
	while (!code && s->at < s->end && !interrupted()) {
		n = piece(s);
		code = look(s, n);
		if (code == -EINTR && !interrupted()) {	/* a stop and go, say: once more */
			code = 0;
			continue;
		}
		if (code)
			break;
		s->at += n;
		progress_show(&s->progress, s->at - s->first, s->end - s->first, s->read_bytes, "");
		if (s->at < s->end)
			pace(s);
	}
	progress_end(&s->progress);
	return code == -EINTR ? 0 : code;
}

static void tell_json(const struct scrub *s)
{
	struct json_object *j = json_object_new_object(), *ranges = json_object_new_array();
	size_t i;

	json_put_text(j, "volume", s->o.vol.name);
	json_put_bool(j, "complete", s->at == s->end);
	json_put_u64(j, "segments", s->end - s->first);
	json_put_u64(j, "checked", s->checked);
	json_put_u64(j, "no_code", s->no_code);
	json_put_u64(j, "differ", s->count[DIFFERS]);
	json_put_u64(j, "unreadable", s->count[UNREADABLE]);
	json_put_u64(j, "repaired", s->count[REPAIRED]);
	json_put_u64(j, "read_bytes", s->read_bytes);
	for (i = 0; i < s->runs; i++) {
		struct json_object *r = json_object_new_object();

		json_put_u64(r, "sector", s->run[i].sector);
		json_put_u64(r, "sectors", s->run[i].sectors);
		json_put_text(r, "state", state_word[s->run[i].state]);
		json_object_array_add(ranges, r);
	}
	json_object_object_add(j, "ranges", ranges);
	json_print(j);
}

static void tell(const struct scrub *s)
{
	char a[OUT_TEXT], b[OUT_TEXT];
	size_t i;

	for (i = 0; i < s->runs; i++)
		printf("%s: %s at sector %llu\n", state_word[s->run[i].state],
		       out_bytes(a, s->run[i].sectors << MS_SECTOR_SHIFT),
		       (unsigned long long)s->run[i].sector);
	printf("%s of %s segments were compared with their codes\n", out_count(a, s->checked),
	       out_count(b, s->end - s->first));
	if (s->no_code)
		printf("%s have no valid code, and were not looked at\n", out_count(a, s->no_code));
	if (s->count[REPAIRED])
		printf("%s%s were written anew from the peer (%s)%s\n", out_colour(OUT_YELLOW),
		       out_count(a, s->count[REPAIRED]), out_bytes(b, s->bytes[REPAIRED]), out_plain());
	if (s->count[UNREADABLE])
		printf("%s%s cannot be read (%s)%s\n", out_colour(OUT_RED),
		       out_count(a, s->count[UNREADABLE]), out_bytes(b, s->bytes[UNREADABLE]),
		       out_plain());
	if (s->count[DIFFERS])
		printf("%s%s are not what their codes say (%s)%s\n", out_colour(OUT_RED),
		       out_count(a, s->count[DIFFERS]), out_bytes(b, s->bytes[DIFFERS]), out_plain());
	if (!s->checked)
		printf("%snothing could be compared%s\n", out_colour(OUT_YELLOW), out_plain());
	else if (!s->count[UNREADABLE] && !s->count[DIFFERS])
		printf("%snothing%s is corrupt%s%s\n", out_colour(OUT_GREEN),
		       s->at < s->end ? " of what was compared" : "",
		       s->count[REPAIRED] ? " any more" : "", out_plain());
}

static int outcome(const struct scrub *s)
{
	u64 sector = s->at * s->geo.seg_sectors;

	if (s->at < s->end)
		cli_error(CLI_FAILED, s->o.vol.name, "stopped; what is left: --range %llu+%llu",
			  (unsigned long long)sector, (unsigned long long)
			  ((s->end < s->geo.segments ? s->end * s->geo.seg_sectors : s->geo.sectors) -
			   sector));
	if (s->count[DIFFERS] || s->count[UNREADABLE])
		return CLI_DIFFERS;
	return s->at < s->end || !s->checked ? CLI_FAILED : CLI_OK;
}

static int scrub(struct scrub *s)
{
	const struct ms_ioc_status *st = &s->o.st;
	int code;

	if (ms_geo_init(&s->geo, st->sectors, (u32)__builtin_ctz(st->seg_sectors << MS_SECTOR_SHIFT),
			st->max_hot))
		return cli_error(CLI_FAILED, s->o.vol.name, "its status makes no sense");
	code = parse_range(s);
	if (code)
		return code;
	if (repair && !st->connected)
		return cli_error(CLI_FAILED, s->o.vol.name, "not connected: nothing can be repaired");
	interrupt_catch();
	code = look_at_all(s);
	if (json)
		tell_json(s);
	else
		tell(s);
	return code ? code : outcome(s);
}

static int run(int argc, char **argv)
{
	struct scrub s = { .first = 0 };
	int code;

	(void)argc;
	code = online_open(&s.o, argv[0]);
	if (code)
		return code;
	code = scrub(&s);
	free(s.run);
	online_close(&s.o);
	return code;
}

const struct cli_command cmd_scrub = {
	.name = "scrub",
	.operands = "VOL",
	.summary = "Read this site's data and compare it with its codes, while it is in use",
	.options = options,
	.min = 1,
	.max = 1,
	.run = run,
};
