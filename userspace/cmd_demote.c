// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync demote: this site becomes a secondary. Refused while the device is
 * open; the kernel queues the change, this waits until it is in force.
 */
#include "cli.h"
#include "online.h"

static int run(int argc, char **argv)
{
	struct online o;
	int code;

	(void)argc;
	code = online_open(&o, argv[0]);
	if (code)
		return code;
	code = online_demote(&o);
	online_close(&o);
	return code;
}

const struct cli_command cmd_demote = {
	.name = "demote",
	.operands = "VOL",
	.summary = "Make this site a secondary; refused while the device is open",
	.min = 1,
	.max = 1,
	.run = run,
};
