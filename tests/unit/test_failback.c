// SPDX-License-Identifier: GPL-2.0-only
/*
 * What mirsync failback and resolve tell a program, with a kernel that is played here: nothing of an
 * earlier copy, whatever fails; an object also when they are refused; the bytes of what is equal.
 *
 * The volume has 490 segments of 4 KiB, the last one of 2 KiB. Its first extent is equal by its summary,
 * of the second one the last segment and four others are, two differ, three have no code.
 */
#include <fcntl.h>
#include <json.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "dev.h"
#include "help.h"
#include "online.h"
#include "shared/wire.h"

#define SEGMENTS	490u
#define SHORT		4u	/* sectors */

static struct {
	struct ms_ioc_status st;
	const char *begin_refused;
	bool copy_fails, opened, gone;
} kernel;

static void copied(u64 equal, u64 differ, u64 segments)
{
	kernel.st.rs_equal = equal;
	kernel.st.rs_differ = differ;
	kernel.st.rs_copied = segments;
	kernel.st.rs_copied_bytes = segments << 12;
	kernel.st.rs_ms = 1000;
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.st = (struct ms_ioc_status){
		.sectors = SEGMENTS * 8 - SHORT, .seg_sectors = 8, .extent_segs = MS_EXTENT_SEGS,
		.segments = SEGMENTS, .extents = 2, .max_hot = 1024, .role = MS_ROLE_PRIMARY,
		.claim = MS_CLAIM_ACTIVE, .connected = 1, .meeting = MS_MEET_PEER_OUTDATED,
		.peer_claim = MS_CLAIM_WAITING, .tx_bytes = 5000,
	};
	copied(111, 222, 333);		/* by another one, long ago */
	return 0;
}

static void summaries(const struct ms_ioc_range *range)
{
	struct ms_summary_entry *e = (void *)(uintptr_t)range->buffer;
	u32 i;

	for (i = 0; i < range->count; i++) {
		memset(&e[i], 0, sizeof(e[i]));
		e[i].sequence = cpu_to_le64(7);
		e[i].digest = cpu_to_le64(range->first + i ? 8 + range->site : 8);
		e[i].valid = cpu_to_le16(range->first + i ? 7 : MS_EXTENT_SEGS);
	}
}

static void table(const struct ms_ioc_range *range)
{
	struct ms_wire_table *t = (void *)(uintptr_t)range->buffer;
	u32 i;

	assert_int_equal(range->count, 1);
	memset(t, 0, sizeof(*t));
	t->extent = cpu_to_le64(range->first);
	for (i = 0; i < 10; i++) {
		if (i < 6 || i == 9)
			ms_bit_set(t->valid, i);
		t->codes[i] = cpu_to_le64(i == 4 || i == 5 ? range->site : i);
	}
}

static int step(struct ms_ioc_failback *fb)
{
	switch (fb->step) {
	case MS_FAILBACK_BEGIN:
		if (kernel.begin_refused) {
			snprintf(fb->error, sizeof(fb->error), "%s", kernel.begin_refused);
			return EPERM;
		}
		copied(0, 0, 0);
		break;
	case MS_FAILBACK_GIVE_UP:
	case MS_FAILBACK_START:
		copied(kernel.copy_fails ? 3 : 485, 2, kernel.copy_fails ? 1 : 5);
		kernel.st.tx_bytes += 25000;
		kernel.st.in_sync = !kernel.copy_fails;
		kernel.st.last_error = kernel.copy_fails ? EIO : 0;
		break;
	}
	return 0;
}

static int answer(unsigned long request, void *arg)
{
	struct ms_ioc_verdicts *v = arg;

	if (kernel.gone)
		return ENODEV;
	switch (request) {
	case MS_IOC_STATUS:
		*(struct ms_ioc_status *)arg = kernel.st;
		return 0;
	case MS_IOC_SUMMARY:
		summaries(arg);
		return 0;
	case MS_IOC_TABLE:
		table(arg);
		return 0;
	case MS_IOC_VERDICTS:
		v->held = v->count;
		return 0;
	case MS_IOC_FAILBACK:
		return step(arg);
	}
	return ENOTTY;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	(void)fd;
	va_start(args, request);
	errno = answer(request, va_arg(args, void *));
	va_end(args);
	return errno ? -1 : 0;
}

/* What the commands want of the rest of the program. */

int online_open(struct online *o, const char *name)
{
	memset(o, 0, sizeof(*o));
	strcpy(o->vol.name, name);
	return online_status(o);
}

void online_close(struct online *o)
{
	(void)o;
}

int online_status(struct online *o)
{
	memset(&o->st, 0, sizeof(o->st));
	return ioctl(o->fd, MS_IOC_STATUS, &o->st) ? CLI_NO_VOLUME : 0;
}

