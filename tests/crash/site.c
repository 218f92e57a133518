// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recovery of a site's metadata from an image; see site.h. It follows
 * dm-mirsync/engine/activity.c and service/meta_*.c in what is believed, and is stricter:
 * a power cut leaves damage only where something was being written, so a damaged
 * block of an extent that is not hot is an error here, and so are sums of the record that
 * are not, to the bit, those of the entries of all extents that are not hot, those in a
 * torn summary block too.
 */
#include <stdio.h>

#include "site.h"

#define LOST	(~0ull)

static const u32 super_block[2] = { MS_SUPER_BLOCK0, MS_SUPER_BLOCK1 };

static const void *block(const u8 *area, u64 no)
{
	return area + no * MS_BLOCK;
}

u64 site_super_sequence(const u8 *area, u32 copy)
{
	struct ms_sb sb;

	return ms_super_decode(block(area, super_block[copy]), super_block[copy], &sb) ?
		0 : sb.sequence;
}

static bool find_super(struct site *s, const u8 *area, u64 sectors, char *why, size_t room)
{
	struct ms_sb sb[2];
	enum ms_bad bad[2];
	u32 i;

	for (i = 0; i < 2; i++)
		bad[i] = ms_super_decode(block(area, super_block[i]), super_block[i], &sb[i]);
	if (bad[0] && bad[1]) {
		snprintf(why, room, "both superblocks are bad (%s; %s)", ms_bad_text(bad[0]),
			 ms_bad_text(bad[1]));
		return false;
	}
	s->holds = bad[0] || (!bad[1] && sb[1].sequence > sb[0].sequence);
	s->sb = sb[s->holds];
	ms_super_geo(&s->sb, &s->geo);
	if (s->geo.segments > SITE_MAX_SEGS || s->geo.extents > SITE_MAX_EXTENTS ||
	    s->geo.area_blocks * (MS_BLOCK / MS_SECTOR) > sectors) {
		snprintf(why, room, "a volume of another size");
		return false;
	}
	return true;
}

static bool read_record(struct site *s, const u8 *area, char *why, size_t room)
{
	struct ms_hot hot[MS_HOT_MAX];
	struct ms_record_result res;
	u32 i;

	ms_record_judge(&s->geo, s->sb.format_id, block(area, s->geo.record_start[0]),
			block(area, s->geo.record_start[1]), hot, &res);
	if (res.state != MS_RECORD_OK) {
		snprintf(why, room, "the activity record is damaged");
		return false;
	}
	s->hot = res.total;
	s->sums_known = res.sums_known;
	s->sums = res.sums;
	s->was.id = s->sb.activation_id;
	s->was.commits = s->sb.sequence + res.held;
	s->seen.id = s->sb.peer_activation_id;
	s->seen.commits = s->sb.peer_commits;
	if (res.peer_id == s->seen.id && res.peer_seq > s->seen.commits)
		s->seen.commits = res.peer_seq;
	for (i = 0; i < res.total; i++) {
		s->is_hot[hot[i].extent] = true;
		s->mask[hot[i].extent] = hot[i].mask;
	}
	return true;
}

/* Nothing is believed of it. */
static void all_suspect(struct site *s, u64 e, u32 segs)
{
	memset(&s->marked[e * MS_EXTENT_SEGS], 1, segs);
}

static void take_table(struct site *s, u64 e, u32 segs, u64 sequence,
		       const struct ms_table_block *tb)
{
	bool codes = sequence >= s->sb.codes_since;
	u32 i;

	for (i = 0; i < segs; i++) {
		bool touched = s->is_hot[e] && s->mask[e] >> (i / MS_MASK_SEGS) & 1;
		u64 seg = e * MS_EXTENT_SEGS + i;

		s->noted[seg] = ms_bit(tb->marks, i);
		s->marked[seg] = s->noted[seg] || touched;
		s->valid[seg] = codes && ms_bit(tb->valid, i) && !touched;
		s->code[seg] = le64_to_cpu(tb->codes[i]);
	}
}

