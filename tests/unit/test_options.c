// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of options: every row prints what it takes, takes its limits and its default and
 * nothing beyond, and changes nothing when it refuses.
 */
#include "help.h"
#include "shared/options.h"

static void takes(const struct ms_option *row, const char *text, u32 value)
{
	struct ms_options o;
	char back[MS_OPTION_TEXT];

	memset(&o, 0xaa, sizeof(o));
	assert_int_equal(ms_option_set(&o, row, text), 0);
	assert_int_equal(ms_option_get(&o, row), value);
	ms_option_print(&o, row, back);
	assert_string_equal(back, text);
}

static void refuses(const struct ms_option *row, const char *text)
{
	struct ms_options o, before;

	memset(&o, 0xaa, sizeof(o));
	before = o;
	assert_int_equal(ms_option_set(&o, row, text), -EINVAL);
	assert_memory_equal(&o, &before, sizeof(o));
}

static void number_row(const struct ms_option *row)
{
	char text[32];
	u64 n[] = { row->min, row->max };
	u32 i;

	for (i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)n[i]);
		takes(row, text, (u32)n[i]);
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)row->max + 1);
	refuses(row, text);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)row->min + (1ull << 32));
	refuses(row, text);
	if (row->min > 1) {
		snprintf(text, sizeof(text), "%u", row->min - 1);
		refuses(row, text);
	}
	if (row->zero)
		takes(row, "0", 0);
	else if (row->min)
		refuses(row, "0");
	refuses(row, "-1");
	refuses(row, "0x10");
	refuses(row, "1 ");
	assert_true((row->initial >= row->min || (row->zero && !row->initial)) &&
		    row->initial <= row->max);
}

static void every_row(void **state)
{
	const struct ms_option *row;
	u32 i;

	(void)state;
	for (row = ms_option_table; row->name; row++) {
		assert_ptr_equal(ms_option_find(row->name), row);
		assert_int_equal(row->offset, (row - ms_option_table) * sizeof(u32));
		assert_memory_equal(row->error, row->name, strlen(row->name));
		refuses(row, "");
		refuses(row, "nonsense");
		for (i = 0; row->words && row->words[i]; i++) {
			assert_true(strlen(row->words[i]) < MS_OPTION_TEXT);
			takes(row, row->words[i], i);
		}
		if (!row->words)
			number_row(row);
		else
			assert_true(row->initial < i);
	}
	assert_int_equal((row - ms_option_table) * sizeof(u32), sizeof(struct ms_options));
	assert_null(ms_option_find("no such option"));
	assert_null(ms_option_find(""));
}

static void what_is_fixed(void **state)
{
	const struct ms_option *row;
	struct ms_options a, b;

	(void)state;
	ms_options_init(&a);
	for (row = ms_option_table; row->name; row++) {
		assert_int_equal(ms_option_get(&a, row), row->initial);
		b = a;
		*(u32 *)((char *)&b + row->offset) ^= 1;
		assert_ptr_equal(ms_options_fixed(&a, &b), row->running ? NULL : row);
	}
	assert_null(ms_options_fixed(&a, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(what_is_fixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
