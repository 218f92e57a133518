// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync check: is the metadata of a volume that is down whole, and, with
 * --data, are its codes those of what is on the data device? Reads only. Each
 * problem is one line; the exit status is the worst of them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "area.h"
#include "cli.h"
#include "out.h"
#include "tree.h"
#include "shared/code.h"

#define DATA_RUN	(4u << 20)	/* bytes of data read at a time */

enum result {
	CHECK_CLEAN = 0,
	CHECK_RECOVERY = 1,	/* intact, but not stopped in order */
	CHECK_DAMAGED = 2,
	CHECK_NONE = 3,		/* no metadata here, or wrong usage */
};

static const char * const result_name[] = { "clean", "recovery", "damaged" };

static bool json;
static const char *data_path;
static u64 limit = 20;

static const struct cli_option options[] = {
	{ "data", CLI_TEXT, "DATA",
	  "also read this data device and compare it with every valid code",
	  &data_path, 0, 0 },
	{ "limit", CLI_NUMBER, "N",
	  "print at most N problems of a kind (default 20); all are counted",
	  &limit, 0, 0 },
	{ "json", CLI_FLAG, NULL, "print one JSON object", &json, 0, 0 },
	{ }
};

enum kind {
	KIND_STOP,
	KIND_SUPER,
	KIND_RECORD,
	KIND_SUMMARY,
	KIND_TABLE,
	KIND_CODE,
	KIND_DATA,
	KINDS,
};

static const char * const kind_name[KINDS] = {
	"stop", "superblock", "record", "summary", "table", "code", "data"
};

struct check {
	struct area area;
	struct dev data;	/* fd -1: not asked for */
	u8 *buf;		/* DATA_RUN bytes of it */
	struct json_object *problems;
	enum result worst;
	u64 found[KINDS];
	u64 valid, marked;	/* segments, of good table blocks */
	u64 written;		/* extents with a table block */
	u64 verified;		/* segments compared with the data */
	struct ms_sums_found sums;
};

static void problem(struct check *c, enum result result, enum kind kind,
		    const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void problem(struct check *c, enum result result, enum kind kind,
		    const char *format, ...)
{
	struct json_object *o;
	char text[256];
	va_list args;

	if (result > c->worst)
		c->worst = result;
	if (++c->found[kind] > limit)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!json) {
		printf("%s: %s\n", kind_name[kind], text);
		return;
	}
	o = json_object_new_object();
	json_put_text(o, "kind", kind_name[kind]);
	json_put_text(o, "result", result_name[result]);
	json_put_text(o, "text", text);
	json_object_array_add(c->problems, o);
}

static void check_supers(struct check *c)
{
	const struct area *a = &c->area;
	u32 i;

	for (i = 0; i < 2; i++) {
		if (a->bad[i])
			problem(c, CHECK_DAMAGED, KIND_SUPER, "copy %u is bad: %s", i,
				area_copy_text(a, i));
	}
	if (!a->bad[0] && !a->bad[1]) {
		if (a->copy[0].sequence != a->copy[1].sequence)
			problem(c, CHECK_RECOVERY, KIND_SUPER,
				"copy %u is one commit behind or more (%llu, %llu)", !a->holds,
				(unsigned long long)a->copy[0].sequence,
				(unsigned long long)a->copy[1].sequence);
		else if (memcmp(&a->copy[0], &a->copy[1], sizeof(a->copy[0])))
			problem(c, CHECK_DAMAGED, KIND_SUPER,
				"the copies differ under the same sequence number");
	}
	if (!(a->sb.flags & MS_SB_CLEAN))
		problem(c, CHECK_RECOVERY, KIND_STOP, "the volume was not stopped in order");
}

