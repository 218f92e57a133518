// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync status: one screen for people, or every field of the kernel's status
 * as JSON. Without a name: all volumes that are up, and those configured only.
 */
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "conf.h"
#include "online.h"
#include "out.h"
#include "status_json.h"

static bool json;

static const struct cli_option options[] = {
	{ "json", CLI_FLAG, NULL,
	  "print JSON: an object for VOL, an array of them without VOL", &json, 0, 0 },
	{ }
};

/* Word number @n of the table's parameters: ROLE DATA META LOCAL PEER ... */
static const char *table_word(char *params, int n)
{
	char *save = NULL, *word;

	for (word = strtok_r(params, " ", &save); word && n; n--)
		word = strtok_r(NULL, " ", &save);
	return word ? word : "?";
}

static void line(const char *label, enum out_colour colour, const char *text)
{
	printf("  %-10s %s%s%s\n", label, out_colour(colour), text, out_plain());
}

static const char *claim_text(u32 claim)
{
	switch (claim) {
	case MS_CLAIM_ACTIVE:
		return "primary";
	case MS_CLAIM_WAITING:
		return "was primary, accepts no writes";
	case MS_CLAIM_ASKS:
		return "asks to be primary, accepts no writes";
	default:
		return "secondary";
	}
}

/* What lets a site that is not connected get its role back. */
static const char *role_hint(const struct ms_ioc_status *st)
{
	if (st->connected)
		return "";
	switch (st->claim) {
	case MS_CLAIM_WAITING:
		return " until it meets its peer, or 'promote --alone' if the peer is not primary";
	case MS_CLAIM_ASKS:
		return " until it meets its peer, or 'promote' if the peer is not primary";
	default:
		return "";
	}
}

static enum out_colour disk_colour(u32 disk)
{
	return disk == MS_DISK_CONSISTENT ? OUT_GREEN : OUT_RED;
}

static enum out_colour meeting_colour(u32 meeting)
{
	return meeting == MS_MEET_SOURCE || meeting == MS_MEET_TARGET ?
		OUT_GREEN : OUT_RED;
}

static void print_peer(const struct ms_ioc_status *st)
{
	char text[160];

	snprintf(text, sizeof(text), "%s; disk %s", claim_text(st->peer_claim),
		 ms_disk_name(st->peer_disk));
	line("peer", disk_colour(st->peer_disk), text);
	line("meeting", meeting_colour(st->meeting), ms_meeting_text(st->meeting));
}

/* ", at RATE/s, TIME left", as far as it can be said. */
static void print_pace(const struct ms_ioc_status *st, char *text, size_t size)
{
	u64 done = st->rs_extents_done, total = st->rs_extents_total;
	char a[OUT_TEXT], b[OUT_TEXT];
	size_t n = 0;

	*text = '\0';
	if (st->rs_rate)
		n = (size_t)snprintf(text, size, ", at %s/s",
				     out_bytes(a, (u64)st->rs_rate << 10));
	if (done && done < total && st->rs_ms >= 1000)
		snprintf(text + n, size - n, ", %s left",
			 out_duration(b, (u64)((double)st->rs_ms / (double)done *
					       (double)(total - done))));
}

/* How far the copy has come: a bar too, on a terminal. */
static void print_copy(const struct ms_ioc_status *st, char *text, size_t size)
{
	u64 done = st->rs_extents_done, total = st->rs_extents_total;
	char bar[OUT_TEXT], a[OUT_TEXT], b[OUT_TEXT], c[OUT_TEXT], pace[100];
	bool terminal = isatty(STDOUT_FILENO);

	print_pace(st, pace, sizeof(pace));
	snprintf(text, size, "%s%s%s %s of %s extents done, %s copied%s",
		 st->copying == 1 ? "copying to the peer" : "being copied from the peer",
		 terminal ? " " : ",", terminal ? out_bar(bar, done, total) : "",
		 out_percent(a, done, total), out_count(b, total),
		 out_bytes(c, st->rs_copied_bytes), pace);
}

