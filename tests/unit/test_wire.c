// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames: the length rules of every type, written down here a second time and
 * tried with every length; flipped bits; a write's numbers against the volume.
 */
#include "help.h"
#include "shared/wire.h"

/* What the protocol says of one type: bodies of @base + k * @step, @low <= k <= @high. */
struct expected {
	u16 type;
	u32 base, step, low, high;
	bool data;
};

static const struct expected frames[] = {
	{ MS_F_HELLO, 816, 0, 0, 0, false },
	{ MS_F_AUTH, 32, 0, 0, 0, false },
	{ MS_F_READY, 24, 0, 0, 0, false },
	{ MS_F_REFUSE, 128, 0, 0, 0, false },
	{ MS_F_PING, 0, 0, 0, 0, false },
	{ MS_F_PONG, 0, 0, 0, 0, false },
	{ MS_F_ACK, 0, 16, 1, 4096, false },
	{ MS_F_WRITE, 16, 8, 1, 480, true },
	{ MS_F_ZERO, 16, 0, 0, 0, false },
	{ MS_F_FLUSH, 0, 0, 0, 0, false },
	{ MS_F_ANNOUNCE, 0, 16, 1, 4096, false },
	{ MS_F_MARKS, 0, 72, 1, 64, false },
	{ MS_F_MARKS_END, 0, 0, 0, 0, false },
	{ MS_F_GO, 96, 0, 0, 0, false },
	{ MS_F_CMP_EXTENTS, 0, 16, 1, 512, false },
	{ MS_F_CMP_CODES, 72, 8, 0, 480, false },
	{ MS_F_CMP_VERSIONS, 0, 16, 1, 512, false },
	{ MS_F_CMP_REPLY, 144, 0, 0, 0, false },
	{ MS_F_DONE, 88, 0, 0, 0, false },
	{ MS_F_PROGRESS, 24, 0, 0, 0, false },
	{ MS_F_SUMMARY_REQ, 16, 0, 0, 0, false },
	{ MS_F_SUMMARY, 16, 24, 0, 1024, false },
	{ MS_F_TABLE_REQ, 16, 0, 0, 0, false },
	{ MS_F_TABLE, 16, 3976, 0, 8, false },
	{ MS_F_READ_REQ, 16, 0, 0, 0, false },
	{ MS_F_READ_DATA, 16, 8, 1, 480, true },
	{ MS_F_REGENERATE, 0, 0, 0, 0, false },
	{ MS_F_DIGEST_REQ, 72, 0, 0, 0, false },
	{ MS_F_DIGEST, 144, 32, 0, 480, false },
	{ MS_F_FAILBACK_BEGIN, 96, 0, 0, 0, false },
	{ MS_F_SWITCH, 88, 0, 0, 0, false },
	{ MS_F_RESULT, 216, 0, 0, 0, false },
	{ MS_F_STATE, 104, 0, 0, 0, false },
	{ MS_F_RESOLVE, 0, 0, 0, 0, false },
	{ MS_F_PREPARE, 0, 0, 0, 0, false },
};

static const struct expected *find(u32 type)
{
	for (u32 i = 0; i < ARRAY_SIZE(frames); i++)
		if (frames[i].type == type)
			return &frames[i];
	return NULL;
}

static bool body_possible(const struct expected *e, u32 len)
{
	if (!e->step)
		return len == e->base;
	for (u32 k = e->low; k <= e->high; k++)
		if (len == e->base + k * e->step)
			return true;
	return false;
}

static int decode(u32 type, u32 body_len, u32 data_len)
{
	struct ms_head h = {
		.type = type, .body_len = body_len, .data_len = data_len,
		.handle = 0x1122334455667788ull, .commits = 5, .body_crc = 77,
	};
	struct ms_head back;
	struct ms_frame raw;
	int r;

	memset(&raw, 0xff, sizeof(raw));
	ms_head_encode(&h, &raw);
	r = ms_head_decode(&raw, &back);
	if (!r) {
		assert_int_equal(back.type, type);
		assert_int_equal(back.body_len, body_len);
		assert_int_equal(back.data_len, data_len);
		assert_int_equal(back.handle, h.handle);
		assert_int_equal(back.commits, 5);
		assert_int_equal(back.body_crc, 77);
	}
	return r;
}

