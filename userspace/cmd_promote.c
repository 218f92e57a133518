// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync promote: this site becomes the primary. The kernel queues the
 * change; this waits until it is in force.
 */
#include <stdio.h>

#include "cli.h"
#include "online.h"

static bool alone;
static bool force;

static const struct cli_option options[] = {
	{ "alone", CLI_FLAG, NULL,
	  "also a former primary that has not met its peer since: it goes on without it",
	  &alone, 0, 0 },
	{ "force", CLI_FLAG, NULL,
	  "whatever the state of this site's data; newer data at the peer may be lost",
	  &force, 0, 0 },
	{ }
};

static int run(int argc, char **argv)
{
	char message[32];
	struct online o;
	int code;

	(void)argc;
	code = online_open(&o, argv[0]);
	if (code)
		return code;
	snprintf(message, sizeof(message), "promote%s%s", alone ? " alone" : "",
		 force ? " force" : "");
	code = online_message(&o, message);
	if (!code)
		code = online_wait_role(&o, online_is_primary, "primary");
	online_close(&o);
	return code;
}

const struct cli_command cmd_promote = {
	.name = "promote",
	.operands = "VOL",
	.summary = "Make this site the primary: it accepts writes from now on",
	.options = options,
	.min = 1,
	.max = 1,
	.run = run,
};