static void check_record(struct check *c)
{
	struct area *a = &c->area;
	u32 i;

	area_load_record(a);
	if (a->record.state == MS_RECORD_DAMAGED) {
		problem(c, CHECK_DAMAGED, KIND_RECORD,
			"damaged: no code and no mark can be believed");
		return;
	}
	for (i = 0; i < 2; i++) {
		if (a->record_bad[i])
			problem(c, CHECK_DAMAGED, KIND_RECORD,
				"copy %u has %u bad sectors; copy %u holds all the same", i,
				a->record_bad[i], a->record.copy);
	}
	if (a->record.torn)
		problem(c, CHECK_RECOVERY, KIND_RECORD,
			"copy %u is torn; the older one holds", !a->record.copy);
	if (a->record.total && a->sb.flags & MS_SB_CLEAN)
		problem(c, CHECK_DAMAGED, KIND_RECORD,
			"%u extents are active although the volume was stopped in order",
			a->record.total);
}

/* Segments of a hot extent that its mask does not exempt, as a table's bitmap. */
static bool touched(const struct ms_hot *hot, u32 seg)
{
	return hot && hot->mask >> (seg / MS_MASK_SEGS) & 1;
}

static void verify_segment(struct check *c, const struct ms_table_block *tb,
			   u64 extent, u32 seg, const u8 *bytes)
{
	const struct area *a = &c->area;
	u32 len = ms_geo_seg_len(&a->geo, extent, seg) << MS_SECTOR_SHIFT;
	u64 code = ms_code(bytes, len, a->sb.code_seed);

	c->verified++;
	if (code != le64_to_cpu(tb->codes[seg]))
		problem(c, CHECK_DAMAGED, KIND_DATA,
			"segment %llu (extent %llu, sector %llu): its code is %016llx, the data's %016llx",
			(unsigned long long)(extent * MS_EXTENT_SEGS + seg),
			(unsigned long long)extent,
			(unsigned long long)(ms_geo_extent_start(&a->geo, extent) +
					     (u64)seg * a->geo.seg_sectors),
			(unsigned long long)le64_to_cpu(tb->codes[seg]),
			(unsigned long long)code);
}

/* Read the run of segments and compare; one by one when the run cannot be read. */
static void verify_run(struct check *c, const struct ms_table_block *tb, u64 extent,
		       u32 first, u32 count)
{
	const struct ms_geo *geo = &c->area.geo;
	u64 start = (ms_geo_extent_start(geo, extent) + (u64)first * geo->seg_sectors)
		    << MS_SECTOR_SHIFT;
	u32 seg_bytes = geo->seg_sectors << MS_SECTOR_SHIFT;
	u32 last = ms_geo_seg_len(geo, extent, first + count - 1) << MS_SECTOR_SHIFT;
	u32 i;
	int r;

	r = dev_read(&c->data, c->buf, (size_t)(count - 1) * seg_bytes + last, start);
	if (r && count > 1) {
		for (i = 0; i < count; i++)
			verify_run(c, tb, extent, first + i, 1);
		return;
	}
	if (r) {
		problem(c, CHECK_DAMAGED, KIND_DATA,
			"segment %llu cannot be read: %s",
			(unsigned long long)(extent * MS_EXTENT_SEGS + first), strerror(-r));
		return;
	}
	for (i = 0; i < count; i++)
		verify_segment(c, tb, extent, first + i, c->buf + (size_t)i * seg_bytes);
}

static void verify_extent(struct check *c, const struct ms_table_block *tb,
			  u64 extent, const struct ms_hot *hot)
{
	u32 segs = ms_geo_extent_segs(&c->area.geo, extent);
	u32 at_once = DATA_RUN >> c->area.geo.seg_shift;
	u32 first = 0, i;

	for (i = 0; i <= segs; i++) {
		bool wanted = i < segs && ms_bit(tb->valid, i) && !touched(hot, i);

		if (wanted && i - first < at_once)
			continue;
		if (i > first)
			verify_run(c, tb, extent, first, i - first);
		first = wanted ? i : i + 1;
	}
}

