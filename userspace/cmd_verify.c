// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync verify: are the codes of both sites the same? No data is read. The tables
 * are those of two sites under load, read one after the other, so what differs at
 * the first look may be a write on its way. A few more looks settle most of that. What is
 * left counts only if it differs at a look after which no write of the extent has begun, as
 * the versions of both tables tell, and again at one when every write that had begun before
 * is confirmed. What is written all the time is reported as not judged, not as different.
 *
 * With --repair what differs is handed to the kernel, which looks again: it writes over what this
 * site has, or marks what the peer has, for a resync.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "cli.h"
#include "online.h"
#include "out.h"
#include "progress.h"
#include "sites.h"
#include "watch.h"

#define ROUNDS		3
#define LOOKS		3	/* of a round, before the one that decides */
#define PAUSE_MS	200u

static bool json;
static const char *repair;

static const struct cli_option options[] = {
	{ "repair", CLI_TEXT, "local|peer",
	  "write over what differs there, with the content of the other site", &repair, 0, 0 },
	{ "json", CLI_FLAG, NULL, "print one JSON object at the end", &json, 0, 0 },
	{ }
};

/* An extent in which something differed at the last look. */
struct suspect {
	u64 extent;
	u64 local_version, peer_version;
	u8 differs[MS_BITMAP_BYTES];
	bool settled;
	bool still;		/* no write of it had begun between the last two looks */
};

struct verify {
	struct online o;
	struct ms_geo geo;
	struct sites_result found;
	struct suspect *suspect;
	size_t suspects;
	struct progress progress;
	u64 differ, differ_bytes;	/* confirmed by another look */
	u64 not_judged;			/* segments */
	u64 repaired;
	u64 tx_before, rx_before;
};

static bool show_progress(void *arg, u64 done, u64 total)
{
	struct verify *y = arg;

	progress_show(&y->progress, done, total, 0, "");
	return true;
}

/* Marked ones are known to differ, and wait for a resync. Return: how many are left. */
static u32 unmarked(u8 *differs, const struct ms_wire_table *local, const struct ms_wire_table *peer)
{
	u32 i;

	for (i = 0; i < MS_BITMAP_BYTES; i++)
		differs[i] &= (u8)~(local->marks[i] | peer->marks[i]);
	return ms_bits(differs, MS_EXTENT_SEGS);
}

static void note_look(struct suspect *s, const struct ms_wire_table *local,
		      const struct ms_wire_table *peer, const struct ms_verdict *v)
{
	s->local_version = le64_to_cpu(local->version);
	s->peer_version = le64_to_cpu(peer->version);
	memcpy(s->differs, v->differs, sizeof(s->differs));
	s->settled = !unmarked(s->differs, local, peer);
}

static int add_suspect(void *arg, const struct ms_wire_table *local,
		       const struct ms_wire_table *peer, const struct ms_verdict *v)
{
	struct verify *y = arg;
	struct suspect *more = realloc(y->suspect, (y->suspects + 1) * sizeof(*more));

	if (!more)
		return cli_error(CLI_FAILED, y->o.vol.name, "no memory");
	y->suspect = more;
	memset(&more[y->suspects], 0, sizeof(*more));
	more[y->suspects].extent = le64_to_cpu(local->extent);
	note_look(&more[y->suspects++], local, peer, v);
	return 0;
}

/* No write is unconfirmed for longer: the session ends before. In milliseconds. */
static u64 confirm_limit(const struct verify *y)
{
	char params[4096];
	const char *option;
	u64 timeout = 0;

	dm_params(y->o.vol.name, params, sizeof(params));
	option = strstr(params, " timeout ");
	if (option)
		timeout = strtoull(option + strlen(" timeout "), NULL, 10);
	return (3 * timeout > 30000 ? 3 * timeout : 30000) + 1000;
}

/* Every write that has begun before is confirmed. Return: an exit status. */
static int wait_confirmed(struct verify *y)
{
	u64 end = online_now() + confirm_limit(y);
	int code;

	do {
		code = online_status(&y->o);
		if (code || !y->o.st.unacked)
			return code;
		online_pause(10);
	} while (online_now() < end);
	return 0;
}

static u32 segs_of(const struct verify *y, const struct suspect *s)
{
	return ms_geo_extent_segs(&y->geo, s->extent);
}

static u64 bytes_of(const struct verify *y, const struct suspect *s, u32 seg)
{
	return (u64)ms_geo_seg_len(&y->geo, s->extent, seg) << MS_SECTOR_SHIFT;
}

/* The same differed, and no write has begun meanwhile. */
static bool holds(const struct suspect *s, const struct ms_wire_table *local,
		  const struct ms_wire_table *again, const struct ms_wire_table *peer)
{
	return le64_to_cpu(local->version) == s->local_version &&
	       again->version == local->version &&
	       le64_to_cpu(peer->version) == s->peer_version;
}

static void confirm(struct verify *y, struct suspect *s)
{
	u32 i, n = segs_of(y, s);

	for (i = 0; i < n; i++) {
		if (!ms_bit(s->differs, i))
			continue;
		y->differ++;
		y->differ_bytes += bytes_of(y, s, i);
	}
}

