// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync connect, mirsync disconnect, mirsync release: allow or end the session with the
 * peer, or go on without it. All return at once; mirsync wait VOL connected waits.
 */
#include "cli.h"
#include "online.h"

static int send(const char *name, const char *message)
{
	struct online o;
	int code = online_open(&o, name);

	if (!code)
		code = online_message(&o, message);
	online_close(&o);
	return code;
}

static int run_connect(int argc, char **argv)
{
	(void)argc;
	return send(argv[0], "connect");
}

static int run_disconnect(int argc, char **argv)
{
	(void)argc;
	return send(argv[0], "disconnect");
}

static int run_release(int argc, char **argv)
{
	(void)argc;
	return send(argv[0], "release");
}

const struct cli_command cmd_connect = {
	.name = "connect",
	.operands = "VOL",
	.summary = "Let the volume connect to its peer, and reconnect by itself",
	.min = 1,
	.max = 1,
	.run = run_connect,
};

const struct cli_command cmd_disconnect = {
	.name = "disconnect",
	.operands = "VOL",
	.summary = "End the session with the peer and stay disconnected",
	.min = 1,
	.max = 1,
	.run = run_disconnect,
};

const struct cli_command cmd_release = {
	.name = "release",
	.operands = "VOL",
	.summary = "Let writes go on that wait for a lost peer (link_lost freeze)",
	.min = 1,
	.max = 1,
	.run = run_release,
};