/* The counts and the digest of an entry against its table block. */
static void check_counts(struct check *c, const struct ms_table_block *tb,
			 const struct ms_summary_entry *e, u64 extent)
{
	u32 segs = ms_geo_extent_segs(&c->area.geo, extent);
	struct ms_summary_entry want;

	ms_summary_from_table(&want, tb, segs, c->area.sb.code_seed);
	if (want.valid != e->valid)
		problem(c, CHECK_DAMAGED, KIND_TABLE,
			"extent %llu: %u valid codes, its summary says %u",
			(unsigned long long)extent, le16_to_cpu(want.valid),
			le16_to_cpu(e->valid));
	if (want.marked != e->marked)
		problem(c, CHECK_DAMAGED, KIND_TABLE,
			"extent %llu: %u marks, its summary says %u",
			(unsigned long long)extent, le16_to_cpu(want.marked),
			le16_to_cpu(e->marked));
	if (le16_to_cpu(want.valid) == segs && want.digest != e->digest)
		problem(c, CHECK_DAMAGED, KIND_CODE,
			"extent %llu: its summary's digest is not that of its codes",
			(unsigned long long)extent);
}

static void check_good(struct check *c, const struct tree_extent *x)
{
	const struct area *a = &c->area;
	u32 segs = ms_geo_extent_segs(&a->geo, x->extent);

	c->marked += ms_bits(x->table->marks, segs);
	if (!area_codes_hold(a, le64_to_cpu(x->entry->sequence)))
		return;
	c->valid += ms_bits(x->table->valid, segs);
	if (c->data.fd >= 0 && a->record.state == MS_RECORD_OK)
		verify_extent(c, x->table, x->extent, x->hot);
}

static void check_extent(void *arg, const struct tree_extent *x)
{
	unsigned long long extent = x->extent;
	struct check *c = arg;

	if (x->highest >> 40 > c->area.sb.activation)
		problem(c, CHECK_DAMAGED, KIND_SUMMARY,
			"extent %llu: of activation %llu, the superblock knows of %llu", extent,
			(unsigned long long)x->highest >> 40,
			(unsigned long long)c->area.sb.activation);
	switch (x->state) {
	case TREE_UNWRITTEN:
		return;
	case TREE_LOST_ENTRY:
		problem(c, CHECK_DAMAGED, KIND_SUMMARY,
			"extent %llu: its entry was lost; no code, all suspect", extent);
		return;
	case TREE_FORGOTTEN:
		problem(c, CHECK_DAMAGED, KIND_SUMMARY,
			"extent %llu: never written, says its entry, but it has a table block",
			extent);
		return;
	case TREE_GOOD:
		check_good(c, x);
		break;
	case TREE_ACTIVE:
		break;
	case TREE_UNREADABLE:
		problem(c, CHECK_DAMAGED, KIND_TABLE, "extent %llu cannot be read: %s", extent,
			strerror(-x->error));
		break;
	case TREE_BAD:
		problem(c, CHECK_DAMAGED, KIND_TABLE, "extent %llu: %s", extent,
			ms_bad_text(x->bad));
		break;
	case TREE_COUNTS:
		check_counts(c, x->table, x->entry, x->extent);
		break;
	}
	c->written++;
}

static void check_summary(void *arg, const struct tree_summary *s)
{
	unsigned long long number = s->number;
	struct check *c = arg;

	tree_sum(&c->area, s, &c->sums);
	if (s->error)
		problem(c, CHECK_DAMAGED, KIND_SUMMARY, "block %llu cannot be read: %s", number,
			strerror(-s->error));
	else if (s->bad)
		problem(c, CHECK_DAMAGED, KIND_SUMMARY,
			"block %llu (extents %llu to %llu): %s", number,
			(unsigned long long)s->first,
			(unsigned long long)(s->first + s->count - 1), ms_bad_text(s->bad));
}

static void check_tree(struct check *c)
{
	const struct tree_visitor visitor = { check_summary, check_extent, c };

	if (c->data.fd >= 0)
		c->buf = dev_buffer(DATA_RUN);
	tree_walk(&c->area, &visitor);
	free(c->buf);
	if (!tree_sums_agree(&c->area, &c->sums))
		problem(c, CHECK_DAMAGED, KIND_RECORD,
			"its sums are not those of the summary blocks: an older one was put back, or several are damaged; no code and no mark can be believed");
}

