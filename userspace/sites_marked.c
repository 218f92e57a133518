// SPDX-License-Identifier: GPL-2.0-only
/*
 * Only what one of the sites has marked is looked at; see sites.h. The verdict on the rest
 * of an extent is "equal", and like any other it counts only while the versions hold: so a
 * write meanwhile, at either site, is no danger.
 */
#include <sys/ioctl.h>

#include "cli.h"
#include "sites_internal.h"

static void count_marked(struct comparison *c, u64 e, const struct ms_wire_table *local,
			 const struct ms_wire_table *peer, const u8 *marked)
{
	u32 segs = ms_geo_extent_segs(&c->geo, e), i;
	struct sites_result *res = c->result;
	u8 not_marked[MS_BITMAP_BYTES];
	struct ms_verdict v;

	ms_compare_extent(local->valid, sites_codes(local), peer->valid, sites_codes(peer), segs, &v);
	for (i = 0; i < MS_BITMAP_BYTES; i++) {
		v.equal[i] &= marked[i];
		v.differs[i] &= marked[i];
		v.unknown[i] &= marked[i];
		not_marked[i] = (u8)~marked[i];
	}
	v.n_equal = ms_bits(v.equal, segs);
	v.n_differs = ms_bits(v.differs, segs);
	v.n_unknown = ms_bits(v.unknown, segs);
	res->equal += v.n_equal;
	res->differ += v.n_differs;
	res->unknown += v.n_unknown;
	res->equal_bytes += sites_bytes(c, e, v.equal, v.n_equal);
	res->differ_bytes += sites_bytes(c, e, v.differs, v.n_differs);
	res->unknown_bytes += sites_bytes(c, e, v.unknown, v.n_unknown);
	res->not_marked += segs - ms_bits(marked, segs);
	res->not_marked_bytes += sites_bytes(c, e, not_marked, segs - ms_bits(marked, segs));
	for (i = 0; i < segs; i++)
		res->peer_marked += ms_bit(peer->marks, i) && !ms_bit(v.equal, i);
	res->local_marked += ms_bits(local->marks, segs);
}

/* The kernel compares what is marked, and copies it if it is not equal. */
static int look(struct comparison *c, u64 e)
{
	const struct ms_wire_table *local = c->table[MS_SITE_LOCAL], *peer = c->table[MS_SITE_PEER];
	u8 marked[MS_BITMAP_BYTES];
	u32 site, i;
	int code = 0;

	for (site = 0; !code && site < 2; site++)
		code = sites_look(c->o, site, e, c->table[site]);
	if (code)
		return code;
	c->result->tables_read++;
	for (i = 0; i < MS_BITMAP_BYTES; i++)
		marked[i] = local->marks[i] | peer->marks[i];
	count_marked(c, e, local, peer, marked);
	return sites_verdict(c, e, le64_to_cpu(local->version), le64_to_cpu(peer->version), marked);
}

static int look_at_batch(struct comparison *c, u64 first, u32 count)
{
	int code = sites_read_summaries(c, first, count);
	u8 all[MS_BITMAP_BYTES];
	u32 i, segs;

	memset(all, 0xff, sizeof(all));
	for (i = 0; !code && i < count; i++) {
		const struct ms_summary_entry *local = &c->summary[MS_SITE_LOCAL][i];
		const struct ms_summary_entry *peer = &c->summary[MS_SITE_PEER][i];

		if (local->marked || peer->marked) {
			code = look(c, first + i);
			continue;
		}
		segs = ms_geo_extent_segs(&c->geo, first + i);
		c->result->not_marked += segs;
		c->result->not_marked_bytes += sites_bytes(c, first + i, all, segs);
		c->result->by_summary++;
		code = sites_verdict(c, first + i, le64_to_cpu(local->sequence),
				     le64_to_cpu(peer->sequence), NULL);
	}
	return code;
}

int sites_compare_marked(struct online *o, bool tell_kernel, sites_progress progress,
			 void *arg, struct sites_result *result)
{
	struct comparison c = {
		.o = o, .result = result, .tell_kernel = tell_kernel, .arg = arg
	};

	return sites_run(&c, MS_SUMMARY_BATCH, progress, look_at_batch);
}

static int count_batch(struct comparison *c, u64 first, u32 count)
{
	int code = sites_read_summaries(c, first, count);
	struct sites_result *res = c->result;
	u8 all[MS_BITMAP_BYTES];
	u32 i, segs;

	memset(all, 0xff, sizeof(all));
	for (i = 0; !code && i < count; i++) {
		segs = ms_geo_extent_segs(&c->geo, first + i);
		res->local_marked += le16_to_cpu(c->summary[MS_SITE_LOCAL][i].marked);
		res->peer_marked += le16_to_cpu(c->summary[MS_SITE_PEER][i].marked);
		res->unknown += segs;
		res->unknown_bytes += sites_bytes(c, first + i, all, segs);
		res->by_summary++;
	}
	return code;
}

int sites_count_marks(struct online *o, sites_progress progress, void *arg,
		      struct sites_result *result)
{
	struct comparison c = { .o = o, .result = result, .arg = arg };

	return sites_run(&c, MS_SUMMARY_BATCH, progress, count_batch);
}
