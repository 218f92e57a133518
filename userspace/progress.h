/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far a long command has come: a bar that is drawn over on a terminal, a
 * plain line every few seconds elsewhere.
 */
#ifndef MS_CLI_PROGRESS_H
#define MS_CLI_PROGRESS_H

#include "shared/env.h"

struct progress {
	const char *what;
	bool terminal;
	bool quiet;
	u64 start;		/* ms */
	u64 drawn;		/* ms; 0: never, and always draw */
	unsigned int width;	/* of the line on the screen */
};

/* @quiet: print nothing unless on a terminal */
void progress_begin(struct progress *p, const char *what, bool quiet);
/**
 * progress_show() - as often as one likes; it is drawn when it is time
 * @done, @total: parts of the work
 * @bytes: moved so far, for the rate; 0: no rate is shown
 * @note: a few more words, or ""
 */
void progress_show(struct progress *p, u64 done, u64 total, u64 bytes, const char *note);
void progress_end(struct progress *p);

#endif
