// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync failback: brings the peer up to this site's data by comparing the code
 * tables, so that only what differs is read and sent, and then, if asked, gives
 * it the primary role back. Orchestration only: the kernel persists the begin,
 * judges the verdicts again, copies, and resumes by itself after a cut.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "online.h"
#include "out.h"
#include "progress.h"
#include "sites.h"

#define WATCH_MS	200u
#define RATE_MIN	64u		/* KiB per second, as of the option resync_rate_max */
#define RATE_MAX	(1u << 30)
#define LIMBO_MS	10000u	/* neither copying nor in sync nor failed */

static bool dry_run;
static bool force;
static bool then_switch;
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
	  "also over what the peer wrote alone (split brain): that is lost",
	  &force, 0, 0 },
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

struct failback {
	struct online o;
	struct ms_ioc_status before;
	struct sites_result found;
	u64 start;		/* ms */
	u64 compare_ms, total_ms;
	u32 switch_ms;
	bool switched;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* One that is ignored stays so: a shell started us in the background. */
static void catch_signal(int signal)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;

	if (!sigaction(signal, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(signal, &sa, NULL);
}

static bool compare_progress(void *arg, u64 done, u64 total)
{
	progress_show(arg, done, total, 0, "");
	return !interrupted;
}

static int step(struct failback *f, u32 number, const char *what)
{
	struct ms_ioc_failback fb = {
		.dev = f->o.vol.dev,
		.step = number,
	};
	int e;

	if (number == MS_FAILBACK_BEGIN)
		fb.flags = (force ? MS_FAILBACK_FORCE : 0) |
			   (only_changed ? MS_FAILBACK_CHANGED : 0);
	if (number == MS_FAILBACK_START) {
		fb.flags = by_digest || full ? MS_FAILBACK_COPY : 0;
		fb.rate = (u32)rate;
	}
	if (!ioctl(f->o.fd, MS_IOC_FAILBACK, &fb))
		return 0;
	e = errno;
	fb.error[sizeof(fb.error) - 1] = '\0';
	return cli_error(CLI_FAILED, f->o.vol.name, "%s: %s", what,
			 *fb.error ? fb.error : strerror(e));
}

static void cancel(struct failback *f)
{
	if (!step(f, MS_FAILBACK_CANCEL, "the failback cannot be cancelled"))
		fprintf(stderr, "mirsync: %s: cancelled, nothing was copied\n", f->o.vol.name);
}

/* Why a failback would be refused, as far as can be seen from here; NULL: it would not. */
static const char *refusal(const struct failback *f)
{
	struct ms_situation s;
	const char *why;

	online_situation(&f->o, &s);
	if (s.meeting == MS_MEET_SPLIT_BRAIN && !force)
		return "split brain: both sites wrote alone. A failback from here throws away what the peer wrote; --force does so";
	why = ms_rules_failback(&s, force);
	if (!why && only_changed && !f->o.st.changed_trusted)
		why = "the marks of the sites may not cover all that differs: compare all, without --changed";
	return why;
}

/* A rehearsal only reads, so it may be done in any state in which the sites can talk. */
static int check(struct failback *f)
{
	const char *why = refusal(f);

	if (dry_run)
		return f->o.st.connected ? 0 :
			cli_error(CLI_FAILED, f->o.vol.name, "not connected");
	if (why)
		return cli_error(CLI_FAILED, f->o.vol.name, "%s", why);
	return then_switch ? online_not_open(&f->o) : 0;
}

static int compare(struct failback *f)
{
	u64 start = online_now();
	struct progress p;
	int code;

	progress_begin(&p, "comparing", json);
	if (by_digest)
		code = sites_compare_digests(&f->o, !dry_run, rate, compare_progress, &p, &f->found);
	else if (only_changed)
		code = sites_compare_marked(&f->o, !dry_run, compare_progress, &p, &f->found);
	else if (full)
		code = sites_count_marks(&f->o, compare_progress, &p, &f->found);
	else
		code = sites_compare(&f->o, !dry_run, compare_progress, &p, &f->found);
	progress_end(&p);
	f->compare_ms = online_now() - start;
	return code;
}

static u64 segment_bytes(const struct failback *f, u64 segments)
{
	return segments * f->before.seg_sectors << MS_SECTOR_SHIFT;
}

/* Of segments of which is not known whether they differ. */
static void tell_unknown(const struct sites_result *r)
{
	const char *why = "have no valid code at one site or both";
	char n[OUT_TEXT], b[OUT_TEXT];

	if (full)
		why = "are not compared";
	else if (by_digest)
		why = "could not be compared, being written to or unreadable";
	out_count(n, r->unknown);
	out_bytes(b, r->unknown_bytes);
	if (full || by_digest)
		printf("%s %s: %s to be copied\n", n, why, b);
	else
		printf("%s %s: up to %s more, after another look at their codes\n", n, why, b);
}

static void tell_found(const struct failback *f)
{
	const struct sites_result *r = &f->found;
	char n[OUT_TEXT], b[OUT_TEXT];

	if (r->not_marked)
		printf("%s of %s segments are marked at no site, and count as equal\n",
		       out_count(n, r->not_marked), out_count(b, f->before.segments));
	if (!full) {
		printf("%s of %s segments are equal by their %s\n", out_count(n, r->equal),
		       out_count(b, f->before.segments), by_digest ? "SHA-256" : "codes");
		printf("%s differ: %s to be copied\n", out_count(n, r->differ),
		       out_bytes(b, r->differ_bytes));
	}
	if (r->unknown)
		tell_unknown(r);
	if (r->peer_marked)
		printf("%s%s segments (%s) hold writes that only the peer has: they are lost%s\n",
		       out_colour(OUT_RED), out_count(n, r->peer_marked),
		       out_bytes(b, segment_bytes(f, r->peer_marked)), out_plain());
}

static bool confirmed(const struct failback *f)
{
	const struct sites_result *r = &f->found;
	char answer[16], n[OUT_TEXT], m[OUT_TEXT];

	if (yes || force || !(r->differ + r->unknown) || !isatty(STDIN_FILENO))
		return true;
	fprintf(stderr, "%s: overwrite up to %s segments at the peer (%s of them with writes that only it has)? [y/N] ",
		f->o.vol.name, out_count(n, r->differ + r->unknown),
		out_count(m, r->peer_marked));
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

/* Has the copy come to an end? Return: -EAGAIN not yet, 0 in sync, an exit status. */
static int outcome(const struct failback *f, u64 *limbo)
{
	const struct ms_ioc_status *st = &f->o.st;

	if (st->in_sync && !st->copying)
		return 0;
	if (st->copying) {
		*limbo = 0;
		return -EAGAIN;
	}
	if (st->last_error)
		return cli_error(CLI_FAILED, f->o.vol.name,
				 "the copy has stopped: %s; what is left is marked, and copied when the sites meet again",
				 strerror(st->last_error));
	if (!*limbo)
		*limbo = online_now();
	if (online_now() - *limbo > LIMBO_MS)
		return cli_error(CLI_FAILED, f->o.vol.name,
				 "the copy has ended and the sites are not in sync (see mirsync status)");
	return -EAGAIN;
}

static int watch(struct failback *f)
{
	struct progress p;
	u64 limbo = 0;
	int code;

	progress_begin(&p, "copying", json);
	for (;;) {
		code = online_status(&f->o);
		if (code)
			break;
		code = outcome(f, &limbo);
		if (code != -EAGAIN)
			break;
		if (interrupted) {
			code = cli_error(CLI_FAILED, f->o.vol.name,
					 "no longer watched; the copy goes on in the kernel");
			break;
		}
		progress_show(&p, f->o.st.rs_extents_done, f->o.st.rs_extents_total,
			      f->o.st.rs_copied_bytes,
			      f->o.st.connected ? "" : ", not connected");
		online_pause(WATCH_MS);
	}
	progress_end(&p);
	f->total_ms = online_now() - f->start;
	return code;
}

static int switch_back(struct failback *f)
{
	int code = online_not_open(&f->o);

	if (!code)
		code = online_switch(&f->o, &f->switch_ms);
	f->switched = !code;
	if (!code && !json)
		printf("%s: the peer is primary now; %u ms without a primary\n", f->o.vol.name,
		       f->switch_ms);
	return code;
}

static u64 data_read(const struct failback *f)
{
	const struct ms_ioc_status *a = &f->before, *b = &f->o.st;

	return (b->gen_read_sectors - a->gen_read_sectors +
		b->copy_read_sectors - a->copy_read_sectors) << MS_SECTOR_SHIFT;
}

static void row(const char *label, const char *text)
{
	printf("  %-22s %s\n", label, text);
}

/* How the segments were found to be equal that were not copied. */
static const char *equal_by(void)
{
	if (by_digest)
		return "equal by SHA-256";
	return only_changed ? "equal, or not marked" : "equal by code";
}

static const char *method(void)
{
	if (by_digest)
		return "digest";
	if (only_changed)
		return "changed";
	return full ? "full" : "codes";
}

static void report_text(const struct failback *f)
{
	const struct ms_ioc_status *st = &f->o.st;
	char t[OUT_TEXT], u[OUT_TEXT], text[2 * OUT_TEXT + 16];

	printf("%s: in sync\n", f->o.vol.name);
	row("device size", out_bytes(t, st->sectors << MS_SECTOR_SHIFT));
	row("segments", out_count(t, st->segments));
	snprintf(text, sizeof(text), "%s (%s)", out_count(t, st->rs_equal),
		 out_bytes(u, segment_bytes(f, st->rs_equal)));
	row(equal_by(), text);
	row("differed", out_count(t, st->rs_differ));
	snprintf(text, sizeof(text), "%s (%s)", out_count(t, st->rs_copied),
		 out_bytes(u, st->rs_copied_bytes));
	row("copied", text);
	snprintf(text, sizeof(text), "%s (%s)", out_count(t, f->found.peer_marked),
		 out_bytes(u, segment_bytes(f, f->found.peer_marked)));
	row("lost of the peer's own", text);
	row("shipped on the wire", out_bytes(t, st->tx_bytes - f->before.tx_bytes));
	row("data read here", out_bytes(t, data_read(f)));
	snprintf(text, sizeof(text), "%s (copy %s)", out_duration(t, f->total_ms),
		 out_duration(u, st->rs_ms));
	row("time", text);
}

static void report_json(const struct failback *f, int code)
{
	const struct ms_ioc_status *st = &f->o.st, *b = &f->before;
	const struct sites_result *r = &f->found;
	struct json_object *o = json_object_new_object();

	json_put_text(o, "volume", f->o.vol.name);
	json_put_bool(o, "dry_run", dry_run);
	json_put_bool(o, "ok", !code);
	json_put_text(o, "method", method());
	json_put_text(o, "meeting", ms_meeting_name(b->meeting));
	json_put_u64(o, "device_bytes", b->sectors << MS_SECTOR_SHIFT);
	json_put_u64(o, "segments", b->segments);
	json_put_u64(o, "extents", b->extents);
	json_put_u64(o, "compare_equal", r->equal);
	json_put_u64(o, "compare_differ", r->differ);
	json_put_u64(o, "compare_unknown", r->unknown);
	json_put_u64(o, "compare_not_marked", r->not_marked);
	json_put_u64(o, "differ_bytes", r->differ_bytes);
	json_put_u64(o, "unknown_bytes", r->unknown_bytes);
	json_put_u64(o, "peer_marked_lost", r->peer_marked);
	json_put_u64(o, "peer_marked_lost_bytes", segment_bytes(f, r->peer_marked));
	json_put_u64(o, "local_marked", r->local_marked);
	json_put_u64(o, "extents_by_summary", r->by_summary);
	json_put_u64(o, "extents_tables_read", r->tables_read);
	json_put_u64(o, "compare_ms", f->compare_ms);
	if (dry_run)
		json_put_text(o, "refusal", refusal(f));
	if (!dry_run) {
		json_put_u64(o, "verdicts_held", r->judged);
		json_put_bool(o, "in_sync", st->in_sync);
		json_put_u64(o, "equal", st->rs_equal);
		json_put_u64(o, "equal_bytes", segment_bytes(f, st->rs_equal));
		json_put_u64(o, "equal_by_code", by_digest || full ? 0 : st->rs_equal);
		json_put_u64(o, "equal_by_digest", by_digest ? st->rs_equal : 0);
		json_put_u64(o, "differed", st->rs_differ);
		json_put_u64(o, "copied", st->rs_copied);
		json_put_u64(o, "copied_bytes", st->rs_copied_bytes);
		json_put_u64(o, "tx_bytes", st->tx_bytes - b->tx_bytes);
		json_put_u64(o, "rx_bytes", st->rx_bytes - b->rx_bytes);
		json_put_u64(o, "tx_data_bytes", st->tx_data_bytes - b->tx_data_bytes);
		json_put_u64(o, "data_read_bytes", data_read(f));
		json_put_u64(o, "copy_ms", st->rs_ms);
		json_put_u64(o, "total_ms", f->total_ms);
	}
	if (f->switched)
		json_put_u64(o, "switch_ms", f->switch_ms);
	json_print(o);
}

/* Begin, compare, ask, start. Return: 0 when the copy is under way. */
static int begin_and_judge(struct failback *f)
{
	int code = step(f, MS_FAILBACK_BEGIN, "cannot begin");

	if (code)
		return code;
	code = compare(f);
	if (!code && !json)
		tell_found(f);
	if (!code && !confirmed(f))
		code = -EINTR;
	if (code) {
		cancel(f);
		return CLI_FAILED;
	}
	return step(f, MS_FAILBACK_START, "the copy was not started");
}

static int rehearse(struct failback *f)
{
	const char *why = refusal(f);
	int code = compare(f);

	if (code)
		return code == -EINTR ? CLI_FAILED : code;
	if (json)
		report_json(f, 0);
	else
		tell_found(f);
	if (!json && why)
		printf("%sa failback would be refused%s: %s\n", out_colour(OUT_RED),
		       out_plain(), why);
	return CLI_OK;
}

static int failback(struct failback *f)
{
	int code;

	f->before = f->o.st;
	f->start = online_now();
	code = check(f);
	if (code)
		return code;
	catch_signal(SIGINT);
	catch_signal(SIGTERM);
	if (dry_run)
		return rehearse(f);
	code = begin_and_judge(f);
	if (!code)
		code = watch(f);
	if (!code && !json)
		report_text(f);
	if (!code && then_switch)
		code = switch_back(f);
	if (json)
		report_json(f, code);
	return code;
}

static int run(int argc, char **argv)
{
	struct failback f = { .start = 0 };
	int code;

	(void)argc;
	if (by_digest + only_changed + full > 1)
		return cli_error(CLI_USAGE, "failback", "only one of --digest, --changed and --full");
	code = online_open(&f.o, argv[0]);
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
