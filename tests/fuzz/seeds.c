// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the fuzzers' first inputs out of the codec itself, so that no binary is kept in
 * the tree: seeds DIR writes DIR/NAME/N for each fuzzer fuzz_NAME. The shapes of the inputs
 * are told on top of each.
 */
#include <sys/stat.h>

#include "input.h"
#include "offline/image.h"
#include "shared/wire.h"

static const char *top;
static const char *fuzzer;
static u32 number;

static void begin(const char *name)
{
	char path[4096];

	fuzzer = name;
	number = 0;
	snprintf(path, sizeof(path), "%s/%s", top, name);
	holds(!mkdir(path, 0777) || errno == EEXIST);
}

static void seed(const void *data, size_t size)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%u", top, fuzzer, number++);
	f = fopen(path, "w");
	holds(f && fwrite(data, 1, size, f) == size && !fclose(f));
}

static void supers(const struct image *im)
{
	u8 buf[1 + MS_BLOCK];

	begin("super");
	for (u32 i = 0; i < 2; i++) {
		buf[0] = i ? 4 | 3 : 0;
		ms_super_encode(&im->sb, i ? MS_SUPER_BLOCK1 : MS_SUPER_BLOCK0, (void *)(buf + 1));
		seed(buf, sizeof(buf));
	}
}

static void records(void)
{
	/* whole, torn, an older one; bytes; sealed; moved */
	static const u8 whole[] = { 3, 4, 1, 60, 2, 0xff, 9, 0, 30, 3, 0xff };
	static const u8 torn[] = { 5, 4, 1, 100, 2, 0xff, 9, 0, 112, 3, 0x05 };
	static const u8 bytes[] = { 0, 0, 0, 8, 0, 77, 1, 0, 3, 4, 64, 1, 2, 3, 4, 5, 6, 7, 8, 1, 4 };
	static const u8 moved[] = { 1, 4, 1, 60, 2, 0xff, 2, 0, 5, 2, 5, 0, 1, 0, 1, 5 };

	begin("record");
	seed(whole, sizeof(whole));
	seed(torn, sizeof(torn));
	seed(bytes, sizeof(bytes));
	seed(moved, sizeof(moved));
}

static void tables(const struct image *im)
{
	u8 buf[1 + sizeof(struct ms_summary_entry) + 400];
	const struct ms_summary_block *sb = image_block(im, ms_geo_summary_block(&im->geo, 0));

	begin("table");
	for (u32 mode = 0; mode < 8; mode++) {
		const u8 *tb = image_block(im, ms_geo_table_block(&im->geo, mode & 4 ? IMAGE_EXTENTS - 1 : 3));

		buf[0] = (u8)mode;
		memcpy(buf + 1, &sb->entry[3], sizeof(sb->entry[3]));
		memcpy(buf + 1 + sizeof(sb->entry[3]), tb + 32, 400);
		seed(buf, sizeof(buf));
	}
}

static size_t frame(u8 *to, u16 type, const void *body, u32 len, u32 data_len)
{
	struct ms_head h = {
		.type = type,
		.body_len = len,
		.data_len = data_len,
		.handle = 7,
		.body_crc = len ? ms_crc32c(body, len) : 0,
	};

	to[0] = 0;
	ms_head_encode(&h, (void *)(to + 1));
	memcpy(to + 1 + sizeof(struct ms_frame), body, len);
	return 1 + sizeof(struct ms_frame) + len;
}

static void hellos(const struct image *im)
{
	u8 buf[2048];
	struct ms_hello h = {
		.proto_min = cpu_to_le16(MS_PROTO_MIN),
		.proto_max = cpu_to_le16(MS_PROTO_MAX),
		.sectors = cpu_to_le64(im->geo.sectors),
		.logical_block = cpu_to_le32(MS_SECTOR),
		.seg_shift = cpu_to_le32(12),
		.code_algo = cpu_to_le32(MS_CODE_ALGO_CRC32C_XXH),
		.initiator = 1,
		.volume_id = { 1 },
		.node_id = { 2 },
	};

	for (u8 i = 0; i < 12; i++) {
		size_t n;

		h.claim = cpu_to_le32(i % 4);
		h.gens.current_gen = cpu_to_le64(i % 3);
		h.gens.history[0] = cpu_to_le64(3);
		h.nonce[0] = i ? 1 : 0;
		h.nonce[1] = i / 3;
		h.nonce[4] = i & 3;
		h.nonce[6] = i & 4;
		n = frame(buf, MS_F_HELLO, &h, sizeof(h), 0);
		buf[0] = 3;	/* what the fuzzer changes is put right */
		seed(buf, n);
	}
}

