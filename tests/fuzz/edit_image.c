// SPDX-License-Identifier: GPL-2.0-only
/*
 * See edit_image.h. A step is a byte, a block number, and what the step needs.
 */
#include "edit_image.h"
#include "shared/codec_crc.h"

static u64 pick_block(struct input *in)
{
	static const u8 often[] = { 0, 8, 16, 17, 18, 19, 34, 35 };
	u32 n = (u32)take_n(in, 1);

	return n < sizeof(often) ? often[n] : n % IMAGE_BLOCKS;
}

/* Put right the checksum of @block, as what it is by its place. */
static void seal(struct image *im, u64 block)
{
	u8 *p = image_block(im, block);
	u64 id = im->sb.format_id;
	u32 crc, i;

	if (block == MS_SUPER_BLOCK0 || block == MS_SUPER_BLOCK1) {
		crc = ~crc_around(~0u, p, MS_BLOCK, offsetof(struct ms_super, crc));
		((struct ms_super *)p)->crc = cpu_to_le32(crc);
	} else if (block >= im->geo.table_start) {
		crc = crc_of_format(id, p, MS_BLOCK, 0);
		((struct ms_table_block *)p)->crc = cpu_to_le32(crc);
	} else if (block >= MS_RECORD_BLOCK) {
		for (i = 0; i < MS_BLOCK / MS_SECTOR; i++) {
			struct ms_record_sector *s = (struct ms_record_sector *)p + i;

			s->crc = cpu_to_le32(crc_of_format(id, s, sizeof(*s), 0));
		}
	}
}

static void change_super(struct image *im, struct input *in)
{
	u32 copies = (u32)take_n(in, 1);
	u64 value = take_n(in, 4);
	struct ms_sb *sb = &im->sb;

	switch (take_n(in, 1) % 6) {
	case 0:
		sb->flags = value % 128;
		break;
	case 1:
		sb->sequence = value;
		break;
	case 2:
		sb->activation = value & MS_ACTIVATION_MAX;
		break;
	case 3:
		sb->codes_since = value << 32;
		break;
	case 4:
		sb->sequence = ~value;
		break;
	case 5:
		sb->role = value % 2;
		break;
	}
	if (copies & 1)
		ms_super_encode(sb, MS_SUPER_BLOCK0, image_block(im, MS_SUPER_BLOCK0));
	if (copies & 2)
		ms_super_encode(sb, MS_SUPER_BLOCK1, image_block(im, MS_SUPER_BLOCK1));
}

/* A record, some of whose sectors arrive. */
static void write_record(struct image *im, struct input *in)
{
	u32 copy = (u32)take_n(in, 1) & 1, total = (u32)take_n(in, 1) % (IMAGE_HOT + 1);
	u64 sequence = take_n(in, 2);
	u32 arrived = (u32)take_n(in, 1), i;
	struct ms_record_sector raw[4], *at = image_block(im, im->geo.record_start[copy]);
	struct ms_hot hot[IMAGE_HOT];

	for (i = 0; i < total; i++) {
		hot[i].extent = i;
		hot[i].mask = (arrived * 0x123456789abull + i) & MS_MASK_ALL;
	}
	ms_record_encode(raw, im->sb.format_id, copy, sequence ? sequence : ~0ull, hot, total, 6, 9, NULL);
	for (i = 0; i < ms_record_sectors(total); i++) {
		if (arrived >> i & 1)
			at[i] = raw[i];
	}
}

static void step(struct image *im, struct input *in)
{
	u32 what = (u32)take_n(in, 1);
	u64 block = pick_block(in);
	u8 *p = image_block(im, block);

	switch (what % 10) {
	case 0:
		p[take_n(in, 2) % MS_BLOCK] = (u8)take_n(in, 1);
		break;
	case 1:
		take(in, p + take_n(in, 2) % (MS_BLOCK / 8) * 8, 8);
		break;
	case 2:
		seal(im, block);
		break;
	case 3:
		memmove(p, image_block(im, pick_block(in)), MS_BLOCK);
		break;
	case 4:
		memset(p + take_n(in, 1) % 8 * MS_SECTOR, 0, MS_SECTOR);
		break;
	case 5:
		memset(p, (int)take_n(in, 1), MS_BLOCK);
		break;
	case 6:
		change_super(im, in);
		break;
	case 7:
		write_record(im, in);
		break;
	case 8:
		image_write_table(im, block % IMAGE_EXTENTS, take_n(in, 2) << 32 | take_n(in, 1),
				  what);
		break;
	case 9:
		image_write_record(im, (u32)take_n(in, 1) % IMAGE_EXTENTS);
		break;
	}
}

void edit_image(struct image *im, struct input *in)
{
	static struct image clean, crashed;
	const struct image *from;

	if (!clean.bytes) {
		image_make(&clean, 0, MS_SB_CLEAN);
		image_make(&crashed, 40, 0);
	}
	from = take_n(in, 1) & 1 ? &crashed : &clean;
	im->sb = from->sb;
	im->geo = from->geo;
	memcpy(im->bytes, from->bytes, IMAGE_BYTES);
	while (in->left)
		step(im, in);
}
