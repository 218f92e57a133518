// SPDX-License-Identifier: GPL-2.0-only
/*
 * Progress of failback; see progress.h. On standard error, so that what a
 * command prints on standard output stays the result alone.
 */
#include <stdio.h>
#include <unistd.h>

#include "online.h"
#include "out.h"
#include "progress.h"

#define TERMINAL_MS	200u
#define LINE_MS		5000u

void progress_begin(struct progress *p, const char *what, bool quiet)
{
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->terminal = isatty(STDERR_FILENO);
	p->quiet = quiet;
	p->start = online_now();
	if (!p->terminal)	/* what is soon over needs no line but the last */
		p->drawn = p->start;
	fflush(stdout);
}

static void time_left(char *buf, size_t size, u64 ms, u64 done, u64 total)
{
	char t[OUT_TEXT];

	*buf = '\0';
	if (done && done < total && ms >= 1000)
		snprintf(buf, size, ", %s left",
			 out_duration(t, (u64)((double)ms / (double)done *
					       (double)(total - done))));
}

static void rate(char *buf, size_t size, u64 ms, u64 bytes)
{
	char a[OUT_TEXT], b[OUT_TEXT];

	*buf = '\0';
	if (bytes && ms)
		snprintf(buf, size, ", %s, %s/s", out_bytes(a, bytes),
			 out_bytes(b, (u64)((double)bytes * 1000 / (double)ms)));
}

void progress_show(struct progress *p, u64 done, u64 total, u64 bytes, const char *note)
{
	char pct[OUT_TEXT], bar[OUT_TEXT], left[64], speed[80], line[300];
	u64 now = online_now();
	unsigned int width;
	bool last = done >= total;

	if ((p->quiet && !p->terminal) ||
	    (!last && p->drawn && now - p->drawn < (p->terminal ? TERMINAL_MS : LINE_MS)))
		return;
	p->drawn = now;
	time_left(left, sizeof(left), now - p->start, done, total);
	rate(speed, sizeof(speed), now - p->start, bytes);
	width = (unsigned int)snprintf(line, sizeof(line), "%s %s%s%s%s%s%s", p->what,
				       p->terminal ? out_bar(bar, done, total) : "",
				       p->terminal ? " " : "", out_percent(pct, done, total),
				       speed, left, note);
	if (p->terminal)
		fprintf(stderr, "\r%s%*s", line,
			width < p->width ? (int)(p->width - width) : 0, "");
	else
		fprintf(stderr, "%s\n", line);
	p->width = width;
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->terminal && p->drawn)
		fputc('\n', stderr);
	p->drawn = 0;
}
