// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync repair: makes damaged metadata of a volume that is down whole again. What is
 * good stays, the rest becomes suspect (repair.c); this file asks, tells, and looks again
 * afterwards. The exit statuses are those of check, of the metadata as it is now.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "out.h"
#include "repair.h"

#define NOT_OPENED	3	/* no metadata here, or wrong usage */

static bool dry_run;
static bool yes;
static bool json;

static const struct cli_option options[] = {
	{ "dry-run", CLI_FLAG, NULL, "say what would be done, write nothing", &dry_run, 0, 0 },
	{ "yes", CLI_FLAG, NULL, "do not ask", &yes, 0, 0 },
	{ "json", CLI_FLAG, NULL, "print one JSON object", &json, 0, 0 },
	{ }
};

static const char * const state_name[] = { "clean", "recovery", "damaged" };

static const char *state_text(enum repair_state state)
{
	return state == REPAIR_RECOVERY ? "needs recovery" : state_name[state];
}

/* What is to be done, a line each. */
static void tell_plan(const struct area *a, const struct repair *r)
{
	const char *why = r->record_damaged ? "the activity record is damaged" :
			  r->sums_wrong ? "the summary blocks are not those of the activity record" :
			  r->super_older ? "the superblock is older than the tables" :
					   "the superblocks contradict each other";
	char n[OUT_TEXT], m[OUT_TEXT];
	u32 i;

	for (i = 0; i < 2; i++) {
		if (a->bad[i])
			printf("superblock: copy %u is bad (%s): written anew from copy %u\n", i,
			       area_copy_text(a, i), !i);
	}
	if (r->void_codes)
		printf("superblock: %s: no code is valid any more, all segments are candidates\n",
		       why);
	if (r->record_ends)
		printf("superblock: %u extents are active: no longer marked as stopped in order\n",
		       a->record.total);
	if (r->record_damaged)
		printf("record: both copies are made empty\n");
	else if (r->sums_wrong)
		printf("record: written anew, without sums of the summary blocks\n");
	for (i = 0; i < 2; i++) {
		if (r->record_bad[i])
			printf("record: %u bad sectors of copy %u are written anew; copy %u holds\n",
			       r->record_bad[i], i, a->record.copy);
	}
	if (r->summaries)
		printf("summary: %s blocks are built anew\n", out_count(n, r->summaries));
	if (r->extents)
		printf("table: %s extents become suspect: %s segments without a code and marked\n",
		       out_count(n, r->extents), out_count(m, r->suspect));
}

static void tell_numbers(const char *when, const struct area *a, const struct repair *r)
{
	char v[OUT_TEXT], s[OUT_TEXT], m[OUT_TEXT];

	printf("%s: %s; %s of %s segments with a valid code, %s marked or suspect%s\n", when,
	       state_text(r->state), out_count(v, r->valid),
	       out_count(s, a->geo.segments), out_count(m, r->marked + r->suspect),
	       r->void_codes || a->sb.flags & MS_SB_ALL_CANDIDATES ?
	       "; all are compared at the next meeting" : "");
}

static struct json_object *numbers_json(const struct area *a, const struct repair *r)
{
	struct json_object *o = json_object_new_object();

	json_put_text(o, "result", state_name[r->state]);
	json_put_u64(o, "segments", a->geo.segments);
	json_put_u64(o, "valid", r->valid);
	json_put_u64(o, "marked", r->marked + r->suspect);
	json_put_bool(o, "all_candidates",
		      r->void_codes || a->sb.flags & MS_SB_ALL_CANDIDATES);
	return o;
}

static void report_json(const struct area *a, const struct repair *before,
			const struct area *b, const struct repair *after)
{
	struct json_object *o = json_object_new_object();

	json_put_text(o, "meta", a->dev.path);
	json_put_bool(o, "written", after);
	json_put_bool(o, "superblock_copy", before->super_bad);
	json_put_bool(o, "codes_void", before->void_codes);
	json_put_bool(o, "record", before->record_damaged);
	json_put_bool(o, "sums", before->sums_wrong);
	json_put_u64(o, "record_sectors", before->record_bad[0] + before->record_bad[1]);
	json_put_u64(o, "summary_blocks", before->summaries);
	json_put_u64(o, "extents", before->extents);
	json_put_u64(o, "suspect", before->suspect);
	json_object_object_add(o, "before", numbers_json(a, before));
	if (after)
		json_object_object_add(o, "after", numbers_json(b, after));
	json_print(o);
}

