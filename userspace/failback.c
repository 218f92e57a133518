// SPDX-License-Identifier: GPL-2.0-only
/*
 * A copy by command; see failback.h. Orchestration only: the kernel persists the start,
 * judges the verdicts again, copies, and resumes by itself after a cut.
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "failback.h"
#include "interrupt.h"
#include "out.h"
#include "progress.h"

#define SETTLE_MS	8000u	/* who opened the device for a moment has closed it by then */

int failback_open(struct failback *f, const char *name)
{
	int code = online_open(&f->o, name);

	f->before = f->o.st;
	return code;
}

void failback_prepare(struct failback *f)
{
	f->start = online_now();
	interrupt_catch();
}

/* What has failed is told by the status of now; the one at hand is from before it. */
void failback_end(struct failback *f, int code)
{
	struct ms_ioc_status st = { .dev = f->o.vol.dev };

	f->total_ms = online_now() - f->start;
	f->ended = true;
	if (!code) {
		f->after = f->o.st;
	} else if (!ioctl(f->o.fd, MS_IOC_STATUS, &st)) {
		f->after = st;
	} else {	/* taken down meanwhile: nothing is known */
		f->after = f->before;
		f->after.in_sync = 0;
		f->started = false;
	}
}

static bool compare_progress(void *arg, u64 done, u64 total)
{
	progress_show(arg, done, total, 0, "");
	return !interrupted();
}

/* Return: 0, or a positive errno; the kernel's reason is in @fb. */
static int take_step(struct failback *f, u32 step, struct ms_ioc_failback *fb)
{
	int e;

	memset(fb, 0, sizeof(*fb));
	fb->dev = f->o.vol.dev;
	fb->step = step;
	fb->flags = f->flags;
	fb->rate = (u32)f->rate;
	e = ioctl(f->o.fd, MS_IOC_FAILBACK, fb) ? errno : 0;
	fb->error[sizeof(fb->error) - 1] = '\0';
	return e;
}

static int report_step(const struct failback *f, const struct ms_ioc_failback *fb, int e,
		       const char *what)
{
	if (!e)
		return 0;
	return cli_error(CLI_FAILED, f->o.vol.name, "%s: %s", what,
			 *fb->error ? fb->error : strerror(e));
}

int failback_step(struct failback *f, u32 step, const char *what)
{
	struct ms_ioc_failback fb;
	int e = take_step(f, step, &fb);

	return report_step(f, &fb, e, what);
}

int failback_give_up(struct failback *f)
{
	u64 end = online_now() + SETTLE_MS;
	struct ms_ioc_failback fb;
	int code, e;

	/* Once more when it was opened since online_not_open(), by a prober as a rule. */
	do {
		code = online_not_open(&f->o);
		if (code)
			return code;
		e = take_step(f, MS_FAILBACK_GIVE_UP, &fb);
	} while (e == EBUSY && online_now() < end);
	f->started = !e;
	return report_step(f, &fb, e, "the start of the copy");
}

u64 failback_lost(const struct failback *f)
{
	return f->loser_here ? f->found.local_only : f->found.peer_marked;
}

static u64 segment_bytes(const struct failback *f, u64 segments)
{
	return segments * f->before.seg_sectors << MS_SECTOR_SHIFT;
}

/* Of segments of which is not known whether they differ. */
static void tell_unknown(const struct failback *f)
{
	static const char * const why[] = {
		[FAILBACK_CODES] = "have no valid code at one site or both",
		[FAILBACK_DIGEST] = "could not be compared, being written to or unreadable",
		[FAILBACK_CHANGED] = "have no valid code at one site or both",
		[FAILBACK_FULL] = "are not compared",
	};
	const struct sites_result *r = &f->found;
	char n[OUT_TEXT], b[OUT_TEXT];

	out_count(n, r->unknown);
	out_bytes(b, r->unknown_bytes);
	if (f->method == FAILBACK_FULL || f->method == FAILBACK_DIGEST)
		printf("%s %s: %s to be copied\n", n, why[f->method], b);
	else
		printf("%s %s: up to %s more, after another look at their codes\n", n, why[f->method],
		       b);
}

