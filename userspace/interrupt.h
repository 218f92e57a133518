/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT, for commands that take long and have something to say when they are
 * stopped. The handler only notes it.
 */
#ifndef MS_CLI_INTERRUPT_H
#define MS_CLI_INTERRUPT_H

#include "shared/env.h"

/* From now on they do not end the program. One that is ignored stays so: a shell started us in the background. */
void interrupt_catch(void);
/* Did one come? */
bool interrupted(void);

#endif