static bool confirmed(const char *path)
{
	char answer[16];

	if (yes || !isatty(STDIN_FILENO))
		return true;
	fflush(stdout);
	fprintf(stderr, "%s: repair it? [y/N] ", path);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

/* Read again what is on the device now. Return: an exit status. */
static int look_again(const struct area *a, const struct repair *before)
{
	struct area *b = dev_buffer(sizeof(*b));
	struct repair after;
	int code = REPAIR_DAMAGED;

	b->dev = a->dev;
	if (area_read(b) == AREA_GOOD) {
		repair_look(b, &after);
		code = after.state;
		if (json)
			report_json(a, before, b, &after);
		else
			tell_numbers("after", b, &after);
	}
	if (code == REPAIR_DAMAGED)
		cli_error(0, a->dev.path, "still damaged: what was written does not stay");
	free(b->hot);
	free(b);
	return code;
}

static int write_it(struct area *a, const struct repair *r)
{
	int err = repair_write(a, r);

	if (err == -EOVERFLOW)
		return cli_error(REPAIR_DAMAGED, a->dev.path,
				 "its sequence numbers are used up: format it anew");
	if (err)
		return cli_error(REPAIR_DAMAGED, a->dev.path,
				 "cannot be written: %s; what was not reached is as before",
				 strerror(-err));
	return look_again(a, r);
}

static int repair(struct area *a)
{
	struct repair r;

	repair_look(a, &r);
	if (!json) {
		tell_plan(a, &r);
		tell_numbers(r.state == REPAIR_DAMAGED ? "before" : "nothing to repair", a, &r);
	}
	if (r.state == REPAIR_DAMAGED && !dry_run) {
		if (confirmed(a->dev.path))
			return write_it(a, &r);
		return cli_error(REPAIR_DAMAGED, a->dev.path, "not confirmed: left as it is");
	}
	if (json)
		report_json(a, &r, NULL, NULL);
	return r.state;
}

/*
 * A disk that was made something else since keeps a copy of the superblock where that does not
 * write: what it is now is worth more than what it was.
 */
static int check_reused(const struct area *a)
{
	char text[64];
	int r;

	if (a->bad[0] != MS_BAD_MAGIC && a->bad[1] != MS_BAD_MAGIC)
		return 0;
	r = dev_signature(&a->dev, text, sizeof(text));
	if (!r && *text)
		r = cli_error(-EEXIST, a->dev.path,
			      "holds %s: only an old copy of a superblock is left on it, which is not repaired",
			      text);
	return r;
}

/* Written by a later version: nothing here knows what it means. */
static bool from_later(const struct area *a)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		if (a->bad[i] == MS_BAD_VERSION || a->bad[i] == MS_BAD_FEATURE)
			return true;
	}
	return (!a->bad[0] || !a->bad[1]) && a->sb.ro_compat & ~MS_FEATURES_RO_COMPAT;
}

static int refuse(const struct area *a, const char *path, int state)
{
	if (from_later(a))
		return cli_error(REPAIR_DAMAGED, path,
				 "of a format version or with a feature that is not known here");
	if (state == AREA_BAD || state == AREA_FOREIGN)
		return cli_error(REPAIR_DAMAGED, path,
				 "%s: cannot be repaired, and the site's history is lost with it; see mirsync-repair(8) on what is to be done in which order, or a peer with older data may become the source",
				 area_why(state));
	if (area_why(state))
		cli_error(0, path, "%s", area_why(state));
	return state == AREA_SHORT ? REPAIR_DAMAGED : NOT_OPENED;
}

static int run(int argc, char **argv)
{
	struct area *a = dev_buffer(sizeof(*a));
	int code;

	(void)argc;
	code = area_open(a, argv[0], DEV_EXCLUSIVE | (dry_run ? 0 : DEV_WRITE));
	if (code || from_later(a))
		code = refuse(a, argv[0], code);
	else if (check_reused(a))
		code = NOT_OPENED;
	else
		code = repair(a);
	area_close(a);
	free(a);
	return code;
}

const struct cli_command cmd_repair = {
	.name = "repair",
	.operands = "META",
	.summary = "Make damaged metadata of a volume that is down whole: what is lost becomes suspect",
	.options = options,
	.min = 1,
	.max = 1,
	.usage_exit = NOT_OPENED,
	.run = run,
};
