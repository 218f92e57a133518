// SPDX-License-Identifier: GPL-2.0-only
/*
 * libdevmapper in the few shapes that the commands need; see dm.h. Where udevd
 * runs, creation and removal wait for its rules by a cookie; where it does
 * not, libdevmapper makes the nodes itself and nothing is waited for.
 */
#include <libdevmapper.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cli.h"
#include "dm.h"

#define TARGET		"mirsync"
#define UDEV_CONTROL	"/run/udev/control"
/* A secondary fails reads, and a volume's contents are not for udev to probe in any role. */
#define UDEV_FLAGS	(DM_UDEV_DISABLE_DISK_RULES_FLAG | DM_UDEV_DISABLE_OTHER_RULES_FLAG)

static char last_error[DM_TEXT];	/* libdevmapper's first one since it was emptied */

static void keep_error(int level, const char *file, int line, int dm_errno,
		       const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static void keep_error(int level, const char *file, int line, int dm_errno,
		       const char *format, ...)
{
	va_list args;

	(void)file;
	(void)line;
	(void)dm_errno;
	/* 2 and 3 are fatal and error; bit 7 asks for standard error. */
	if ((level & 0x0f) > 3 || *last_error)
		return;
	va_start(args, format);
	vsnprintf(last_error, sizeof(last_error), format, args);
	va_end(args);
}

/* A task for device @name, or NULL. */
static struct dm_task *new_task(int type, const char *name)
{
	static bool ready;
	struct dm_task *t;

	if (!ready) {
		dm_log_with_errno_init(keep_error);
		if (access(UDEV_CONTROL, F_OK))
			dm_udev_set_sync_support(0);
		ready = true;
	}
	*last_error = '\0';
	t = dm_task_create(type);
	if (t && name && !dm_task_set_name(t, name)) {
		dm_task_destroy(t);
		t = NULL;
	}
	return t;
}

/* Return: 0, or why the task that just ran failed, as a negative errno. */
static int task_error(const struct dm_task *t)
{
	int e = t ? dm_task_get_errno((struct dm_task *)t) : 0;

	return e ? -e : -EIO;
}

static void tell_why(char *why, int r)
{
	snprintf(why, DM_TEXT, "%s", *last_error ? last_error : strerror(-r));
}

/* Has the active table one target, and is it ours? Its parameters go to @params. */
static bool is_ours(const char *name, char *params, size_t size)
{
	struct dm_task *t = new_task(DM_DEVICE_TABLE, name);
	u64 start, length;
	char *type = NULL, *p = NULL;
	bool ours = false;

	if (t && dm_task_run(t)) {
		dm_get_next_target(t, NULL, &start, &length, &type, &p);
		ours = type && !strcmp(type, TARGET);
		if (ours && params)
			snprintf(params, size, "%s", p);
	}
	if (t)
		dm_task_destroy(t);
	return ours;
}

/* Return: 0, -ENXIO when there is no such device, another errno. */
static int get_info(const char *name, struct dm_info *info)
{
	struct dm_task *t = new_task(DM_DEVICE_INFO, name);
	int r = 0;

	if (!t || !dm_task_run(t) || !dm_task_get_info(t, info))
		r = task_error(t);
	else if (!info->exists)
		r = -ENXIO;
	if (t)
		dm_task_destroy(t);
	return r;
}

bool dm_exists(const char *name)
{
	struct dm_info info;

	return !get_info(name, &info);
}

int dm_find(struct dm_volume *v, const char *name)
{
	struct dm_info info;
	char why[DM_TEXT];
	int r;

	memset(v, 0, sizeof(*v));
	if (!*name || strlen(name) >= sizeof(v->name))
		return cli_error(CLI_NO_VOLUME, name, "no such volume");
	r = get_info(name, &info);
	if (r == -ENXIO)
		return cli_error(CLI_NO_VOLUME, name, "no such volume is up");
	if (r) {
		tell_why(why, r);
		return cli_error(CLI_FAILED, name, "device-mapper: %s", why);
	}
	if (!info.live_table)
		return cli_error(CLI_NO_VOLUME, name,
				 "is a device-mapper device without a table, as an interrupted start leaves it: dmsetup remove %s",
				 name);
	if (!is_ours(name, NULL, 0))
		return cli_error(CLI_NO_VOLUME, name,
				 "is a device-mapper device, but no mirsync volume");
	strcpy(v->name, name);
	v->dev = (u64)info.major << 32 | info.minor;
	v->rdev = makedev(info.major, info.minor);
	v->open_count = info.open_count;
	v->suspended = info.suspended;
	return 0;
}

int dm_each(int (*fn)(const struct dm_volume *v, void *arg), void *arg)
{
	struct dm_task *t = new_task(DM_DEVICE_LIST, NULL);
	struct dm_names *n;
	struct dm_volume v;
	char why[DM_TEXT];
	int worst = 0;
	int code;

	if (!t || !dm_task_run(t)) {
		tell_why(why, task_error(t));
		if (t)
			dm_task_destroy(t);
		return cli_error(CLI_FAILED, "device-mapper", "%s", why);
	}
	n = dm_task_get_names(t);
	for (; n && n->dev; n = n->next ? (void *)((char *)n + n->next) : NULL) {
		if (!is_ours(n->name, NULL, 0) || dm_find(&v, n->name))
			continue;
		code = fn(&v, arg);
		if (code > worst)
			worst = code;
	}
	dm_task_destroy(t);
	return worst;
}

/*
 * Run @t, if it is @ready, wait for udev if it has a cookie, and destroy it.
 * Return: 0, or a negative errno and @why.
 */
static int run_task(struct dm_task *t, bool ready, const u32 *cookie, char *why)
{
	int r = -EINVAL;

	if (ready) {
		r = dm_task_run(t) ? 0 : task_error(t);
		if (cookie)
			dm_udev_wait(*cookie);
	}
	if (r)
		tell_why(why, r);
	if (t)
		dm_task_destroy(t);
	return r;
}

int dm_create(const char *name, const char *uuid, u64 sectors, const char *params,
	      char *why)
{
	struct dm_task *t = new_task(DM_DEVICE_CREATE, name);
	u32 cookie = 0;
	bool ready = t && dm_task_set_uuid(t, uuid) &&
		dm_task_add_target(t, 0, sectors, TARGET, params) &&
		dm_task_set_add_node(t, DM_ADD_NODE_ON_CREATE) &&
		dm_task_set_cookie(t, &cookie, UDEV_FLAGS);

	return run_task(t, ready, &cookie, why);
}

int dm_remove(const char *name, char *why)
{
	struct dm_task *t = new_task(DM_DEVICE_REMOVE, name);
	u32 cookie = 0;
	bool ready = t && dm_task_retry_remove(t) && dm_task_set_cookie(t, &cookie, 0);

	return run_task(t, ready, &cookie, why);
}

int dm_reload(const char *name, u64 sectors, const char *params, char *why)
{
	struct dm_task *t = new_task(DM_DEVICE_RELOAD, name);

	return run_task(t, t && dm_task_add_target(t, 0, sectors, TARGET, params), NULL, why);
}

int dm_resume(const char *name, char *why)
{
	struct dm_task *t = new_task(DM_DEVICE_RESUME, name);
	u32 cookie = 0;
	bool ready = t && dm_task_no_flush(t) && dm_task_skip_lockfs(t) &&
		dm_task_set_cookie(t, &cookie, UDEV_FLAGS);

	return run_task(t, ready, &cookie, why);
}

int dm_message(const char *name, const char *message, char *reply)
{
	struct dm_task *t = new_task(DM_DEVICE_TARGET_MSG, name);
	const char *answer;
	int r = 0;

	if (reply)
		*reply = '\0';
	if (!t || !dm_task_set_sector(t, 0) || !dm_task_set_message(t, message)) {
		r = -EINVAL;
	} else if (!dm_task_run(t)) {
		r = task_error(t);
	} else if (reply) {
		answer = dm_task_get_message_response(t);
		snprintf(reply, DM_TEXT, "%s", answer ? answer : "");
	}
	if (t)
		dm_task_destroy(t);
	return r;
}

void dm_params(const char *name, char *buf, size_t size)
{
	*buf = '\0';
	is_ours(name, buf, size);
}
