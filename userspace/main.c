// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command table of mirsync and main(). Each command is a file of its own,
 * cmd_NAME.c; the table's order is that of the help.
 */
#include "cli.h"

const struct cli_command *const cli_commands[] = {
	&cmd_format,
	&cmd_check,
	&cmd_dump,
	&cmd_repair,
	&cmd_up,
	&cmd_down,
	&cmd_status,
	&cmd_promote,
	&cmd_demote,
	&cmd_connect,
	&cmd_disconnect,
	&cmd_release,
	&cmd_set,
	&cmd_grow,
	&cmd_failback,
	&cmd_resolve,
	&cmd_switchover,
	&cmd_verify,
	&cmd_scrub,
	&cmd_regenerate,
	&cmd_wait,
	&cmd_events,
	NULL
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
