// SPDX-License-Identifier: GPL-2.0-only
/*
 * A configuration file of any bytes: refused with one line that names it, or made into
 * parameters whose count of options is that of the words that follow.
 */
#include <stdarg.h>
#include <unistd.h>

#include "cli.h"
#include "conf.h"
#include "input.h"

const struct cli_command *const cli_commands[] = { NULL };

static char path[64];
static u32 errors;

/* In place of cli_error(), by the linker. */
int __wrap_cli_error(int code, const char *subject, const char *format, ...);
int __wrap_cli_error(int code, const char *subject, const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	holds(!strncmp(subject, path, strlen(path)) && *text && code);
	holds(!strchr(text, '\n'));
	errors++;
	return code;
}

static void make_path(void)
{
	char dir[] = "/dev/shm/fuzz-conf-XXXXXX";

	holds(mkdtemp(dir) && !setenv("MIRSYNC_CONFDIR", dir, 1));
	snprintf(path, sizeof(path), "%s/vol.conf", dir);
}

static void clean_up(void)
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static void write_file(const u8 *data, size_t size)
{
	FILE *f = fopen(path, "w");

	holds(f && fwrite(data, 1, size, f) == size && !fclose(f));
}

#define BLANKS	" \t\v\f\r\n\xa0"	/* as the kernel splits */

/* "ROLE DATA META LOCAL PEER N WORD..." */
static void check_params(char *text)
{
	char *word = strtok(text, BLANKS);
	u64 count;
	u32 i;

	holds(word && (!strcmp(word, "primary") || !strcmp(word, "secondary")));
	for (i = 0; i < 2; i++) {
		word = strtok(NULL, BLANKS);
		holds(word && *word == '/');
	}
	for (i = 0; i < 2; i++) {
		word = strtok(NULL, BLANKS);
		holds(word && strchr(word, ':'));
	}
	word = strtok(NULL, BLANKS);
	holds(word && !cli_parse_number(word, &count));
	for (i = 0; strtok(NULL, BLANKS); i++)
		;
	holds(i == count && count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf c;
	char params[8192];
	int code;

	if (!*path) {
		make_path();
		atexit(clean_up);
	}
	write_file(data, size);
	errors = 0;
	code = conf_load(&c, "vol");
	holds(errors == !!code);
	/* Behind one another in a struct: no sanitizer sees one grow into the next. */
	holds(strnlen(c.data, CONF_VALUE) < CONF_VALUE && strnlen(c.meta, CONF_VALUE) < CONF_VALUE);
	holds(strnlen(c.auth, CONF_VALUE) < CONF_VALUE && strnlen(c.peer, CONF_VALUE) < CONF_VALUE);
	holds(strnlen(c.option, CONF_VALUE) < CONF_VALUE);
	if (code || conf_params(&c, params, sizeof(params)))
		return 0;
	holds(!strpbrk(params, "\n\\"));
	check_params(params);
	return 0;
}
