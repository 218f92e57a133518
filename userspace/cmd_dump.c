// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync dump: prints what a metadata device says: superblocks, activity
 * record, statistics of the tables, codes. Judges nothing (that is check's)
 * but shows which blocks are bad. Reads only, also while the volume is up; then
 * what it reads may be from different moments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "area.h"
#include "cli.h"
#include "out.h"
#include "shared/rules.h"

#define NO_EXTENT	(~0ull)

static bool json;
static bool codes;
static u64 only_extent = NO_EXTENT;

static const struct cli_option options[] = {
	{ "codes", CLI_FLAG, NULL,
	  "print the code of every segment of the extents that were written",
	  &codes, 0, 0 },
	{ "extent", CLI_NUMBER, "N", "print this extent's table only", &only_extent, 0, 0 },
	{ "json", CLI_FLAG, NULL, "print one JSON object", &json, 0, 0 },
	{ }
};

/* Totals over the summary blocks. */
struct totals {
	u64 written;		/* extents with a table block */
	u64 lost;		/* entries of sequence ~0 */
	u64 bad_summaries;
	u64 bad_tables;		/* of those that were read */
	u64 stale;		/* extents whose codes are of before codes_since */
	u64 valid, marked;	/* segments, as the entries say */
	u64 newest;		/* sequence */
};

static struct json_object *gens_json(const struct ms_gens *g)
{
	struct json_object *o = json_object_new_object();
	struct json_object *history = json_object_new_array();
	char buf[OUT_TEXT];
	u32 i;

	json_put_hex(o, "current", g->current_gen);
	json_put_hex(o, "base", g->base);
	json_put_hex(o, "offered", g->offered);
	for (i = 0; i < MS_GEN_HISTORY && g->history[i]; i++) {
		snprintf(buf, sizeof(buf), "%016llx", (unsigned long long)g->history[i]);
		json_object_array_add(history, json_object_new_string(buf));
	}
	json_object_object_add(o, "history", history);
	return o;
}

static struct json_object *super_json(const struct ms_sb *sb)
{
	struct json_object *o = json_object_new_object();

	json_put_u64(o, "version", sb->version);
	json_put_flags(o, "flags", sb->flags);
	json_put_u64(o, "sequence", sb->sequence);
	json_put_hex(o, "compat", sb->compat);
	json_put_hex(o, "ro_compat", sb->ro_compat);
	json_put_hex(o, "incompat", sb->incompat);
	json_put_hex(o, "format_id", sb->format_id);
	json_put_uuid(o, "volume_id", sb->volume_id);
	json_put_uuid(o, "node_id", sb->node_id);
	json_put_uuid(o, "peer_node_id", sb->peer_node_id);
	json_put_u64(o, "sectors", sb->sectors);
	json_put_u64(o, "logical_block", sb->logical_block);
	json_put_u64(o, "segment_bytes", 1ull << sb->seg_shift);
	json_put_u64(o, "code_algo", sb->code_algo);
	json_put_u64(o, "max_hot", sb->max_hot);
	json_put_hex(o, "code_seed", sb->code_seed);
	json_put_u64(o, "area_blocks", sb->area_blocks);
	json_put_u64(o, "table_start", sb->table_start);
	json_put_text(o, "role", ms_role_name(sb->role));
	json_put_text(o, "disk", ms_disk_name(sb->disk));
	json_object_object_add(o, "generations", gens_json(&sb->gens));
	json_put_u64(o, "codes_since", sb->codes_since);
	json_put_u64(o, "activation", sb->activation);
	json_put_hex(o, "activation_id", sb->activation_id);
	json_put_hex(o, "peer_activation_id", sb->peer_activation_id);
	json_put_u64(o, "peer_commits", sb->peer_commits);
	json_put_u64(o, "format_time", sb->format_time);
	return o;
}

static struct json_object *record_json(const struct area *a)
{
	struct json_object *o = json_object_new_object();
	struct json_object *hot = json_object_new_array();
	struct json_object *e;
	u32 i;

	json_put_bool(o, "damaged", a->record.state == MS_RECORD_DAMAGED);
	json_put_u64(o, "copy", a->record.copy);
	json_put_bool(o, "other_torn", a->record.torn);
	json_put_u64(o, "sequence", a->record.sequence);
	json_put_u64(o, "held", a->record.held);
	json_put_hex(o, "peer_activation_id", a->record.peer_id);
	json_put_u64(o, "peer_commits", a->record.peer_seq);
	json_put_bool(o, "sums_known", a->record.sums_known);
	if (a->record.sums_known) {
		json_put_hex(o, "sum", a->record.sums.plain);
		json_put_hex(o, "weighted_sum", a->record.sums.weighted);
	}
	for (i = 0; i < a->record.total; i++) {
		e = json_object_new_object();
		json_put_u64(e, "extent", a->hot[i].extent);
		json_put_hex(e, "mask", a->hot[i].mask);
		json_object_array_add(hot, e);
	}
	json_object_object_add(o, "hot", hot);
	return o;
}

static struct json_object *totals_json(const struct area *a, const struct totals *t)
{
	struct json_object *o = json_object_new_object();

	json_put_u64(o, "segments", a->geo.segments);
	json_put_u64(o, "extents", a->geo.extents);
	json_put_u64(o, "summary_blocks", a->geo.summaries);
	json_put_u64(o, "bad_summary_blocks", t->bad_summaries);
	json_put_u64(o, "extents_written", t->written);
	json_put_u64(o, "extents_lost", t->lost);
	json_put_u64(o, "extents_with_void_codes", t->stale);
	json_put_u64(o, "valid", t->valid);
	json_put_u64(o, "marked", t->marked);
	json_put_u64(o, "newest_sequence", t->newest);
	return o;
}

static void print_super(const struct ms_sb *sb)
{
	char a[OUT_TEXT], b[OUT_TEXT], id[2 * MS_UUID + 1], when[40] = "?";
	char flags[OUT_FLAGS];
	time_t t = (time_t)sb->format_time;
	struct tm tm;
	u32 i;

	if (gmtime_r(&t, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("  version %u, sequence %llu, flags %s\n", sb->version,
	       (unsigned long long)sb->sequence, out_flags(flags, sb->flags));
	printf("  volume %s\n", out_uuid(id, sb->volume_id));
	printf("  node   %s\n", out_uuid(id, sb->node_id));
	printf("  peer   %s\n", out_uuid(id, sb->peer_node_id));
	printf("  format %016llx of %s\n", (unsigned long long)sb->format_id, when);
	printf("  features compat %llx, ro-compat %llx, incompat %llx\n",
	       (unsigned long long)sb->compat, (unsigned long long)sb->ro_compat,
	       (unsigned long long)sb->incompat);
	printf("  size %llu sectors (%s), logical block %u, segment %s\n",
	       (unsigned long long)sb->sectors,
	       out_bytes(a, sb->sectors << MS_SECTOR_SHIFT), sb->logical_block,
	       out_bytes(b, 1ull << sb->seg_shift));
	printf("  code algorithm %u, seed %016llx\n", sb->code_algo,
	       (unsigned long long)sb->code_seed);
	printf("  area %llu blocks, tables from block %llu, at most %u active extents\n",
	       (unsigned long long)sb->area_blocks, (unsigned long long)sb->table_start,
	       sb->max_hot);
	printf("  role %s, disk %s\n", ms_role_name(sb->role), ms_disk_name(sb->disk));
	printf("  generation %016llx, base %016llx, offered %016llx, history",
	       (unsigned long long)sb->gens.current_gen, (unsigned long long)sb->gens.base,
	       (unsigned long long)sb->gens.offered);
	for (i = 0; i < MS_GEN_HISTORY && sb->gens.history[i]; i++)
		printf(" %016llx", (unsigned long long)sb->gens.history[i]);
	printf("%s\n", i ? "" : " empty");
	printf("  activation %llu (%016llx), codes since %llx\n",
	       (unsigned long long)sb->activation, (unsigned long long)sb->activation_id,
	       (unsigned long long)sb->codes_since);
	printf("  seen of the peer: %016llx up to %llx\n",
	       (unsigned long long)sb->peer_activation_id,
	       (unsigned long long)sb->peer_commits);
}

static void print_record(const struct area *a)
{
	u32 i;

	if (a->record.state == MS_RECORD_DAMAGED) {
		printf("activity record: damaged, highest sequence %llu\n",
		       (unsigned long long)a->record.sequence);
		return;
	}
	printf("activity record: copy %u holds, sequence %llu, %u active extents%s\n",
	       a->record.copy, (unsigned long long)a->record.held, a->record.total,
	       a->record.torn ? ", the other copy is torn" : "");
	if (a->record.sums_known)
		printf("  sums of the other extents' summary entries: %016llx, %016llx\n",
		       (unsigned long long)a->record.sums.plain,
		       (unsigned long long)a->record.sums.weighted);
	else
		printf("  without sums of summary entries\n");
	for (i = 0; i < a->record.total; i++)
		printf("  extent %llu mask %015llx\n", (unsigned long long)a->hot[i].extent,
		       (unsigned long long)a->hot[i].mask);
}

static void print_totals(const struct area *a, const struct totals *t)
{
	char n[OUT_TEXT], s[OUT_TEXT];

	printf("tables: %s of %s extents written, newest sequence %llx\n",
	       out_count(n, t->written), out_count(s, a->geo.extents),
	       (unsigned long long)t->newest);
	printf("codes: %s of %s segments valid", out_count(n, t->valid),
	       out_count(s, a->geo.segments));
	printf(", %s marked\n", out_count(n, t->marked));
	if (t->bad_summaries || t->lost || t->bad_tables || t->stale)
		printf("bad summary blocks %llu, lost entries %llu, bad tables %llu, void codes %llu extents\n",
		       (unsigned long long)t->bad_summaries, (unsigned long long)t->lost,
		       (unsigned long long)t->bad_tables, (unsigned long long)t->stale);
}

static struct json_object *table_json(const struct area *a, u64 extent,
				      const struct ms_summary_entry *e,
				      const struct ms_table_block *tb, enum ms_bad bad)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	u32 segs = ms_geo_extent_segs(&a->geo, extent);
	struct json_object *s;
	u32 i;

	json_put_u64(o, "extent", extent);
	json_put_u64(o, "first_sector", ms_geo_extent_start(&a->geo, extent));
	json_put_u64(o, "segments", segs);
	json_put_u64(o, "sequence", le64_to_cpu(e->sequence));
	json_put_hex(o, "digest", le64_to_cpu(e->digest));
	json_put_u64(o, "valid", le16_to_cpu(e->valid));
	json_put_u64(o, "marked", le16_to_cpu(e->marked));
	json_put_text(o, "table", tb ? ms_bad_text(bad) : "not written");
	for (i = 0; tb && i < segs; i++) {
		s = json_object_new_object();
		json_put_u64(s, "segment", i);
		json_put_bool(s, "valid", ms_bit(tb->valid, i));
		json_put_bool(s, "marked", ms_bit(tb->marks, i));
		json_put_hex(s, "code", le64_to_cpu(tb->codes[i]));
		json_object_array_add(list, s);
	}
	json_object_object_add(o, "codes", list);
	return o;
}

static void print_table(const struct area *a, u64 extent, const struct ms_summary_entry *e,
			const struct ms_table_block *tb, enum ms_bad bad)
{
	u32 segs = ms_geo_extent_segs(&a->geo, extent);
	u32 i;

	printf("extent %llu: sectors from %llu, %u segments, sequence %llx, digest %016llx, ",
	       (unsigned long long)extent,
	       (unsigned long long)ms_geo_extent_start(&a->geo, extent), segs,
	       (unsigned long long)le64_to_cpu(e->sequence),
	       (unsigned long long)le64_to_cpu(e->digest));
	printf("valid %u, marked %u, table %s\n", le16_to_cpu(e->valid),
	       le16_to_cpu(e->marked), tb ? ms_bad_text(bad) : "not written");
	for (i = 0; tb && i < segs; i++)
		printf("  %3u %c%c %016llx\n", i, ms_bit(tb->valid, i) ? 'v' : '-',
		       ms_bit(tb->marks, i) ? 'm' : '-',
		       (unsigned long long)le64_to_cpu(tb->codes[i]));
}

/* One extent's table, to the screen or into @list. */
static void dump_table(const struct area *a, u64 extent, const struct ms_summary_entry *e,
		       struct totals *t, struct json_object *list)
{
	struct ms_table_block *tb = NULL;
	u64 sequence = le64_to_cpu(e->sequence);
	enum ms_bad bad = MS_GOOD;

	if (sequence && sequence != ~0ull) {
		tb = dev_buffer(MS_BLOCK);
		if (area_read_tables(a, extent, 1, tb))
			memset(tb, 0xff, MS_BLOCK);
		bad = ms_table_check(tb, &a->geo, a->sb.format_id, extent, sequence);
		t->bad_tables += bad != MS_GOOD;
	}
	if (list)
		json_object_array_add(list, table_json(a, extent, e, tb, bad));
	else
		print_table(a, extent, e, tb, bad);
	free(tb);
}

static void add_entry(const struct area *a, const struct ms_summary_entry *e,
		      struct totals *t)
{
	u64 sequence = le64_to_cpu(e->sequence);

	if (!sequence)
		return;
	if (sequence == ~0ull) {
		t->lost++;
		return;
	}
	t->written++;
	t->marked += le16_to_cpu(e->marked);
	if (area_codes_hold(a, sequence))
		t->valid += le16_to_cpu(e->valid);
	else
		t->stale++;
	if (sequence > t->newest)
		t->newest = sequence;
}

static void dump_summary(const struct area *a, const struct ms_summary_block *sb,
			 u64 number, struct totals *t, struct json_object *list)
{
	u64 extent = number * MS_SUMMARY_ENTRIES;
	u32 i;

	if (ms_summary_check(sb, &a->geo, a->sb.format_id, number)) {
		t->bad_summaries++;
		return;
	}
	for (i = 0; i < MS_SUMMARY_ENTRIES && extent < a->geo.extents; i++, extent++) {
		add_entry(a, &sb->entry[i], t);
		if (codes && sb->entry[i].sequence)
			dump_table(a, extent, &sb->entry[i], t, list);
	}
}

static void dump_tree(const struct area *a, struct totals *t, struct json_object *list)
{
	struct ms_summary_block *group = dev_buffer(MS_GROUP_SUMMARIES * MS_BLOCK);
	u64 s;
	u32 i;

	for (s = 0; s < a->geo.summaries; s += MS_GROUP_SUMMARIES) {
		bool whole = !area_read_summaries(a, s, MS_GROUP_SUMMARIES, group);

		for (i = 0; i < MS_GROUP_SUMMARIES && s + i < a->geo.summaries; i++) {
			if (whole || !area_read_summaries(a, s + i, 1, &group[i]))
				dump_summary(a, &group[i], s + i, t, list);
			else
				t->bad_summaries++;
		}
	}
	free(group);
}

static int dump_extent(const struct area *a)
{
	struct json_object *list = json ? json_object_new_array() : NULL;
	struct ms_summary_block *block;
	struct totals t = { 0 };
	enum ms_bad bad;
	u32 index;
	u64 s;
	int r;

	if (only_extent >= a->geo.extents)
		return cli_error(CLI_FAILED, a->dev.path,
				 "there is no extent %llu, the last one is %llu",
				 (unsigned long long)only_extent,
				 (unsigned long long)a->geo.extents - 1);
	s = ms_geo_summary_of(only_extent, &index);
	block = dev_buffer(MS_BLOCK);
	r = area_read_summaries(a, s, 1, block);
	if (r) {
		cli_error(0, a->dev.path, "summary block %llu cannot be read: %s",
			  (unsigned long long)s, strerror(-r));
	} else {
		bad = ms_summary_check(block, &a->geo, a->sb.format_id, s);
		if (bad)
			r = cli_error(-EUCLEAN, a->dev.path, "summary block %llu: %s",
				      (unsigned long long)s, ms_bad_text(bad));
	}
	if (!r)
		dump_table(a, only_extent, &block->entry[index], &t, list);
	free(block);
	if (json && !r)
		json_print(json_object_get(json_object_array_get_idx(list, 0)));
	json_object_put(list);
	return r ? CLI_FAILED : CLI_OK;
}

static void dump_text(const struct area *a)
{
	struct totals t = { 0 };
	u32 i;

	for (i = 0; i < 2; i++) {
		printf("superblock copy %u: %s%s\n", i, area_copy_text(a, i),
		       i == a->holds ? " (holds)" : "");
		if (!a->bad[i])
			print_super(&a->copy[i]);
	}
	print_record(a);
	dump_tree(a, &t, NULL);
	print_totals(a, &t);
}

static void dump_json(const struct area *a)
{
	struct json_object *o = json_object_new_object();
	struct json_object *supers = json_object_new_array();
	struct json_object *list = json_object_new_array();
	struct json_object *copy;
	struct totals t = { 0 };
	u32 i;

	json_put_text(o, "meta", a->dev.path);
	for (i = 0; i < 2; i++) {
		copy = a->bad[i] ? json_object_new_object() : super_json(&a->copy[i]);
		json_put_text(copy, "judgement", area_copy_text(a, i));
		json_put_bool(copy, "holds", i == a->holds);
		json_object_array_add(supers, copy);
	}
	json_object_object_add(o, "superblocks", supers);
	json_object_object_add(o, "record", record_json(a));
	dump_tree(a, &t, list);
	json_object_object_add(o, "tables", totals_json(a, &t));
	if (codes)
		json_object_object_add(o, "table", list);
	else
		json_object_put(list);
	json_print(o);
}

static int run(int argc, char **argv)
{
	struct area a;
	int code = CLI_OK;
	int r;

	(void)argc;
	r = area_open(&a, argv[0], 0);
	if (r) {
		if (area_why(r))
			cli_error(0, argv[0], "%s", area_why(r));
		code = CLI_FAILED;
	} else if (only_extent != NO_EXTENT) {
		code = dump_extent(&a);
	} else {
		area_load_record(&a);
		if (json)
			dump_json(&a);
		else
			dump_text(&a);
	}
	area_close(&a);
	return code;
}

const struct cli_command cmd_dump = {
	.name = "dump",
	.operands = "META",
	.summary = "Print the superblocks, the activity record and the tables on META",
	.options = options,
	.min = 1,
	.max = 1,
	.run = run,
};
