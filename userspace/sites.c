// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and comparing of both sites' tables over the ioctls; see sites.h. The
 * comparison itself is shared/compare.c, as in the kernel.
 */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "cli.h"
#include "dev.h"
#include "sites_internal.h"

static const char * const site_name[] = { "this site's", "the peer's" };

int sites_read(struct online *o, unsigned long request, u32 site, u64 first, u32 count,
	       void *buffer, size_t size)
{
	u32 got = 0;

	while (got < count) {
		struct ms_ioc_range range = {
			.dev = o->vol.dev,
			.first = first + got,
			.count = count - got,
			.site = site,
			.buffer = (uintptr_t)buffer + got * size,
		};
		int r = ioctl(o->fd, request, &range);

		if (r || !range.count || range.count > count - got)
			return cli_error(CLI_FAILED, o->vol.name,
					 "%s tables cannot be read: %s", site_name[site],
					 r ? strerror(errno) : "nothing came");
		got += range.count;
	}
	return 0;
}

int sites_send(struct comparison *c)
{
	struct ms_ioc_verdicts v = {
		.dev = c->o->vol.dev,
		.count = c->verdicts,
		.buffer = (uintptr_t)c->verdict,
	};

	if (!c->verdicts)
		return 0;
	if (ioctl(c->o->fd, MS_IOC_VERDICTS, &v))
		return cli_error(CLI_FAILED, c->o->vol.name, "the verdicts were not taken: %s",
				 strerror(errno));
	c->result->judged += v.held;
	c->verdicts = 0;
	return 0;
}

int sites_verdict(struct comparison *c, u64 extent, u64 local_version, u64 peer_version,
		  const u8 *differs)
{
	struct ms_ioc_verdict *v;

	if (!c->tell_kernel)
		return 0;
	v = &c->verdict[c->verdicts++];
	memset(v, 0, sizeof(*v));
	v->extent = extent;
	v->local_version = local_version;
	v->peer_version = peer_version;
	if (differs)
		memcpy(v->differs, differs, sizeof(v->differs));
	return c->verdicts == MS_CMP_BATCH ? sites_send(c) : 0;
}

u64 sites_bytes(const struct comparison *c, u64 e, const u8 *map, u32 n)
{
	u64 bytes = (u64)n * c->geo.seg_sectors << MS_SECTOR_SHIFT;
	u32 last = ms_geo_extent_segs(&c->geo, e) - 1;

	if (ms_bit(map, last))	/* the volume's last segment may be a short one */
		bytes -= (u64)(c->geo.seg_sectors - ms_geo_seg_len(&c->geo, e, last))
			 << MS_SECTOR_SHIFT;
	return bytes;
}

/* Settle an extent by its two summary entries. Return: false when its codes are needed. */
static bool settle(struct comparison *c, u64 e, const struct ms_summary_entry *local,
		   const struct ms_summary_entry *peer, int *code)
{
	struct sites_result *res = c->result;
	u32 segs = ms_geo_extent_segs(&c->geo, e);
	u8 all[MS_BITMAP_BYTES];

	*code = 0;
	memset(all, 0xff, sizeof(all));
	res->local_marked += le16_to_cpu(local->marked);
	if (ms_compare_summary(local, peer, segs)) {
		res->equal += segs;
		res->equal_bytes += sites_bytes(c, e, all, segs);
		res->by_summary++;
		*code = sites_verdict(c, e, le64_to_cpu(local->sequence),
				      le64_to_cpu(peer->sequence), NULL);
		return true;
	}
	if (local->valid && peer->valid)
		return false;
	res->unknown += segs;
	res->unknown_bytes += sites_bytes(c, e, all, segs);
	res->peer_marked += le16_to_cpu(peer->marked);
	res->local_only += le16_to_cpu(local->marked);
	res->by_summary++;
	return true;
}

const __le64 *sites_codes(const struct ms_wire_table *t)
{
	static_assert(offsetof(struct ms_wire_table, codes) % sizeof(__le64) == 0 &&
		      sizeof(struct ms_wire_table) % sizeof(__le64) == 0, "alignment");
	return (const void *)((const char *)t + offsetof(struct ms_wire_table, codes));
}

static int compare_tables(struct comparison *c, const struct ms_wire_table *local,
			  const struct ms_wire_table *peer)
{
	struct sites_result *res = c->result;
	u64 e = le64_to_cpu(local->extent);
	u32 segs = ms_geo_extent_segs(&c->geo, e);
	struct ms_verdict v;
	u32 i;

	if (peer->extent != local->extent)
		return cli_error(CLI_FAILED, c->o->vol.name, "the sites sent tables of two extents");
	ms_compare_extent(local->valid, sites_codes(local), peer->valid, sites_codes(peer), segs, &v);
	res->tables_read++;
	res->equal += v.n_equal;
	res->differ += v.n_differs;
	res->unknown += v.n_unknown;
	res->equal_bytes += sites_bytes(c, e, v.equal, v.n_equal);
	res->differ_bytes += sites_bytes(c, e, v.differs, v.n_differs);
	res->unknown_bytes += sites_bytes(c, e, v.unknown, v.n_unknown);
	for (i = 0; i < segs; i++) {
		res->peer_marked += ms_bit(peer->marks, i) && !ms_bit(v.equal, i);
		res->local_only += ms_bit(local->marks, i) && !ms_bit(v.equal, i);
	}
	if (v.n_differs && c->differ)
		return c->differ(c->arg, local, peer, &v);
	if (v.n_unknown == segs)
		return 0;
	/*
	 * A segment that is marked and equal: the kernel has to look at it too, or
	 * the mark would stay; it compares the code and copies nothing.
	 */
	for (i = 0; i < MS_BITMAP_BYTES; i++)
		v.differs[i] |= v.unknown[i] | (v.equal[i] & (local->marks[i] | peer->marks[i]));
	return sites_verdict(c, e, le64_to_cpu(local->version), le64_to_cpu(peer->version),
			     v.differs);
}

