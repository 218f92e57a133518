// SPDX-License-Identifier: GPL-2.0-only
/*
 * The activity record's codec and, above all, the judgement of its two copies
 * after a stop: which list of hot extents holds, or that none can be believed
 * (the rule is in codec.h). Called by service/meta and by the CLI's check.
 * Works on buffers of the caller. No state, no locking.
 */
#include "shared/codec.h"
#include "shared/codec_crc.h"

u32 ms_record_sectors(u32 total)
{
	return total ? (total + MS_RECORD_ENTRIES - 1) / MS_RECORD_ENTRIES : 1;
}

/* Entries in sector @index of a record of @total. */
static u32 entries_at(u32 total, u32 index)
{
	u32 before = index * MS_RECORD_ENTRIES;
	u32 left = total > before ? total - before : 0;

	return left < MS_RECORD_ENTRIES ? left : MS_RECORD_ENTRIES;
}

static u32 sector_crc(const struct ms_record_sector *s, u64 format_id)
{
	return crc_of_format(format_id, s, sizeof(*s),
			     offsetof(struct ms_record_sector, crc));
}

void ms_record_encode(struct ms_record_sector *raw, u64 format_id, u32 copy,
		      u64 sequence, const struct ms_hot *hot, u32 total,
		      u64 peer_id, u64 peer_seq, const struct ms_sums *sums)
{
	u32 sectors = ms_record_sectors(total);
	u32 i, k;

	for (i = 0; i < sectors; i++) {
		struct ms_record_sector *s = &raw[i];
		u32 entries = entries_at(total, i);

		memset(s, 0, sizeof(*s));
		s->index = cpu_to_le16((u16)i);
		s->entries = cpu_to_le16((u16)entries);
		s->sequence = cpu_to_le64(sequence);
		s->total = cpu_to_le32(total);
		s->sectors = cpu_to_le16((u16)sectors);
		s->copy = cpu_to_le16((u16)copy);
		s->peer_activation_id = cpu_to_le64(peer_id);
		s->peer_commits = cpu_to_le64(peer_seq);
		if (sums) {
			s->sum = cpu_to_le64(sums->plain);
			s->weighted_sum = cpu_to_le64(sums->weighted);
			s->flags = cpu_to_le32(MS_RECORD_SUMS);
		}
		for (k = 0; k < entries; k++) {
			const struct ms_hot *h = &hot[i * MS_RECORD_ENTRIES + k];

			s->entry[k].extent = cpu_to_le64(h->extent);
			s->entry[k].mask = cpu_to_le64(h->mask);
		}
		s->crc = cpu_to_le32(sector_crc(s, format_id));
	}
}

void ms_record_blank(struct ms_record_sector *raw, const struct ms_geo *geo,
		     u64 format_id, u32 copy, u64 sequence, const struct ms_sums *sums)
{
	u32 i;

	for (i = 0; i < geo->record_sectors; i++) {
		ms_record_encode(&raw[i], format_id, copy, sequence, NULL, 0, 0, 0, sums);
		raw[i].index = cpu_to_le16((u16)i);
		raw[i].crc = cpu_to_le32(sector_crc(&raw[i], format_id));
	}
}

/* What one copy is worth; a higher number is worth more. */
enum copy_state {
	COPY_BAD_HEAD,		/* sector 0 is bad: nothing is known */
	COPY_BAD,		/* sector 0 is good, another one is bad */
	COPY_TORN,		/* all good, but of several records */
	COPY_COMPLETE,
};

struct copy {
	const struct ms_record_sector *raw;
	enum copy_state state;
	u64 sequence;		/* of sector 0, when that is good */
	u64 highest;		/* of all good sectors */
};

/*
 * Sectors of an empty copy (ms_record_blank()) have an index beyond the one
 * sector of their record, so the index is checked against the place only.
 */
bool ms_record_sector_good(const struct ms_record_sector *s, const struct ms_geo *geo,
			   u64 format_id, u32 copy, u32 index)
{
	u32 total = le32_to_cpu(s->total);

	return le32_to_cpu(s->crc) == sector_crc(s, format_id) &&
	       le16_to_cpu(s->index) == index &&
	       le16_to_cpu(s->copy) == copy &&
	       total <= geo->max_hot &&
	       le16_to_cpu(s->sectors) == ms_record_sectors(total) &&
	       le16_to_cpu(s->entries) == entries_at(total, index);
}

