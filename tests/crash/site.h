/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a site would recover from an image of its metadata: the rules of doc/format.md by
 * the shared codec, and what is wrong with the image on the way.
 */
#ifndef CRASH_SITE_H
#define CRASH_SITE_H

#include "tape.h"
#include "shared/codec.h"
#include "shared/rules.h"

#define SITE_MAX_SEGS	16384u
#define SITE_MAX_EXTENTS 64u

struct site {
	/* constant */
	char name;
	/* recovered */
	struct ms_sb sb;
	struct ms_geo geo;
	u32 holds;		/* superblock copy */
	struct ms_point was;	/* where its history has come to */
	struct ms_point seen;	/* how far it has seen that of the other */
	u32 hot;		/* extents in the record */
	bool sums_known;
	struct ms_sums sums;	/* of the others' summary entries */
	u64 mask[SITE_MAX_EXTENTS];	/* of a hot extent */
	bool is_hot[SITE_MAX_EXTENTS];
	u8 valid[SITE_MAX_SEGS];
	u8 marked[SITE_MAX_SEGS];	/* after recovery: suspects too */
	u8 noted[SITE_MAX_SEGS];	/* marks of the table blocks only */
	u64 code[SITE_MAX_SEGS];
};

/*
 * site_recover() - read an image of the metadata as an activation would
 * @area: sectors of the metadata disk
 * @why: room for a line
 *
 * Return: whether it is what a power cut may leave; else @why says what is wrong.
 */
bool site_recover(struct site *s, const u8 *area, u64 sectors, char *why, size_t room);

/* Is copy @copy of the superblock good? Its sequence, or 0. */
u64 site_super_sequence(const u8 *area, u32 copy);

/* What the site would say of itself when it meets the other. */
void site_tells(const struct site *s, bool wants_primary, struct ms_site *out);

#endif
