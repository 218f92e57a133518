// SPDX-License-Identifier: GPL-2.0-only
/*
 * The superblock: what is encoded is decoded, no flipped bit gets through, a
 * field out of range is refused by name, and a block that is not good leaves
 * the caller's struct as it was.
 */
#include "help.h"
#include "shared/codec.h"

static struct ms_super raw;
static struct ms_sb sb, out;

static void fill_gens(struct rng *rng, struct ms_gens *g)
{
	g->current_gen = rng_next(rng);
	g->base = rng_next(rng);
	g->offered = rng_next(rng);
	for (u32 i = 0; i < MS_GEN_HISTORY; i++)
		g->history[i] = rng_next(rng);
}

static void fill(struct rng *rng, struct ms_sb *s)
{
	struct ms_geo geo;

	memset(s, 0, sizeof(*s));
	s->version = MS_FORMAT_VERSION;
	s->flags = rng_below(rng, 128);
	s->sequence = rng_next(rng);
	s->compat = rng_next(rng);
	s->ro_compat = rng_next(rng);
	s->format_id = rng_next(rng);
	rng_fill(rng, s->volume_id, MS_UUID);
	rng_fill(rng, s->node_id, MS_UUID);
	rng_fill(rng, s->peer_node_id, MS_UUID);
	s->sectors = 1 + rng_below(rng, MS_MAX_SECTORS);
	s->logical_block = 512u << rng_below(rng, 4);
	s->seg_shift = MS_SEG_SHIFT_MIN + rng_below(rng, 9);
	s->code_algo = MS_CODE_ALGO_CRC32C_XXH;
	s->max_hot = MS_HOT_MIN + rng_below(rng, MS_HOT_MAX - MS_HOT_MIN + 1);
	s->code_seed = rng_next(rng);
	assert_int_equal(ms_geo_init(&geo, s->sectors, s->seg_shift, s->max_hot), 0);
	s->area_blocks = geo.area_blocks;
	s->table_start = geo.table_start;
	s->role = rng_below(rng, 2);
	s->disk = rng_below(rng, 3);
	fill_gens(rng, &s->gens);
	s->codes_since = rng_next(rng);
	s->activation = rng_below(rng, 1 << 24);
	s->activation_id = rng_next(rng);
	s->peer_activation_id = rng_next(rng);
	s->peer_commits = rng_next(rng);
	s->format_time = rng_next(rng);
	for (u32 i = 0; i < MS_PAST; i++)
		s->past[i] = (struct ms_point){ rng_next(rng), rng_next(rng) };
}

static void reseal(void)
{
	raw.crc = 0;
	raw.crc = cpu_to_le32(ms_crc32c(&raw, sizeof(raw)));
}

static void round_trip(void **state)
{
	struct rng rng = { 1 };

	(void)state;
	for (u32 i = 0; i < 500; i++) {
		u32 block = i & 1 ? MS_SUPER_BLOCK1 : MS_SUPER_BLOCK0;
		struct ms_geo geo;

		fill(&rng, &sb);
		memset(&raw, 0xff, sizeof(raw));
		ms_super_encode(&sb, block, &raw);
		memset(&out, 0, sizeof(out));
		assert_int_equal(ms_super_decode(&raw, block, &out), MS_GOOD);
		assert_memory_equal(&sb, &out, sizeof(sb));
		assert_int_equal(ms_super_decode(&raw, MS_SUPER_BLOCK1 - block, &out),
				 MS_BAD_NUMBER);
		assert_int_equal(ms_super_geo(&sb, &geo), 0);
		assert_int_equal(geo.area_blocks, sb.area_blocks);
		for (u32 b = 0; b < sizeof(raw.reserved); b++)
			assert_int_equal(raw.reserved[b], 0);
	}
}

static void every_flipped_bit_is_seen(void **state)
{
	struct rng rng = { 2 };
	struct ms_sb untouched;

	(void)state;
	fill(&rng, &sb);
	ms_super_encode(&sb, 0, &raw);
	memset(&out, 0x5a, sizeof(out));
	untouched = out;
	for (size_t bit = 0; bit < sizeof(raw) * 8; bit++) {
		flip_bit(&raw, bit);
		assert_int_equal(ms_super_decode(&raw, 0, &out),
				 bit < 128 ? MS_BAD_MAGIC : MS_BAD_CRC);
		flip_bit(&raw, bit);
	}
	assert_memory_equal(&out, &untouched, sizeof(out));
	assert_int_equal(ms_super_decode(&raw, 0, &out), MS_GOOD);
}

/* One field is set to a value, the checksum made right, and this is the verdict. */
struct out_of_range {
	const char *what;
	size_t offset;
	u32 size;
	u64 value;
	enum ms_bad bad;
};

