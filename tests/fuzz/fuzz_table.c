// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table and summary blocks of any bytes, and their comparison. Input: what to put right
 * (1: checksums, 2: own numbers, 4: the last, shorter extent), a summary entry, then bytes
 * for two table blocks. No bit counts that is beyond the extent; verdicts cover it whole
 * and once; equal digests come from equal codes only if these are.
 */
#include "input.h"
#include "shared/codec.h"
#include "shared/codec_crc.h"
#include "shared/compare.h"

#define FORMAT	0x1122334455667788ull
#define SEED	7

static struct ms_geo geo;
static struct ms_table_block tables[2];
static struct ms_summary_block summary;

static void check_verdict(u32 segs)
{
	struct ms_verdict v;
	u32 i;

	ms_compare_extent(tables[0].valid, tables[0].codes, tables[1].valid, tables[1].codes,
			  segs, &v);
	holds(v.n_equal + v.n_differs + v.n_unknown == segs);
	for (i = 0; i < MS_EXTENT_SEGS; i++) {
		u32 n = ms_bit(v.equal, i) + ms_bit(v.differs, i) + ms_bit(v.unknown, i);
		bool valid = ms_bit(tables[0].valid, i) && ms_bit(tables[1].valid, i);

		holds(n == (i < segs));
		if (ms_bit(v.equal, i))
			holds(valid && tables[0].codes[i] == tables[1].codes[i]);
		if (ms_bit(v.differs, i))
			holds(valid && tables[0].codes[i] != tables[1].codes[i]);
	}
}

static void check_digests(u32 segs)
{
	struct ms_summary_entry e[2];
	u32 i;

	for (i = 0; i < 2; i++) {
		ms_summary_from_table(&e[i], &tables[i], segs, SEED);
		holds(le16_to_cpu(e[i].valid) <= segs && le16_to_cpu(e[i].marked) <= segs);
	}
	if (ms_compare_summary(&e[0], &e[1], segs))
		holds(!memcmp(tables[0].codes, tables[1].codes, segs * 8));
}

static void check_summary(struct input *in, u64 extent, u32 segs, u32 mode)
{
	const struct ms_summary_entry *e;
	u32 index;
	u64 s = ms_geo_summary_of(extent, &index);

	ms_summary_init(&summary, &geo, s);
	take(in, &summary.entry[index], sizeof(summary.entry[index]));
	if (!(mode & 2))
		take(in, &summary.entries, 12);
	if (mode & 1)
		ms_summary_seal(&summary, FORMAT);
	if (ms_summary_check(&summary, &geo, FORMAT, s))
		return;
	e = &summary.entry[index];
	holds(le16_to_cpu(e->valid) <= segs && le16_to_cpu(e->marked) <= segs && !e->flags);
	holds(e->sequence || (!e->valid && !e->marked));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	u32 mode = (u32)take_n(&in, 1);
	u64 extent = mode & 4 ? 171 : 3;
	u32 segs, i;

	ms_geo_init(&geo, (171 * 480 + 9) * 8 - 3, 12, 112);
	segs = ms_geo_extent_segs(&geo, extent);
	check_summary(&in, extent, segs, mode);
	for (i = 0; i < 2; i++) {
		struct ms_table_block *tb = &tables[i];

		/* The second one is the first, with what is left put over it. */
		if (i)
			*tb = tables[0];
		take(&in, (u8 *)tb + 32, in.left < 200 ? in.left : 200);
		if (mode & 2)
			ms_table_seal(tb, FORMAT, extent, 5);
		else if (mode & 1)
			tb->crc = cpu_to_le32(crc_of_format(FORMAT, tb, sizeof(*tb), 0));
		if (ms_table_check(tb, &geo, FORMAT, extent, 5))
			return 0;
		holds(ms_bits(tb->valid, MS_EXTENT_SEGS) == ms_bits(tb->valid, segs));
		holds(ms_bits(tb->marks, MS_EXTENT_SEGS) == ms_bits(tb->marks, segs));
	}
	check_verdict(segs);
	check_digests(segs);
	return 0;
}
