// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals that stop a command in order; see interrupt.h.
 */
#include <signal.h>

#include "interrupt.h"

static volatile sig_atomic_t came;

static void on_signal(int signal)
{
	(void)signal;
	came = 1;
}

static void catch_signal(int signal)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;

	if (!sigaction(signal, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(signal, &sa, NULL);
}

void interrupt_catch(void)
{
	catch_signal(SIGINT);
	catch_signal(SIGTERM);
	catch_signal(SIGHUP);
	catch_signal(SIGQUIT);
	signal(SIGPIPE, SIG_IGN);	/* who reads what is printed may go before it is over */
}

bool interrupted(void)
{
	return came;
}
