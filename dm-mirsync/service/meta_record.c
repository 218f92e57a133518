// SPDX-License-Identifier: GPL-2.0-only
/*
 * The activity record: two copies, written alternately, each write whole.
 * For the writer's thread.
 *
 * What makes ms_record_judge()'s rule hold on the disk:
 *
 *  - Every sector of a copy is good at any time, used or not, but for a write
 *    that damaged one. Whole blocks of 4 KiB are written, from an image of the
 *    copy in memory; behind the sectors of the record the image keeps what is
 *    on the disk. So a torn write leaves in each sector either what the write
 *    wanted there or the good sector that was there before: a mixture of
 *    sequence numbers, which the rule knows as torn.
 *  - A sequence number is used for one write only. A write that failed, or that
 *    a crash cut off, may have left sectors; the next one to the same copy has a
 *    number above those, or sectors of both could pass for one record. Like all
 *    sequences they begin anew, above, with each activation: a block of an older
 *    time that comes back is not the newer one, even if the copies were lost
 *    meanwhile and with them the number last used.
 *  - The first write to a copy after loading or after a failed write covers the
 *    copy to its end, from an image whose unused sectors are blank: good ones
 *    of sequence 0. That replaces what could not be read or was damaged.
 *  - A failed write is retried in the same copy; the other one is the last that
 *    was acknowledged.
 *  - After damage the rule goes on finding damage until both copies are good, so
 *    the first write goes to both. The caller has made the damage's meaning
 *    durable in the superblock before (no code valid, all suspect).
 *
 * A fresh format leaves in both copies what ms_record_blank() makes, of sequence
 * 1 in copy 0 and 0 in copy 1, so copy 0 holds an empty list and the first
 * record goes to copy 1. What is left of the last block of a copy behind its
 * record_sectors sectors is not looked at.
 */
#include "service/meta_internal.h"
#include "shared/mutants.h"

/* Numbers left out when a block with unknown ones in it could not be read. */
#define UNREAD_SKIP	65536

static void blank_images(struct ms_meta *m)
{
	u32 copy;

	for (copy = 0; copy < 2; copy++) {
		ms_record_blank(m->image[copy], &m->geo, m->format_id, copy, 0, NULL);
		m->whole[copy] = true;
	}
}

/* Read a copy block by block; what cannot be read is bad. Return: unreadable blocks. */
static u32 salvage_copy(struct ms_meta *m, u32 copy, void *buf)
{
	u32 i, bad = 0;

	for (i = 0; i < m->geo.record_blocks; i++) {
		void *p = buf + i * MS_BLOCK;

		if (!ms_meta_io(m, REQ_OP_READ | REQ_SYNC,
				m->geo.record_start[copy] + i, p, 1))
			continue;
		memset(p, 0xff, MS_BLOCK);
		bad++;
	}
	return bad;
}

/* Return: blocks of the copy that cannot be read. */
static u32 read_copy(struct ms_meta *m, u32 copy, void *buf)
{
	int r = ms_meta_io(m, REQ_OP_READ | REQ_SYNC, m->geo.record_start[copy],
			   buf, m->geo.record_blocks);

	if (!r)
		return 0;
	DMWARN("%s: read error in activity record copy %u: %d", m->name, copy,
	       r);
	return salvage_copy(m, copy, buf);
}

static void judge(struct ms_meta *m, const struct ms_record_sector *copy0,
		  const struct ms_record_sector *copy1, struct ms_hot *hot,
		  struct ms_record_result *res)
{
	ms_record_judge(&m->geo, m->format_id, copy0, copy1, hot, res);
	m->rec_held = res->held;
	m->next_copy = !res->copy;
	m->heal = res->state != MS_RECORD_OK;
	m->loaded = true;
	if (m->heal)
		DMERR("%s: activity record is damaged", m->name);
	else if (res->torn)
		DMWARN("%s: a write of the activity record was cut off, the one before it holds",
		       m->name);
}

/*
 * The next record's number is above all that was ever used, also when nothing is left to
 * tell: all of an activation are below those of the next one. @found: what is left says so.
 */
static void set_sequence(struct ms_meta *m, u64 found, bool unread)
{
	/* That of the activation that begins; 0: it has not, the latest one is over. */
	u64 floor = atomic64_read(&m->sequence);

	if (m->heal && !floor)
		floor = (m->sb.activation + 1) << 40;
	if (unread || m->heal)
		found += UNREAD_SKIP;
	m->rec_sequence = max3(m->rec_sequence, found, floor);
	if (m->heal)	/* which one held is not known: none is missing */
		m->rec_held = m->rec_sequence;
}

static int load(struct ms_meta *m, struct ms_hot *hot,
		struct ms_record_result *res)
{
	u32 blocks = m->geo.record_blocks;
	void *copy0 = ms_meta_alloc(blocks);
	void *copy1 = ms_meta_alloc(blocks);
	int r = -ENOMEM;

	if (copy0 && copy1) {
		u32 bad = read_copy(m, 0, copy0) + read_copy(m, 1, copy1);

		blank_images(m);
		judge(m, copy0, copy1, hot, res);
		set_sequence(m, res->sequence, bad);
		ms_meta_count_commits(m);
		r = bad == 2 * blocks ? -EIO : 0;
	}
	vfree(copy0);
	vfree(copy1);
	return r;
}

int ms_meta_load_record(struct ms_meta *m, struct ms_hot *hot,
			struct ms_record_result *res)
{
	unsigned int noio = memalloc_noio_save();
	int r = load(m, hot, res);

	memalloc_noio_restore(noio);
	return r;
}

/* Blocks of @copy that a record of @total entries has to write. */
static u32 blocks_of(struct ms_meta *m, u32 copy, u32 total)
{
	if (m->whole[copy])
		return m->geo.record_blocks;
	return DIV_ROUND_UP(ms_record_sectors(total) * MS_SECTOR, MS_BLOCK);
}

static int write_copy(struct ms_meta *m, const struct ms_hot *hot, u32 total,
		      u64 peer_id, u64 peer_seq, const struct ms_sums *sums)
{
	u32 copy = m->next_copy;
	u32 blocks = blocks_of(m, copy, total);
	int r;

	ms_record_encode(m->image[copy], m->format_id, copy, ++m->rec_sequence,
			 hot, total, peer_id, peer_seq, sums);
	r = ms_meta_io(m, REQ_OP_WRITE | REQ_SYNC | (MS_MUTANT(RECORD_NO_FUA) ? 0 : REQ_FUA),
		       m->geo.record_start[copy], m->image[copy], blocks);
	m->whole[copy] = r != 0;
	if (r)
		DMERR_LIMIT("%s: cannot write activity record copy %u: %d",
			    m->name, copy, r);
	else
		m->next_copy = !copy;
	if (!r) {
		m->rec_held = m->rec_sequence;
		ms_meta_count_commits(m);
	}
	return r;
}

int ms_meta_write_record(struct ms_meta *m, const struct ms_hot *hot, u32 total,
			 u64 peer_id, u64 peer_seq, const struct ms_sums *sums)
{
	unsigned int noio;
	int r;

	if (WARN_ON_ONCE(!m->loaded || total > m->geo.max_hot))
		return -EINVAL;
	if (!READ_ONCE(m->sums_known))
		sums = NULL;
	noio = memalloc_noio_save();
	r = write_copy(m, hot, total, peer_id, peer_seq, sums);
	if (!r && m->heal) {
		r = write_copy(m, hot, total, peer_id, peer_seq, sums);
		m->heal = r != 0;
	}
	memalloc_noio_restore(noio);
	return r;
}