#define F32(field, v, b) \
	{ #field " = " #v, offsetof(struct ms_super, field), 4, v, b }
#define F64(field, v, b) \
	{ #field " = " #v, offsetof(struct ms_super, field), 8, v, b }

static const struct out_of_range cases[] = {
	F32(version, 0, MS_BAD_VERSION),
	F32(version, 2, MS_BAD_VERSION),
	F32(version, ~0u, MS_BAD_VERSION),
	F32(block, 1, MS_BAD_NUMBER),
	F32(block, 8, MS_BAD_NUMBER),
	F32(flags, 128, MS_BAD_VALUE),
	F32(flags, 1u << 31, MS_BAD_VALUE),
	F64(incompat, 1, MS_BAD_FEATURE),
	F64(incompat, 1ull << 63, MS_BAD_FEATURE),
	F64(sectors, 0, MS_BAD_VALUE),
	F64(sectors, MS_MAX_SECTORS + 1, MS_BAD_VALUE),
	F64(sectors, ~0ull, MS_BAD_VALUE),
	F64(sectors, 12345678, MS_BAD_VALUE),	/* another area follows from it */
	F32(logical_block, 0, MS_BAD_VALUE),
	F32(logical_block, 256, MS_BAD_VALUE),
	F32(logical_block, 520, MS_BAD_VALUE),
	F32(logical_block, 1u << 31, MS_BAD_VALUE),
	F32(seg_shift, 0, MS_BAD_VALUE),
	F32(seg_shift, 11, MS_BAD_VALUE),
	F32(seg_shift, 13, MS_BAD_VALUE),
	F32(seg_shift, 21, MS_BAD_VALUE),
	F32(seg_shift, ~0u, MS_BAD_VALUE),
	F32(code_algo, 0, MS_BAD_VALUE),
	F32(code_algo, 2, MS_BAD_VALUE),
	F32(max_hot, 0, MS_BAD_VALUE),
	F32(max_hot, MS_HOT_MIN - 1, MS_BAD_VALUE),
	F32(max_hot, MS_HOT_MAX + 1, MS_BAD_VALUE),
	F32(max_hot, ~0u, MS_BAD_VALUE),
	F64(area_blocks, 0, MS_BAD_VALUE),
	F64(area_blocks, ~0ull, MS_BAD_VALUE),
	F64(table_start, 0, MS_BAD_VALUE),
	F64(table_start, 16, MS_BAD_VALUE),
	F32(role, 2, MS_BAD_VALUE),
	F32(role, ~0u, MS_BAD_VALUE),
	F32(disk, 3, MS_BAD_VALUE),
	F32(disk, ~0u, MS_BAD_VALUE),
	F64(activation, 1 << 24, MS_BAD_VALUE),
	/* and what is none of the reader's business */
	F64(compat, ~0ull, MS_GOOD),
	F64(ro_compat, ~0ull, MS_GOOD),
	F64(format_time, 0, MS_GOOD),
};

static void fields_out_of_range(void **state)
{
	struct rng rng = { 3 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct out_of_range *c = &cases[i];
		__le64 value = cpu_to_le64(c->value);
		struct ms_geo geo;
		enum ms_bad bad;

		fill(&rng, &sb);
		sb.seg_shift = 12;
		assert_int_equal(ms_geo_init(&geo, sb.sectors, 12, sb.max_hot), 0);
		sb.area_blocks = geo.area_blocks;
		ms_super_encode(&sb, 0, &raw);
		memcpy((u8 *)&raw + c->offset, &value, c->size);
		reseal();
		bad = ms_super_decode(&raw, 0, &out);
		if (bad != c->bad)
			fail_msg("%s: %s instead of %s", c->what, ms_bad_text(bad),
				 ms_bad_text(c->bad));
	}
}

/* Damage that keeps the checksum right must be harmless: no crash, no odd geometry. */
static void any_bytes(void **state)
{
	struct rng rng = { 4 };

	(void)state;
	for (u32 i = 0; i < 20000; i++) {
		fill(&rng, &sb);
		ms_super_encode(&sb, 0, &raw);
		for (u32 k = rng_below(&rng, 4); k; k--)
			((u8 *)&raw)[16 + rng_below(&rng, 296)] = rng_next(&rng);
		reseal();
		if (ms_super_decode(&raw, 0, &out) == MS_GOOD) {
			struct ms_geo geo;

			assert_int_equal(ms_super_geo(&out, &geo), 0);
			assert_true(out.role < 2 && out.disk < 3 && out.flags < 128);
		}
	}
	rng_fill(&rng, &raw, sizeof(raw));
	assert_int_equal(ms_super_decode(&raw, 0, &out), MS_BAD_MAGIC);
	memset(&raw, 0, sizeof(raw));
	assert_int_equal(ms_super_decode(&raw, 0, &out), MS_BAD_MAGIC);
}

static void every_verdict_has_words(void **state)
{
	(void)state;
	for (int bad = -1; bad < 20; bad++)
		assert_true(strlen(ms_bad_text(bad)) > 0);
	assert_string_not_equal(ms_bad_text(MS_BAD_CRC), ms_bad_text(MS_BAD_VALUE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(fields_out_of_range),
		cmocka_unit_test(any_bytes),
		cmocka_unit_test(every_verdict_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
