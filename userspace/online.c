// SPDX-License-Identifier: GPL-2.0-only
/*
 * Volumes that are up; see online.h. Called by the online commands.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "dev.h"
#include "online.h"

#define POLL_MS		100	/* between two looks, at most */
#define SETTLE_MS	8000u	/* a prober of udev's closes the device by then */
#define SETTLE_POLL_MS	100

u64 online_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

void online_pause(u32 ms)
{
	const struct timespec pause = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L
	};

	nanosleep(&pause, NULL);
}

u32 online_pause_longer(u32 last, u32 most)
{
	u32 ms = last + last / 4 + 1;

	if (ms > most)
		ms = most;
	online_pause(ms);
	return ms;
}

int online_open_control(struct online *o)
{
	__u32 version = 0;

	o->fd = open(ONLINE_CONTROL, O_RDWR | O_CLOEXEC);
	if (o->fd < 0)
		return cli_error(CLI_FAILED, ONLINE_CONTROL, "%s%s", strerror(errno),
				 errno == ENOENT ? " (is the module dm-mirsync loaded?)" : "");
	if (ioctl(o->fd, MS_IOC_VERSION, &version))
		return cli_error(CLI_FAILED, ONLINE_CONTROL, "cannot tell its version: %s",
				 strerror(errno));
	if (version != MS_IOC_VERSION_NUMBER)
		return cli_error(CLI_FAILED, ONLINE_CONTROL,
				 "the module speaks version %u of the interface, this program %u",
				 version, MS_IOC_VERSION_NUMBER);
	return 0;
}

int online_attach(struct online *o, const struct dm_volume *v)
{
	int code;

	memset(o, 0, sizeof(*o));
	o->vol = *v;
	code = online_open_control(o);
	if (!code)
		code = online_status(o);
	if (code)
		online_close(o);
	return code;
}

int online_open(struct online *o, const char *name)
{
	struct dm_volume v;
	int code = dm_find(&v, name);

	if (code) {
		o->fd = -1;
		return code;
	}
	return online_attach(o, &v);
}

