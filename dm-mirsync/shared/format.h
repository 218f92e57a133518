/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metadata area as it is on the disk: little-endian, packed, sizes
 * asserted. This is the only definition, but for what the ioctls give as well
 * (mirsync_ioctl.h); the kernel, the CLI, the tests and doc/format.md follow
 * it. Checksums are ms_crc32c over the whole unit (block or record sector)
 * with its crc field zero, begun from the volume's format_id (see codec.h), so
 * that a block of an earlier format of the same device never passes for one of
 * this.
 */
#ifndef MS_SHARED_FORMAT_H
#define MS_SHARED_FORMAT_H

#include "shared/env.h"
#include "shared/geometry.h"
#include "shared/mirsync_ioctl.h"	/* struct ms_summary_entry */

#define MS_SUPER_MAGIC		"dm-mirsync\0\0\0\0\0"	/* 16 bytes with the last NUL */
#define MS_FORMAT_VERSION	1u
#define MS_CODE_ALGO_CRC32C_XXH	1u	/* crc32c << 32 | low half of xxh64 */
#define MS_GEN_HISTORY		8
#define MS_PAST			32	/* activations remembered */
#define MS_ACTIVATION_MAX	((1ull << 24) - 1)	/* sequences are activation << 40 | counter */

/* Feature bits; a bit unknown to the reader: compat - ignore, ro - no write, incompat - refuse. */
#define MS_FEATURES_COMPAT	0ull
#define MS_FEATURES_RO_COMPAT	0ull
#define MS_FEATURES_INCOMPAT	0ull

enum ms_role {			/* persisted and in force */
	MS_ROLE_SECONDARY = 0,
	MS_ROLE_PRIMARY = 1,
};

enum ms_disk {
	MS_DISK_CONSISTENT = 0,	/* a state the volume once had */
	MS_DISK_INCONSISTENT = 1,	/* target of an unfinished resync, or a failed disk */
	MS_DISK_OUTDATED = 2,	/* consistent, but the peer was promoted since */
};

/* ms_super.flags */
#define MS_SB_CLEAN		(1u << 0)	/* stopped in order; the record is empty */
#define MS_SB_ALL_CANDIDATES	(1u << 1)	/* marks are not to be trusted: compare all */
#define MS_SB_NEVER_MET		(1u << 2)	/* met no peer yet: adopts its volume id and seed */
#define MS_SB_FAILBACK		(1u << 3)	/* a failback was begun and not finished */
#define MS_SB_META_VOID		(1u << 4)	/* the peer's metadata is void (it could not be written) */
#define MS_SB_CHOSEN		(1u << 5)	/* promoted by force: the operator wants this site's data, whatever its history */
#define MS_SB_COPY_ALL		(1u << 6)	/* of a failback's source: until the end candidates and marks are copied, not compared by codes */

struct ms_disk_gens {
	__le64 current_gen;	/* 0: no data yet */
	__le64 base;		/* generation at which the peer was last in sync; marks count from here */
	__le64 offered;		/* current_gen as sent to the peer, not acknowledged yet; 0: none */
	__le64 history[MS_GEN_HISTORY];	/* earlier ones, newest first; 0: none */
} __packed;
static_assert(sizeof(struct ms_disk_gens) == 88, "ms_disk_gens");

/* One of a site's activations, and the metadata commits it had made by a certain instant: see history.h. */
struct ms_disk_point {
	__le64 activation_id;
	__le64 commits;
} __packed;

struct ms_super {
	u8 magic[16];
	__le32 crc;
	__le32 version;
	__le32 block;		/* own block number: 0 or 8 */
	__le32 flags;		/* MS_SB_* */
	__le64 sequence;	/* the newest good copy wins */
	__le64 compat;
	__le64 ro_compat;
	__le64 incompat;
	__le64 format_id;	/* random, made by format; begins all other checksums */
	u8 volume_id[MS_UUID];
	u8 node_id[MS_UUID];
	u8 peer_node_id[MS_UUID];	/* zero: none met */
	__le64 sectors;
	__le32 logical_block;	/* bytes; of the volume: the larger of both sites' */
	__le32 seg_shift;
	__le32 code_algo;
	__le32 max_hot;
	__le64 code_seed;
	__le64 area_blocks;
	__le64 table_start;
	__le32 role;		/* enum ms_role */
	__le32 disk;		/* enum ms_disk */
	struct ms_disk_gens gens;
	__le64 codes_since;	/* table blocks with a lower sequence hold no valid code */
	__le64 activation;	/* activations so far; upper bits of all sequence numbers made in one */
	__le64 activation_id;	/* random, of the latest activation */
	__le64 peer_activation_id;	/* the highest point of the peer's history that was seen */
	__le64 peer_commits;
	__le64 format_time;	/* seconds since the epoch */
	struct ms_disk_point past[MS_PAST];	/* earlier activations as they ended, the latest first */
	u8 reserved[4096 - 312 - 16 * MS_PAST];
} __packed;
static_assert(sizeof(struct ms_super) == MS_BLOCK, "ms_super");

/* ms_record_sector.flags */
#define MS_RECORD_SUMS		(1u << 0)	/* the sums are known */

/*
 * A sector of the activity record. Every sector of one write carries the same
 * sequence, count of sectors and total.
 */
struct ms_record_entry {
	__le64 extent;
	__le64 mask;		/* sub-ranges touched, bit i: segments 8i..8i+7 */
} __packed;

struct ms_record_sector {
	__le32 crc;
	__le16 index;		/* of this sector in its copy */
	__le16 entries;		/* used in this sector */
	__le64 sequence;
	__le32 total;		/* entries of the whole record */
	__le16 sectors;		/* of the whole record, at least 1 */
	__le16 copy;		/* 0 or 1 */
	__le64 peer_activation_id;	/* as in the superblock; of one activation the higher counts */
	__le64 peer_commits;
	__le64 sum;		/* of the summary entries of all extents that are not in the record: sums.h */
	__le64 weighted_sum;
	__le32 flags;		/* MS_RECORD_* */
	u8 reserved[4];
	struct ms_record_entry entry[MS_RECORD_ENTRIES];
} __packed;
static_assert(sizeof(struct ms_record_sector) == MS_SECTOR, "ms_record_sector");

#define MS_BITMAP_BYTES		(MS_EXTENT_SEGS / 8)	/* 60 */

/* Bit i of a bitmap is bit i % 8 of byte i / 8. */
struct ms_table_block {
	__le32 crc;
	__le32 flags;		/* none yet */
	__le64 extent;		/* own number */
	__le64 sequence;	/* equals the one in the summary entry */
	u8 reserved[8];
	u8 valid[MS_BITMAP_BYTES];
	u8 marks[MS_BITMAP_BYTES];
	u8 reserved2[104];
	__le64 codes[MS_EXTENT_SEGS];
} __packed;
static_assert(sizeof(struct ms_table_block) == MS_BLOCK, "ms_table_block");

/*
 * Of an entry, sequence 0: the table block was never written: no valid code, no mark.
 * digest: ms_codec_digest() of the codes.
 */
struct ms_summary_block {
	__le32 crc;
	__le32 entries;		/* used */
	__le64 number;		/* own number among the summary blocks */
	__le64 sequence;	/* of the newest entry */
	u8 reserved[40];
	struct ms_summary_entry entry[MS_SUMMARY_ENTRIES];
} __packed;
static_assert(sizeof(struct ms_summary_block) == MS_BLOCK, "ms_summary_block");

#endif
