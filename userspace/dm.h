/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device-mapper devices of target "mirsync", by libdevmapper: which there are,
 * creation, removal, messages. libdevmapper's own error messages are kept
 * instead of printed, so that an error stays one line.
 */
#ifndef MS_CLI_DM_H
#define MS_CLI_DM_H

#include <sys/types.h>

#include "shared/env.h"

#define DM_TEXT		256	/* bytes of a reply or a reason */

struct dm_volume {
	char name[128];
	u64 dev;		/* major << 32 | minor, as the ioctls want it */
	dev_t rdev;
	int open_count;
	bool suspended;
};

/*
 * dm_find() - the volume @name
 * Return: 0; CLI_NO_VOLUME (no such device, or of another target) or
 * CLI_FAILED, reported.
 */
int dm_find(struct dm_volume *v, const char *name);
/* Does a device of that name exist, of whatever kind? Not reported. */
bool dm_exists(const char *name);

/*
 * Call @fn for each mirsync volume. Return: the worst of its statuses;
 * CLI_FAILED when there is no list.
 */
int dm_each(int (*fn)(const struct dm_volume *v, void *arg), void *arg);

/*
 * dm_create() - make, load and start a device of one mirsync target; udev is
 * told not to probe it
 * @why: DM_TEXT bytes, filled in on error
 * Return: 0, or a negative errno. Not reported.
 */
int dm_create(const char *name, const char *uuid, u64 sectors, const char *params,
	      char *why);
int dm_remove(const char *name, char *why);

/*
 * dm_reload() - load a table of one mirsync target beside the one in force
 * dm_resume() - put it into force, after a suspend that hands waiting I/O back
 * @why: DM_TEXT bytes, filled in on error
 * Return: 0, or a negative errno. Not reported.
 */
int dm_reload(const char *name, u64 sectors, const char *params, char *why);
int dm_resume(const char *name, char *why);

/*
 * dm_message() - send a message
 * @reply: DM_TEXT bytes for the target's answer, or NULL
 * Return: 0, or a negative errno. Not reported.
 */
int dm_message(const char *name, const char *message, char *reply);

/* dm_params() - the parameters of the table line in force; empty on error */
void dm_params(const char *name, char *buf, size_t size);

#endif