/* Extents of a batch whose codes are needed: read them in windows of neighbours. */
static int compare_open(struct comparison *c, u64 first, const bool *open, u32 count)
{
	u32 i = 0, k, n, site;
	int code = 0;

	while (!code && i < count) {
		if (!open[i]) {
			i++;
			continue;
		}
		n = 1;
		for (k = 1; k < MS_TABLE_BATCH && i + k < count; k++) {
			if (open[i + k])
				n = k + 1;
		}
		for (site = 0; !code && site < 2; site++)
			code = sites_read(c->o, MS_IOC_TABLE, site, first + i, n,
					  c->table[site], sizeof(struct ms_wire_table));
		for (k = 0; !code && k < n; k++) {
			if (open[i + k])
				code = compare_tables(c, &c->table[0][k], &c->table[1][k]);
		}
		i += n;
	}
	return code;
}

int sites_read_summaries(struct comparison *c, u64 first, u32 count)
{
	u32 site;
	int code = 0;

	for (site = 0; !code && site < 2; site++)
		code = sites_read(c->o, MS_IOC_SUMMARY, site, first, count, c->summary[site],
				  sizeof(struct ms_summary_entry));
	return code;
}

static int compare_batch(struct comparison *c, u64 first, u32 count)
{
	bool open[MS_SUMMARY_BATCH];
	int code = sites_read_summaries(c, first, count);
	u32 i;

	for (i = 0; !code && i < count; i++)
		open[i] = !settle(c, first + i, &c->summary[MS_SITE_LOCAL][i],
				  &c->summary[MS_SITE_PEER][i], &code);
	return code ? code : compare_open(c, first, open, count);
}

static int begin(struct comparison *c)
{
	struct online *o = c->o;
	u32 seg_bytes = o->st.seg_sectors << MS_SECTOR_SHIFT;
	int i;

	memset(c->result, 0, sizeof(*c->result));
	if (!seg_bytes || ms_geo_init(&c->geo, o->st.sectors, __builtin_ctz(seg_bytes),
				      o->st.max_hot))
		return cli_error(CLI_FAILED, o->vol.name, "its status makes no sense");
	for (i = 0; i < 2; i++) {
		c->summary[i] = dev_buffer(MS_SUMMARY_BATCH * sizeof(*c->summary[i]));
		c->table[i] = dev_buffer(MS_TABLE_BATCH * sizeof(*c->table[i]));
	}
	c->verdict = dev_buffer(MS_CMP_BATCH * sizeof(*c->verdict));
	return 0;
}

static void end(struct comparison *c)
{
	int i;

	for (i = 0; i < 2; i++) {
		free(c->summary[i]);
		free(c->table[i]);
	}
	free(c->verdict);
}

static int each_batch(struct comparison *c, u32 size, sites_progress progress, sites_batch batch)
{
	u64 first, left;
	int code;

	for (first = 0; first < c->geo.extents; first += size) {
		if (progress && !progress(c->arg, first, c->geo.extents))
			return -EINTR;
		left = c->geo.extents - first;
		code = batch(c, first, left < size ? (u32)left : size);
		if (code)
			return code;
	}
	if (progress)
		progress(c->arg, c->geo.extents, c->geo.extents);
	return sites_send(c);
}

int sites_run(struct comparison *c, u32 size, sites_progress progress, sites_batch batch)
{
	int code = begin(c);

	if (!code)
		code = each_batch(c, size, progress, batch);
	end(c);
	return code;
}

int sites_compare(struct online *o, bool tell_kernel, sites_progress progress,
		  void *arg, struct sites_result *result)
{
	struct comparison c = {
		.o = o, .result = result, .tell_kernel = tell_kernel, .arg = arg
	};

	return sites_run(&c, MS_SUMMARY_BATCH, progress, compare_batch);
}

int sites_find(struct online *o, sites_progress progress, sites_differ differ, void *arg,
	       struct sites_result *result)
{
	struct comparison c = { .o = o, .result = result, .differ = differ, .arg = arg };

	return sites_run(&c, MS_SUMMARY_BATCH, progress, compare_batch);
}

int sites_valid(struct online *o, u32 site, u64 *valid)
{
	struct ms_summary_entry *s = dev_buffer(MS_SUMMARY_BATCH * sizeof(*s));
	u64 first, left;
	u32 n, i;
	int code = 0;

	*valid = 0;
	for (first = 0; !code && first < o->st.extents; first += n) {
		left = o->st.extents - first;
		n = left < MS_SUMMARY_BATCH ? (u32)left : MS_SUMMARY_BATCH;
		code = sites_read(o, MS_IOC_SUMMARY, site, first, n, s, sizeof(*s));
		for (i = 0; !code && i < n; i++)
			*valid += le16_to_cpu(s[i].valid);
	}
	free(s);
	return code;
}

int sites_look(struct online *o, u32 site, u64 extent, struct ms_wire_table *table)
{
	int code = sites_read(o, MS_IOC_TABLE, site, extent, 1, table, sizeof(*table));

	if (!code && le64_to_cpu(table->extent) != extent)
		code = cli_error(CLI_FAILED, o->vol.name, "%s table is of another extent",
				 site_name[site]);
	return code;
}
