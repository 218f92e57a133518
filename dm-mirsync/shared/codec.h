/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encoding, decoding and judging of metadata blocks: superblock, activity
 * record, table block, summary block. No I/O, no allocation, no locking;
 * every decoder accepts any bytes whatever and says what is wrong with them.
 */
#ifndef MS_SHARED_CODEC_H
#define MS_SHARED_CODEC_H

#include "shared/env.h"
#include "shared/format.h"
#include "shared/geometry.h"
#include "shared/history.h"
#include "shared/sums.h"

enum ms_bad {			/* why a block is not believed */
	MS_GOOD = 0,
	MS_BAD_MAGIC,
	MS_BAD_CRC,
	MS_BAD_NUMBER,		/* belongs elsewhere */
	MS_BAD_VERSION,
	MS_BAD_FEATURE,		/* an incompat feature bit that is not known */
	MS_BAD_VALUE,		/* a field out of range */
	MS_BAD_SEQUENCE,	/* not the one the summary names */
};

/* ms_bad_text() - a few words for a message; never NULL */
const char *ms_bad_text(enum ms_bad bad);

struct ms_gens {
	u64 current_gen;
	u64 base;
	u64 offered;
	u64 history[MS_GEN_HISTORY];
};

/* Generations between memory and disk or wire. */
void ms_gens_encode(const struct ms_gens *g, struct ms_disk_gens *raw);
void ms_gens_decode(const struct ms_disk_gens *raw, struct ms_gens *g);

/* The superblock in host byte order. Field meanings: struct ms_super. */
struct ms_sb {
	u32 version;
	u32 flags;
	u64 sequence;
	u64 compat, ro_compat, incompat;
	u64 format_id;
	u8 volume_id[MS_UUID];
	u8 node_id[MS_UUID];
	u8 peer_node_id[MS_UUID];
	u64 sectors;
	u32 logical_block;
	u32 seg_shift;
	u32 code_algo;
	u32 max_hot;
	u64 code_seed;
	u64 area_blocks;
	u64 table_start;
	u32 role;
	u32 disk;
	struct ms_gens gens;
	u64 codes_since;
	u64 activation;
	u64 activation_id;
	u64 peer_activation_id;
	u64 peer_commits;
	u64 format_time;
	struct ms_point past[MS_PAST];
};

/* Fill @raw (4096 bytes) from @sb as the copy at @block (0 or 8), checksum included. */
void ms_super_encode(const struct ms_sb *sb, u32 block, struct ms_super *raw);
/* Judge @raw read from @block and decode it into @sb (which is written only when good). Checks every field's range and that the layout numbers are those of ms_geo_init(). */
enum ms_bad ms_super_decode(const struct ms_super *raw, u32 block, struct ms_sb *sb);
/* Geometry of a decoded superblock; cannot fail for one that decoded as good. */
int ms_super_geo(const struct ms_sb *sb, struct ms_geo *geo);

/* One hot extent in host byte order. */
struct ms_hot {
	u64 extent;
	u64 mask;
};

/* Sectors that a record of @total entries needs: at least 1. */
u32 ms_record_sectors(u32 total);

/**
 * ms_record_encode() - fill the sectors of one record
 * @raw: room for ms_record_sectors(@total) sectors
 * @sequence: higher than that of every record of this volume ever begun, also
 *	of one whose write failed or was cut off: leftovers of two writes under
 *	one number could pass for a complete record
 * @peer_id, @peer_seq: the highest history of the peer seen so far
 * @sums: of the summary entries of all extents that are not in @hot; NULL: not known
 */
void ms_record_encode(struct ms_record_sector *raw, u64 format_id, u32 copy,
		      u64 sequence, const struct ms_hot *hot, u32 total,
		      u64 peer_id, u64 peer_seq, const struct ms_sums *sums);

/**
 * ms_record_blank() - fill a whole copy as an empty record
 * @raw: room for geo->record_sectors sectors
 * @sums: of all summary entries; NULL: not known
 *
 * Written to both copies (with two sequences) by format and by repair, so that
 * a sector which no record has reached yet is good, if old: the first long
 * record, when it is torn, is then told from a damaged one.
 */
void ms_record_blank(struct ms_record_sector *raw, const struct ms_geo *geo,
		     u64 format_id, u32 copy, u64 sequence, const struct ms_sums *sums);

