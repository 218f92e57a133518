// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line: finds the command, parses its options by the command's
 * table, prints the help from the same table. Called by main() only; knows
 * nothing of what the commands do.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "shared/format.h"
#include "shared/mirsync_ioctl.h"
#include "shared/wire.h"

static const char *config_dir;
static bool want_help;

/* Accepted by every command, and before the command's name. */
static const struct cli_option common[] = {
	{ "config-dir", CLI_TEXT, "DIR",
	  "directory of the VOL.conf files (/etc/mirsync, or $MIRSYNC_CONFDIR)",
	  &config_dir, 0, 0 },
	{ "help", CLI_FLAG, NULL, "print this and exit", &want_help, 0, 0 },
	{ }
};

const char *cli_config_dir(void)
{
	return config_dir;
}

int cli_error(int code, const char *subject, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "mirsync: %s: ", subject);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

int cli_parse_number(const char *text, u64 *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

int cli_parse_size(const char *text, u64 *value)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	u64 n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return -EINVAL;
	if (*end) {
		unit = strchr(units, *end & ~0x20);
		if (!unit || !*unit || end[1])
			return -EINVAL;
		if (__builtin_mul_overflow(n, 1ull << (unit - units + 1) * 10, &n))
			return -EINVAL;
	}
	*value = n;
	return 0;
}

static void print_options(const struct cli_option *options)
{
	const struct cli_option *o;
	char left[40];

	for (o = options; o && o->name; o++) {
		snprintf(left, sizeof(left), "--%s%s%s", o->name,
			 o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-24s %s\n", left, o->help);
	}
}

static void print_command_help(const struct cli_command *c)
{
	printf("Usage: mirsync %s%s%s%s\n\n%s\n\nOptions:\n", c->name,
	       c->options && c->options->name ? " [OPTION...]" : "",
	       *c->operands ? " " : "", c->operands, c->summary);
	print_options(c->options);
	print_options(common);
}

static void print_help(void)
{
	const struct cli_command *const *c;

	printf("Usage: mirsync COMMAND [OPTION...] [OPERAND...]\n\nCommands:\n");
	for (c = cli_commands; *c; c++)
		printf("  %-12s %s\n", (*c)->name, (*c)->summary);
	printf("\nOptions:\n");
	print_options(common);
	printf("  %-24s %s\n", "--version", "print the versions and exit");
	printf("\n'mirsync COMMAND --help' tells more; the manual is mirsync(8).\n");
}

static void print_version(void)
{
	printf("mirsync %s (metadata format %u, protocol %u, ioctl interface %u)\n",
	       MIRSYNC_RELEASE, MS_FORMAT_VERSION, MS_PROTO_MAX,
	       MS_IOC_VERSION_NUMBER);
}

static const struct cli_option *find_option(const struct cli_option *options,
					    const char *name, size_t len)
{
	const struct cli_option *o;

	for (o = options; o && o->name; o++) {
		if (strlen(o->name) == len && !strncmp(o->name, name, len))
			return o;
	}
	return NULL;
}

/* Return: true when @text suits the option's type and range. */
static bool set_option(const struct cli_option *o, const char *text)
{
	u64 n;

	switch (o->type) {
	case CLI_FLAG:
		*(bool *)o->value = true;
		return true;
	case CLI_TEXT:
		*(const char **)o->value = text;
		return *text;
	case CLI_NUMBER:
		if (cli_parse_number(text, &n))
			return false;
		break;
	case CLI_SIZE:
		if (cli_parse_size(text, &n))
			return false;
		break;
	default:
		return false;
	}
	if (n < o->min || (o->max && n > o->max))
		return false;
	*(u64 *)o->value = n;
	return true;
}

/*
 * Parse the option at @argv[*i]; *i is moved over a value of its own.
 * Return: true when it was a good one.
 */
static bool parse_option(const struct cli_option *own, const char *subject,
			 int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2;
	const char *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	const struct cli_option *o = find_option(own, name, len);

	if (!o)
		o = find_option(common, name, len);
	if (!o || argv[*i][1] != '-') {
		cli_error(0, subject, "unknown option %s (see --help)", argv[*i]);
		return false;
	}
	if (o->type == CLI_FLAG && value) {
		cli_error(0, subject, "--%s takes no value", o->name);
		return false;
	}
	if (value) {
		value++;
	} else if (o->type != CLI_FLAG) {
		if (*i + 1 >= argc) {
			cli_error(0, subject, "--%s needs a value: %s", o->name,
				  o->arg);
			return false;
		}
		value = argv[++*i];
	}
	if (!set_option(o, value)) {
		cli_error(0, subject, "--%s %s: not a value for %s (%s)", o->name,
			  value, o->arg, o->help);
		return false;
	}
	return true;
}

static int run_command(const struct cli_command *c, int argc, char **argv)
{
	int usage = c->usage_exit ? c->usage_exit : CLI_USAGE;
	bool only_operands = false;
	int i, n = 0;

	/* The operands are collected at the front of argv. */
	for (i = 0; i < argc; i++) {
		if (only_operands || argv[i][0] != '-' || !argv[i][1]) {
			argv[n++] = argv[i];
		} else if (!strcmp(argv[i], "--")) {
			only_operands = true;
		} else if (!strcmp(argv[i], "-h")) {
			want_help = true;
		} else if (!parse_option(c->options, c->name, argc, argv, &i)) {
			return usage;
		}
	}
	if (want_help) {
		print_command_help(c);
		return CLI_OK;
	}
	if (n < c->min)
		return cli_error(usage, c->name, "too few arguments; usage: mirsync %s %s",
				 c->name, c->operands);
	if (n > c->max)
		return cli_error(usage, c->name, "%s: one argument too many; usage: mirsync %s %s",
				 argv[c->max], c->name, c->operands);
	return c->run(n, argv);
}

static int find_and_run(int argc, char **argv)
{
	const struct cli_command *const *c;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--version")) {
			print_version();
			return CLI_OK;
		}
		if (!strcmp(argv[i], "-h"))
			want_help = true;
		else if (!parse_option(NULL, "usage", argc, argv, &i))
			return CLI_USAGE;
	}
	if (want_help || (i < argc && !strcmp(argv[i], "help"))) {
		print_help();
		return CLI_OK;
	}
	if (i >= argc)
		return cli_error(CLI_USAGE, "usage", "no command given (see --help)");
	for (c = cli_commands; *c; c++) {
		if (!strcmp((*c)->name, argv[i]))
			return run_command(*c, argc - i - 1, argv + i + 1);
	}
	return cli_error(CLI_USAGE, argv[i], "unknown command (see --help)");
}

int cli_main(int argc, char **argv)
{
	int code = find_and_run(argc, argv);

	if (fflush(stdout) || ferror(stdout))
		return cli_error(code ? code : CLI_FAILED, "standard output",
				 "%s", strerror(errno));
	return code;
}
