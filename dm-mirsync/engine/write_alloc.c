// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making and freeing writes; see write.h. From a mempool, and with a payload from the
 * volume's pool, so that one can always be had in time. Locking: none, references are
 * counted.
 */
#include <linux/slab.h>

#include "engine/write.h"
#include "shared/code.h"

/* Bytes of the vectors of @n segments: the body with its codes, the change counts behind it. */
static size_t vectors_size(u32 n)
{
	return sizeof(struct ms_write_body) + n * (sizeof(__le64) + sizeof(u32));
}

int ms_writes_init(struct ms_volume *v)
{
	int r = mempool_init_kmalloc_pool(&v->writes, 64, sizeof(struct ms_write));

	return r ?: mempool_init_kmalloc_pool(&v->vectors, 4, vectors_size(MS_EXTENT_SEGS));
}

void ms_writes_exit(struct ms_volume *v)
{
	mempool_exit(&v->vectors);
	mempool_exit(&v->writes);
}

static void free_write(struct ms_write *w)
{
	ms_buf_free(&w->v->pool, &w->buf);
	if (w->spare)
		mempool_free(w->body, &w->v->vectors);
	else if (w->body != &w->small_body.body)
		kfree(w->body);
	mempool_free(w, &w->v->writes);
}

void ms_write_put(struct ms_write *w)
{
	if (refcount_dec_and_test(&w->refs))
		free_write(w);
}

static struct ms_write *alloc(struct ms_volume *v, enum ms_write_kind kind)
{
	struct ms_write *w = mempool_alloc(&v->writes, GFP_NOIO);

	memset(w, 0, sizeof(*w));
	w->v = v;
	w->id = atomic64_inc_return(&v->write_ids);
	w->kind = kind;
	w->body = &w->small_body.body;
	w->chg = w->small_chg;
	refcount_set(&w->refs, 1);
	INIT_LIST_HEAD(&w->list);
	INIT_LIST_HEAD(&w->rx);
	INIT_LIST_HEAD(&w->age);
	INIT_HLIST_NODE(&w->hash);
	return w;
}

struct ms_write *ms_flush_alloc(struct ms_volume *v, enum ms_write_kind kind)
{
	struct ms_write *w = alloc(v, kind);

	w->flush = true;
	return w;
}

/* Of the size needed, or the largest from the reserve: no write fails for want of memory. */
static void take_vectors(struct ms_write *w, u32 n)
{
	size_t size = vectors_size(n);

	w->body = kmalloc(size, GFP_NOWAIT | __GFP_NOWARN);
	if (!w->body) {
		w->body = mempool_alloc(&w->v->vectors, GFP_NOIO);
		w->spare = true;
	}
	memset(w->body, 0, size);
	w->chg = (void *)w->body + struct_size(w->body, codes, n);
}

static void fill_body(struct ms_write *w)
{
	if (w->span.count > MS_SMALL_SEGS)
		take_vectors(w, w->span.count);
	w->body->sector = cpu_to_le64(w->op.sector);
	w->body->sectors = cpu_to_le32(w->op.nsectors);
}

struct ms_write *ms_write_alloc(struct ms_volume *v, enum ms_write_kind kind,
				u64 sector, u32 nsectors, bool payload)
{
	struct ms_write *w = alloc(v, kind);

	if (WARN_ON_ONCE(ms_geo_span(v->geo, sector, nsectors, &w->span))) {
		ms_write_put(w);
		return NULL;
	}
	w->op.extent = w->span.extent;
	w->op.sector = sector;
	w->op.nsectors = nsectors;
	w->op.first = w->span.first;
	w->op.count = w->span.count;
	w->op.excl = true;
	w->op.masked = true;
	w->zero = !payload;
	fill_body(w);
	if (payload) {
		ms_buf_alloc(&v->pool, &w->buf, sector, nsectors);
		w->cost = (u64)nsectors << SECTOR_SHIFT;
	}
	return w;
}

/* The volume's last segment may be shorter than the others. */
static __le64 zero_code(const struct ms_write *w, u32 seg)
{
	const struct ms_volume *v = w->v;
	u32 len = ms_geo_seg_len(v->geo, w->span.extent, seg);

	if (len == v->geo->seg_sectors)
		return cpu_to_le64(v->zero_code);
	return cpu_to_le64(ms_code_zero(len << MS_SECTOR_SHIFT, v->seed));
}

void ms_write_zero_codes(struct ms_write *w)
{
	u32 i;

	for (i = 0; i < w->span.count; i++)
		w->body->codes[i] = zero_code(w, w->span.first + i);
}
