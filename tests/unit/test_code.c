// SPDX-License-Identifier: GPL-2.0-only
/*
 * Codes: published vectors of both halves, pieces give the same as the whole,
 * the seed reaches only its half, and made-up crc32c collisions are seen. (The
 * collisions that a real file system makes are in test_ext4.c.)
 */
#include "help.h"
#include "shared/code.h"

#define SEED	0x0123456789abcdefull

/* RFC 3720, appendix B.4, and the check value of the CRC catalogue. */
static void crc32c_vectors(void **state)
{
	static const u8 read_pdu[48] = {
		0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
		0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18,
		0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	};
	u8 buf[32];

	(void)state;
	memset(buf, 0, sizeof(buf));
	assert_int_equal(ms_crc32c(buf, 32), 0x8a9136aau);
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(ms_crc32c(buf, 32), 0x62a8ab43u);
	for (u32 i = 0; i < 32; i++)
		buf[i] = i;
	assert_int_equal(ms_crc32c(buf, 32), 0x46dd794eu);
	for (u32 i = 0; i < 32; i++)
		buf[i] = 31 - i;
	assert_int_equal(ms_crc32c(buf, 32), 0x113fdb5cu);
	assert_int_equal(ms_crc32c(read_pdu, sizeof(read_pdu)), 0xd9963a56u);
	assert_int_equal(ms_crc32c("123456789", 9), 0xe3069283u);
	assert_int_equal(ms_crc32c("", 0), 0);
}

static void xxh64_vectors(void **state)
{
	(void)state;
	assert_int_equal(ms_xxh64("", 0, 0), 0xef46db3751d8e999ull);
	assert_int_equal(ms_xxh64("", 0, 2654435761u), 0xac75fda2929b17efull);
	assert_int_equal(ms_xxh64("a", 1, 0), 0xd24ec4f1a98c6e5bull);
	assert_int_equal(ms_xxh64("abc", 3, 0), 0x44bc2cf5ad770999ull);
}

static void a_code_is_its_two_halves(void **state)
{
	static const char text[] = "dm-mirsync";
	u64 code = ms_code(text, sizeof(text), SEED);

	(void)state;
	assert_int_equal(code >> 32, ms_crc32c(text, sizeof(text)));
	assert_int_equal(ms_code_crc(code), ms_crc32c(text, sizeof(text)));
	assert_int_equal((u32)code, (u32)ms_xxh64(text, sizeof(text), SEED));
	assert_int_equal(ms_code_crc(ms_code(text, sizeof(text), SEED + 1)), ms_code_crc(code));
	assert_int_not_equal(ms_code(text, sizeof(text), SEED + 1), code);
}

static u64 in_pieces(const u8 *p, size_t n, struct rng *rng)
{
	struct ms_code_state st;

	ms_code_init(&st, SEED);
	while (n) {
		size_t step = rng_below(rng, n < 900 ? n + 1 : 900);

		ms_code_update(&st, p, step);
		p += step;
		n -= step;
	}
	return ms_code_final(&st);
}

static void pieces_give_the_same(void **state)
{
	struct rng rng = { 7 };
	static u8 buf[65536];

	(void)state;
	rng_fill(&rng, buf, sizeof(buf));
	for (u32 i = 0; i < 400; i++) {
		size_t n = i < 200 ? i : 1 + rng_below(&rng, sizeof(buf));

		assert_int_equal(in_pieces(buf, n, &rng), ms_code(buf, n, SEED));
	}
}

static void zeroes(void **state)
{
	static const u8 buf[1 << 20];

	(void)state;
	for (u32 n = 512; n <= sizeof(buf); n *= 2) {
		assert_int_equal(ms_code_zero(n, SEED), ms_code(buf, n, SEED));
		assert_int_equal(ms_code_zero(n - 512, SEED), ms_code(buf, n - 512, SEED));
	}
	assert_int_equal(ms_code_zero(4096 * 3 + 1, 5), ms_code(buf, 4096 * 3 + 1, 5));
}

/*
 * The four bytes at @at that give @n bytes the crc32c @want. The crc is linear
 * in them: the effect of each of the 32 bits is found by trying, and the
 * system of equations solved by elimination.
 */
static void force_crc(u8 *buf, size_t n, size_t at, u32 want)
{
	u32 column[32], bits[32], base, target;

	memset(buf + at, 0, 4);
	base = ms_crc32c(buf, n);
	for (u32 i = 0; i < 32; i++) {
		flip_bit(buf + at, i);
		column[i] = ms_crc32c(buf, n) ^ base;
		bits[i] = 1u << i;
		flip_bit(buf + at, i);
	}
	target = base ^ want;
	for (u32 row = 0, done = 0; row < 32; row++) {
		u32 pivot = done;

		while (pivot < 32 && !(column[pivot] >> row & 1))
			pivot++;
		assert_true(pivot < 32);
		for (u32 i = 0; i < 32; i++)
			if (i != pivot && column[i] >> row & 1) {
				column[i] ^= column[pivot];
				bits[i] ^= bits[pivot];
			}
		u32 c = column[pivot], b = bits[pivot];

		column[pivot] = column[done];
		bits[pivot] = bits[done];
		column[done] = c;
		bits[done++] = b;
	}
	/* Now column[i] is the single bit i. */
	for (u32 i = 0; i < 32; i++)
		if (target >> i & 1)
			for (u32 k = 0; k < 32; k++)
				if (bits[i] >> k & 1)
					flip_bit(buf + at, k);
	assert_int_equal(ms_crc32c(buf, n), want);
}

static void forced_crc_collisions_are_seen(void **state)
{
	static const u32 sizes[] = { 4096, 65536 };
	struct rng rng = { 11 };
	static u8 buf[65536];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
		for (u32 round = 0; round < 20; round++) {
			size_t n = sizes[i], at = rng_below(&rng, n - 4);
			u64 before;

			rng_fill(&rng, buf, n);
			before = ms_code(buf, n, SEED);
			buf[(at + 100) % n] ^= 1 + rng_below(&rng, 255);
			force_crc(buf, n, at, ms_code_crc(before));
			assert_int_equal(ms_code_crc(ms_code(buf, n, SEED)), ms_code_crc(before));
			assert_int_not_equal(ms_code(buf, n, SEED), before);
		}
}

/* A block that ends in its own crc32c has the same crc32c whatever it contains. */
static void blocks_with_their_own_crc(void **state)
{
	struct rng rng = { 13 };
	u64 code[2] = { 0 };
	u8 buf[4096];

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		u32 crc;

		rng_fill(&rng, buf, sizeof(buf) - 4);
		crc = ms_crc32c_raw(~0u, buf, sizeof(buf) - 4);
		crc = htole32(crc);
		memcpy(buf + sizeof(buf) - 4, &crc, 4);
		code[i] = ms_code(buf, sizeof(buf), SEED);
	}
	assert_int_equal(ms_code_crc(code[0]), ms_code_crc(code[1]));
	assert_int_not_equal(code[0], code[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc32c_vectors),
		cmocka_unit_test(xxh64_vectors),
		cmocka_unit_test(a_code_is_its_two_halves),
		cmocka_unit_test(pieces_give_the_same),
		cmocka_unit_test(zeroes),
		cmocka_unit_test(forced_crc_collisions_are_seen),
		cmocka_unit_test(blocks_with_their_own_crc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
