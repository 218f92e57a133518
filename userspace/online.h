/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A volume that is up, as a command holds it: its device-mapper device, the
 * ioctls of /dev/mirsync, its latest status, and its messages with the reason
 * the kernel gives for a refusal. Functions that return an exit status have
 * reported what they return.
 */
#ifndef MS_CLI_ONLINE_H
#define MS_CLI_ONLINE_H

#include "dm.h"
#include "shared/mirsync_ioctl.h"
#include "shared/rules.h"

#define ONLINE_CONTROL		"/dev/mirsync"	/* the module's control device */
#define COMMAND_TIMEOUT_MS	30000u	/* a promotion or demotion takes at most so long */

struct online {
	struct dm_volume vol;
	int fd;			/* of /dev/mirsync */
	struct ms_ioc_status st;
	u32 refusals;		/* the kernel's count of them before the last message */
};

/* Open the module's control device and check its version, no more. Return: an exit status. */
int online_open_control(struct online *o);

/*
 * online_open() - find volume @name, check the interface's version, read the
 * status. Return: an exit status; the handle is closed when it is not 0.
 */
int online_open(struct online *o, const char *name);
/* The same for a volume that dm_each() or dm_find() found. */
int online_attach(struct online *o, const struct dm_volume *v);
void online_close(struct online *o);

/* Read the status again. Return: an exit status; CLI_NO_VOLUME when it was taken down. */
int online_status(struct online *o);

/* Send a control message; a refusal is reported with its reason. Return: an exit status. */
int online_message(struct online *o, const char *message);

/* online_why() - the kernel's text on its last refusal; empty: none. @buf: DM_TEXT bytes. */
void online_why(const struct online *o, char *buf);

typedef bool (*online_test)(const struct ms_ioc_status *st);

/**
 * online_wait() - poll the status until @test holds
 * @timeout_ms: 0: for ever
 *
 * Return: 0; CLI_TIMEOUT, not reported; another exit status.
 */
int online_wait(struct online *o, online_test test, u64 timeout_ms);

/* Writes are accepted here. / Content with being a secondary. */
bool online_is_primary(const struct ms_ioc_status *st);
bool online_is_secondary(const struct ms_ioc_status *st);

/*
 * After a message: wait, for COMMAND_TIMEOUT_MS, until the change of role that
 * it queued is in force, or the kernel says why it will not be. Return: an
 * exit status.
 */
int online_wait_role(struct online *o, online_test test, const char *role);

/*
 * Give up this site's role; refused as by online_not_open() while the device is open. Waits as
 * online_wait_role() does. Return: an exit status.
 */
int online_demote(struct online *o);

/* Change roles with the peer. @ms: milliseconds without a primary. Return: an exit status. */
int online_switch(struct online *o, u32 *ms);

/* All codes of @site (MS_SITE_*) are to be made anew; they are not waited for. Return: an exit status. */
int online_regenerate(struct online *o, u32 site);

/*
 * Refuse, naming who uses it, when the dm device is open. Whoever has it open without
 * being a mount or a device on top gets some seconds to close it: udev probes a device
 * that was written to. Return: an exit status.
 */
int online_not_open(struct online *o);

/* What the rules of shared/rules.h want to know. */
void online_situation(const struct online *o, struct ms_situation *s);

/* Milliseconds of a clock that only goes forward. */
u64 online_now(void);
void online_pause(u32 ms);
/*
 * Between two looks: a little longer than the @last pause (0: there was none), at most @most ms. So what is over
 * soon is not waited for much longer than it takes, and what goes on is not asked all the time. Return: how long it was.
 */
u32 online_pause_longer(u32 last, u32 most);

#endif
