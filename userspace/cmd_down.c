// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync down: removes the device of a volume; the kernel stops it in order.
 */
#include "cli.h"
#include "dm.h"
#include "online.h"

static int run(int argc, char **argv)
{
	struct online o = { .fd = -1 };
	char why[DM_TEXT];
	int code, r;

	(void)argc;
	code = dm_find(&o.vol, argv[0]);
	if (!code)
		code = online_not_open(&o);
	if (code)
		return code;
	r = dm_remove(argv[0], why);
	if (r)
		return cli_error(CLI_FAILED, argv[0], "cannot be removed: %s", why);
	return CLI_OK;
}

const struct cli_command cmd_down = {
	.name = "down",
	.operands = "VOL",
	.summary = "Stop a volume and remove its device; refused while it is open",
	.min = 1,
	.max = 1,
	.run = run,
};
