// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both ways to a crc32c in userspace, by instruction and by tables, against
 * one that shifts bit by bit. The file is included to get at what is static;
 * its public names are renamed, since the program is linked with them too.
 */
#define ms_crc32c_raw	included_crc32c_raw
#define ms_xxh64	included_xxh64
#include "shared/env_user.c"
#undef ms_crc32c_raw
#undef ms_xxh64

#include "help.h"

static u32 bit_by_bit(u32 crc, const u8 *p, size_t n)
{
	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ CRC32C_POLY : crc >> 1;
	}
	return crc;
}

static void check(crc_fn fn)
{
	struct rng rng = { 1 };
	u8 buf[300];

	rng_fill(&rng, buf, sizeof(buf));
	for (size_t from = 0; from < 9; from++)
		for (size_t n = 0; from + n <= sizeof(buf); n++) {
			u32 start = rng_next(&rng);

			assert_int_equal(fn(start, buf + from, n),
					 bit_by_bit(start, buf + from, n));
		}
}

static void tables(void **state)
{
	(void)state;
	check(crc_table);
}

static void instruction(void **state)
{
	(void)state;
	check(have_sse42() ? crc_sse42 : crc_table);
}

static void the_one_chosen(void **state)
{
	(void)state;
	check(crc_best);
	assert_true(crc_best == (have_sse42() ? crc_sse42 : crc_table));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(instruction),
		cmocka_unit_test(the_one_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
