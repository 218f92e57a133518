// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync resolve: of two sites that both wrote alone, or that have nothing in common, the operator
 * names the one whose data stays, at either of them. The other one is the target of a failback:
 * begun from here, or asked for at the peer by the site that gives its data up. What it is made of
 * is in failback.c.
 */
#include <stdio.h>

#include "cli.h"
#include "failback.h"
#include "out.h"
#include "watch.h"

static const char *keep;
static bool dry_run;
static bool json;
static bool yes;

static const struct cli_option options[] = {
	{ "keep", CLI_TEXT, "local|peer", "whose data stays; the other site's own writes are lost",
	  &keep, 0, 0 },
	{ "dry-run", CLI_FLAG, NULL,
	  "compare the tables, say what would be copied and lost, change nothing",
	  &dry_run, 0, 0 },
	{ "yes", CLI_FLAG, NULL, "do not ask", &yes, 0, 0 },
	{ "json", CLI_FLAG, NULL, "print one JSON object at the end", &json, 0, 0 },
	{ }
};

static enum ms_keep kept(const struct failback *f)
{
	return f->loser_here ? MS_KEEP_PEER : MS_KEEP_LOCAL;
}

/* Why it would be refused, whoever has the device open; NULL: it would not. */
static const char *refusal(const struct failback *f)
{
	struct ms_situation s;

	online_situation(&f->o, &s);
	s.open = false;
	return ms_rules_resolve(&s, kept(f));
}

static struct json_object *report_json(const struct failback *f, int code)
{
	struct json_object *o = failback_json(f, code);

	json_put_text(o, "keep", keep);
	return o;
}

/* Whether it may be done is all that was asked, or found; @why: why not, or NULL. */
static void print_verdict(const struct failback *f, int code, const char *why)
{
	struct json_object *o = report_json(f, code);

	json_put_text(o, "refusal", why);
	json_print(o);
}

/* A rehearsal only reads, so it may be done in any state in which the sites can talk. */
static int check(struct failback *f)
{
	const char *why = refusal(f);
	int code = 0;

	if (dry_run)
		why = f->o.st.connected ? NULL : "not connected";
	if (why)
		code = cli_error(CLI_FAILED, f->o.vol.name, "%s", why);
	else if (f->loser_here && !dry_run)
		code = online_not_open(&f->o);
	if (code && json)
		print_verdict(f, code, why ? why : "the device is open");
	return code;
}

/* Return: 0 when the copy from the peer is under way. */
static int keep_peer(struct failback *f)
{
	int code = failback_compare(f, false);

	if (!code && !yes && !failback_confirmed(f))
		code = -EINTR;
	if (code == -EINTR) {
		fprintf(stderr, "mirsync: %s: cancelled, nothing was copied\n", f->o.vol.name);
		return CLI_FAILED;
	}
	return code ? code : failback_give_up(f);
}

static int rehearse(struct failback *f)
{
	const char *why = refusal(f);
	int code = failback_compare(f, false);

	if (code == -EINTR)
		code = CLI_FAILED;
	if (json)
		print_verdict(f, code, why);
	else if (!code && why)
		printf("%sresolve would be refused%s: %s\n", out_colour(OUT_RED), out_plain(), why);
	return code;
}

static int resolve(struct failback *f)
{
	int code;

	code = check(f);
	if (code)
		return code;
	failback_prepare(f);
	if (dry_run)
		return rehearse(f);
	code = f->loser_here ? keep_peer(f) : failback_begin_and_judge(f, !yes);
	if (!code)
		code = watch_copy(&f->o, f->json);
	failback_end(f, code);
	if (json)
		json_print(report_json(f, code));
	else if (!code)
		failback_report(f);
	return code;
}

static int run(int argc, char **argv)
{
	struct failback f = {
		.dry_run = dry_run,
		.json = json,
		.flags = MS_FAILBACK_RESOLVE,
	};
	int code;

	(void)argc;
	if (!keep)
		return cli_error(CLI_USAGE, argv[0], "--keep says whose data stays: local or peer");
	if (strcmp(keep, "local") && strcmp(keep, "peer"))
		return cli_error(CLI_USAGE, keep, "is neither local nor peer");
	f.loser_here = !strcmp(keep, "peer");
	code = failback_open(&f, argv[0]);
	if (!code)
		code = resolve(&f);
	online_close(&f.o);
	return code;
}

const struct cli_command cmd_resolve = {
	.name = "resolve",
	.operands = "VOL",
	.summary = "Name the site whose data stays when both wrote alone; run at either",
	.options = options,
	.min = 1,
	.max = 1,
	.run = run,
};
