/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel logs about mirsync while a command runs, from /dev/kmsg.
 */
#ifndef MS_CLI_KMSG_H
#define MS_CLI_KMSG_H

/* Remember where the kernel log ends now. Return: a handle, negative when it cannot be read. */
int kmsg_open(void);
/* Print on standard error the lines since then that mention mirsync. Return: how many. */
int kmsg_print(int handle);
void kmsg_close(int handle);

#endif
