// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of options and its functions; see options.h. No state, no locking.
 */
#include "shared/options.h"

static const char *const modes[] = { "sync", "async", NULL };
static const char *const queue_full[] = { "throttle", "detach", NULL };
static const char *const link_lost[] = { "continue", "freeze", NULL };
static const char *const disk_error[] = { "fail", "peer", NULL };

const struct ms_option ms_option_table[] = {
	{
		.name = "timeout",
		.error = "timeout must be 2000 to 600000 milliseconds",
		.min = 2000, .max = 600000, .initial = 10000,
		.offset = offsetof(struct ms_options, timeout),
	}, {
		.name = "generator_rate",
		.error = "generator_rate must be 64 to 1073741824 KiB per second, or 0 for no limit",
		.min = 64, .max = 1u << 30, .zero = true, .running = true,
		.offset = offsetof(struct ms_options, generator_rate),
	}, {
		.name = "resync_rate_min",
		.error = "resync_rate_min must be 64 to 1073741824 KiB per second",
		.min = 64, .max = 1u << 30, .initial = 4096, .running = true,
		.offset = offsetof(struct ms_options, resync_rate_min),
	}, {
		.name = "resync_rate_max",
		.error = "resync_rate_max must be 64 to 1073741824 KiB per second, or 0 for no limit",
		.min = 64, .max = 1u << 30, .zero = true, .running = true,
		.offset = offsetof(struct ms_options, resync_rate_max),
	}, {
		.name = "mode",
		.error = "mode must be sync or async",
		.words = modes, .running = true,
		.offset = offsetof(struct ms_options, mode),
	}, {
		.name = "async_queue",
		.error = "async_queue must be 64 to 1048576 KiB",
		.min = 64, .max = 1u << 20, .initial = 16384, .running = true,
		.offset = offsetof(struct ms_options, async_queue),
	}, {
		.name = "queue_full",
		.error = "queue_full must be throttle or detach",
		.words = queue_full, .running = true,
		.offset = offsetof(struct ms_options, queue_full),
	}, {
		.name = "link_lost",
		.error = "link_lost must be continue or freeze",
		.words = link_lost, .running = true,
		.offset = offsetof(struct ms_options, link_lost),
	}, {
		.name = "disk_timeout",
		.error = "disk_timeout must be 1000 to 600000 milliseconds, or 0 for no limit",
		.min = 1000, .max = 600000, .zero = true, .running = true,
		.offset = offsetof(struct ms_options, disk_timeout),
	}, {
		.name = "disk_error",
		.error = "disk_error must be fail or peer",
		.words = disk_error, .running = true,
		.offset = offsetof(struct ms_options, disk_error),
	}, {
		.name = "before_target",
		.error = "before_target must be 1000 to 3600000 milliseconds, or 0 to become a target at once",
		.min = 1000, .max = 3600000, .zero = true, .running = true,
		.offset = offsetof(struct ms_options, before_target),
	},
	{ }
};

static u32 *value_of(struct ms_options *o, const struct ms_option *row)
{
	return (u32 *)((char *)o + row->offset);
}

void ms_options_init(struct ms_options *o)
{
	const struct ms_option *row;

	for (row = ms_option_table; row->name; row++)
		*value_of(o, row) = row->initial;
}

const struct ms_option *ms_option_find(const char *name)
{
	const struct ms_option *row;

	for (row = ms_option_table; row->name; row++)
		if (!strcasecmp(row->name, name))
			return row;
	return NULL;
}

u32 ms_option_get(const struct ms_options *o, const struct ms_option *row)
{
	return *(const u32 *)((const char *)o + row->offset);
}

static int parse_word(const struct ms_option *row, const char *text, u32 *value)
{
	u32 i;

	for (i = 0; row->words[i]; i++) {
		if (strcasecmp(row->words[i], text))
			continue;
		*value = i;
		return 0;
	}
	return -EINVAL;
}

static int parse_number(const struct ms_option *row, const char *text, u32 *value)
{
	u64 n = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = n * 10 + (u32)(*text - '0');
		if (n > row->max)
			return -EINVAL;
	}
	if (n < row->min && !(row->zero && !n))
		return -EINVAL;
	*value = (u32)n;
	return 0;
}

int ms_option_set(struct ms_options *o, const struct ms_option *row, const char *text)
{
	u32 value;
	int r = row->words ? parse_word(row, text, &value) : parse_number(row, text, &value);

	if (!r)
		*value_of(o, row) = value;
	return r;
}

void ms_option_print(const struct ms_options *o, const struct ms_option *row, char *text)
{
	u32 value = ms_option_get(o, row);

	if (row->words)
		snprintf(text, MS_OPTION_TEXT, "%s", row->words[value]);
	else
		snprintf(text, MS_OPTION_TEXT, "%u", value);
}

const struct ms_option *ms_options_fixed(const struct ms_options *a, const struct ms_options *b)
{
	const struct ms_option *row;

	for (row = ms_option_table; row->name; row++)
		if (!row->running && ms_option_get(a, row) != ms_option_get(b, row))
			return row;
	return NULL;
}