static void every_type_and_body_length(void **state)
{
	u32 known = 0;

	(void)state;
	for (u32 type = 0; type < 100; type++) {
		const struct expected *e = find(type);

		known += e != NULL;
		for (u32 len = 0; len <= MS_BODY_MAX + 100; len++) {
			bool possible = e && body_possible(e, len);

			assert_int_equal(decode(type, len, e && e->data ? 4096 : 0),
					 possible ? 0 : -EPROTO);
			/* Little is missed by a stride where nothing is near a rule. */
			if (!e)
				len += 99;
		}
		assert_int_equal(decode(type, ~0u, 0), -EPROTO);
		assert_int_equal(decode(type, 1u << 31, 0), -EPROTO);
	}
	assert_int_equal(known, ARRAY_SIZE(frames));
	for (u32 type = 100; type < 65536; type++)
		assert_int_equal(decode(type, 0, 0), -EPROTO);
}

/* No rule lets a body through that is longer than a receiver's buffer. */
static void no_body_is_too_long(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(frames); i++)
		assert_true(frames[i].base + frames[i].step * frames[i].high <= MS_BODY_MAX);
}

static void data_lengths(void **state)
{
	static const u32 bad[] = {
		0, 1, 511, 513, 4095, MS_DATA_MAX - 1, MS_DATA_MAX + 1,
		MS_DATA_MAX + 512, 1u << 31, ~0u, ~0u - 511,
	};

	(void)state;
	for (u32 len = 512; len <= MS_DATA_MAX; len += 512)
		assert_int_equal(decode(MS_F_WRITE, 24, len), 0);
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(decode(MS_F_WRITE, 24, bad[i]), -EPROTO);
	for (u32 i = 0; i < ARRAY_SIZE(frames); i++) {
		const struct expected *e = &frames[i];

		if (e->data)
			continue;
		assert_int_equal(decode(e->type, e->base + e->low * e->step, 0), 0);
		assert_int_equal(decode(e->type, e->base + e->low * e->step, 512), -EPROTO);
		assert_int_equal(decode(e->type, e->base + e->low * e->step, ~0u), -EPROTO);
	}
}

static void every_flipped_bit_is_seen(void **state)
{
	struct ms_head h = { .type = MS_F_PING, .handle = 9 }, back;
	struct ms_frame raw;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(frames); i++) {
		h.type = frames[i].type;
		h.body_len = frames[i].base + frames[i].low * frames[i].step;
		h.data_len = frames[i].data ? 512 : 0;
		ms_head_encode(&h, &raw);
		for (size_t bit = 0; bit < sizeof(raw) * 8; bit++) {
			flip_bit(&raw, bit);
			assert_int_equal(ms_head_decode(&raw, &back), -EBADMSG);
			flip_bit(&raw, bit);
		}
		assert_int_equal(ms_head_decode(&raw, &back), 0);
	}
	/* flags that this version does not know, under a right checksum */
	raw.flags = cpu_to_le16(1);
	raw.head_crc = 0;
	raw.head_crc = cpu_to_le32(ms_crc32c(&raw, sizeof(raw)));
	assert_int_equal(ms_head_decode(&raw, &back), -EPROTO);
}

/* A stream that lost or gained bytes: the head is looked for in the wrong place. */
static void a_shifted_stream(void **state)
{
	struct ms_head h = { .type = MS_F_PING, .handle = 0x3146534d3146534dull }, back;
	u8 stream[3 * sizeof(struct ms_frame)];
	struct ms_frame raw;

	(void)state;
	ms_head_encode(&h, &raw);
	for (u32 i = 0; i < 3; i++)
		memcpy(stream + i * sizeof(raw), &raw, sizeof(raw));
	for (u32 at = 1; at < sizeof(raw); at++) {
		memcpy(&raw, stream + at, sizeof(raw));
		assert_int_equal(ms_head_decode(&raw, &back), -EBADMSG);
	}
}