int online_not_open(struct online *o)
{
	(void)o;
	return kernel.opened ? CLI_FAILED : 0;
}

int online_switch(struct online *o, u32 *ms)
{
	(void)o;
	(void)ms;
	return CLI_FAILED;
}

int online_regenerate(struct online *o, u32 site)
{
	(void)o;
	(void)site;
	kernel.gone = true;
	return CLI_FAILED;
}

void online_situation(const struct online *o, struct ms_situation *s)
{
	memset(s, 0, sizeof(*s));
	s->connected = o->st.connected;
	s->meeting = o->st.meeting;
	s->relation = o->st.relation;
	s->claim = o->st.claim;
	s->peer_claim = o->st.peer_claim;
}

u64 online_now(void)
{
	static u64 now;

	return ++now;
}

void online_pause(u32 ms)
{
	(void)ms;
}

u32 online_pause_longer(u32 last, u32 most)
{
	(void)last;
	online_pause(most);
	return most;
}

void *dev_buffer(size_t bytes)
{
	return calloc(1, bytes);
}

int cli_error(int code, const char *subject, const char *format, ...)
{
	(void)subject;
	(void)format;
	return code;
}

/* Run it with the option, and others that are words of @text. Return: what it printed. */
static char *output(const struct cli_command *c, int status, const char *text)
{
	static char buf[8192], volume[] = "vol";
	const struct cli_option *o;
	char *argv[] = { volume };
	int out = dup(STDOUT_FILENO);
	FILE *f = tmpfile();
	size_t n;

	for (o = c->options; o->name; o++) {
		if (o->type == CLI_FLAG)
			*(bool *)o->value = strstr(text, o->name);
		else if (o->type == CLI_TEXT)
			*(const char **)o->value = strstr(text, "peer") ? "peer" : "local";
	}
	fflush(stdout);
	dup2(fileno(f), STDOUT_FILENO);
	assert_int_equal(c->run(1, argv), status);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	fclose(f);
	return buf;
}

static struct json_object *object(const struct cli_command *c, int status, const char *text)
{
	struct json_object *o = json_tokener_parse(output(c, status, text));

	assert_non_null(o);
	assert_int_equal(json_object_get_boolean(json_object_object_get(o, "ok")), !status);
	assert_string_equal(json_object_get_string(json_object_object_get(o, "volume")), "vol");
	return o;
}

static bool has(struct json_object *o, const char *name)
{
	return json_object_object_get_ex(o, name, NULL);
}

static u64 number(struct json_object *o, const char *name)
{
	assert_true(has(o, name));
	return json_object_get_uint64(json_object_object_get(o, name));
}

static const char *words(struct json_object *o, const char *name)
{
	assert_true(has(o, name));
	return json_object_get_string(json_object_object_get(o, name));
}

static void compared(struct json_object *o)
{
	assert_int_equal(number(o, "compare_equal"), 485);
	assert_int_equal(number(o, "compare_equal_bytes"), 485 * 4096 - SHORT * 512);
	assert_int_equal(number(o, "compare_differ"), 2);
	assert_int_equal(number(o, "differ_bytes"), 2 * 4096);
	assert_int_equal(number(o, "compare_unknown"), 3);
	assert_int_equal(number(o, "unknown_bytes"), 3 * 4096);
}

