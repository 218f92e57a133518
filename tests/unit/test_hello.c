// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hello: every pair of version ranges, every field out of range, and what
 * the rules are given of it.
 */
#include "help.h"
#include "shared/wire.h"

static struct ms_hello good_hello(void)
{
	struct ms_hello h;

	memset(&h, 0, sizeof(h));
	h.proto_min = cpu_to_le16(MS_PROTO_MIN);
	h.proto_max = cpu_to_le16(MS_PROTO_MAX);
	h.auth = cpu_to_le32(1);
	h.sectors = cpu_to_le64(1 << 20);
	h.logical_block = cpu_to_le32(512);
	h.seg_shift = cpu_to_le32(12);
	h.code_algo = cpu_to_le32(MS_CODE_ALGO_CRC32C_XXH);
	memset(h.node_id, 1, MS_UUID);
	memset(h.volume_id, 2, MS_UUID);
	return h;
}

static void good_ones(void **state)
{
	(void)state;
	for (u32 claim = 0; claim < 4; claim++)
		for (u32 disk = 0; disk < 3; disk++)
			for (u32 flags = 0; flags < 128; flags++)
				for (u32 initiator = 0; initiator < 2; initiator++) {
					struct ms_hello h = good_hello();
					u32 proto = 0;

					h.claim = cpu_to_le32(claim);
					h.disk = cpu_to_le32(disk);
					h.flags = cpu_to_le32(flags);
					h.initiator = initiator;
					assert_null(ms_hello_check(&h, &proto));
					assert_int_equal(proto, 1);
				}
}

static void versions(void **state)
{
	(void)state;
	for (u32 low = 0; low < 5; low++)
		for (u32 high = 0; high < 5; high++) {
			struct ms_hello h = good_hello();
			bool common = low <= MS_PROTO_MAX && high >= MS_PROTO_MIN && low <= high;
			u32 proto = 99;

			h.proto_min = cpu_to_le16(low);
			h.proto_max = cpu_to_le16(high);
			if (common) {
				assert_null(ms_hello_check(&h, &proto));
				assert_in_range(proto, low, high);
				assert_in_range(proto, MS_PROTO_MIN, MS_PROTO_MAX);
			} else {
				assert_string_equal(ms_hello_check(&h, &proto),
						    "no common protocol version");
			}
		}
}

#define SET(member, v) { offsetof(struct ms_hello, member), \
			 sizeof(((struct ms_hello *)0)->member), v }

static const struct {
	size_t offset;
	u32 size;
	u64 value;
} impossible[] = {
	SET(auth, 2), SET(auth, ~0u),
	SET(features, 1ull << 32), SET(features, 1ull << 63),
	SET(initiator, 2), SET(initiator, 255),
	SET(claim, 4), SET(claim, ~0u),
	SET(disk, 3), SET(disk, ~0u),
	SET(flags, 128), SET(flags, 1u << 31),
	SET(sectors, 0), SET(sectors, MS_MAX_SECTORS + 1), SET(sectors, ~0ull),
	SET(seg_shift, 0), SET(seg_shift, 11), SET(seg_shift, 21), SET(seg_shift, ~0u),
	SET(logical_block, 0), SET(logical_block, 256), SET(logical_block, 513),
	SET(logical_block, 8192), SET(logical_block, ~0u), SET(logical_block, 1u << 31),
};

static void fields_out_of_range(void **state)
{
	struct ms_hello h;
	u32 proto;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(impossible); i++) {
		__le64 value = cpu_to_le64(impossible[i].value);

		h = good_hello();
		memcpy((u8 *)&h + impossible[i].offset, &value, impossible[i].size);
		assert_non_null(ms_hello_check(&h, &proto));
	}
	h = good_hello();
	h.features = cpu_to_le64(~MS_FEATURES_NEEDED);	/* that one can do without */
	assert_null(ms_hello_check(&h, &proto));
	h = good_hello();
	memset(h.node_id, 0, MS_UUID);
	assert_non_null(ms_hello_check(&h, &proto));
	h = good_hello();
	memset(h.volume_id, 0, MS_UUID);
	assert_non_null(ms_hello_check(&h, &proto));
}

static void what_the_rules_are_given(void **state)
{
	struct ms_hello h = good_hello();
	struct ms_gens g = { .current_gen = 5, .base = 6, .offered = 7, .history = { 8, 9 } };
	struct ms_site s;

	(void)state;
	h.claim = cpu_to_le32(MS_CLAIM_WAITING);
	h.disk = cpu_to_le32(MS_DISK_OUTDATED);
	h.flags = cpu_to_le32(MS_SB_FAILBACK | MS_SB_CLEAN);
	h.code_seed = cpu_to_le64(0x123456789abcull);
	ms_gens_encode(&g, &h.gens);
	memset(&s, 0xff, sizeof(s));
	ms_hello_site(&h, &s);
	assert_memory_equal(s.node_id, h.node_id, MS_UUID);
	assert_memory_equal(s.volume_id, h.volume_id, MS_UUID);
	assert_int_equal(s.sectors, 1 << 20);
	assert_int_equal(s.seg_shift, 12);
	assert_int_equal(s.code_algo, MS_CODE_ALGO_CRC32C_XXH);
	assert_int_equal(s.code_seed, 0x123456789abcull);
	assert_int_equal(s.claim, MS_CLAIM_WAITING);
	assert_int_equal(s.disk, MS_DISK_OUTDATED);
	assert_int_equal(s.flags, MS_SB_FAILBACK | MS_SB_CLEAN);
	assert_memory_equal(&s.gens, &g, sizeof(g));
}

/* Whatever passes the check gives a site with a geometry and known values. */
static void any_bytes(void **state)
{
	struct rng rng = { 1 };
	u32 passed = 0;

	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		struct ms_hello h = good_hello();
		struct ms_geo geo;
		struct ms_site s;
		u32 proto = 0;

		for (u32 k = rng_below(&rng, 4); k; k--)
			((u8 *)&h)[rng_below(&rng, 100)] = rng_next(&rng);
		if (ms_hello_check(&h, &proto))
			continue;
		passed++;
		ms_hello_site(&h, &s);
		assert_int_equal(proto, 1);
		assert_int_equal(ms_geo_init(&geo, s.sectors, s.seg_shift, 16), 0);
		assert_true(s.claim <= MS_CLAIM_ACTIVE && s.disk <= MS_DISK_OUTDATED);
	}
	assert_true(passed > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(versions),
		cmocka_unit_test(fields_out_of_range),
		cmocka_unit_test(what_the_rules_are_given),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
