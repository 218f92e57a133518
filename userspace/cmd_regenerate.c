// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync regenerate: all codes of a site are made anew from its disk, in the background.
 */
#include "cli.h"
#include "online.h"

static int run(int argc, char **argv)
{
	struct online o;
	u32 site = MS_SITE_LOCAL;
	int code;

	(void)argc;
	if (!strcmp(argv[1], "peer"))
		site = MS_SITE_PEER;
	else if (strcmp(argv[1], "local"))
		return cli_error(CLI_USAGE, argv[1], "no such site: local or peer");
	code = online_open(&o, argv[0]);
	if (code)
		return code;
	code = online_regenerate(&o, site);
	online_close(&o);
	return code;
}

const struct cli_command cmd_regenerate = {
	.name = "regenerate",
	.operands = "VOL local|peer",
	.summary = "Make all codes of a site anew from its disk, in the background",
	.min = 2,
	.max = 2,
	.run = run,
};
