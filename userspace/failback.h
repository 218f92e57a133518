/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A copy over one site that is named by a command, as failback and resolve do it: steps of
 * the kernel's, the comparison, what it has found, the question, the watch, the report. The
 * loser is the site that is overwritten, the peer or this one.
 */
#ifndef MS_CLI_FAILBACK_H
#define MS_CLI_FAILBACK_H

#include <json.h>

#include "online.h"
#include "sites.h"

/* What finds out which segments are copied. */
enum failback_method {
	FAILBACK_CODES,
	FAILBACK_DIGEST,		/* SHA-256 of the contents */
	FAILBACK_CHANGED,		/* codes, of what is marked only */
	FAILBACK_FULL,			/* nothing: all are */
};

struct failback {
	struct online o;
	bool loser_here;		/* this site is overwritten, by its peer */
	bool dry_run, json;
	u32 flags;			/* MS_FAILBACK_*, of its steps */
	enum failback_method method;
	u64 rate;			/* KiB per second, of reading for this; 0: no limit */
	struct ms_ioc_status before, after;
	bool compared;			/* what was found is all there */
	struct sites_result found;
	bool started;			/* the kernel copies, or has copied */
	bool ended;			/* after is known */
	u64 start;			/* ms */
	u64 compare_ms, total_ms;
};

/* Find the volume. Return: an exit status. */
int failback_open(struct failback *f, const char *name);
/* From here on it is timed, and an interruption ends the display, or what has not begun. */
void failback_prepare(struct failback *f);
/* With this exit status, for the report: to be called before that, whatever was reached. */
void failback_end(struct failback *f, int code);

/* One step of MS_IOC_FAILBACK. @what: what failed, for the message. Return: an exit status. */
int failback_step(struct failback *f, u32 step, const char *what);
/*
 * failback_begin_and_judge() - begin, compare, ask if @ask, start
 * What ends before the start is cancelled, and the operator told so.
 * Return: 0 when the copy is under way, else an exit status.
 */
int failback_begin_and_judge(struct failback *f, bool ask);
/*
 * This site is the loser: its device is closed and the peer has begun to copy. Who opens it for a
 * moment only is waited for. Return: an exit status.
 */
int failback_give_up(struct failback *f);

/*
 * failback_compare() - compare the tables and print what was found
 * @judge: the verdicts go to the kernel
 * Return: 0; an exit status, reported; -EINTR when interrupted.
 */
int failback_compare(struct failback *f, bool judge);
/* Segments that hold writes of the loser's own, which are lost. */
u64 failback_lost(const struct failback *f);
/* Ask on a terminal, when anything would be overwritten. */
bool failback_confirmed(const struct failback *f);

/* What was done: a table; or an object, with what was found, to which a command adds its own. */
void failback_report(const struct failback *f);
struct json_object *failback_json(const struct failback *f, int code);

#endif