static int look_again(struct verify *y, struct suspect *s, bool decide)
{
	static struct ms_wire_table local, peer, again;
	struct ms_verdict v;
	__le64 codes[2][MS_EXTENT_SEGS];
	bool same;
	int code;

	code = sites_look(&y->o, MS_SITE_LOCAL, s->extent, &local);
	if (!code)
		code = sites_look(&y->o, MS_SITE_PEER, s->extent, &peer);
	if (!code)
		code = sites_look(&y->o, MS_SITE_LOCAL, s->extent, &again);
	if (code)
		return code;
	same = holds(s, &local, &again, &peer);
	memcpy(codes[0], local.codes, sizeof(codes[0]));
	memcpy(codes[1], peer.codes, sizeof(codes[1]));
	ms_compare_extent(local.valid, codes[0], peer.valid, codes[1], segs_of(y, s), &v);
	note_look(s, &local, &peer, &v);
	s->still = same && !s->settled;
	if (decide && s->still) {
		confirm(y, s);
		s->settled = true;
	} else if (s->settled) {
		memset(s->differs, 0, sizeof(s->differs));
	}
	return 0;
}

/* Return: an exit status; @left: suspects that are not settled. */
static int look_at_suspects(struct verify *y, bool decide, size_t *left)
{
	size_t i;
	int code = 0;

	*left = 0;
	for (i = 0; !code && i < y->suspects; i++) {
		if (y->suspect[i].settled)
			continue;
		code = look_again(y, &y->suspect[i], decide);
		*left += !y->suspect[i].settled;
	}
	return code;
}

static bool any_still(const struct verify *y)
{
	size_t i;

	for (i = 0; i < y->suspects; i++)
		if (y->suspect[i].still && !y->suspect[i].settled)
			return true;
	return false;
}

static int round_of_looks(struct verify *y, size_t *left)
{
	int code = 0, look;

	for (look = 0; !code && *left && look < LOOKS; look++) {
		online_pause(PAUSE_MS);
		code = look_at_suspects(y, false, left);
	}
	if (code || !*left || !any_still(y))
		return code;
	code = wait_confirmed(y);
	return code ? code : look_at_suspects(y, true, left);
}

static int judge(struct verify *y)
{
	size_t i, left = y->suspects;
	int code = 0, round;

	for (round = 0; !code && left && round < ROUNDS; round++)
		code = round_of_looks(y, &left);
	for (i = 0; !code && i < y->suspects; i++) {
		if (y->suspect[i].settled)
			continue;
		y->not_judged += ms_bits(y->suspect[i].differs, segs_of(y, &y->suspect[i]));
		memset(y->suspect[i].differs, 0, sizeof(y->suspect[i].differs));
	}
	return code;
}

static int repair_one(struct verify *y, const struct suspect *s)
{
	struct ms_ioc_repair rp = {
		.dev = y->o.vol.dev,
		.extent = s->extent,
		.site = *repair == 'p' ? MS_SITE_PEER : MS_SITE_LOCAL,
	};
	int e;

	static_assert(sizeof(rp.segs) == sizeof(s->differs), "bitmaps");
	memcpy(rp.segs, s->differs, sizeof(rp.segs));
	e = ioctl(y->o.fd, MS_IOC_REPAIR, &rp) ? errno : 0;
	y->repaired += rp.repaired;
	if (!e)
		return 0;
	rp.error[sizeof(rp.error) - 1] = '\0';
	return cli_error(CLI_FAILED, y->o.vol.name, "not all was repaired: %s",
			 *rp.error ? rp.error : strerror(e));
}

static int repair_all(struct verify *y)
{
	size_t i;
	int code = 0;

	for (i = 0; !code && i < y->suspects; i++)
		if (ms_bits(y->suspect[i].differs, segs_of(y, &y->suspect[i])))
			code = repair_one(y, &y->suspect[i]);
	if (!code && *repair == 'p')
		code = watch_copy(&y->o, json);
	return code;
}

/* Call @fn with each run of segments that differ: first sector and sectors. */
static void each_range(const struct verify *y, void (*fn)(void *arg, u64 sector, u64 sectors), void *arg)
{
	u64 first = 0, end = 0, sector;
	size_t k;
	u32 i;

	for (k = 0; k < y->suspects; k++) {
		const struct suspect *s = &y->suspect[k];

		for (i = 0; i < segs_of(y, s); i++) {
			if (!ms_bit(s->differs, i))
				continue;
			sector = (s->extent * MS_EXTENT_SEGS + i) * y->geo.seg_sectors;
			if (sector != end) {
				if (end)
					fn(arg, first, end - first);
				first = sector;
			}
			end = sector + ms_geo_seg_len(&y->geo, s->extent, i);
		}
	}
	if (end)
		fn(arg, first, end - first);
}

