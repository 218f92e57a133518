/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every command is made of: its entry in the command table, its options
 * as data, the exit statuses, and the one way to report an error. Help texts are
 * printed from the same tables that the arguments are parsed by.
 * Single-threaded, as all of userspace/.
 */
#ifndef MS_CLI_H
#define MS_CLI_H

#include "shared/env.h"

#define MIRSYNC_RELEASE	"0.1.0"

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,		/* refused, or it went wrong */
	CLI_USAGE = 2,
	CLI_NO_VOLUME = 3,
	CLI_TIMEOUT = 4,
	CLI_DIFFERS = 5,	/* verify: the sites are not the same; scrub: data is not what its code says */
};

enum cli_type {
	CLI_FLAG,		/* value: bool * */
	CLI_TEXT,		/* value: const char ** */
	CLI_NUMBER,		/* value: u64 * */
	CLI_SIZE,		/* value: u64 *, bytes; K, M, G, T accepted */
};

struct cli_option {
	const char *name;	/* without the dashes; NULL ends a table */
	enum cli_type type;
	const char *arg;	/* what the help calls the value; NULL for flags */
	const char *help;	/* one line */
	void *value;		/* holds the default; written when given */
	u64 min, max;		/* of NUMBER and SIZE; max 0: no limit */
};

struct cli_command {
	const char *name;
	const char *operands;	/* as in the synopsis */
	const char *summary;	/* one line */
	const struct cli_option *options;	/* NULL: none */
	int min, max;		/* operands */
	int usage_exit;		/* status for wrong usage when not CLI_USAGE */
	/* @argv: the @argc operands. Return: an exit status. */
	int (*run)(int argc, char **argv);
};

/* The table, in the order of the help; ends with a NULL. One file each. */
extern const struct cli_command *const cli_commands[];

extern const struct cli_command cmd_format;
extern const struct cli_command cmd_check;
extern const struct cli_command cmd_dump;
extern const struct cli_command cmd_repair;
extern const struct cli_command cmd_up;
extern const struct cli_command cmd_down;
extern const struct cli_command cmd_status;
extern const struct cli_command cmd_promote;
extern const struct cli_command cmd_demote;
extern const struct cli_command cmd_connect;
extern const struct cli_command cmd_disconnect;
extern const struct cli_command cmd_release;
extern const struct cli_command cmd_set;
extern const struct cli_command cmd_failback;
extern const struct cli_command cmd_resolve;
extern const struct cli_command cmd_switchover;
extern const struct cli_command cmd_grow;
extern const struct cli_command cmd_verify;
extern const struct cli_command cmd_scrub;
extern const struct cli_command cmd_regenerate;
extern const struct cli_command cmd_wait;
extern const struct cli_command cmd_events;

/* Run the program: find the command, parse, call it. Return: an exit status. */
int cli_main(int argc, char **argv);

/* The directory given by --config-dir, or NULL. */
const char *cli_config_dir(void);

/**
 * cli_error() - print "mirsync: SUBJECT: text"
 * @code: returned, so that a command can return cli_error(...)
 */
int cli_error(int code, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* cli_parse_size() - digits and one of K, M, G, T. Return: 0, or -EINVAL. */
int cli_parse_size(const char *text, u64 *value);
/* cli_parse_number() - decimal digits. Return: 0, or -EINVAL. */
int cli_parse_number(const char *text, u64 *value);

#endif
