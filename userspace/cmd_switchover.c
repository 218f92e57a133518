// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync switchover: this primary and its secondary, in sync, change roles.
 */
#include <stdio.h>

#include "cli.h"
#include "online.h"

static int run(int argc, char **argv)
{
	struct ms_situation s;
	struct online o;
	const char *why;
	u32 ms;
	int code;

	(void)argc;
	code = online_open(&o, argv[0]);
	if (code)
		return code;
	code = online_not_open(&o);
	online_situation(&o, &s);
	why = ms_rules_switch(&s);
	if (!code && why)
		code = cli_error(CLI_FAILED, argv[0], "%s", why);
	if (!code)
		code = online_switch(&o, &ms);
	if (!code)
		printf("%s: the peer is primary now; %u ms without a primary\n", argv[0], ms);
	online_close(&o);
	return code;
}

const struct cli_command cmd_switchover = {
	.name = "switchover",
	.operands = "VOL",
	.summary = "Give the primary role to the peer, in sync, without loss; run at the primary",
	.min = 1,
	.max = 1,
	.run = run,
};
