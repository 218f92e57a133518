// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration of volumes; see conf.h. Every key has a line in the table below
 * with the function that judges its value, or is an option of the kernel's table.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "conf.h"

#define DEFAULT_DIR	"/etc/mirsync"
#define SUFFIX		".conf"

/* What ends a word of the table line, by the kernel's isspace(). */
static bool is_blank(char c)
{
	return isspace((unsigned char)c) || (unsigned char)c == 0xa0;
}

static bool is_word(const char *text)
{
	while (*text && !is_blank(*text))
		text++;
	return !*text;
}

/* Each returns NULL, or what is wrong with the value. */
static const char *judge_path(char *v)
{
	if (*v != '/')
		return "not an absolute path";
	return is_word(v) ? NULL : "blanks are not possible in it";
}

static const char *judge_role(char *v)
{
	return strcmp(v, "primary") && strcmp(v, "secondary") ?
		"neither primary nor secondary" : NULL;
}

/* "1.2.3.4:7788" or "[2001:db8::1]:7788" */
static const char *judge_address(char *v)
{
	static const char bad[] = "not an IP address and a port: 192.0.2.1:7788 or [2001:db8::1]:7788";
	struct in6_addr address;
	char ip[CONF_VALUE];
	char *colon;
	u64 port;
	int family = AF_INET;

	snprintf(ip, sizeof(ip), "%s", v);
	colon = strrchr(ip, ':');
	if (!colon)
		return bad;
	*colon = '\0';
	if (*ip == '[') {
		if (colon[-1] != ']')
			return bad;
		colon[-1] = '\0';
		family = AF_INET6;
	}
	if (inet_pton(family, ip + (family == AF_INET6), &address) != 1 ||
	    cli_parse_number(colon + 1, &port) || !port || port > 65535)
		return bad;
	return NULL;
}

/* ":SIZE:TYPE:DESCRIPTION" */
static bool key_good(const char *text)
{
	char type[CONF_VALUE], desc[CONF_VALUE];
	unsigned int size;

	return is_word(text) &&
	       sscanf(text, ":%3u:%511[^:]:%511s", &size, type, desc) == 3 &&
	       size >= 16 && size <= 128 &&
	       (!strcmp(type, "logon") || !strcmp(type, "user"));
}

/* "none", or "key :SIZE:TYPE:DESCRIPTION" */
static const char *judge_auth(char *v)
{
	static const char bad[] =
		"neither none nor key :SIZE:logon|user:DESCRIPTION with a size of 16 to 128 bytes";
	char *p;

	if (!strcmp(v, "none"))
		return NULL;
	if (strncmp(v, "key", 3) || !isblank((unsigned char)v[3]))
		return bad;
	v[3] = ' ';
	p = v + 4;
	while (isblank((unsigned char)*p))
		p++;
	memmove(v + 4, p, strlen(p) + 1);
	return key_good(v + 4) ? NULL : bad;
}

static const char *judge_words(char *v)
{
	(void)v;
	return NULL;
}

struct key {
	const char *name;
	const char *(*judge)(char *value);
	size_t offset;
	bool required;
	bool repeats;
};

static const struct key keys[] = {
	{ "data", judge_path, offsetof(struct conf, data), true, false },
	{ "meta", judge_path, offsetof(struct conf, meta), true, false },
	{ "role", judge_role, offsetof(struct conf, role), true, false },
	{ "local", judge_address, offsetof(struct conf, local), true, false },
	{ "peer", judge_address, offsetof(struct conf, peer), true, false },
	{ "auth", judge_auth, offsetof(struct conf, auth), true, false },
	{ "option", judge_words, offsetof(struct conf, option), false, true },
	{ }
};

static char *value_of(struct conf *c, const struct key *k)
{
	return (char *)c + k->offset;
}

const char *conf_dir(void)
{
	const char *dir = cli_config_dir();

	if (!dir)
		dir = getenv("MIRSYNC_CONFDIR");
	return dir && *dir ? dir : DEFAULT_DIR;
}

bool conf_dir_exists(void)
{
	return !access(conf_dir(), F_OK);
}

bool conf_name_good(const char *name)
{
	const char *p;

	if (!*name || *name == '.' || *name == '-' || strlen(name) >= CONF_NAME)
		return false;
	for (p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("_.+-", *p))
			return false;
	}
	return true;
}

/* @text without the blanks around it. */
static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

static const struct key *find_key(const char *name)
{
	const struct key *k;

	for (k = keys; k->name; k++) {
		if (!strcmp(k->name, name))
			return k;
	}
	return NULL;
}

/* A line whose key is one of the kernel's options. Return: 0, or an exit status; reported. */
static int take_option(struct conf *c, const struct ms_option *row, const char *value,
		       const char *where)
{
	u64 bit = 1ull << (row - ms_option_table);

	if (c->given & bit)
		return cli_error(CLI_FAILED, where, "%s: given twice", row->name);
	if (!*value)
		return cli_error(CLI_FAILED, where, "%s: without a value", row->name);
	if (ms_option_set(&c->opt, row, value))
		return cli_error(CLI_FAILED, where, "%s: %s: %s", row->name, value, row->error);
	c->given |= bit;
	return 0;
}