static void report_text(const struct check *c, const char *path)
{
	char v[OUT_TEXT], m[OUT_TEXT], s[OUT_TEXT];
	u32 i;

	for (i = 0; i < KINDS; i++) {
		if (c->found[i] > limit)
			printf("%s: %llu problems in all\n", kind_name[i],
			       (unsigned long long)c->found[i]);
	}
	printf("%s: %s; %s of %s segments with a valid code, %s marked, %u extents active",
	       path, c->worst == CHECK_RECOVERY ? "needs recovery" : result_name[c->worst],
	       out_count(v, c->valid), out_count(s, c->area.geo.segments),
	       out_count(m, c->marked), c->area.record.total);
	if (c->data.fd >= 0)
		printf("; %s segments of %s read and compared", out_count(v, c->verified),
		       c->data.path);
	putchar('\n');
}

static void report_json(struct check *c, const char *path)
{
	struct json_object *o = json_object_new_object();
	struct json_object *counts = json_object_new_object();
	u32 i;

	json_put_text(o, "meta", path);
	json_put_text(o, "result", result_name[c->worst]);
	json_put_uuid(o, "volume_id", c->area.sb.volume_id);
	json_put_bool(o, "stopped_in_order", c->area.sb.flags & MS_SB_CLEAN);
	json_put_u64(o, "segments", c->area.geo.segments);
	json_put_u64(o, "extents", c->area.geo.extents);
	json_put_u64(o, "extents_written", c->written);
	json_put_u64(o, "valid", c->valid);
	json_put_u64(o, "marked", c->marked);
	json_put_u64(o, "hot", c->area.record.total);
	if (c->data.fd >= 0) {
		json_put_text(o, "data", c->data.path);
		json_put_u64(o, "data_compared", c->verified);
	}
	for (i = 0; i < KINDS; i++)
		json_put_u64(counts, kind_name[i], c->found[i]);
	json_object_object_add(o, "problem_counts", counts);
	json_object_object_add(o, "problems", json_object_get(c->problems));
	json_print(o);
}

static int open_data(struct check *c)
{
	u64 need = c->area.geo.sectors << MS_SECTOR_SHIFT;

	if (dev_open(&c->data, data_path, DEV_EXCLUSIVE))
		return CHECK_NONE;
	if (c->data.bytes < need)
		return cli_error(CHECK_NONE, data_path,
				 "smaller than the volume: %llu bytes of %llu",
				 (unsigned long long)c->data.bytes, (unsigned long long)need);
	return 0;
}

/* Nothing but the superblocks was read, and they are no use. */
static int unusable(const char *path, int r)
{
	struct json_object *o;

	if (json && area_why(r) && r != AREA_NONE) {
		o = json_object_new_object();
		json_put_text(o, "meta", path);
		json_put_text(o, "result", result_name[CHECK_DAMAGED]);
		json_put_text(o, "error", area_why(r));
		json_print(o);
	}
	if (area_why(r))
		cli_error(0, path, "%s", area_why(r));
	return r == AREA_NONE || r < 0 ? CHECK_NONE : CHECK_DAMAGED;
}

static int run(int argc, char **argv)
{
	struct check *c = dev_buffer(sizeof(*c));
	int code;

	(void)argc;
	c->data.fd = -1;
	code = area_open(&c->area, argv[0], DEV_EXCLUSIVE);
	if (code)
		code = unusable(argv[0], code);
	else if (data_path)
		code = open_data(c);
	if (!code) {
		c->problems = json_object_new_array();
		check_supers(c);
		check_record(c);
		check_tree(c);
		if (json)
			report_json(c, argv[0]);
		else
			report_text(c, argv[0]);
		json_object_put(c->problems);
		code = c->worst;
	}
	if (c->data.fd >= 0)
		dev_close(&c->data);
	area_close(&c->area);
	free(c);
	return code;
}

const struct cli_command cmd_check = {
	.name = "check",
	.operands = "META",
	.summary = "Check the metadata of a volume that is down, and its data with --data",
	.options = options,
	.min = 1,
	.max = 1,
	.usage_exit = CHECK_NONE,
	.run = run,
};
