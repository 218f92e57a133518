// SPDX-License-Identifier: GPL-2.0-only
/*
 * See sums.h.
 */
#include "shared/sums.h"

#define LOST	(~0ull)		/* sequence of an entry whose summary block was lost */

u64 ms_sums_hash(u64 format_id, u64 extent, u64 sequence)
{
	__le64 entry[2] = { cpu_to_le64(extent), cpu_to_le64(sequence) };

	return sequence ? ms_xxh64(entry, sizeof(entry), format_id) : 0;
}

void ms_sums_bad_block(struct ms_sums_found *f, u64 number)
{
	f->bad++;
	f->number = number;
}

void ms_sums_bad_entry(struct ms_sums_found *f, u64 format_id, u64 extent, u64 sequence)
{
	ms_sums_add(&f->lost, extent, ms_sums_hash(format_id, extent, LOST));
	ms_sums_add(&f->raw, extent, ms_sums_hash(format_id, extent, sequence));
}

static bool same(const struct ms_sums *a, const struct ms_sums *b)
{
	return a->plain == b->plain && a->weighted == b->weighted;
}

bool ms_sums_agree(const struct ms_sums *want, const struct ms_sums_found *f)
{
	const struct ms_sums rest = {	/* what the bad blocks must have added */
		want->plain - f->good.plain,
		want->weighted - f->good.weighted,
	};

	if (f->bad == 1)
		return rest.weighted == rest.plain * (f->number + 1);
	return same(&rest, &f->lost) || same(&rest, &f->raw);
}