static void tell_found(const struct failback *f)
{
	const struct sites_result *r = &f->found;
	char n[OUT_TEXT], m[OUT_TEXT], b[OUT_TEXT];

	if (r->not_marked)
		printf("%s of %s segments are marked at no site, and count as equal: %s\n",
		       out_count(n, r->not_marked), out_count(m, f->before.segments),
		       out_bytes(b, r->not_marked_bytes));
	if (f->method != FAILBACK_FULL) {
		printf("%s of %s segments are equal by their %s: %s\n", out_count(n, r->equal),
		       out_count(m, f->before.segments),
		       f->method == FAILBACK_DIGEST ? "SHA-256" : "codes",
		       out_bytes(b, r->equal_bytes));
		printf("%s differ: %s to be copied\n", out_count(n, r->differ),
		       out_bytes(b, r->differ_bytes));
	}
	if (r->unknown)
		tell_unknown(f);
	if (failback_lost(f))
		printf("%s%s segments (%s) are known to hold writes that only %s has: they are lost%s\n",
		       out_colour(OUT_RED), out_count(n, failback_lost(f)),
		       out_bytes(b, segment_bytes(f, failback_lost(f))),
		       f->loser_here ? "this site" : "the peer", out_plain());
}

static int find(struct failback *f, bool judge, struct progress *p)
{
	struct sites_result *found = &f->found;

	switch (f->method) {
	case FAILBACK_DIGEST:
		return sites_compare_digests(&f->o, judge, f->rate, compare_progress, p, found);
	case FAILBACK_CHANGED:
		return sites_compare_marked(&f->o, judge, compare_progress, p, found);
	case FAILBACK_FULL:
		return sites_count_marks(&f->o, compare_progress, p, found);
	default:
		return sites_compare(&f->o, judge, compare_progress, p, found);
	}
}

int failback_compare(struct failback *f, bool judge)
{
	u64 start = online_now();
	struct progress p;
	int code;

	progress_begin(&p, "comparing", f->json);
	code = find(f, judge, &p);
	progress_end(&p);
	f->compare_ms = online_now() - start;
	f->compared = !code;
	if (!code && interrupted())	/* after its last look */
		code = -EINTR;
	if (!code && !f->json)
		tell_found(f);
	return code;
}

