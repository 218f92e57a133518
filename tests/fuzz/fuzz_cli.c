// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands check, dump and repair on a metadata area in any state: no crash, and
 * they agree. What check calls whole, repair leaves alone; what repair has repaired, check
 * calls whole. Input: 1: with --json, 2: with --codes; then the steps of edit_image.c.
 */
#include <stdarg.h>
#include <unistd.h>

#include "cli.h"
#include "edit_image.h"
#include "offline/memory_dev.h"

const struct cli_command *const cli_commands[] = { &cmd_check, &cmd_dump, &cmd_repair, NULL };

/* In place of cli_error(), by the linker: one line, not printed. */
int __wrap_cli_error(int code, const char *subject, const char *format, ...);
int __wrap_cli_error(int code, const char *subject, const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	holds(*subject && *text && !strchr(text, '\n'));
	return code;
}

static void reset(const struct cli_command *c)
{
	const struct cli_option *o;

	for (o = c->options; o->name; o++) {
		if (o->type == CLI_FLAG)
			*(bool *)o->value = false;
	}
}

static int run(const struct cli_command *c, u32 mode, const char *word)
{
	char name[16], json[] = "--json", option[16], meta[] = "image";
	char *argv[6] = { meta };
	int argc = 1;

	snprintf(name, sizeof(name), "%s", c->name);
	argv[argc++] = name;
	if (mode & 1)
		argv[argc++] = json;
	if (word) {
		snprintf(option, sizeof(option), "%s", word);
		argv[argc++] = option;
	}
	argv[argc++] = meta;
	reset(c);
	return cli_main(argc, argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct image im;
	struct input in = { data, size };
	u32 mode = (u32)take_n(&in, 1);
	int before, dry, after;

	if (!im.bytes) {
		image_make(&im, 0, 0);
		holds(freopen("/dev/null", "w", stdout));
	}
	edit_image(&im, &in);
	memory_dev_set(im.bytes, IMAGE_BYTES);
	before = run(&cmd_check, mode, NULL);
	run(&cmd_dump, mode, mode & 2 ? "--codes" : NULL);
	dry = run(&cmd_repair, mode, "--dry-run");
	holds(before >= 0 && before <= 3 && dry == before);
	holds(!memory_dev.writes);
	after = run(&cmd_repair, mode, "--yes");
	if (before < 2)
		holds(after == before && !memory_dev.writes);
	if (after < 2)
		holds(run(&cmd_check, mode, NULL) == after);
	else
		holds(!memory_dev.writes && after == before);
	return 0;
}