static void print_range(void *arg, u64 sector, u64 sectors)
{
	char b[OUT_TEXT];

	(void)arg;
	printf("differs: %s at sector %llu\n", out_bytes(b, sectors << MS_SECTOR_SHIFT),
	       (unsigned long long)sector);
}

static void add_range(void *arg, u64 sector, u64 sectors)
{
	struct json_object *j = json_object_new_object();

	json_put_u64(j, "sector", sector);
	json_put_u64(j, "sectors", sectors);
	json_object_array_add(arg, j);
}

static void tell_json(const struct verify *y)
{
	struct json_object *j = json_object_new_object(), *ranges = json_object_new_array();

	json_put_text(j, "volume", y->o.vol.name);
	json_put_u64(j, "segments", y->o.st.segments);
	json_put_u64(j, "equal", y->found.equal);
	json_put_u64(j, "differ", y->differ);
	json_put_u64(j, "differ_bytes", y->differ_bytes);
	json_put_u64(j, "repaired", y->repaired);
	json_put_u64(j, "no_code", y->found.unknown);
	json_put_u64(j, "marked", y->o.st.marked);
	json_put_u64(j, "not_judged", y->not_judged);
	json_put_u64(j, "sent_bytes", y->o.st.tx_bytes - y->tx_before);
	json_put_u64(j, "received_bytes", y->o.st.rx_bytes - y->rx_before);
	each_range(y, add_range, ranges);
	json_object_object_add(j, "ranges", ranges);
	json_print(j);
}

static void tell(const struct verify *y)
{
	char a[OUT_TEXT], b[OUT_TEXT];

	each_range(y, print_range, NULL);
	printf("%s of %s segments are equal by their codes\n", out_count(a, y->found.equal),
	       out_count(b, y->o.st.segments));
	if (y->o.st.marked)
		printf("%s are marked and wait for a resync\n", out_count(a, y->o.st.marked));
	if (y->found.unknown)
		printf("%s have no valid code at one site or both, and were not compared\n",
		       out_count(a, y->found.unknown));
	if (y->not_judged)
		printf("%s are written all the time, and were not judged\n",
		       out_count(a, y->not_judged));
	if (y->differ)
		printf("%s%s differ (%s)%s\n", out_colour(OUT_RED), out_count(a, y->differ),
		       out_bytes(b, y->differ_bytes), out_plain());
	else if (y->found.equal)
		printf("%snothing differs%s%s\n", out_colour(OUT_GREEN),
		       y->found.unknown + y->not_judged ? " of what was compared" : "", out_plain());
	else
		printf("%snothing could be compared%s\n", out_colour(OUT_YELLOW), out_plain());
	if (y->repaired)
		printf("%s%s were written over %s%s\n", out_colour(OUT_YELLOW),
		       out_count(a, y->repaired), *repair == 'p' ? "at the peer" : "here", out_plain());
}

/* Before all was compared, segments differ that nobody has marked yet. */
static int not_in_sync(const struct verify *y)
{
	return cli_error(CLI_FAILED, y->o.vol.name,
			 "not in sync: what differs is found and copied by the resync");
}

static int verify(struct verify *y)
{
	const struct ms_ioc_status *st = &y->o.st;
	int code;

	if (!st->connected || st->meeting != MS_MEET_SOURCE)
		return cli_error(CLI_FAILED, y->o.vol.name,
				 "not connected as the source of its peer (verify runs at the primary)");
	if (!st->in_sync)
		return not_in_sync(y);
	if (ms_geo_init(&y->geo, st->sectors, (u32)__builtin_ctz(st->seg_sectors << MS_SECTOR_SHIFT),
			st->max_hot))
		return cli_error(CLI_FAILED, y->o.vol.name, "its status makes no sense");
	y->tx_before = st->tx_bytes;
	y->rx_before = st->rx_bytes;
	progress_begin(&y->progress, "comparing", json);
	code = sites_find(&y->o, show_progress, add_suspect, y, &y->found);
	progress_end(&y->progress);
	if (!code)
		code = judge(y);
	if (!code)
		code = online_status(&y->o);
	if (code)
		return code;
	if (!st->in_sync || st->candidates)
		return not_in_sync(y);
	if (repair && y->differ)
		code = repair_all(y);
	if (json)
		tell_json(y);
	else
		tell(y);
	if (code)
		return code;
	if (y->differ > y->repaired)
		return CLI_DIFFERS;
	return y->found.equal + y->repaired ? CLI_OK : CLI_FAILED;
}

static int run(int argc, char **argv)
{
	struct verify y = { };
	int code;

	(void)argc;
	if (repair && strcmp(repair, "local") && strcmp(repair, "peer"))
		return cli_error(CLI_USAGE, repair, "no such site to be repaired: local or peer");
	code = online_open(&y.o, argv[0]);
	if (code)
		return code;
	code = verify(&y);
	free(y.suspect);
	online_close(&y.o);
	return code;
}

const struct cli_command cmd_verify = {
	.name = "verify",
	.operands = "VOL",
	.summary = "Compare the codes of both sites while they are in use; reads no data",
	.options = options,
	.min = 1,
	.max = 1,
	.run = run,
};
