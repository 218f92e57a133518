// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the CLI prints of a progress: a bar and a percentage that are full only when all is done.
 */
#include "help.h"
#include "out.h"

static void bar(void **state)
{
	char buf[OUT_TEXT];

	(void)state;
	assert_string_equal(out_bar(buf, 0, 480), "[                        ]");
	assert_string_equal(out_bar(buf, 20, 480), "[#                       ]");
	assert_string_equal(out_bar(buf, 240, 480), "[############            ]");
	assert_string_equal(out_bar(buf, 479, 480), "[####################### ]");
	assert_string_equal(out_bar(buf, 480, 480), "[########################]");
	assert_string_equal(out_bar(buf, 481, 480), "[########################]");
	assert_string_equal(out_bar(buf, 0, 0), "[########################]");
	assert_string_equal(out_bar(buf, ~0ull - 1, ~0ull), "[########################]");
}

static void percent(void **state)
{
	char buf[OUT_TEXT];

	(void)state;
	assert_string_equal(out_percent(buf, 0, 480), "0 %");
	assert_string_equal(out_percent(buf, 1, 3), "33.3 %");
	assert_string_equal(out_percent(buf, 9999, 10000), "99.9 %");
	assert_string_equal(out_percent(buf, 3, 3), "100 %");
	assert_string_equal(out_percent(buf, 0, 0), "100 %");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bar),
		cmocka_unit_test(percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
