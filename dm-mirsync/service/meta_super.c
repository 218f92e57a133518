// SPDX-License-Identifier: GPL-2.0-only
/*
 * The superblock pair: judged together at opening, committed to one copy
 * after the other. The copy that is not the newest good one is always
 * written first, and the other one only when that has worked: whatever fails
 * or is cut off, one good copy is left. A sequence number is used once, so
 * that two copies of the same number are the same. For the writer's thread.
 */
#include "service/meta_internal.h"
#include "shared/mutants.h"

struct copy {
	int r;			/* of the read */
	enum ms_bad bad;
	struct ms_sb sb;
};

static u32 super_block(u32 copy)
{
	return copy ? MS_SUPER_BLOCK1 : MS_SUPER_BLOCK0;
}

static bool good(const struct copy *c)
{
	return !c->r && c->bad == MS_GOOD;
}

/* Written by a later version, which may have meant something by it. */
static bool unknown(const struct copy *c)
{
	return !c->r && (c->bad == MS_BAD_VERSION || c->bad == MS_BAD_FEATURE);
}

static void read_copy(struct ms_meta *m, u32 copy, struct copy *c)
{
	u32 block = super_block(copy);

	c->r = ms_meta_io(m, REQ_OP_READ | REQ_SYNC, block, m->raw, 1);
	if (!c->r)
		c->bad = ms_super_decode(m->raw, block, &c->sb);
}

static const char *what(const struct copy *c)
{
	return c->r ? "unreadable" : ms_bad_text(c->bad);
}

/* Neither copy is good. */
static int both_bad(const struct copy *c, const char **why)
{
	if (c[0].r && c[1].r) {
		*why = "neither superblock of the metadata device can be read";
		return -EIO;
	}
	if (!c[0].r && !c[1].r && c[0].bad == MS_BAD_MAGIC &&
	    c[1].bad == MS_BAD_MAGIC) {
		*why = "metadata device has no dm-mirsync superblock";
		return -ENOENT;
	}
	*why = "both superblocks of the metadata device are damaged";
	return -EUCLEAN;
}

/* Which copy holds. Return: 0 or 1, or a negative errno. */
static int choose(struct ms_meta *m, const struct copy *c, const char **why)
{
	u32 i;

	if (unknown(&c[0]) || unknown(&c[1])) {
		*why = "metadata has a format version or feature that is not known here";
		return -EINVAL;
	}
	if (!good(&c[0]) && !good(&c[1]))
		return both_bad(c, why);
	for (i = 0; i < 2; i++) {
		if (good(&c[i]))
			continue;
		DMWARN("%s: superblock copy %u is bad (%s), copy %u is used",
		       m->name, i, what(&c[i]), !i);
		return !i;
	}
	if (c[0].sb.format_id != c[1].sb.format_id) {
		*why = "the two superblocks are of different formats of the metadata device";
		return -EUCLEAN;
	}
	return c[1].sb.sequence > c[0].sb.sequence;
}

static int accept(struct ms_meta *m, const struct ms_sb *sb, const char **why)
{
	int r = ms_super_geo(sb, &m->geo);

	if (r) {
		*why = "superblock has an impossible layout";
		return r;
	}
	if (sb->ro_compat & ~MS_FEATURES_RO_COMPAT) {
		*why = "metadata has a feature that forbids writing to it here";
		return -EINVAL;
	}
	if (m->geo.area_blocks > bdev_nr_bytes(m->bdev) / MS_BLOCK) {
		*why = "metadata device is smaller than its metadata area";
		return -EINVAL;
	}
	m->sb = *sb;
	m->format_id = sb->format_id;
	m->sb_sequence = sb->sequence;
	atomic64_set(&m->codes_since, sb->codes_since);
	return 0;
}

/**
 * ms_meta_read_super() - read and judge both copies, take over the one that holds
 * @m: handle
 * @why: set on error, as by ms_meta_open()
 *
 * Return: as ms_meta_open().
 */
int ms_meta_read_super(struct ms_meta *m, const char **why)
{
	struct copy *c = kcalloc(2, sizeof(*c), GFP_NOIO);
	int r;

	if (!c) {
		*why = "out of memory";
		return -ENOMEM;
	}
	read_copy(m, 0, &c[0]);
	read_copy(m, 1, &c[1]);
	r = choose(m, c, why);
	if (r >= 0) {
		m->sb_newest = r;
		r = accept(m, &c[r].sb, why);
	}
	kfree(c);
	return r;
}

const struct ms_sb *ms_meta_super(const struct ms_meta *m)
{
	return &m->sb;
}

static int write_copy(struct ms_meta *m, u32 copy, const struct ms_sb *sb)
{
	u32 block = super_block(copy);
	int r;

	ms_super_encode(sb, block, m->raw);
	r = ms_meta_io(m, REQ_OP_WRITE | REQ_SYNC | REQ_FUA, block, m->raw, 1);
	if (r)
		DMERR_LIMIT("%s: cannot write superblock copy %u: %d",
			    m->name, copy, r);
	return r;
}

/* Is the layout the handle's, or that of the size that room was made for? It goes to @geo. */
static bool layout_known(const struct ms_meta *m, const struct ms_sb *sb, struct ms_geo *geo)
{
	return sb->format_id == m->format_id &&
	       (sb->sectors == m->sb.sectors || sb->sectors == m->room) &&
	       sb->seg_shift == m->sb.seg_shift &&
	       sb->max_hot == m->sb.max_hot &&
	       !ms_super_geo(sb, geo) &&
	       sb->area_blocks == geo->area_blocks &&
	       sb->table_start == geo->table_start;
}

/* The volume has grown. */
static void take_layout(struct ms_meta *m, const struct ms_geo *geo)
{
	down_write(&m->lock);
	m->geo = *geo;
	up_write(&m->lock);
	m->room = 0;
}

static int commit(struct ms_meta *m, const struct ms_sb *sb)
{
	u32 first = !m->sb_newest;
	int r = write_copy(m, first, sb);

	if (r)
		return r;
	m->sb_newest = first;
	if (MS_MUTANT(ONE_SUPER))
		return 0;
	return write_copy(m, !first, sb);
}

int ms_meta_commit_super(struct ms_meta *m, const struct ms_sb *sb)
{
	unsigned int noio = memalloc_noio_save();
	struct ms_sb next = *sb;
	struct ms_geo geo;
	int r = -EINVAL;

	if (WARN_ON_ONCE(!layout_known(m, sb, &geo)))
		goto out;
	next.sequence = ++m->sb_sequence;
	r = commit(m, &next);
	if (r)
		goto out;
	m->sb = next;
	if (geo.sectors != m->geo.sectors)
		take_layout(m, &geo);
	atomic64_set(&m->codes_since, next.codes_since);
	ms_meta_count_commits(m);
out:
	memalloc_noio_restore(noio);
	return r;
}
