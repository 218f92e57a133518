/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/mirsync, the ioctl interface of shared/mirsync_ioctl.h. */
#ifndef MS_TARGET_CONTROL_H
#define MS_TARGET_CONTROL_H

int ms_control_init(void);
void ms_control_exit(void);

#endif