static void wires(const struct image *im)
{
	u8 buf[16384], body[4096] = { 0 };
	struct ms_write_body *w = (void *)body;
	size_t n;

	begin("wire");
	hellos(im);
	w->sector = cpu_to_le64(4);
	w->sectors = cpu_to_le32(16);
	w->segs = cpu_to_le16(3);
	n = frame(buf, MS_F_WRITE, body, sizeof(*w) + 3 * 8, 16 * MS_SECTOR);
	seed(buf, n);
	n = frame(buf, MS_F_READ_DATA, body, sizeof(*w) + 3 * 8, 16 * MS_SECTOR);
	seed(buf, n);
	w->segs = 0;
	n += frame(buf + n, MS_F_ZERO, body, sizeof(*w), 0);
	n += frame(buf + n, MS_F_FLUSH, body, 0, 0);
	n += frame(buf + n, MS_F_MARKS, body, 2 * sizeof(struct ms_marks), 0);
	n += frame(buf + n, MS_F_CMP_CODES, body, sizeof(struct ms_cmp_codes) + 16, 0);
	n += frame(buf + n, MS_F_READ_REQ, body, sizeof(struct ms_read_req), 0);
	n += frame(buf + n, MS_F_REGENERATE, body, 0, 0);
	n += frame(buf + n, MS_F_TABLE_REQ, body, sizeof(struct ms_range_req), 0);
	n += frame(buf + n, MS_F_DIGEST_REQ, body, sizeof(struct ms_digest_req), 0);
	n += frame(buf + n, MS_F_DIGEST, body, sizeof(struct ms_wire_digest) + 2 * MS_SHA256, 0);
	for (size_t i = 0; i + 4 < n; i++)
		if (!memcmp(buf + i + 1, "MSF1", 4))
			buf[i] = 3;
	seed(buf, n);
}

/* In front of the steps: two bytes for fuzz_area, one for fuzz_cli; then which image. */
static void edits(const char *name, u32 front)
{
	static const u8 steps[][12] = {
		{ 0, 0, 100, 0, 77 },			/* a superblock's byte */
		{ 0, 50, 44, 1, 1 },			/* a table's */
		{ 4, 3, 2, 4, 2, 0 },			/* sectors of the record */
		{ 5, 2, 0, 5, 3, 0 },			/* all of it */
		{ 5, 6, 0 },				/* a summary block */
		{ 3, 50, 51 },				/* a table in another's place */
		{ 6, 0, 3, 9, 0, 0, 0, 2 },		/* an old superblock */
		{ 6, 0, 2, 1, 0, 0, 0, 0 },		/* two that contradict */
		{ 7, 0, 1, 39, 0xf6, 1, 0x02 },		/* a torn record */
		{ 8, 20, 9, 0, 5, 8, 21, 9, 0, 6 },	/* later tables */
		{ 1, 6, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8 },	/* a forged summary ... */
	};
	u8 buf[32];

	begin(name);
	for (u32 crashed = 0; crashed < 2; crashed++) {
		for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
			memset(buf, 0, sizeof(buf));
			buf[0] = front == 2 ? 255 : (u8)i;
			buf[front] = (u8)crashed;
			memcpy(buf + front + 1, steps[i], sizeof(steps[i]));
			buf[front + 13] = 2;	/* ... and its checksum */
			buf[front + 14] = 6;
			seed(buf, front + 15);
		}
	}
}

static void confs(void)
{
	static const char *const text[] = {
		"# a comment\ndata = /dev/a\nmeta = /dev/b\nrole = primary\n"
		"local = 192.0.2.1:7788\npeer = [2001:db8::2]:7789\nauth = none\n",
		"data=/dev/a\nmeta=/dev/b\nrole=secondary\nlocal=[::1]:1\npeer=[::2]:2\n"
		"auth = key   :32:logon:mirsync:db\ntimeout = 5000\noption = one 2\noption = three\n",
		"data=/dev/a\ndata=/dev/b\n", "auth = key :16:user:x", "local = []:1\n",
	};

	char line[1200];

	begin("conf");
	for (u32 i = 0; i < ARRAY_SIZE(text); i++)
		seed(text[i], strlen(text[i]));
	seed(line, (size_t)sprintf(line, "option = %0509d\n", 1));
	seed(line, (size_t)sprintf(line, "option = %0500d\noption = %0509d\n", 1, 2));
}

int main(int argc, char **argv)
{
	struct image im;

	if (argc != 2)
		return 2;
	top = argv[1];
	image_make(&im, 0, MS_SB_CLEAN);
	supers(&im);
	records();
	tables(&im);
	wires(&im);
	edits("area", 2);
	edits("cli", 1);
	confs();
	image_free(&im);
	return 0;
}
