// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync failback: brings the peer up to this site's data by comparing the code
 * tables, so that only what differs is read and sent, and then, if asked, gives
 * it the primary role back. What it is made of is in failback.c.
 */
#include <stdio.h>

#include "cli.h"
#include "failback.h"
#include "interrupt.h"
#include "out.h"
#include "progress.h"
#include "watch.h"

#define CODES_MS	500u		/* between two looks at how many codes the peer has made */
#define STALL_MS	10000u		/* what has no code by then may be unreadable, or is written all the time */
#define RATE_MIN	64u		/* KiB per second, as of the option resync_rate_max */
#define RATE_MAX	(1u << 30)

static bool dry_run;
static bool force;
static bool then_switch;
static bool anew;
static bool json;
static bool yes;
static bool by_digest;
static bool only_changed;
static bool full;
static u64 rate;		/* KiB per second; 0: no limit */

static const struct cli_option options[] = {
	{ "dry-run", CLI_FLAG, NULL,
	  "compare the tables, say what would be copied and lost, change nothing",
	  &dry_run, 0, 0 },
	{ "force", CLI_FLAG, NULL,
	  "also over what the peer wrote alone (split brain, or gone back in time): that is lost",
	  &force, 0, 0 },
	{ "regenerate", CLI_FLAG, NULL,
	  "first have all codes of the peer made anew from its disk", &anew, 0, 0 },
	{ "digest", CLI_FLAG, NULL,
	  "compare SHA-256 of the contents instead of codes; both sites read all of their data",
	  &by_digest, 0, 0 },
	{ "changed", CLI_FLAG, NULL,
	  "look only at what one of the sites has marked; refused unless that is all that can differ",
	  &only_changed, 0, 0 },
	{ "full", CLI_FLAG, NULL, "compare nothing, copy everything", &full, 0, 0 },
	{ "rate", CLI_NUMBER, "KIB",
	  "KiB per second, 64 to 1073741824, that are read to be compared or copied at most", &rate,
	  RATE_MIN, RATE_MAX },
	{ "switch", CLI_FLAG, NULL, "afterwards give the primary role to the peer",
	  &then_switch, 0, 0 },
	{ "yes", CLI_FLAG, NULL, "do not ask", &yes, 0, 0 },
	{ "json", CLI_FLAG, NULL, "print one JSON object at the end", &json, 0, 0 },
	{ }
};

/* Why a failback would be refused, as far as can be seen from here; NULL: it would not. */
static const char *refusal(const struct failback *f)
{
	struct ms_situation s;
	const char *why;

	online_situation(&f->o, &s);
	if (s.meeting == MS_MEET_SPLIT_BRAIN && !force)
		return "split brain: both sites wrote alone. \"mirsync resolve\" names the one whose data stays; --force throws away what the peer wrote";
	why = ms_rules_failback(&s, force);
	if (!why && only_changed && !f->o.st.changed_trusted)
		why = "the marks of the sites may not cover all that differs: compare all, without --changed";
	return why;
}

/* Whether it may be done is all that was asked, or found; @why: why not, or NULL. */
static void print_verdict(const struct failback *f, int code, const char *why)
{
	struct json_object *o = failback_json(f, code);

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
	else if (then_switch && !dry_run)
		code = online_not_open(&f->o);
	if (code && json)
		print_verdict(f, code, why ? why : "the device is open");
	return code;
}

/* The peer's generator is at work; what it cannot do the comparison will. */
static int await_codes(struct failback *f, struct progress *p)
{
	u64 valid, best = 0, since = online_now(), start, took;
	int code;

	for (;;) {
		start = online_now();
		code = sites_valid(&f->o, MS_SITE_PEER, &valid);
		if (code || valid >= f->o.st.segments)
			return code;
		if (interrupted())
			return cli_error(CLI_FAILED, f->o.vol.name,
					 "no failback was begun; the peer goes on making its codes");
		if (valid > best) {
			best = valid;
			since = online_now();
		} else if (online_now() - since > STALL_MS) {
			return 0;
		}
		progress_show(p, valid, f->o.st.segments, 0, "");
		took = online_now() - start;
		online_pause(CODES_MS + 4 * (u32)took);
	}
}

static int regenerate(struct failback *f)
{
	struct progress p;
	int code = online_regenerate(&f->o, MS_SITE_PEER);

	if (code)
		return code;
	progress_begin(&p, "codes of the peer", json);
	code = await_codes(f, &p);
	progress_end(&p);
	return code;
}

static int switch_back(struct failback *f, u32 *ms)
{
	int code = online_not_open(&f->o);

	if (!code)
		code = online_switch(&f->o, ms);
	if (!code && !json)
		printf("%s: the peer is primary now; %u ms without a primary\n", f->o.vol.name, *ms);
	return code;
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
		printf("%sa failback would be refused%s: %s\n", out_colour(OUT_RED), out_plain(),
		       why);
	return code;
}

static int failback(struct failback *f)
{
	bool switched = false;
	u32 switch_ms = 0;
	int code;

	code = check(f);
	if (code)
		return code;
	failback_prepare(f);
	if (dry_run)
		return rehearse(f);
	code = anew ? regenerate(f) : 0;
	if (!code)
		code = failback_begin_and_judge(f, !yes && !force);
	if (!code)
		code = watch_copy(&f->o, f->json);
	failback_end(f, code);
	if (!code && !json)
		failback_report(f);
	if (!code && then_switch) {
		code = switch_back(f, &switch_ms);
		switched = !code;
	}
	if (json) {
		struct json_object *o = failback_json(f, code);

		if (switched)
			json_put_u64(o, "switch_ms", switch_ms);
		json_print(o);
	}
	return code;
}

static enum failback_method method(void)
{
	if (by_digest)
		return FAILBACK_DIGEST;
	if (only_changed)
		return FAILBACK_CHANGED;
	return full ? FAILBACK_FULL : FAILBACK_CODES;
}

static int run(int argc, char **argv)
{
	struct failback f = {
		.dry_run = dry_run,
		.json = json,
		.flags = (force ? MS_FAILBACK_FORCE : 0) |
			 (only_changed ? MS_FAILBACK_CHANGED : 0) |
			 (by_digest || full ? MS_FAILBACK_COPY : 0),
		.method = method(),
		.rate = rate,
	};
	int code;

	(void)argc;
	if (dry_run && anew)
		return cli_error(CLI_USAGE, argv[0], "--dry-run changes nothing, and --regenerate does");
	if (by_digest + only_changed + full > 1)
		return cli_error(CLI_USAGE, "failback", "only one of --digest, --changed and --full");
	code = failback_open(&f, argv[0]);
	if (!code)
		code = failback(&f);
	online_close(&f.o);
	return code;
}

const struct cli_command cmd_failback = {
	.name = "failback",
	.operands = "VOL",
	.summary = "Copy to the peer what differs from this site, by comparing codes; run at the primary",
	.options = options,
	.min = 1,
	.max = 1,
	.run = run,
};
