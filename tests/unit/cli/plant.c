// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts into a metadata file what the kernel would have put there, for the tests
 * of the CLI's check and dump: tables with the codes of a data file, records,
 * changed superblocks. Compiled and called by cli_offline.sh; files only.
 *
 *   plant META table DATA EXTENT ACTIVATION [MARKED]  all codes valid, MARKED marks; the
 *						       record's sums follow
 *   plant META summary EXTENT SEQUENCE                only the sequence of its entry
 *   plant META record COPY SEQUENCE EXTENT:MASK...    a whole record
 *   plant META super COPIES KEY VALUE                 COPIES: 1, 2 or 3 (both)
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/code.h"
#include "shared/codec.h"

static int meta;
static struct ms_sb sb;
static struct ms_geo geo;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void get(int fd, void *buf, size_t n, u64 offset)
{
	if (pread(fd, buf, n, (off_t)offset) != (ssize_t)n)
		die("pread");
}

static void put(const void *buf, size_t n, u64 offset)
{
	if (pwrite(meta, buf, n, (off_t)offset) != (ssize_t)n)
		die("pwrite");
}

static void load_super(void)
{
	struct ms_super raw;

	get(meta, &raw, sizeof(raw), 0);
	if (ms_super_decode(&raw, MS_SUPER_BLOCK0, &sb) || ms_super_geo(&sb, &geo))
		die("superblock");
}

static void change_summary(u64 extent, const struct ms_summary_entry *e)
{
	struct ms_summary_block s;
	u32 index;
	u64 number = ms_geo_summary_of(extent, &index);
	u64 at = ms_geo_summary_block(&geo, number) * MS_BLOCK;

	get(meta, &s, sizeof(s), at);
	s.entry[index] = *e;
	ms_summary_seal(&s, sb.format_id);
	put(&s, sizeof(s), at);
}

/* The record that holds counts another entry for @extent, unless it lists it. */
static void change_sums(u64 extent, u64 sequence)
{
	size_t bytes = geo.record_blocks * MS_BLOCK;
	struct ms_record_sector *raw[2] = { malloc(bytes), malloc(bytes) };
	struct ms_hot *hot = calloc(geo.max_hot, sizeof(*hot));
	struct ms_summary_block s;
	struct ms_record_result res;
	u32 index, i;
	u64 number = ms_geo_summary_of(extent, &index);

	for (i = 0; i < 2; i++)
		get(meta, raw[i], bytes, geo.record_start[i] * MS_BLOCK);
	get(meta, &s, sizeof(s), ms_geo_summary_block(&geo, number) * MS_BLOCK);
	ms_record_judge(&geo, sb.format_id, raw[0], raw[1], hot, &res);
	for (i = 0; i < res.total && hot[i].extent != extent; i++)
		;
	if (res.state == MS_RECORD_OK && res.sums_known && i == res.total) {
		ms_sums_sub(&res.sums, extent,
			    ms_sums_hash(sb.format_id, extent, le64_to_cpu(s.entry[index].sequence)));
		ms_sums_add(&res.sums, extent, ms_sums_hash(sb.format_id, extent, sequence));
		ms_record_encode(raw[0], sb.format_id, res.copy, res.held, hot, res.total,
				 res.peer_id, res.peer_seq, &res.sums);
		put(raw[0], ms_record_sectors(res.total) * MS_SECTOR,
		    geo.record_start[res.copy] * MS_BLOCK);
	}
	free(raw[0]);
	free(raw[1]);
	free(hot);
}

static void plant_table(const char *path, u64 extent, u64 activation, u32 marked)
{
	u32 segs = ms_geo_extent_segs(&geo, extent);
	u32 seg_bytes = 1u << geo.seg_shift;
	u64 start = ms_geo_extent_start(&geo, extent) * MS_SECTOR;
	struct ms_table_block tb;
	struct ms_summary_entry e;
	int data = open(path, O_RDONLY);
	u8 *buf = malloc(seg_bytes);
	u32 i, len;

	if (data < 0 || !buf)
		die(path);
	ms_table_init(&tb, &geo, extent, false);
	for (i = 0; i < segs; i++) {
		len = ms_geo_seg_len(&geo, extent, i) * MS_SECTOR;
		get(data, buf, len, start + (u64)i * seg_bytes);
		tb.codes[i] = cpu_to_le64(ms_code(buf, len, sb.code_seed));
		ms_bit_set(tb.valid, i);
		if (i < marked)
			ms_bit_set(tb.marks, i);
	}
	ms_table_seal(&tb, sb.format_id, extent, activation << 40 | (extent + 1));
	put(&tb, sizeof(tb), ms_geo_table_block(&geo, extent) * MS_BLOCK);
	ms_summary_from_table(&e, &tb, segs, sb.code_seed);
	change_sums(extent, le64_to_cpu(e.sequence));
	change_summary(extent, &e);
	free(buf);
	close(data);
}

static void plant_record(u32 copy, u64 sequence, char **arg, u32 n)
{
	struct ms_record_sector *raw = calloc(ms_record_sectors(n), sizeof(*raw));
	struct ms_hot *hot = calloc(n + 1, sizeof(*hot));
	u32 i;

	for (i = 0; i < n; i++) {
		char *colon;

		hot[i].extent = strtoull(arg[i], &colon, 0);
		hot[i].mask = strtoull(colon + 1, NULL, 0);
	}
	ms_record_encode(raw, sb.format_id, copy, sequence, hot, n, 0, 0, NULL);
	put(raw, ms_record_sectors(n) * MS_SECTOR, geo.record_start[copy] * MS_BLOCK);
	free(raw);
	free(hot);
}

static void plant_super(u32 copies, const char *key, u64 value)
{
	struct ms_super raw;

	if (!strcmp(key, "flags"))
		sb.flags = (u32)value;
	else if (!strcmp(key, "sequence"))
		sb.sequence = value;
	else if (!strcmp(key, "activation"))
		sb.activation = value;
	else if (!strcmp(key, "codes_since"))
		sb.codes_since = value;
	else
		die(key);
	if (copies & 1) {
		ms_super_encode(&sb, MS_SUPER_BLOCK0, &raw);
		put(&raw, sizeof(raw), MS_SUPER_BLOCK0 * MS_BLOCK);
	}
	if (copies & 2) {
		ms_super_encode(&sb, MS_SUPER_BLOCK1, &raw);
		put(&raw, sizeof(raw), MS_SUPER_BLOCK1 * MS_BLOCK);
	}
}

static u64 number(const char *text)
{
	return strtoull(text, NULL, 0);
}

int main(int argc, char **argv)
{
	struct ms_summary_entry e = { .sequence = 0 };

	if (argc < 4)
		return 2;
	meta = open(argv[1], O_RDWR);
	if (meta < 0)
		die(argv[1]);
	load_super();
	if (!strcmp(argv[2], "table") && argc >= 6) {
		plant_table(argv[3], number(argv[4]), number(argv[5]),
			    argc > 6 ? (u32)number(argv[6]) : 0);
	} else if (!strcmp(argv[2], "summary") && argc == 5) {
		e.sequence = cpu_to_le64(number(argv[4]));
		change_summary(number(argv[3]), &e);
	} else if (!strcmp(argv[2], "record") && argc >= 5) {
		plant_record((u32)number(argv[3]), number(argv[4]), argv + 5,
			     (u32)argc - 5);
	} else if (!strcmp(argv[2], "super") && argc == 6) {
		plant_super((u32)number(argv[3]), argv[4], number(argv[5]));
	} else {
		return 2;
	}
	return 0;
}