static void not_copied(struct json_object *o)
{
	static const char * const names[] = {
		"copied", "copied_bytes", "copy_ms", "equal", "equal_bytes", "differed", "verdicts_held"
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		assert_false(has(o, names[i]));
}

static void done(void **state)
{
	struct json_object *o = object(&cmd_failback, CLI_OK, "json yes");

	(void)state;
	compared(o);
	assert_int_equal(number(o, "equal"), 485);
	assert_int_equal(number(o, "copied"), 5);
	assert_int_equal(number(o, "tx_bytes"), 25000);
	assert_int_equal(number(o, "in_sync"), 1);
	assert_false(has(o, "refusal"));
	json_object_put(o);
}

static void told(void **state)
{
	const char *text = output(&cmd_failback, CLI_OK, "yes");

	(void)state;
	assert_non_null(strstr(text, "485 of 490 segments are equal by their codes: 1.9 MiB\n"));
	assert_non_null(strstr(text, "equal by code          485 (1.9 MiB)\n"));
}

static void nothing_marked(void **state)
{
	struct json_object *o;

	(void)state;
	kernel.st.changed_trusted = 1;
	o = object(&cmd_failback, CLI_OK, "json dry-run changed");
	assert_int_equal(number(o, "compare_not_marked"), SEGMENTS);
	assert_int_equal(number(o, "compare_not_marked_bytes"), SEGMENTS * 4096 - SHORT * 512);
	assert_int_equal(number(o, "compare_equal_bytes"), 0);
	json_object_put(o);
}

static void refused_by_rules(void **state)
{
	struct json_object *o;

	(void)state;
	kernel.st.meeting = MS_MEET_NO_PRIMARY;
	o = object(&cmd_failback, CLI_FAILED, "json yes");
	assert_string_equal(words(o, "refusal"), "the peer cannot be a target of this site");
	assert_false(has(o, "compare_equal"));
	assert_false(has(o, "in_sync"));
	not_copied(o);
	json_object_put(o);
	o = object(&cmd_failback, CLI_OK, "json dry-run");
	assert_string_equal(words(o, "refusal"), "the peer cannot be a target of this site");
	compared(o);
	not_copied(o);
	json_object_put(o);
	kernel.st.meeting = MS_MEET_PEER_OUTDATED;
	kernel.st.relation = MS_REL_PEER_NEWER;
	o = object(&cmd_failback, CLI_OK, "json dry-run");
	assert_string_equal(words(o, "refusal"),
			    "the peer has gone back in time, and what it has that was never here would be lost");
	json_object_put(o);
	kernel.st.connected = 0;
	o = object(&cmd_failback, CLI_FAILED, "json dry-run");
	assert_string_equal(words(o, "refusal"), "not connected");
	json_object_put(o);
}

static void refused_when_open(void **state)
{
	struct json_object *o;

	(void)state;
	kernel.opened = true;
	o = object(&cmd_failback, CLI_FAILED, "json yes switch");
	assert_string_equal(words(o, "refusal"), "the device is open");
	json_object_put(o);
}

static void refused_by_kernel(void **state)
{
	struct json_object *o;

	(void)state;
	kernel.begin_refused = "no";
	o = object(&cmd_failback, CLI_FAILED, "json yes");
	assert_int_equal(number(o, "in_sync"), 0);
	assert_int_equal(number(o, "tx_bytes"), 0);
	not_copied(o);
	json_object_put(o);
}

static void copy_fails(void **state)
{
	struct json_object *o;

	(void)state;
	kernel.copy_fails = true;
	o = object(&cmd_failback, CLI_FAILED, "json yes");
	compared(o);
	assert_int_equal(number(o, "equal"), 3);
	assert_int_equal(number(o, "copied"), 1);
	assert_int_equal(number(o, "in_sync"), 0);
	json_object_put(o);
}

static void switch_fails(void **state)
{
	struct json_object *o = object(&cmd_failback, CLI_FAILED, "json yes switch");

	(void)state;
	assert_int_equal(number(o, "in_sync"), 1);
	assert_int_equal(number(o, "copied"), 5);
	assert_false(has(o, "switch_ms"));
	json_object_put(o);
}

static void taken_down(void **state)
{
	struct json_object *o = object(&cmd_failback, CLI_FAILED, "json yes regenerate");

	(void)state;
	assert_int_equal(number(o, "in_sync"), 0);
	assert_int_equal(number(o, "tx_bytes"), 0);
	not_copied(o);
	json_object_put(o);
}

static void resolved(void **state)
{
	struct json_object *o;

	(void)state;
	kernel.st.meeting = MS_MEET_SPLIT_BRAIN;
	o = object(&cmd_resolve, CLI_OK, "json dry-run local");
	assert_null(json_object_object_get(o, "refusal"));
	assert_true(has(o, "refusal"));
	assert_true(has(o, "peer_marked_lost"));
	json_object_put(o);
	o = object(&cmd_resolve, CLI_OK, "json yes keep peer");
	assert_string_equal(words(o, "keep"), "peer");
	assert_true(has(o, "local_marked_lost_bytes"));
	assert_int_equal(number(o, "copied"), 5);
	assert_false(has(o, "equal"));
	json_object_put(o);
	kernel.st.meeting = MS_MEET_SOURCE;
	o = object(&cmd_resolve, CLI_FAILED, "json yes keep peer");
	assert_string_equal(words(o, "keep"), "peer");
	assert_true(has(o, "refusal"));
	not_copied(o);
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(done, setup),
		cmocka_unit_test_setup(told, setup),
		cmocka_unit_test_setup(nothing_marked, setup),
		cmocka_unit_test_setup(refused_by_rules, setup),
		cmocka_unit_test_setup(refused_when_open, setup),
		cmocka_unit_test_setup(refused_by_kernel, setup),
		cmocka_unit_test_setup(copy_fails, setup),
		cmocka_unit_test_setup(switch_fails, setup),
		cmocka_unit_test_setup(taken_down, setup),
		cmocka_unit_test_setup(resolved, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