static void bodies(void **state)
{
	struct ms_head h = { .type = MS_F_HELLO, .body_len = sizeof(struct ms_hello) };
	struct rng rng = { 1 };
	u8 body[sizeof(struct ms_hello)];

	(void)state;
	rng_fill(&rng, body, sizeof(body));
	h.body_crc = ms_crc32c(body, sizeof(body));
	assert_int_equal(ms_body_check(&h, body), 0);
	for (size_t bit = 0; bit < sizeof(body) * 8; bit++) {
		flip_bit(body, bit);
		assert_int_equal(ms_body_check(&h, body), -EBADMSG);
		flip_bit(body, bit);
	}
	h.body_len = 0;
	assert_int_equal(ms_body_check(&h, NULL), -EBADMSG);
	h.body_crc = 0;
	assert_int_equal(ms_body_check(&h, NULL), 0);
}

static void names(void **state)
{
	(void)state;
	for (u32 type = 0; type < 65536; type++) {
		if (find(type))
			assert_string_not_equal(ms_frame_name(type), "unknown");
		else
			assert_string_equal(ms_frame_name(type), "unknown");
	}
	for (u32 i = 0; i < ARRAY_SIZE(frames); i++)
		for (u32 k = 0; k < i; k++)
			assert_string_not_equal(ms_frame_name(frames[i].type),
						ms_frame_name(frames[k].type));
}

/* What must hold of a write, from the numbers themselves. */
static int naive_check(const struct ms_geo *geo, u32 type, u64 sector, u32 sectors,
		       u32 segs, u32 flags, u32 body_len, u32 data_len)
{
	u64 extent_sectors = (u64)geo->seg_sectors * 480;
	u64 touched;

	if (flags & ~15u)
		return -EPROTO;
	if (!sectors || sector >= geo->sectors || geo->sectors - sector < sectors)
		return -ERANGE;
	if (sector / extent_sectors != (sector + sectors - 1) / extent_sectors)
		return -ERANGE;
	touched = (sector + sectors - 1) / geo->seg_sectors - sector / geo->seg_sectors + 1;
	if (type == MS_F_ZERO)
		return segs || data_len || body_len != 16 ? -EPROTO : 0;
	if (sector % 8 + sectors > 2048)	/* pages of a bio */
		return -EPROTO;
	return segs != touched || data_len != sectors * 512ull ||
	       body_len != 16 + 8 * touched ? -EPROTO : 0;
}

static void write_bodies(void **state)
{
	struct rng rng = { 2 };
	u32 good = 0, range = 0, proto = 0;
	struct ms_geo geo;

	(void)state;
	for (u32 i = 0; i < 400000; i++) {
		u32 shift = 12 + rng_below(&rng, 9);
		u64 seg = 1u << (shift - 9);
		u64 sector, size = seg * 480 * 2 + seg * 3 + 1;
		u32 type = rng_below(&rng, 2) ? MS_F_WRITE : MS_F_ZERO;
		u32 sectors, segs, flags, body_len, data_len;
		struct ms_write_body b;
		struct ms_head h;
		struct ms_span span;
		int r;

		assert_int_equal(ms_geo_init(&geo, size, shift, 16), 0);
		sector = rng_below(&rng, size + 5);
		if (!rng_below(&rng, 4))
			sector -= sector % seg;
		sectors = rng_below(&rng, 4 * seg + 2);
		segs = type == MS_F_WRITE && sectors ?
			(sector + sectors - 1) / seg - sector / seg + 1 : 0;
		data_len = type == MS_F_WRITE ? sectors * 512 : 0;
		flags = rng_below(&rng, 16);
		body_len = 16 + 8 * segs;
		switch (rng_below(&rng, 12)) {	/* one lie, or none */
		case 0: segs += 1; break;
		case 1: segs -= 1; break;
		case 2: data_len += 512; break;
		case 3: data_len -= 512; break;
		case 4: body_len += 8; break;
		case 5: flags = 16; break;
		case 6: sectors = ~0u; break;
		case 7: sector = ~0ull - rng_below(&rng, 3); break;
		case 8: data_len = 0; break;
		}
		b.sector = cpu_to_le64(sector);
		b.sectors = cpu_to_le32(sectors);
		b.segs = cpu_to_le16(segs);
		b.flags = cpu_to_le16(flags);
		h.type = type;
		h.body_len = body_len;
		h.data_len = data_len;
		r = ms_write_body_check(&geo, &h, &b, &span);
		assert_int_equal(r, naive_check(&geo, type, sector, sectors,
						(u16)segs, flags, body_len, data_len));
		if (!r)
			assert_int_equal(span.extent, sector / seg / 480);
		good += !r;
		range += r == -ERANGE;
		proto += r == -EPROTO;
	}
	assert_true(good > 10000 && range > 10000 && proto > 10000);
}

