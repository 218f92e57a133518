// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading of a metadata area offline; see area.h. Judging is the shared
 * codec's work; here is where the blocks are and which superblock wins.
 */
#include <stdlib.h>

#include "area.h"

static const u32 super_block[2] = { MS_SUPER_BLOCK0, MS_SUPER_BLOCK1 };

int area_read(struct area *a)
{
	struct ms_super *raw = dev_buffer(MS_BLOCK);
	bool something = false;
	u32 i;

	for (i = 0; i < 2; i++) {
		a->bad[i] = MS_BAD_MAGIC;
		a->error[i] = dev_read(&a->dev, raw, MS_BLOCK,
				       (u64)super_block[i] * MS_BLOCK);
		/* Beyond the end is nothing, what cannot be read may be something. */
		something |= a->error[i] && a->dev.bytes / MS_BLOCK > super_block[i];
		if (a->error[i])
			continue;
		a->bad[i] = ms_super_decode(raw, super_block[i], &a->copy[i]);
		something |= a->bad[i] != MS_BAD_MAGIC;
	}
	free(raw);
	if (a->bad[0] && a->bad[1])
		return something ? AREA_BAD : AREA_NONE;
	if (!a->bad[0] && !a->bad[1] && a->copy[0].format_id != a->copy[1].format_id)
		return AREA_FOREIGN;
	a->holds = a->bad[0] ||
		   (!a->bad[1] && a->copy[1].sequence > a->copy[0].sequence);
	a->sb = a->copy[a->holds];
	ms_super_geo(&a->sb, &a->geo);
	return a->dev.bytes / MS_BLOCK < a->geo.area_blocks ? AREA_SHORT : AREA_GOOD;
}

int area_open(struct area *a, const char *path, unsigned int flags)
{
	int r;

	memset(a, 0, sizeof(*a));
	r = dev_open(&a->dev, path, flags);
	return r ? r : area_read(a);
}

const char *area_why(int r)
{
	switch (r) {
	case AREA_NONE:
		return "not a dm-mirsync metadata device (no superblock)";
	case AREA_BAD:
		return "both superblocks are bad";
	case AREA_SHORT:
		return "the device is smaller than the metadata area on it";
	case AREA_FOREIGN:
		return "the two superblocks are of different formats of the device";
	default:
		return NULL;
	}
}

void area_close(struct area *a)
{
	dev_close(&a->dev);
	free(a->hot);
	a->hot = NULL;
}

const char *area_copy_text(const struct area *a, u32 copy)
{
	if (a->error[copy])
		return strerror(-a->error[copy]);
	return ms_bad_text(a->bad[copy]);
}

static int by_extent(const void *a, const void *b)
{
	const struct ms_hot *x = a, *y = b;

	return x->extent < y->extent ? -1 : x->extent > y->extent;
}

void area_read_record(const struct area *a, u32 copy, struct ms_record_sector *raw)
{
	size_t bytes = (size_t)a->geo.record_blocks * MS_BLOCK;
	u64 start = a->geo.record_start[copy] * MS_BLOCK;
	u8 *p = (u8 *)raw;
	size_t at;

	if (!dev_read(&a->dev, raw, bytes, start))
		return;
	for (at = 0; at < bytes; at += MS_BLOCK) {
		if (dev_read(&a->dev, p + at, MS_BLOCK, start + at))
			memset(p + at, 0, MS_BLOCK);
	}
}

static u32 bad_sectors(const struct area *a, u32 copy, const struct ms_record_sector *raw)
{
	u32 i, n = 0;

	for (i = 0; i < a->geo.record_sectors; i++)
		n += !ms_record_sector_good(&raw[i], &a->geo, a->sb.format_id, copy, i);
	return n;
}

void area_load_record(struct area *a)
{
	size_t bytes = (size_t)a->geo.record_blocks * MS_BLOCK;
	struct ms_record_sector *raw[2];
	u32 i;

	for (i = 0; i < 2; i++) {
		raw[i] = dev_buffer(bytes);
		area_read_record(a, i, raw[i]);
		a->record_bad[i] = bad_sectors(a, i, raw[i]);
	}
	free(a->hot);
	a->hot = dev_buffer(a->geo.max_hot * sizeof(*a->hot));
	ms_record_judge(&a->geo, a->sb.format_id, raw[0], raw[1], a->hot, &a->record);
	free(raw[0]);
	free(raw[1]);
	qsort(a->hot, a->record.total, sizeof(*a->hot), by_extent);
}

const struct ms_hot *area_hot(const struct area *a, u64 extent)
{
	struct ms_hot key = { .extent = extent };

	return bsearch(&key, a->hot, a->record.total, sizeof(key), by_extent);
}

int area_read_summaries(const struct area *a, u64 first, u32 count,
			struct ms_summary_block *buf)
{
	return dev_read(&a->dev, buf, (size_t)count * MS_BLOCK,
			ms_geo_summary_block(&a->geo, first) * MS_BLOCK);
}

int area_read_tables(const struct area *a, u64 first, u32 count,
		     struct ms_table_block *buf)
{
	return dev_read(&a->dev, buf, (size_t)count * MS_BLOCK,
			ms_geo_table_block(&a->geo, first) * MS_BLOCK);
}
