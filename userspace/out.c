// SPDX-License-Identifier: GPL-2.0-only
/*
 * Formatting for people and programs; see out.h. Called by the commands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "out.h"

#define BAR	24u

char *out_bytes(char *buf, u64 bytes)
{
	static const char * const unit[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
	};
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 1024 && i + 1 < ARRAY_SIZE(unit)) {
		v /= 1024;
		i++;
	}
	if (v == (double)(u64)v)
		snprintf(buf, OUT_TEXT, "%llu %s", (unsigned long long)v, unit[i]);
	else
		snprintf(buf, OUT_TEXT, "%.1f %s", v, unit[i]);
	return buf;
}

char *out_count(char *buf, u64 n)
{
	char digits[OUT_TEXT];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	char *p = buf;
	int i;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	return buf;
}

char *out_percent(char *buf, u64 part, u64 whole)
{
	u64 permille;

	if (!whole || part >= whole) {
		snprintf(buf, OUT_TEXT, "100 %%");
		return buf;
	}
	permille = (u64)((double)part / (double)whole * 1000);
	if (permille > 999)
		permille = 999;
	if (permille % 10)
		snprintf(buf, OUT_TEXT, "%u.%u %%", (unsigned int)permille / 10,
			 (unsigned int)permille % 10);
	else
		snprintf(buf, OUT_TEXT, "%u %%", (unsigned int)permille / 10);
	return buf;
}

char *out_bar(char *buf, u64 part, u64 whole)
{
	size_t full = part < whole ? (size_t)((double)part / (double)whole * BAR) : BAR;

	static_assert(BAR + 3 <= OUT_TEXT, "a bar");
	*buf = '[';
	memset(buf + 1, '#', full);
	memset(buf + 1 + full, ' ', BAR - full);
	strcpy(buf + 1 + BAR, "]");
	return buf;
}

char *out_duration(char *buf, u64 ms)
{
	unsigned long long s = ms / 1000;

	if (s >= 3600)
		snprintf(buf, OUT_TEXT, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60,
			 s % 60);
	else if (s >= 60)
		snprintf(buf, OUT_TEXT, "%llu:%02llu min", s / 60, s % 60);
	else
		snprintf(buf, OUT_TEXT, "%llu.%llu s", s,
			 (unsigned long long)ms / 100 % 10);
	return buf;
}

char *out_uuid(char *buf, const u8 *id)
{
	int i;

	for (i = 0; i < MS_UUID; i++)
		sprintf(buf + 2 * i, "%02x", id[i]);
	return buf;
}

static const struct {
	u32 flag;
	const char *name;
} flag_names[] = {
	{ MS_SB_CLEAN, "clean" },
	{ MS_SB_ALL_CANDIDATES, "all-candidates" },
	{ MS_SB_NEVER_MET, "never-met" },
	{ MS_SB_FAILBACK, "failback" },
	{ MS_SB_META_VOID, "peer-metadata-void" },
	{ MS_SB_CHOSEN, "chosen-by-force" },
	{ MS_SB_COPY_ALL, "copy-all" },
};

char *out_flags(char *buf, u32 flags)
{
	char *p = buf;
	u32 i;

	strcpy(buf, "none");
	for (i = 0; i < ARRAY_SIZE(flag_names); i++) {
		if (flags & flag_names[i].flag)
			p += sprintf(p, "%s%s", p > buf ? " " : "", flag_names[i].name);
	}
	return buf;
}

static bool colours(void)
{
	static int wanted = -1;

	if (wanted < 0)
		wanted = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	return wanted;
}

const char *out_colour(enum out_colour c)
{
	static const char * const sequence[] = {
		[OUT_GREEN] = "\033[32m",
		[OUT_YELLOW] = "\033[33m",
		[OUT_RED] = "\033[1;31m",
	};

	return colours() ? sequence[c] : "";
}

const char *out_plain(void)
{
	return colours() ? "\033[0m" : "";
}

void json_put_u64(struct json_object *o, const char *key, u64 v)
{
	json_object_object_add(o, key, json_object_new_uint64(v));
}

void json_put_bool(struct json_object *o, const char *key, bool v)
{
	json_object_object_add(o, key, json_object_new_boolean(v));
}

void json_put_text(struct json_object *o, const char *key, const char *v)
{
	json_object_object_add(o, key, v ? json_object_new_string(v) : NULL);
}

void json_put_hex(struct json_object *o, const char *key, u64 v)
{
	char buf[OUT_TEXT];

	snprintf(buf, sizeof(buf), "%016llx", (unsigned long long)v);
	json_put_text(o, key, buf);
}

void json_put_uuid(struct json_object *o, const char *key, const u8 *id)
{
	char buf[2 * MS_UUID + 1];

	json_put_text(o, key, out_uuid(buf, id));
}

void json_put_flags(struct json_object *o, const char *key, u32 flags)
{
	struct json_object *list = json_object_new_array();
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flag_names); i++) {
		if (flags & flag_names[i].flag)
			json_object_array_add(list, json_object_new_string(flag_names[i].name));
	}
	json_object_object_add(o, key, list);
}

void json_print(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}
