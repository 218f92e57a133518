// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample of I4; see sample.h. It changes nothing while all codes fit, so a crash in the
 * middle leaves nothing. No extent becomes hot for it, but one that turns out to be damaged:
 * a segment counts only if the version of its extent was the same before and after the
 * read, and it was valid, which it is not while a write to it is under way.
 *
 * Locking: none held across reads; v->lock for counters.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "engine/codes.h"
#include "engine/sample.h"
#include "engine/tables.h"
#include "shared/mutants.h"

#define RANDOM_EXTENTS	48u
#define FROM_LATEST	4u	/* segments of each of the latest extents */
/* In all, so that a failback costs what differs; where segments are large they are fewer, down to LEAST. */
#define SAMPLE_SECTORS	(448u << 1)
#define LEAST		4u

struct sample {
	struct ms_wire_table t;
	u64 sectors;		/* read so far */
	u32 segments;		/* compared */
	bool mismatch;
};

void ms_sample_note(struct ms_volume *v, u64 no, u64 sequence)
{
	u32 i, lowest = 0;

	for (i = 1; i < MS_SAMPLE_LATEST; i++)
		if (v->sample[i].sequence < v->sample[lowest].sequence)
			lowest = i;
	if (sequence > v->sample[lowest].sequence) {
		v->sample[lowest].extent = no;
		v->sample[lowest].sequence = sequence;
	}
}

/* Return: 0 with the code, or why it could not be read. */
static int read_code(struct ms_volume *v, struct sample *s, u64 no, u32 seg, __le64 *code)
{
	struct ms_code_run *run = ms_code_run_alloc(v, no, seg, 1);
	int r;

	if (!run)
		return -ENOMEM;
	r = ms_code_run_read(v, run);
	*code = run->codes[0];
	s->sectors += run->op.nsectors;
	ms_code_run_free(v, run);
	return r;
}

/* The @skip-th valid segment, counted around. Return: segs when there is none. */
static u32 pick_valid(const struct sample *s, u32 segs, u32 skip)
{
	u32 valid = ms_bits(s->t.valid, segs), i;

	if (!valid)
		return segs;
	skip %= valid;
	for (i = 0; i < segs; i++)
		if (ms_bit(s->t.valid, i) && !skip--)
			break;
	return i;
}

static void check_segment(struct ms_volume *v, struct sample *s, u64 no)
{
	u32 segs = ms_geo_extent_segs(v->geo, no), seg;
	__le64 code;
	int r;

	if (s->mismatch || (s->sectors >= SAMPLE_SECTORS && s->segments >= LEAST))
		return;
	r = ms_table_snapshot(v, no, &s->t);
	if (r > 0)
		ms_table_heal(v, no);
	if (r)
		return;
	seg = pick_valid(s, segs, get_random_u32());
	if (seg == segs || read_code(v, s, no, seg, &code))
		return;
	if (!ms_extent_if_unchanged(v, no, le64_to_cpu(s->t.version), NULL, NULL))
		return;
	s->segments++;
	if (code == s->t.codes[seg] || MS_MUTANT(SAMPLE_BLIND))
		return;
	s->mismatch = true;
	ms_err(v, "segment %u of extent %llu is not what its valid code says: the data device was written to behind this target",
	       seg, no);
}

int ms_sample_check(struct ms_volume *v)
{
	struct sample *s = kvzalloc(sizeof(*s), GFP_NOIO);
	bool mismatch;
	u32 i;

	if (!s)
		return -ENOMEM;
	/* In turn, as it may not come to the end of either. */
	for (i = 0; i < max(RANDOM_EXTENTS, FROM_LATEST * MS_SAMPLE_LATEST); i++) {
		const u32 k = i % MS_SAMPLE_LATEST;

		if (i < FROM_LATEST * MS_SAMPLE_LATEST && v->sample[k].sequence)
			check_segment(v, s, v->sample[k].extent);
		if (i < RANDOM_EXTENTS)
			check_segment(v, s, get_random_u64() % v->geo->extents);
	}
	spin_lock(&v->lock);
	v->n.sample_read_sectors += s->sectors;
	spin_unlock(&v->lock);
	mismatch = s->mismatch;
	kvfree(s);
	return mismatch ? ms_codes_void(v) : 0;
}