/* Take one line. Return: 0, or an exit status; reported. */
static int take_line(struct conf *c, char *line, const char *where)
{
	const struct ms_option *row;
	const struct key *k;
	const char *why;
	char *value, *to;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	value = strchr(line, '=');
	if (!value)
		return cli_error(CLI_FAILED, where, "%s: not \"key = value\"", line);
	*value++ = '\0';
	line = trim(line);
	value = trim(value);
	row = ms_option_find(line);
	if (row)
		return take_option(c, row, value, where);
	k = find_key(line);
	if (!k)
		return cli_error(CLI_FAILED, where, "%s: unknown key", line);
	to = value_of(c, k);
	if (*to && !k->repeats)
		return cli_error(CLI_FAILED, where, "%s: given twice", line);
	if (!*value)
		return cli_error(CLI_FAILED, where, "%s: without a value", line);
	if (strlen(to) + strlen(value) + 2 > CONF_VALUE)
		return cli_error(CLI_FAILED, where, "%s: too long", line);
	/* The kernel takes it out of the table line. */
	why = strchr(value, '\\') ? "a backslash is not possible in it" : k->judge(value);
	if (why)
		return cli_error(CLI_FAILED, where, "%s: %s: %s", line, value, why);
	if (*to)
		strcat(to, " ");
	strcat(to, value);
	return 0;
}

static int take_file(struct conf *c, FILE *f)
{
	char where[sizeof(c->path) + 16], line[2 * CONF_VALUE];
	unsigned int number = 0;
	const struct key *k;
	int code = 0;

	while (!code && fgets(line, sizeof(line), f)) {
		snprintf(where, sizeof(where), "%s:%u", c->path, ++number);
		if (!strchr(line, '\n') && !feof(f))
			return cli_error(CLI_FAILED, where, "line too long");
		code = take_line(c, line, where);
	}
	for (k = keys; !code && k->name; k++) {
		if (k->required && !*value_of(c, k))
			code = cli_error(CLI_FAILED, c->path, "%s: not given", k->name);
	}
	if (!code && !strcmp(c->data, c->meta))
		code = cli_error(CLI_FAILED, c->path, "meta: the same device as data");
	if (!code && !strcmp(c->local, c->peer))
		code = cli_error(CLI_FAILED, c->path, "peer: the same address as local");
	return code;
}

int conf_load(struct conf *c, const char *name)
{
	FILE *f;
	int code;

	memset(c, 0, sizeof(*c));
	ms_options_init(&c->opt);
	if (!conf_name_good(name))
		return cli_error(CLI_USAGE, name, "not a name for a volume");
	strcpy(c->name, name);
	snprintf(c->path, sizeof(c->path), "%s/%s" SUFFIX, conf_dir(), name);
	f = fopen(c->path, "re");
	if (!f)
		return cli_error(errno == ENOENT ? CLI_NO_VOLUME : CLI_FAILED, c->path,
				 "%s", strerror(errno));
	code = take_file(c, f);
	if (!code && ferror(f))
		code = cli_error(CLI_FAILED, c->path, "cannot be read");
	fclose(f);
	return code;
}

/* Words separated by blanks. */
static unsigned int count_words(const char *text)
{
	unsigned int n = 0;
	bool inside = false;

	for (; *text; text++) {
		n += !is_blank(*text) && !inside;
		inside = !is_blank(*text);
	}
	return n;
}

/* " NAME VALUE" for each that has a line, behind what is in @buf. */
static void append_options(const struct conf *c, char *buf, size_t size)
{
	char text[MS_OPTION_TEXT];
	const struct ms_option *row;
	size_t n;

	for (row = ms_option_table; row->name; row++) {
		if (!(c->given >> (row - ms_option_table) & 1))
			continue;
		ms_option_print(&c->opt, row, text);
		n = strlen(buf);
		snprintf(buf + n, size - n, " %s %s", row->name, text);
	}
}

int conf_params(const struct conf *c, char *buf, size_t size)
{
	char options[4096];
	size_t len;
	int n;

	snprintf(options, sizeof(options), "%s", strcmp(c->auth, "none") ? c->auth : "noauth");
	append_options(c, options, sizeof(options));
	len = strlen(options);
	snprintf(options + len, sizeof(options) - len, "%s%s", *c->option ? " " : "", c->option);
	n = snprintf(buf, size, "%s %s %s %s %s %u %s", c->role, c->data, c->meta,
		     c->local, c->peer, count_words(options), options);
	if (n < 0 || (size_t)n >= size)
		return cli_error(CLI_FAILED, c->path, "its values are too long for a table line");
	return 0;
}

static int is_conf(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > strlen(SUFFIX) && len < CONF_NAME + strlen(SUFFIX) &&
	       !strcmp(d->d_name + len - strlen(SUFFIX), SUFFIX) && d->d_name[0] != '.';
}

int conf_each(int (*fn)(const char *name, void *arg), void *arg)
{
	char name[256];
	struct dirent **list;
	int worst = 0;
	int n, i, code;

	n = scandir(conf_dir(), &list, is_conf, alphasort);
	if (n < 0)
		return cli_error(CLI_FAILED, conf_dir(), "%s", strerror(errno));
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s", list[i]->d_name);
		name[strlen(name) - strlen(SUFFIX)] = '\0';
		code = fn(name, arg);
		if (code > worst)
			worst = code;
		free(list[i]);
	}
	free(list);
	return worst;
}
