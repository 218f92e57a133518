/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking on while a resync brings the sites in sync. */
#ifndef MS_CLI_WATCH_H
#define MS_CLI_WATCH_H

#include "online.h"

/**
 * watch_copy() - show the copy that has been asked for, until it has ended
 * @quiet: print nothing unless on a terminal
 *
 * Interrupted, it goes on in the kernel.
 *
 * Return: 0 when the sites are in sync; an exit status, reported, when the copy has failed, when for
 * some seconds nothing is copied, or when the display was interrupted.
 */
int watch_copy(struct online *o, bool quiet);

#endif