enum ms_record_state {
	MS_RECORD_OK,		/* @hot is the list */
	MS_RECORD_DAMAGED,	/* nothing may be believed: all codes invalid, all suspect */
};

struct ms_record_result {
	enum ms_record_state state;
	u32 copy;		/* the one that holds; the next write goes to the other */
	/* The highest of any good sector of either copy, leftovers of torn records included: the next record's is above it. */
	u64 sequence;
	u64 held;		/* sequence of the one that holds; 0 when damaged */
	u32 total;
	u64 peer_id, peer_seq;
	bool torn;		/* the other copy was torn */
	bool sums_known;	/* of the one that holds */
	struct ms_sums sums;
};

/**
 * ms_record_judge() - find the list that holds from both copies
 * @geo: geometry (record_sectors sectors per copy are looked at)
 * @copy0, @copy1: geo->record_sectors sectors each
 * @hot: room for geo->max_hot entries; filled in when MS_RECORD_OK
 * @res: the outcome
 *
 * The rule (I3). A sector is good when checksum, index, copy and ranges are
 * right. A copy whose sector 0 is good with sequence s and count n is complete
 * when its sectors 0..n-1 are all good with sequence s. The newest complete
 * copy holds unless the other one could have been newer and acknowledged:
 *  - other complete: the higher sequence holds (equal sequences: damage);
 *  - other torn (sectors 0..n-1 all good, mixed sequences): it was never
 *    acknowledged, this one holds;
 *  - other has a bad sector: this one holds only when the other's sector 0 is
 *    good and its sequence is lower (a complete newer record would have
 *    rewritten sector 0);
 *  - anything else is damage. Duplicate extents in the list, an extent beyond
 *    the volume, or mask bits beyond MS_MASK_ALL are damage too.
 */
void ms_record_judge(const struct ms_geo *geo, u64 format_id,
		     const struct ms_record_sector *copy0,
		     const struct ms_record_sector *copy1,
		     struct ms_hot *hot, struct ms_record_result *res);

/*
 * ms_record_sector_good() - sector @index of copy @copy by itself: checksum, place, ranges
 *
 * A sector is good at any time unless something has damaged it; one that the record in
 * force does not need may be bad without any effect.
 */
bool ms_record_sector_good(const struct ms_record_sector *s, const struct ms_geo *geo,
			   u64 format_id, u32 copy, u32 index);

/* Bits of a table block's bitmaps. */
static inline bool ms_bit(const u8 *map, u32 i)
{
	return map[i >> 3] >> (i & 7) & 1;
}

static inline void ms_bit_set(u8 *map, u32 i)
{
	map[i >> 3] |= 1u << (i & 7);
}

static inline void ms_bit_clear(u8 *map, u32 i)
{
	map[i >> 3] &= ~(1u << (i & 7));
}

/* Number of set bits among the first @n. */
u32 ms_bits(const u8 *map, u32 n);

/* A table block for @extent with no valid code; @marked: every segment of the extent carries a mark. */
void ms_table_init(struct ms_table_block *tb, const struct ms_geo *geo,
		   u64 extent, bool marked);
/* Set own number, @sequence and checksum of a block about to be written. */
void ms_table_seal(struct ms_table_block *tb, u64 format_id, u64 extent, u64 sequence);
/* Judge a block read for @extent whose summary entry names @sequence (never 0). Bits beyond the extent's segments must be clear. */
enum ms_bad ms_table_check(const struct ms_table_block *tb, const struct ms_geo *geo,
			   u64 format_id, u64 extent, u64 sequence);
/* ms_codec_digest() - 64-bit digest of the codes of the first @segs segments */
u64 ms_codec_digest(const struct ms_table_block *tb, u32 segs, u64 seed);
/* Summary entry that describes @tb (its sequence, digest, counts). */
void ms_summary_from_table(struct ms_summary_entry *e, const struct ms_table_block *tb,
			   u32 segs, u64 seed);

/* An empty summary block number @number: all entries of sequence 0. */
void ms_summary_init(struct ms_summary_block *sb, const struct ms_geo *geo, u64 number);
/* Checksum and sequence (highest of the entries) of a block about to be written. */
void ms_summary_seal(struct ms_summary_block *sb, u64 format_id);
enum ms_bad ms_summary_check(const struct ms_summary_block *sb, const struct ms_geo *geo,
			     u64 format_id, u64 number);

#endif
