/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program that is run before a volume becomes the target of a copy (option
 * before_target), by mirsync events --hook: PROGRAM VOL before-target. Its exit status is the
 * word: 0 is go, all else is refuse. One for a volume at a time; none is ended by us.
 */
#ifndef MS_CLI_HOOK_H
#define MS_CLI_HOOK_H

#include "online.h"

/* Volumes are looked at from now on, with @program; NULL: nothing is run. Return: an exit status. */
int hook_use(const char *program);

/* Run the program if this volume waits for its word, and it is not running. @o: with its status. */
void hook_look(const struct online *o);

/* Send the word of the programs that have ended meanwhile. */
void hook_reap(void);

#endif
