/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of a volume, as data: name, range, default and whether it may change
 * while the volume is up. The table line, its "set" message, TABLE's output, the CLI's
 * configuration files and their checks all go by ms_option_table. Pure functions on a
 * struct of the caller; no locking. (Authentication is no row here: its value is a key.)
 */
#ifndef MS_SHARED_OPTIONS_H
#define MS_SHARED_OPTIONS_H

#include "shared/env.h"

#define MS_OPTION_TEXT	24	/* bytes of a value as text, with the NUL */

/* The values, one u32 for each row of the table. */
struct ms_options {
	u32 timeout;		/* milliseconds of silence after which the peer counts as lost */
	u32 generator_rate;	/* KiB per second read to make codes; 0: no limit */
	u32 resync_rate_min;	/* KiB per second that a resync keeps beside the application */
	u32 resync_rate_max;	/* KiB per second of a resync at most; 0: no limit */
	u32 mode;		/* enum ms_mode */
	u32 async_queue;	/* KiB that may be complete here and not confirmed by the peer */
	u32 queue_full;		/* enum ms_queue_full */
	u32 link_lost;		/* enum ms_link_lost */
	u32 disk_timeout;	/* milliseconds that a disk may take; 0: for ever */
	u32 disk_error;		/* enum ms_disk_error */
	u32 before_target;	/* milliseconds that a failback waits for the word before the disk is copied to; 0: it is not asked for */
};

struct ms_option {
	const char *name;
	const char *error;		/* of a wrong value: one sentence that names the option */
	const char *const *words;	/* NULL for a number, else what may be said for 0, 1, ...; ends with NULL */
	u32 min, max;			/* of a number */
	bool zero;			/* 0 is possible too */
	bool running;			/* may be changed while the volume is up */
	u32 initial;			/* unless told otherwise */
	size_t offset;			/* in struct ms_options */
};

/* Ends with a row without a name. */
extern const struct ms_option ms_option_table[];

/* ms_options_init() - every option at its default */
void ms_options_init(struct ms_options *o);

/* ms_option_find() - the row of that name, in any case of letters; NULL: there is none */
const struct ms_option *ms_option_find(const char *name);

/* ms_option_get() - the present value */
u32 ms_option_get(const struct ms_options *o, const struct ms_option *row);

/**
 * ms_option_set() - take a value
 * @text: decimal digits, or one of the row's words
 *
 * Return: 0, or -EINVAL for what row->error says; @o is unchanged then.
 */
int ms_option_set(struct ms_options *o, const struct ms_option *row, const char *text);

/* ms_option_print() - the present value as ms_option_set() takes it, into MS_OPTION_TEXT bytes */
void ms_option_print(const struct ms_options *o, const struct ms_option *row, char *text);

/* ms_options_fixed() - a row that differs between @a and @b and must not change while the volume is up; NULL: none */
const struct ms_option *ms_options_fixed(const struct ms_options *a, const struct ms_options *b);

#endif
