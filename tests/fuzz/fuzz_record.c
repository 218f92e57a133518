// SPDX-License-Identifier: GPL-2.0-only
/*
 * The judgement of two copies of an activity record of any bytes. Input: steps of a byte
 * each and what they need: bytes into a sector, its checksum put right, a sector moved, a
 * record written as the kernel does, whole or in part. What holds has a list that makes
 * sense, is in its copy, and goes on holding however the next write is torn.
 */
#include "input.h"
#include "shared/codec.h"
#include "shared/codec_crc.h"

#define FORMAT	0x1122334455667788ull
#define HOT	112u
#define SECTORS	4u

static struct ms_record_sector copies[2 * SECTORS];
static struct ms_geo geo;
static struct ms_hot hot[HOT];

static void seal(u32 i)
{
	struct ms_record_sector *s = &copies[i];

	s->crc = cpu_to_le32(crc_of_format(FORMAT, s, sizeof(*s),
					   offsetof(struct ms_record_sector, crc)));
}

/* Write a record of @total entries into @copy, of which the sectors in @arrived get there. */
static void put(u32 copy, u64 sequence, u32 total, u32 salt, u32 arrived)
{
	struct ms_record_sector raw[SECTORS];
	const struct ms_sums sums = { sequence * 3, salt };
	struct ms_hot list[HOT];
	u32 i;

	for (i = 0; i < total; i++) {
		list[i].extent = (u64)salt * 131 + i;
		list[i].mask = (salt * 0x10001ull) & MS_MASK_ALL;
	}
	ms_record_encode(raw, FORMAT, copy, sequence, list, total, salt, sequence,
			 salt % 5 ? &sums : NULL);
	for (i = 0; i < ms_record_sectors(total); i++) {
		if (arrived >> i & 1)
			copies[copy * SECTORS + i] = raw[i];
	}
}

static void step(struct input *in)
{
	u32 what = (u32)take_n(in, 1), i = (u32)take_n(in, 1) % (2 * SECTORS);
	u32 at;

	switch (what % 5) {
	case 0:
		at = (u32)take_n(in, 2) % MS_SECTOR;
		((u8 *)&copies[i])[at] = (u8)take_n(in, 1);
		break;
	case 1:
		seal(i);
		break;
	case 2:
		copies[i] = copies[take_n(in, 1) % (2 * SECTORS)];
		break;
	case 3:
		at = (u32)take_n(in, 1) % sizeof(copies[i]) & ~7u;
		take(in, (u8 *)&copies[i] + at, 8);
		break;
	case 4:
		at = (u32)take_n(in, 1) % (HOT + 1);
		put(i & 1, take_n(in, 1), at, what, (u32)take_n(in, 1));
		break;
	}
}

static void judge(struct ms_record_result *res)
{
	memset(hot, 0, sizeof(hot));
	ms_record_judge(&geo, FORMAT, copies, copies + SECTORS, hot, res);
}

static void check_list(const struct ms_record_result *res)
{
	const struct ms_record_sector *raw = copies + res->copy * SECTORS;
	u32 i, k;

	holds(res->sums_known == (le32_to_cpu(raw->flags) & MS_RECORD_SUMS));
	holds(res->sums.plain == le64_to_cpu(raw->sum));
	holds(res->total <= HOT && res->held <= res->sequence);
	for (i = 0; i < res->total; i++) {
		const struct ms_record_entry *e = &raw[i / MS_RECORD_ENTRIES]
						  .entry[i % MS_RECORD_ENTRIES];

		holds(hot[i].extent < geo.extents && !(hot[i].mask & ~MS_MASK_ALL));
		holds(hot[i].extent == le64_to_cpu(e->extent));
		for (k = 0; k < i; k++)
			holds(hot[k].extent != hot[i].extent);
	}
	for (i = 0; i < ms_record_sectors(res->total); i++)
		holds(ms_record_sector_good(&raw[i], &geo, FORMAT, res->copy, i));
}

/* The next write: whole, it holds; cut off, the old list, or (if a sector was bad) damage. */
static void check_next(const struct ms_record_result *res, u32 arrived)
{
	u32 other = !res->copy, total = (arrived * 7) % (HOT + 1), i;
	u32 all = (1u << ms_record_sectors(total)) - 1;
	struct ms_record_result next;
	bool good = true;

	if (res->sequence > ~0ull - 2)
		return;
	for (i = 0; i < SECTORS; i++)
		good &= ms_record_sector_good(&copies[other * SECTORS + i], &geo, FORMAT, other, i);
	put(other, res->sequence + 1, total, 3, arrived);
	judge(&next);
	if ((arrived & all) == all)
		holds(next.state == MS_RECORD_OK && next.copy == other && next.total == total);
	else if (next.state == MS_RECORD_DAMAGED)
		holds(!good);
	else
		holds(next.copy == res->copy && next.held == res->held &&
		      next.total == res->total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct ms_record_result res;
	u32 arrived = (u32)take_n(&in, 1);
	const struct ms_sums none = { 0 };

	ms_geo_init(&geo, 1ull << 33, 12, HOT);
	ms_record_blank(copies, &geo, FORMAT, 0, 1, &none);
	ms_record_blank(copies + SECTORS, &geo, FORMAT, 1, 0, NULL);
	while (in.left)
		step(&in);
	judge(&res);
	if (res.state == MS_RECORD_DAMAGED) {
		holds(!res.total && !res.held);
		return 0;
	}
	check_list(&res);
	check_next(&res, arrived);
	return 0;
}