static void print_sync(const struct ms_ioc_status *st)
{
	char a[OUT_TEXT], b[OUT_TEXT], text[300];
	enum out_colour colour = OUT_YELLOW;
	u64 seg_bytes = (u64)st->seg_sectors << MS_SECTOR_SHIFT;

	if (st->copying) {
		print_copy(st, text, sizeof(text));
	} else if (st->in_sync) {
		snprintf(text, sizeof(text), "in sync%s",
			 st->replicating ? ", writes are mirrored" : "");
		colour = OUT_GREEN;
	} else if (st->flags & MS_SB_ALL_CANDIDATES) {
		snprintf(text, sizeof(text), "not in sync: all segments have to be compared");
	} else if (st->marked) {
		snprintf(text, sizeof(text), "not in sync: %s segments marked (%s)",
			 out_count(a, st->marked), out_bytes(b, st->marked * seg_bytes));
	} else {
		snprintf(text, sizeof(text), "not in sync");
	}
	line("sync", colour, text);
	if (st->failback)
		line("failback", OUT_YELLOW,
		     st->failback == 1 ? "begun, and neither started nor cancelled yet" : "copying");
	if (st->preparing)
		line("target", st->preparing == MS_PREPARING ? OUT_YELLOW : OUT_RED,
		     st->preparing == MS_PREPARING ? "about to be copied to, waits for the word of before_target" :
		     "not copied to: before_target was refused (message 'go' lets it begin)");
	if (st->last_error && !st->copying) {
		snprintf(text, sizeof(text), "the last resync ended early: %s",
			 strerror(st->last_error));
		line("error", OUT_RED, text);
	}
}

static void print_volume(const struct online *o)
{
	const struct ms_ioc_status *st = &o->st;
	char a[OUT_TEXT], b[OUT_TEXT], c[OUT_TEXT], text[200], params[4096];

	printf("%s: %s, segments of %s%s\n", o->vol.name,
	       out_bytes(a, st->sectors << MS_SECTOR_SHIFT),
	       out_bytes(b, (u64)st->seg_sectors << MS_SECTOR_SHIFT),
	       o->vol.suspended ? ", suspended" : "");
	snprintf(text, sizeof(text), "%s%s", claim_text(st->claim), role_hint(st));
	line("role", st->claim == MS_CLAIM_ACTIVE || st->claim == MS_CLAIM_NONE ?
	     OUT_GREEN : OUT_YELLOW, text);
	snprintf(text, sizeof(text), "%s%s", ms_disk_name(st->disk),
		 st->hung ? ", does not answer: errors until it does" : "");
	line("disk", st->hung ? OUT_RED : disk_colour(st->disk), text);
	if (st->metadata_failed)
		line("metadata", OUT_RED, "has failed: nothing is written until the volume is made anew");
	dm_params(o->vol.name, params, sizeof(params));
	snprintf(text, sizeof(text), "%s %.100s%s", st->connected ? "connected to" : "not connected to",
		 table_word(params, 4),
		 st->connected || !st->disconnected ? "" : ", by command: 'mirsync connect' ends that");
	line("link", st->connected ? OUT_GREEN : OUT_YELLOW, text);
	if (st->connected)
		print_peer(st);
	print_sync(st);
	printf("  %-10s %s of segments have a valid code (%s of %s)\n", "codes",
	       out_percent(a, st->valid, st->segments), out_count(b, st->valid),
	       out_count(c, st->segments));
	printf("  %-10s %u of %u extents active, %llu writes in flight, %llu unconfirmed\n",
	       "activity", st->hot, st->max_hot, (unsigned long long)st->inflight,
	       (unsigned long long)st->unacked);
	printf("  %-10s sent %s, received %s\n", "traffic", out_bytes(a, st->tx_bytes),
	       out_bytes(b, st->rx_bytes));
	if (st->flags & MS_SB_META_VOID)
		line("attention", OUT_RED, "the peer's metadata could not be written and is void");
}

static int show(const struct dm_volume *v, void *arg)
{
	struct json_object *list = arg;
	struct online o;
	int code;

	code = online_attach(&o, v);
	if (code)
		return code;
	if (json)
		json_object_array_add(list, status_json(&o));
	else
		print_volume(&o);
	online_close(&o);
	return CLI_OK;
}

static int show_if_down(const char *name, void *arg)
{
	struct json_object *list = arg;
	struct json_object *j;

	if (dm_exists(name))
		return CLI_OK;
	if (json) {
		j = json_object_new_object();
		json_put_text(j, "volume", name);
		json_put_bool(j, "up", false);
		json_object_array_add(list, j);
	} else {
		printf("%s: down\n", name);
	}
	return CLI_OK;
}

static int show_all(struct json_object *list)
{
	int code = dm_each(show, list);

	/* A machine need not have configuration files. */
	if (!code && conf_dir_exists())
		code = conf_each(show_if_down, list);
	return code;
}

static int run(int argc, char **argv)
{
	struct json_object *list = json ? json_object_new_array() : NULL;
	struct dm_volume v;
	int code;

	if (argc) {
		code = dm_find(&v, argv[0]);
		if (!code)
			code = show(&v, list);
		if (json && !code)
			json_print(json_object_get(json_object_array_get_idx(list, 0)));
	} else {
		code = show_all(list);
		if (json)
			json_print(json_object_get(list));
	}
	json_object_put(list);
	return code;
}

const struct cli_command cmd_status = {
	.name = "status",
	.operands = "[VOL]",
	.summary = "Show the state of a volume, or of all",
	.options = options,
	.max = 1,
	.run = run,
};