void online_close(struct online *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

int online_status(struct online *o)
{
	memset(&o->st, 0, sizeof(o->st));
	o->st.dev = o->vol.dev;
	if (!ioctl(o->fd, MS_IOC_STATUS, &o->st))
		return 0;
	if (errno == ENXIO || errno == ENODEV)
		return cli_error(CLI_NO_VOLUME, o->vol.name, "is not up any more");
	return cli_error(CLI_FAILED, o->vol.name, "its status cannot be read: %s",
			 strerror(errno));
}

void online_why(const struct online *o, char *buf)
{
	if (dm_message(o->vol.name, "explain", buf))
		*buf = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

int online_message(struct online *o, const char *message)
{
	char why[DM_TEXT];
	int r = online_status(o);

	if (r)
		return r;
	o->refusals = o->st.refusals;
	r = dm_message(o->vol.name, message, NULL);
	if (!r)
		return 0;
	online_why(o, why);
	return cli_error(CLI_FAILED, o->vol.name, "%s refused: %s", message,
			 *why ? why : strerror(-r));
}

int online_wait(struct online *o, online_test test, u64 timeout_ms)
{
	u64 end = online_now() + timeout_ms;
	u32 pause = 0;
	int code;

	for (;;) {
		code = online_status(o);
		if (code || test(&o->st))
			return code;
		if (timeout_ms && online_now() >= end)
			return CLI_TIMEOUT;
		pause = online_pause_longer(pause, POLL_MS);
	}
}

bool online_is_primary(const struct ms_ioc_status *st)
{
	return st->role == MS_ROLE_PRIMARY && st->claim == MS_CLAIM_ACTIVE;
}

bool online_is_secondary(const struct ms_ioc_status *st)
{
	return st->role == MS_ROLE_SECONDARY && st->claim == MS_CLAIM_NONE;
}

/* The wait of online_wait_role(). A refusal is not reported, but in @why; else that is empty. */
static int wait_role(struct online *o, online_test test, char *why)
{
	u64 end = online_now() + COMMAND_TIMEOUT_MS;
	int code;

	*why = '\0';
	do {
		code = online_wait(o, test, POLL_MS);
		if (code == CLI_TIMEOUT && o->st.refusals != o->refusals) {
			online_why(o, why);
			return CLI_FAILED;
		}
	} while (code == CLI_TIMEOUT && online_now() < end);
	return code;
}

static int report_role(const struct online *o, const char *role, int code, const char *why)
{
	if (code == CLI_TIMEOUT)
		return cli_error(CLI_TIMEOUT, o->vol.name, "is not %s after %u s; the command may still be carried out (see mirsync status)",
				 role, COMMAND_TIMEOUT_MS / 1000);
	if (*why)
		return cli_error(code, o->vol.name, "is not %s: %s", role, why);
	return code;
}

int online_wait_role(struct online *o, online_test test, const char *role)
{
	char why[DM_TEXT];
	int code = wait_role(o, test, why);

	return report_role(o, role, code, why);
}

static int try_demote(struct online *o, char *why)
{
	int r = online_status(o);

	*why = '\0';
	if (r)
		return r;
	o->refusals = o->st.refusals;
	r = dm_message(o->vol.name, "demote", NULL);
	if (!r)
		return wait_role(o, online_is_secondary, why);
	online_why(o, why);
	if (!*why)
		snprintf(why, DM_TEXT, "%s", strerror(-r));
	return CLI_FAILED;
}

int online_demote(struct online *o)
{
	static const struct ms_situation opened = { .open = true };
	u64 end = online_now() + SETTLE_MS;
	char why[DM_TEXT];
	int code;

	/* Once more when it was opened since online_not_open(), by a prober as a rule. */
	do {
		code = online_not_open(o);
		if (code)
			return code;
		code = try_demote(o, why);
	} while (code && !strcmp(why, ms_rules_demote(&opened)) && online_now() < end);
	return report_role(o, "secondary", code, why);
}

/* Did it come so far that this site has given up the role? */
static int switch_failed(struct online *o, const char *why)
{
	bool was = online_is_primary(&o->st);
	int code = online_status(o);

	if (code)
		return code;
	if (was && !online_is_primary(&o->st))
		return cli_error(CLI_FAILED, o->vol.name,
				 "this site is a secondary now, and the peer may not be primary: %s. Look at both; if neither is, promote one",
				 why);
	return cli_error(CLI_FAILED, o->vol.name, "the roles were not changed: %s", why);
}

int online_switch(struct online *o, u32 *ms)
{
	u64 end = online_now() + SETTLE_MS;
	struct ms_ioc_switch sw;
	int e;

	/* Busy: it was opened since online_not_open(), by a prober as a rule. */
	do {
		memset(&sw, 0, sizeof(sw));
		sw.dev = o->vol.dev;
		e = ioctl(o->fd, MS_IOC_SWITCH, &sw) ? errno : 0;
		if (e == EBUSY)
			online_pause(SETTLE_POLL_MS);
	} while (e == EBUSY && online_now() < end);
	if (e) {
		sw.error[sizeof(sw.error) - 1] = '\0';
		return switch_failed(o, *sw.error ? sw.error : strerror(e));
	}
	*ms = sw.ms;
	return 0;
}

int online_regenerate(struct online *o, u32 site)
{
	struct ms_ioc_regenerate rg = { .dev = o->vol.dev, .site = site };
	int e;

	if (!ioctl(o->fd, MS_IOC_REGENERATE, &rg))
		return 0;
	e = errno;
	rg.error[sizeof(rg.error) - 1] = '\0';
	return cli_error(CLI_FAILED, o->vol.name, "the codes are not made anew: %s",
			 *rg.error ? rg.error : strerror(e));
}

/* The first device that is made of @rdev; false: none. */
static bool holder(dev_t rdev, char *name, size_t size)
{
	struct dirent *d;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders", major(rdev),
		 minor(rdev));
	dir = opendir(path);
	if (!dir)
		return false;
	*name = '\0';
	while (!*name && (d = readdir(dir))) {
		if (d->d_name[0] != '.')
			snprintf(name, size, "%s", d->d_name);
	}
	closedir(dir);
	return *name;
}

int online_not_open(struct online *o)
{
	u64 end = online_now() + SETTLE_MS;
	struct dm_volume was = o->vol;
	char where[256];
	int code;

	for (;;) {
		code = dm_find(&o->vol, was.name);
		if (code || !o->vol.open_count)
			return code;
		if (dev_mounted(o->vol.rdev, where, sizeof(where)))
			return cli_error(CLI_FAILED, o->vol.name, "is mounted at %s", where);
		if (holder(o->vol.rdev, where, sizeof(where)))
			return cli_error(CLI_FAILED, o->vol.name, "is in use by the device %s", where);
		if (online_now() >= end)
			break;
		online_pause(SETTLE_POLL_MS);
	}
	return cli_error(CLI_FAILED, o->vol.name, "is open (%d times)", o->vol.open_count);
}

void online_situation(const struct online *o, struct ms_situation *s)
{
	memset(s, 0, sizeof(*s));
	s->connected = o->st.connected;
	s->meeting = o->st.meeting;
	s->relation = o->st.relation;
	s->claim = o->st.claim;
	s->peer_claim = o->st.peer_claim;
	s->disk = o->st.disk;
	s->peer_disk = o->st.peer_disk;
	s->in_sync = o->st.in_sync;
	s->copying = o->st.copying;
	s->open = o->vol.open_count > 0;
}
