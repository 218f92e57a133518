// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync format: makes a metadata area. It writes to the metadata device only,
 * the superblocks last, so that one that was cut off leaves no volume behind;
 * the data device is opened for reading, for its size and logical block size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "area.h"
#include "area_write.h"
#include "cli.h"
#include "out.h"

static bool force;
static bool dry_run;
static u64 segment_size = 1ull << MS_SEG_SHIFT_DEFAULT;
static u64 max_hot = MS_HOT_DEFAULT;
static u64 block_size;

static const struct cli_option options[] = {
	{ "force", CLI_FLAG, NULL,
	  "also over another signature or an older volume (never over a device in use)",
	  &force, 0, 0 },
	{ "segment-size", CLI_SIZE, "N[K|M]",
	  "bytes per code: a power of two, 4K to 1M (default 4K)",
	  &segment_size, 0, 0 },
	{ "max-hot", CLI_NUMBER, "N",
	  "extents that may be active at a time, 16 to 4096 (default 1024)",
	  &max_hot, MS_HOT_MIN, MS_HOT_MAX },
	{ "block-size", CLI_SIZE, "N[K]",
	  "logical blocks of the volume, if the peer's device has larger ones: 512 to 4K",
	  &block_size, 0, 0 },
	{ "dry-run", CLI_FLAG, NULL,
	  "check everything, say what would be written, write nothing",
	  &dry_run, 0, 0 },
	{ }
};

/* Return: log2 of the segment size, or 0 when it is not an allowed one. */
static u32 segment_shift(void)
{
	u32 shift;

	for (shift = MS_SEG_SHIFT_MIN; shift <= MS_SEG_SHIFT_MAX; shift++) {
		if (segment_size == 1ull << shift)
			return shift;
	}
	return 0;
}

/* Bytes of the volume's logical blocks. */
static u32 logical_block(const struct dev *data)
{
	return block_size ? (u32)block_size : data->logical_block;
}

static bool block_size_good(void)
{
	return !block_size || (block_size >= MS_SECTOR && block_size <= MS_BLOCK &&
			       !(block_size & (block_size - 1)));
}

static int check_data(const struct dev *data, u32 shift)
{
	u64 sectors = data->bytes >> MS_SECTOR_SHIFT;
	u32 block = logical_block(data);

	if (!sectors)
		return cli_error(-EINVAL, data->path, "is empty");
	if (sectors > MS_MAX_SECTORS)
		return cli_error(-EINVAL, data->path, "is larger than a volume can be (4 PiB)");
	if (block < data->logical_block)
		return cli_error(-EINVAL, data->path,
				 "its logical blocks are of %u bytes, larger than --block-size",
				 data->logical_block);
	if (block > 1u << shift)
		return cli_error(-EINVAL, data->path,
				 "its logical blocks of %u bytes are larger than a segment (see --segment-size)",
				 block);
	if (data->bytes % block)
		return cli_error(-EINVAL, data->path,
				 "its size is not a multiple of blocks of %u bytes", block);
	return 0;
}

/* Metadata where the data should be: the operands are the wrong way round. --force is no answer to that. */
static int check_swapped(const struct dev *data)
{
	struct area a;
	int r = area_open(&a, data->path, 0);

	area_close(&a);
	if (r < 0)
		return r;
	if (r != AREA_NONE)
		return cli_error(-EEXIST, data->path,
				 "holds dm-mirsync metadata, so it is not the data device: the order is META DATA (if it is, erase its first 64 KiB)");
	return 0;
}

/* Is there anything on the metadata device that somebody may want? */
static int check_meta(const struct dev *meta, const struct ms_geo *geo)
{
	u64 need = geo->area_blocks * MS_BLOCK;
	char text[64], a[OUT_TEXT], b[OUT_TEXT];
	struct area old;
	int r;

	if (meta->bytes < need)
		return cli_error(-ENOSPC, meta->path,
				 "too small: %llu bytes (%s) are needed, it has %llu (%s)",
				 (unsigned long long)need, out_bytes(a, need),
				 (unsigned long long)meta->bytes, out_bytes(b, meta->bytes));
	if (force)
		return 0;
	r = dev_signature(meta, text, sizeof(text));
	if (r)
		return r;
	if (*text)
		return cli_error(-EEXIST, meta->path, "holds %s; --force overwrites it", text);
	r = area_open(&old, meta->path, 0);
	area_close(&old);
	if (r >= 0 && r != AREA_NONE)
		return cli_error(-EEXIST, meta->path,
				 "holds dm-mirsync metadata; --force overwrites it");
	return r < 0 ? r : 0;
}

static int fill_random(void *buf, size_t bytes)
{
	return getrandom(buf, bytes, 0) == (ssize_t)bytes ? 0 : -EIO;
}

static int make_super(struct ms_sb *sb, const struct ms_geo *geo, const struct dev *data)
{
	memset(sb, 0, sizeof(*sb));
	sb->version = MS_FORMAT_VERSION;
	sb->flags = MS_SB_CLEAN | MS_SB_ALL_CANDIDATES | MS_SB_NEVER_MET;
	sb->sequence = 1;
	sb->sectors = geo->sectors;
	sb->logical_block = logical_block(data);
	sb->seg_shift = geo->seg_shift;
	sb->code_algo = MS_CODE_ALGO_CRC32C_XXH;
	sb->max_hot = geo->max_hot;
	sb->area_blocks = geo->area_blocks;
	sb->table_start = geo->table_start;
	sb->role = MS_ROLE_SECONDARY;
	sb->disk = MS_DISK_CONSISTENT;
	sb->format_time = (u64)time(NULL);
	if (fill_random(&sb->format_id, sizeof(sb->format_id)) ||
	    fill_random(&sb->code_seed, sizeof(sb->code_seed)) ||
	    fill_random(sb->volume_id, MS_UUID) ||
	    fill_random(sb->node_id, MS_UUID))
		return cli_error(-EIO, "getrandom", "no random numbers to be had");
	return 0;
}