static void write_bodies_that_are_none(void **state)
{
	struct ms_write_body b = { .sectors = cpu_to_le32(8) };
	struct ms_head h = { .type = MS_F_ZERO, .body_len = 15 };
	struct ms_span span;
	struct ms_geo geo;

	(void)state;
	assert_int_equal(ms_geo_init(&geo, 1000, 12, 16), 0);
	assert_int_equal(ms_write_body_check(&geo, &h, &b, &span), -EPROTO);
	h.body_len = 16;
	assert_int_equal(ms_write_body_check(&geo, &h, &b, &span), 0);
	h.type = MS_F_FLUSH;
	assert_int_equal(ms_write_body_check(&geo, &h, &b, &span), -EPROTO);
}

/* One more page than a bio has vectors for would be a bug of the kernel's. */
static void writes_of_too_many_pages(void **state)
{
	struct ms_head h = { .type = MS_F_WRITE };
	struct ms_write_body b = { };
	struct ms_span span;
	struct ms_geo geo;
	u32 sector, sectors, segs;

	(void)state;
	assert_int_equal(ms_geo_init(&geo, 8192, 12, 16), 0);
	for (sector = 0; sector < 9; sector++) {
		for (sectors = 2040; sectors <= 2048; sectors++) {
			segs = (sector + sectors - 1) / 8 - sector / 8 + 1;
			b.sector = cpu_to_le64(sector);
			b.sectors = cpu_to_le32(sectors);
			b.segs = cpu_to_le16((u16)segs);
			h.body_len = (u32)(sizeof(b) + 8 * segs);
			h.data_len = sectors * 512;
			assert_int_equal(ms_write_body_check(&geo, &h, &b, &span),
					 segs > 256 ? -EPROTO : 0);
		}
	}
}

static void generations(void **state)
{
	struct rng rng = { 3 };
	struct ms_disk_gens raw;
	struct ms_gens g, back;

	(void)state;
	rng_fill(&rng, &g, sizeof(g));
	ms_gens_encode(&g, &raw);
	memset(&back, 0, sizeof(back));
	ms_gens_decode(&raw, &back);
	assert_memory_equal(&g, &back, sizeof(g));
	assert_int_equal(le64_to_cpu(raw.current_gen), g.current_gen);
	assert_int_equal(le64_to_cpu(raw.history[MS_GEN_HISTORY - 1]),
			 g.history[MS_GEN_HISTORY - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_and_body_length),
		cmocka_unit_test(no_body_is_too_long),
		cmocka_unit_test(data_lengths),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(a_shifted_stream),
		cmocka_unit_test(bodies),
		cmocka_unit_test(names),
		cmocka_unit_test(write_bodies),
		cmocka_unit_test(write_bodies_that_are_none),
		cmocka_unit_test(writes_of_too_many_pages),
		cmocka_unit_test(generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
