// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync wait: returns when a volume has come to a condition.
 */
#include "cli.h"
#include "online.h"

static u64 timeout;

static const struct cli_option options[] = {
	{ "timeout", CLI_NUMBER, "S", "seconds to wait at most (default 0: for ever)",
	  &timeout, 0, 100000000 },
	{ }
};

static bool connected(const struct ms_ioc_status *st)
{
	return st->connected;
}

static bool in_sync(const struct ms_ioc_status *st)
{
	return st->connected && st->in_sync;
}

/* Those that a write has taken away are made anew all the time. */
static bool codes(const struct ms_ioc_status *st)
{
	return st->valid == st->segments;
}

static const struct condition {
	const char *name;
	online_test test;
} conditions[] = {
	{ "connected", connected },
	{ "in-sync", in_sync },
	{ "primary", online_is_primary },
	{ "secondary", online_is_secondary },
	{ "codes", codes },
	{ }
};

static int run(int argc, char **argv)
{
	const struct condition *c;
	struct online o;
	int code;

	(void)argc;
	for (c = conditions; c->name && strcmp(c->name, argv[1]); c++)
		;
	if (!c->name)
		return cli_error(CLI_USAGE, argv[1],
				 "no such condition: connected, in-sync, primary, secondary or codes");
	code = online_open(&o, argv[0]);
	if (!code)
		code = online_wait(&o, c->test, timeout * 1000);
	if (code == CLI_TIMEOUT)
		cli_error(0, argv[0], "not %s after %llu s", c->name,
			  (unsigned long long)timeout);
	online_close(&o);
	return code;
}

const struct cli_command cmd_wait = {
	.name = "wait",
	.operands = "VOL connected|in-sync|primary|secondary|codes",
	.summary = "Wait until the volume is so",
	.options = options,
	.min = 2,
	.max = 2,
	.run = run,
};