/* Blocks 0..15 as zeroes: no superblock, old or new. */
static int wipe_supers(const struct dev *meta)
{
	void *zeroes = dev_buffer(MS_RECORD_BLOCK * MS_BLOCK);
	int r = dev_write(meta, zeroes, MS_RECORD_BLOCK * MS_BLOCK, 0);

	free(zeroes);
	return r ? r : dev_sync(meta);
}

/* Two empty records, of sequence 1 and 0: the first holds, the second is written next. */
static int write_records(const struct dev *meta, const struct ms_sb *sb,
			 const struct ms_geo *geo)
{
	const struct ms_sums nothing_written = { 0 };
	int r = 0;
	u32 i;

	for (i = 0; i < 2 && !r; i++)
		r = area_write_blank_record(meta, sb, geo, i, 1 - i, &nothing_written);
	return r;
}

/* Every summary block, a group's at a time, also those the last group has in reserve. */
static int write_summaries(const struct dev *meta, const struct ms_sb *sb,
			   const struct ms_geo *geo)
{
	size_t bytes = MS_GROUP_SUMMARIES * MS_BLOCK;
	struct ms_summary_block *raw = dev_buffer(bytes);
	u64 s;
	u32 i;
	int r = 0;

	for (s = 0; s < geo->summaries && !r; s += MS_GROUP_SUMMARIES) {
		for (i = 0; i < MS_GROUP_SUMMARIES; i++) {
			ms_summary_init(&raw[i], geo, s + i);
			ms_summary_seal(&raw[i], sb->format_id);
		}
		r = dev_write(meta, raw, bytes, ms_geo_summary_block(geo, s) * MS_BLOCK);
	}
	free(raw);
	return r;
}

static int write_supers(const struct dev *meta, const struct ms_sb *sb)
{
	int r = area_write_super(meta, sb, 0);

	return r ? r : area_write_super(meta, sb, 1);
}

static int write_all(const struct dev *meta, const struct ms_sb *sb,
		     const struct ms_geo *geo)
{
	int r = wipe_supers(meta);

	if (!r && force)
		r = dev_wipe_signatures(meta);
	if (!r)
		r = write_records(meta, sb, geo);
	if (!r)
		r = write_summaries(meta, sb, geo);
	if (!r)
		r = dev_sync(meta);
	if (!r)
		r = write_supers(meta, sb);
	return r;
}

static void tell(const struct dev *meta, const struct dev *data,
		 const struct ms_sb *sb, const struct ms_geo *geo)
{
	char a[OUT_TEXT], b[OUT_TEXT], c[OUT_TEXT], id[2 * MS_UUID + 1];

	printf("%s %s for %s: %s, %s segments of %s\n",
	       dry_run ? "Would format" : "Formatted", meta->path, data->path,
	       out_bytes(a, geo->sectors << MS_SECTOR_SHIFT),
	       out_count(b, geo->segments), out_bytes(c, 1ull << geo->seg_shift));
	printf("metadata: %s of %s used, %u active extents of %s each\n",
	       out_bytes(a, geo->area_blocks * MS_BLOCK), out_bytes(b, meta->bytes),
	       geo->max_hot, out_bytes(c, (u64)geo->extent_sectors << MS_SECTOR_SHIFT));
	if (!dry_run)
		printf("volume: %s\n", out_uuid(id, sb->volume_id));
}

static int format(const struct dev *meta, const struct dev *data, u32 shift)
{
	struct ms_geo geo;
	struct ms_sb sb;
	int r;

	if (dev_same(meta, data))
		return cli_error(CLI_FAILED, meta->path,
				 "is the data device %s too, or a partition of it or around it",
				 data->path);
	if (check_data(data, shift) || check_swapped(data))
		return CLI_FAILED;
	ms_geo_init(&geo, data->bytes >> MS_SECTOR_SHIFT, shift, (u32)max_hot);
	if (check_meta(meta, &geo) || make_super(&sb, &geo, data))
		return CLI_FAILED;
	if (!dry_run) {
		r = write_all(meta, &sb, &geo);
		if (r)
			return cli_error(CLI_FAILED, meta->path, "cannot be written: %s",
					 strerror(-r));
	}
	tell(meta, data, &sb, &geo);
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	unsigned int flags = DEV_EXCLUSIVE | (dry_run ? 0 : DEV_WRITE);
	struct dev meta, data;
	u32 shift = segment_shift();
	int code = CLI_FAILED;

	(void)argc;
	if (!shift)
		return cli_error(CLI_USAGE, "--segment-size",
				 "%llu: not a power of two from 4K to 1M",
				 (unsigned long long)segment_size);
	if (!block_size_good())
		return cli_error(CLI_USAGE, "--block-size",
				 "%llu: not 512, 1K, 2K or 4K", (unsigned long long)block_size);
	if (dev_open(&data, argv[1], 0))
		return CLI_FAILED;
	if (!dev_open(&meta, argv[0], flags)) {
		code = format(&meta, &data, shift);
		dev_close(&meta);
	}
	dev_close(&data);
	return code;
}

const struct cli_command cmd_format = {
	.name = "format",
	.operands = "META DATA",
	.summary = "Make the metadata of a new volume on META for the data device DATA",
	.options = options,
	.min = 2,
	.max = 2,
	.run = run,
};