static bool read_extent(struct site *s, const u8 *area, u64 e, char *why, size_t room)
{
	const struct ms_table_block *tb = block(area, ms_geo_table_block(&s->geo, e));
	u32 segs = ms_geo_extent_segs(&s->geo, e), index;
	u64 number = ms_geo_summary_of(e, &index);
	const struct ms_summary_block *sb = block(area, ms_geo_summary_block(&s->geo, number));
	enum ms_bad bad = ms_summary_check(sb, &s->geo, s->sb.format_id, number);
	u64 sequence = bad ? LOST : le64_to_cpu(sb->entry[index].sequence);
	u32 i;

	if (bad && !s->hot) {
		snprintf(why, room, "a summary block is bad (%s), and nothing was hot",
			 ms_bad_text(bad));
		return false;
	}
	if (!sequence) {
		for (i = 0; s->is_hot[e] && i < segs; i++)
			s->marked[e * MS_EXTENT_SEGS + i] = s->mask[e] >> (i / MS_MASK_SEGS) & 1;
		return true;
	}
	if (sequence == LOST) {
		all_suspect(s, e, segs);
		if (bad)
			return true;
		snprintf(why, room, "the summary of extent %llu was lost", (unsigned long long)e);
		return false;
	}
	bad = ms_table_check(tb, &s->geo, s->sb.format_id, e, sequence);
	if (!bad) {
		take_table(s, e, segs, sequence, tb);
		return true;
	}
	all_suspect(s, e, segs);
	if (s->is_hot[e])
		return true;
	snprintf(why, room, "the table block of extent %llu, which was not hot, is bad (%s)",
		 (unsigned long long)e, ms_bad_text(bad));
	return false;
}

/* The entries as they are read, from blocks that are bad as well. */
static void count_summaries(const struct site *s, const u8 *area, struct ms_sums_found *f)
{
	u64 e, id = s->sb.format_id;

	memset(f, 0, sizeof(*f));
	for (e = 0; e < s->geo.extents; e++) {
		u32 index;
		u64 number = ms_geo_summary_of(e, &index);
		const struct ms_summary_block *sb =
			block(area, ms_geo_summary_block(&s->geo, number));
		bool bad = ms_summary_check(sb, &s->geo, id, number);
		u64 sequence = le64_to_cpu(sb->entry[index].sequence);

		if (bad && !index)
			ms_sums_bad_block(f, number);
		if (s->is_hot[e])
			continue;
		if (bad)
			ms_sums_bad_entry(f, id, e, sequence);
		else
			ms_sums_add(&f->good, e, ms_sums_hash(id, e, sequence));
	}
}

static bool sums_right(const struct site *s, const u8 *area, char *why, size_t room)
{
	struct ms_sums_found found;

	count_summaries(s, area, &found);
	if (!s->sums_known)
		snprintf(why, room, "the activity record has no sums");
	else if (!ms_sums_agree(&s->sums, &found) ||
		 s->sums.plain != found.good.plain + found.raw.plain)
		snprintf(why, room, "the record's sums are not those of the summaries");
	else
		return true;
	return false;
}

bool site_recover(struct site *s, const u8 *area, u64 sectors, char *why, size_t room)
{
	char name = s->name;
	u64 e;

	memset(s, 0, sizeof(*s));
	s->name = name;
	if (!find_super(s, area, sectors, why, room) || !read_record(s, area, why, room))
		return false;
	if (!sums_right(s, area, why, room))
		return false;
	for (e = 0; e < s->geo.extents; e++)
		if (!read_extent(s, area, e, why, room))
			return false;
	return true;
}

void site_tells(const struct site *s, bool wants_primary, struct ms_site *out)
{
	const struct ms_sb *sb = &s->sb;

	memset(out, 0, sizeof(*out));
	memcpy(out->volume_id, sb->volume_id, MS_UUID);
	memcpy(out->node_id, sb->node_id, MS_UUID);
	out->sectors = sb->sectors;
	out->seg_shift = sb->seg_shift;
	out->code_algo = sb->code_algo;
	out->code_seed = sb->code_seed;
	out->disk = sb->disk;
	out->flags = sb->flags;
	out->gens = sb->gens;
	out->history.now.id = ~s->was.id;	/* of the activation that follows */
	memcpy(out->history.past, sb->past, sizeof(sb->past));
	ms_history_begin(out->history.past, &s->was);
	memcpy(out->seen_node, sb->peer_node_id, MS_UUID);
	out->seen = s->seen;
	if (wants_primary)
		out->claim = sb->role == MS_ROLE_PRIMARY ? MS_CLAIM_WAITING : MS_CLAIM_ASKS;
}
