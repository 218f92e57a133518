// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync events: the state of each volume, then each change of it, one line
 * each. device-mapper tells that something has happened, not what: everything
 * is read again then and held against what was printed last. What comes and
 * goes between two looks is not seen.
 *
 * The control device is opened before each look, and is readable once anything
 * has happened since it was opened: nothing gets lost between a look and the wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <libdevmapper.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "hook.h"
#include "online.h"
#include "out.h"
#include "status_json.h"

#define LOOK_MS			1000	/* a volume that is removed raises no event */

static bool json;
static const char *hook;

static const struct cli_option options[] = {
	{ "json", CLI_FLAG, NULL, "print one JSON object for each line", &json, 0, 0 },
	{ "hook", CLI_TEXT, "PROGRAM", "run PROGRAM VOL before-target when a volume waits for it (before_target)",
	  &hook, 0, 0 },
	{ }
};

/* What was printed last of the volumes that are up. */
static struct known {
	struct online o;
	char text[256];		/* its line, but the time and the name */
	bool seen;
} *known;
static size_t nr_known;

static const char *only;	/* the volume asked for; NULL: all */

static struct known *find_known(const char *name)
{
	size_t i;

	for (i = 0; i < nr_known; i++)
		if (!strcmp(known[i].o.vol.name, name))
			return &known[i];
	return NULL;
}

static char *now_text(char *buf, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(buf + n, size - n, ".%03ld", now.tv_nsec / 1000000);
	strftime(buf + n, size - n, "%z", &tm);
	return buf;
}

static void print_json(struct json_object *j, const char *event)
{
	char time[64];

	json_put_text(j, "time", now_text(time, sizeof(time)));
	json_put_text(j, "event", event);
	puts(json_object_to_json_string_ext(j, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(j);
}

/* The words of `dmsetup status`. */
static void state_text(const struct online *o, char *text, size_t size)
{
	const struct ms_ioc_status *st = &o->st;
	char met[128] = "";

	if (st->connected)
		snprintf(met, sizeof(met), " meeting=%s peer=%s peer_disk=%s",
			 ms_meeting_name(st->meeting), ms_claim_name(st->peer_claim),
			 ms_disk_name(st->peer_disk));
	snprintf(text, size, "%s %s %s %s claim=%s%s%s%s%s%s%s%s", ms_role_name(st->role),
		 ms_link_name(st->connected, st->disconnected), ms_disk_name(st->disk),
		 ms_sync_name(st->in_sync, st->copying, st->failback), ms_claim_name(st->claim), met,
		 st->frozen ? " frozen" : "", st->detached ? " detached" : "",
		 st->hung ? " hung" : "", st->metadata_failed ? " metadata-failed" : "", st->preparing == MS_PREPARING ? " preparing" :
		 st->preparing ? " refused" : "", o->vol.suspended ? " suspended" : "");
}

static void print_text(const struct online *o, const char *text)
{
	char time[64];

	printf("%s %s %s\n", now_text(time, sizeof(time)), o->vol.name, text);
}

static void print_gone(const struct online *o)
{
	struct json_object *j;

	if (!json) {
		print_text(o, "gone");
		return;
	}
	j = json_object_new_object();
	json_put_text(j, "volume", o->vol.name);
	json_put_bool(j, "up", false);
	print_json(j, "gone");
}

/* Of all that the status has, what is a change of state. */
static bool differ(const struct online *a, const struct online *b)
{
	const struct ms_ioc_status *s = &a->st, *t = &b->st;

	return s->role != t->role || s->claim != t->claim || s->disk != t->disk ||
	       s->connected != t->connected || s->meeting != t->meeting ||
	       s->peer_claim != t->peer_claim || s->peer_disk != t->peer_disk ||
	       s->copying != t->copying || s->in_sync != t->in_sync ||
	       s->replicating != t->replicating || s->failback != t->failback ||
	       s->frozen != t->frozen || s->detached != t->detached || s->hung != t->hung ||
	       s->disconnected != t->disconnected || s->metadata_failed != t->metadata_failed ||
	       s->preparing != t->preparing || s->mode != t->mode || s->flags != t->flags ||
	       s->last_error != t->last_error ||
	       s->sectors != t->sectors || s->gen_current != t->gen_current ||
	       a->vol.dev != b->vol.dev || a->vol.suspended != b->vol.suspended;
}

static struct known *add_known(const char *name)
{
	struct known *more = realloc(known, (nr_known + 1) * sizeof(*known));

	if (!more) {
		cli_error(0, name, "no memory");
		return NULL;
	}
	known = more;
	memset(&known[nr_known], 0, sizeof(*known));
	return &known[nr_known++];
}

/* One volume; that it has gone meanwhile is for the next look to tell. */
static int look_at(const struct dm_volume *v, void *arg)
{
	const int *control = arg;
	struct online o = { .vol = *v, .fd = *control };
	struct known *k;
	char text[sizeof(k->text)];
	bool told;

	if (only && strcmp(v->name, only))
		return CLI_OK;
	o.st.dev = v->dev;
	if (ioctl(*control, MS_IOC_STATUS, &o.st))
		return CLI_OK;
	hook_look(&o);
	state_text(&o, text, sizeof(text));
	k = find_known(v->name);
	told = k && (json ? !differ(&k->o, &o) : !strcmp(k->text, text));
	if (!k)
		k = add_known(v->name);
	if (!k)
		return CLI_FAILED;
	if (!told && json)
		print_json(status_json(&o), "state");
	else if (!told)
		print_text(&o, text);
	strcpy(k->text, text);
	k->o = o;
	k->seen = true;
	return CLI_OK;
}

static void tell_gone(void)
{
	size_t i = 0;

	while (i < nr_known) {
		if (known[i].seen) {
			known[i++].seen = false;
			continue;
		}
		print_gone(&known[i].o);
		known[i] = known[--nr_known];
	}
}

/* Without the module there is no volume. */
static int look(void)
{
	struct online control;
	int code = CLI_OK;

	if (!access(ONLINE_CONTROL, F_OK)) {
		code = online_open_control(&control);
		if (!code)
			code = dm_each(look_at, &control.fd);
		online_close(&control);
	}
	tell_gone();
	hook_reap();
	if (fflush(stdout))
		return CLI_FAILED;
	return code;
}

static int run(int argc, char **argv)
{
	char path[128];
	struct online o;
	struct pollfd p = { .events = POLLIN };
	int code = hook_use(hook);

	if (code)
		return code;
	if (argc) {
		only = argv[0];
		code = online_open(&o, only);
		if (code)
			return code;
		online_close(&o);
	}
	snprintf(path, sizeof(path), "%s/control", dm_dir());
	while (!code) {
		p.fd = open(path, O_RDWR | O_CLOEXEC);
		if (p.fd < 0)
			return cli_error(CLI_FAILED, path, "%s", strerror(errno));
		code = look();
		if (!code && poll(&p, 1, LOOK_MS) < 0 && errno != EINTR)
			code = cli_error(CLI_FAILED, path, "%s", strerror(errno));
		close(p.fd);
	}
	return code;
}

const struct cli_command cmd_events = {
	.name = "events",
	.operands = "[VOL]",
	.summary = "Print the state of a volume, or of all, and each change of it",
	.options = options,
	.max = 1,
	.run = run,
};