bool failback_confirmed(const struct failback *f)
{
	const struct sites_result *r = &f->found;
	char answer[16], n[OUT_TEXT], m[OUT_TEXT];

	if (!(r->differ + r->unknown) || !isatty(STDIN_FILENO))
		return true;
	fflush(stdout);
	fprintf(stderr, "%s: overwrite up to %s segments %s (%s of them known to hold writes that only it has%s)? [y/N] ",
		f->o.vol.name, out_count(n, r->differ + r->unknown),
		f->loser_here ? "of this site" : "at the peer", out_count(m, failback_lost(f)),
		r->unknown ? "; of those without a code nothing is known" : "");
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

int failback_begin_and_judge(struct failback *f, bool ask)
{
	int code = failback_step(f, MS_FAILBACK_BEGIN, "cannot begin");
	struct ms_ioc_failback fb;

	if (code)
		return code;
	code = failback_compare(f, true);
	if (!code && ((ask && !failback_confirmed(f)) || interrupted()))
		code = -EINTR;
	if (!code)
		code = failback_step(f, MS_FAILBACK_START, "the start of the copy");
	f->started = !code;
	if (!code)
		return 0;
	/* It may be over already: with its session, or by a start that failed. */
	take_step(f, MS_FAILBACK_CANCEL, &fb);
	if (code == -EINTR)
		fprintf(stderr, "mirsync: %s: cancelled, nothing was copied\n", f->o.vol.name);
	return CLI_FAILED;
}

static u64 data_read(const struct failback *f)
{
	const struct ms_ioc_status *a = &f->before, *b = &f->after;

	return (b->gen_read_sectors - a->gen_read_sectors +
		b->copy_read_sectors - a->copy_read_sectors) << MS_SECTOR_SHIFT;
}

static void row(const char *label, const char *text)
{
	printf("  %-22s %s\n", label, text);
}

/* How the segments were found to be equal that were not copied. */
static const char *equal_by(const struct failback *f)
{
	if (f->method == FAILBACK_DIGEST)
		return "equal by SHA-256";
	return f->method == FAILBACK_CHANGED ? "equal, or not marked" : "equal by code";
}

void failback_report(const struct failback *f)
{
	const struct ms_ioc_status *st = &f->after;
	char t[OUT_TEXT], u[OUT_TEXT], text[2 * OUT_TEXT + 16];

	printf("%s: in sync\n", f->o.vol.name);
	row("device size", out_bytes(t, st->sectors << MS_SECTOR_SHIFT));
	row("segments", out_count(t, st->segments));
	if (!f->loser_here) {	/* its source knows */
		snprintf(text, sizeof(text), "%s (%s)", out_count(t, st->rs_equal),
			 out_bytes(u, segment_bytes(f, st->rs_equal)));
		row(equal_by(f), text);
		row("differed", out_count(t, st->rs_differ));
	}
	snprintf(text, sizeof(text), "%s (%s)", out_count(t, st->rs_copied),
		 out_bytes(u, st->rs_copied_bytes));
	row("copied", text);
	snprintf(text, sizeof(text), "%s (%s)", out_count(t, failback_lost(f)),
		 out_bytes(u, segment_bytes(f, failback_lost(f))));
	row(f->loser_here ? "lost of its own" : "lost of the peer's own", text);
	if (f->loser_here)
		row("received on the wire", out_bytes(t, st->rx_bytes - f->before.rx_bytes));
	else
		row("shipped on the wire", out_bytes(t, st->tx_bytes - f->before.tx_bytes));
	row("data read here", out_bytes(t, data_read(f)));
	snprintf(text, sizeof(text), "%s (copy %s)", out_duration(t, f->total_ms),
		 out_duration(u, st->rs_ms));
	row("time", text);
}

static const char *method_name(const struct failback *f)
{
	static const char * const names[] = {
		[FAILBACK_CODES] = "codes",
		[FAILBACK_DIGEST] = "digest",
		[FAILBACK_CHANGED] = "changed",
		[FAILBACK_FULL] = "full",
	};

	return names[f->method];
}

static void add_found(const struct failback *f, struct json_object *o)
{
	const struct sites_result *r = &f->found;

	json_put_u64(o, "compare_equal", r->equal);
	json_put_u64(o, "compare_differ", r->differ);
	json_put_u64(o, "compare_unknown", r->unknown);
	json_put_u64(o, "compare_not_marked", r->not_marked);
	json_put_u64(o, "compare_equal_bytes", r->equal_bytes);
	json_put_u64(o, "compare_not_marked_bytes", r->not_marked_bytes);
	json_put_u64(o, "differ_bytes", r->differ_bytes);
	json_put_u64(o, "unknown_bytes", r->unknown_bytes);
	json_put_u64(o, f->loser_here ? "local_marked_lost" : "peer_marked_lost", failback_lost(f));
	json_put_u64(o, f->loser_here ? "local_marked_lost_bytes" : "peer_marked_lost_bytes",
		     segment_bytes(f, failback_lost(f)));
	json_put_u64(o, "local_marked", r->local_marked);
	json_put_u64(o, "extents_by_summary", r->by_summary);
	json_put_u64(o, "extents_tables_read", r->tables_read);
	json_put_u64(o, "compare_ms", f->compare_ms);
}

/* What its source knows. */
static void add_judged(const struct failback *f, struct json_object *o)
{
	u64 equal = f->after.rs_equal;

	json_put_u64(o, "verdicts_held", f->found.judged);
	json_put_u64(o, "equal", equal);
	json_put_u64(o, "equal_bytes", segment_bytes(f, equal));
	json_put_u64(o, "equal_by_code",
		     f->method == FAILBACK_DIGEST || f->method == FAILBACK_FULL ? 0 : equal);
	json_put_u64(o, "equal_by_digest", f->method == FAILBACK_DIGEST ? equal : 0);
	json_put_u64(o, "differed", f->after.rs_differ);
}

static void add_copy(const struct failback *f, struct json_object *o)
{
	if (!f->loser_here)
		add_judged(f, o);
	json_put_u64(o, "copied", f->after.rs_copied);
	json_put_u64(o, "copied_bytes", f->after.rs_copied_bytes);
	json_put_u64(o, "copy_ms", f->after.rs_ms);
}

static void add_end(const struct failback *f, struct json_object *o)
{
	const struct ms_ioc_status *st = &f->after, *b = &f->before;

	json_put_bool(o, "in_sync", st->in_sync);
	json_put_u64(o, "tx_bytes", st->tx_bytes - b->tx_bytes);
	json_put_u64(o, "rx_bytes", st->rx_bytes - b->rx_bytes);
	json_put_u64(o, "tx_data_bytes", st->tx_data_bytes - b->tx_data_bytes);
	json_put_u64(o, "data_read_bytes", data_read(f));
	json_put_u64(o, "total_ms", f->total_ms);
}

struct json_object *failback_json(const struct failback *f, int code)
{
	const struct ms_ioc_status *b = &f->before;
	struct json_object *o = json_object_new_object();

	json_put_text(o, "volume", f->o.vol.name);
	json_put_bool(o, "dry_run", f->dry_run);
	json_put_bool(o, "ok", !code);
	json_put_text(o, "method", method_name(f));
	json_put_text(o, "meeting", ms_meeting_name(b->meeting));
	json_put_u64(o, "device_bytes", b->sectors << MS_SECTOR_SHIFT);
	json_put_u64(o, "segments", b->segments);
	json_put_u64(o, "extents", b->extents);
	if (f->compared)
		add_found(f, o);
	if (f->started)		/* before, they are of another copy */
		add_copy(f, o);
	if (f->ended)
		add_end(f, o);
	return o;
}