/* Do two good sectors of one sequence say the same of their record? */
static bool same_record(const struct ms_record_sector *a, const struct ms_record_sector *b)
{
	return a->total == b->total &&
	       a->peer_activation_id == b->peer_activation_id &&
	       a->peer_commits == b->peer_commits && a->sum == b->sum &&
	       a->weighted_sum == b->weighted_sum && a->flags == b->flags;
}

static void look(struct copy *c, const struct ms_record_sector *raw,
		 const struct ms_geo *geo, u64 format_id, u32 number)
{
	u32 sectors = 0;
	u32 i;

	c->raw = raw;
	c->state = COPY_BAD_HEAD;
	c->sequence = 0;
	c->highest = 0;

	for (i = 0; i < geo->record_sectors; i++) {
		const struct ms_record_sector *s = &raw[i];
		bool good = ms_record_sector_good(s, geo, format_id, number, i);
		u64 sequence = le64_to_cpu(s->sequence);

		if (good && sequence > c->highest)
			c->highest = sequence;
		if (good && i == 0) {
			sectors = le16_to_cpu(s->sectors);
			c->sequence = sequence;
			c->state = COPY_COMPLETE;
		}
		if (i >= sectors)
			continue;
		if (!good || (sequence == c->sequence && !same_record(s, raw)))
			c->state = COPY_BAD;
		else if (sequence != c->sequence && c->state == COPY_COMPLETE)
			c->state = COPY_TORN;
	}
}

/* Does complete copy @c hold although the other one is as it is? */
static bool holds(const struct copy *c, const struct copy *other)
{
	if (c->state != COPY_COMPLETE)
		return false;
	switch (other->state) {
	case COPY_COMPLETE:
	case COPY_BAD:		/* a newer complete record had rewritten sector 0 */
		return other->sequence < c->sequence;
	case COPY_TORN:		/* never acknowledged */
		return true;
	case COPY_BAD_HEAD:
		break;
	}
	return false;
}

/* Read the list of a complete copy. Return: false when it makes no sense. */
static bool take_list(const struct copy *c, const struct ms_geo *geo,
		      struct ms_hot *hot, u32 total)
{
	u32 i, k;

	for (i = 0; i < total; i++) {
		const struct ms_record_entry *e =
			&c->raw[i / MS_RECORD_ENTRIES].entry[i % MS_RECORD_ENTRIES];

		hot[i].extent = le64_to_cpu(e->extent);
		hot[i].mask = le64_to_cpu(e->mask);
		if (hot[i].extent >= geo->extents || hot[i].mask & ~MS_MASK_ALL)
			return false;
		/* At most 4096 entries, once per activation. */
		for (k = 0; k < i; k++)
			if (hot[k].extent == hot[i].extent)
				return false;
	}
	return true;
}

void ms_record_judge(const struct ms_geo *geo, u64 format_id,
		     const struct ms_record_sector *copy0,
		     const struct ms_record_sector *copy1,
		     struct ms_hot *hot, struct ms_record_result *res)
{
	const struct ms_record_sector *head;
	struct copy c[2];
	u32 best;

	memset(res, 0, sizeof(*res));
	res->state = MS_RECORD_DAMAGED;
	look(&c[0], copy0, geo, format_id, 0);
	look(&c[1], copy1, geo, format_id, 1);
	res->sequence = c[0].highest > c[1].highest ? c[0].highest : c[1].highest;

	if (holds(&c[0], &c[1])) {
		best = 0;
	} else if (holds(&c[1], &c[0])) {
		best = 1;
	} else {
		/* The worse copy is the one to be overwritten first. */
		res->copy = c[1].state > c[0].state;
		return;
	}

	head = c[best].raw;
	res->copy = best;
	if (!take_list(&c[best], geo, hot, le32_to_cpu(head->total)))
		return;
	res->state = MS_RECORD_OK;
	res->held = c[best].sequence;
	res->total = le32_to_cpu(head->total);
	res->peer_id = le64_to_cpu(head->peer_activation_id);
	res->peer_seq = le64_to_cpu(head->peer_commits);
	res->sums_known = le32_to_cpu(head->flags) & MS_RECORD_SUMS;
	res->sums.plain = le64_to_cpu(head->sum);
	res->sums.weighted = le64_to_cpu(head->weighted_sum);
	res->torn = c[!best].state == COPY_TORN;
}
