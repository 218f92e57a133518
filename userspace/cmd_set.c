// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync set: changes an option of a volume that is up. Checked here by the kernel's own
 * table, so that a mistake is named before anything is sent.
 */
#include <stdio.h>

#include "cli.h"
#include "online.h"
#include "shared/options.h"

static int run(int argc, char **argv)
{
	const struct ms_option *row = ms_option_find(argv[1]);
	struct ms_options scratch;
	char message[128];
	struct online o;
	int code;

	(void)argc;
	if (!row)
		return cli_error(CLI_USAGE, argv[1], "no such option, see mirsync.conf(5)");
	if (ms_option_set(&scratch, row, argv[2]))
		return cli_error(CLI_USAGE, argv[2], "%s", row->error);
	snprintf(message, sizeof(message), "set %s %s", row->name, argv[2]);
	code = online_open(&o, argv[0]);
	if (!code)
		code = online_message(&o, message);
	online_close(&o);
	return code;
}

const struct cli_command cmd_set = {
	.name = "set",
	.operands = "VOL OPTION VALUE",
	.summary = "Change an option of a volume while it is up (not in its configuration file)",
	.min = 3,
	.max = 3,
	.run = run,
};
