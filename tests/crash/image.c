// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of a disk with a volatile cache; see image.h.
 */
#include <err.h>
#include <stdlib.h>

#include "image.h"

void image_init(struct image *m, u32 who, u64 sectors)
{
	memset(m, 0, sizeof(*m));
	m->who = who;
	m->meta = who % 2 == DISK_META;
	m->unit = m->meta ? MS_SECTOR : sizeof(u32);
	m->sectors = sectors;
	m->durable = calloc(sectors, m->unit);
	m->live = calloc(sectors, m->unit);
	if (!m->durable || !m->live)
		errx(2, "memory");
}

/* Which writes of the application fill the sectors of this one. */
static u32 *find_filled(struct image *m, const struct tape_event *e)
{
	u32 *filled = malloc(e->nsectors * sizeof(*filled)), i;

	for (i = 0; i < e->nsectors; i++) {
		filled[i] = tape_filled_by((const u8 *)tape_payload(e) + i * MS_SECTOR, e->sector + i);
		m->foreign += filled[i] == ~0u;
	}
	return filled;
}

static void put_sector(const struct image *m, u8 *to, const struct pending *p, u32 i)
{
	u8 *at = to + (p->e->sector + i) * m->unit;

	if (p->e->kind == TAPE_ZERO)
		memset(at, 0, m->unit);
	else if (m->meta)
		memcpy(at, (const u8 *)tape_payload(p->e) + i * MS_SECTOR, MS_SECTOR);
	else
		memcpy(at, &p->filled[i], sizeof(u32));
}

static void put_all(const struct image *m, u8 *to, const struct pending *p)
{
	u32 i;

	for (i = 0; i < p->e->nsectors; i++)
		put_sector(m, to, p, i);
}

static bool overlap(const struct tape_event *a, const struct tape_event *b)
{
	return a->sector < b->sector + b->nsectors && b->sector < a->sector + a->nsectors;
}

static void take_write(struct image *m, const struct tape_event *e)
{
	struct pending *p;
	u32 i;

	for (i = 0; i < m->nr_pending; i++)
		m->overlaps += !m->pending[i].answered && overlap(m->pending[i].e, e);

	if (e->sector + e->nsectors > m->sectors)
		errx(2, "the tape has a write beyond the end of disk %u", m->who);
	if (m->nr_pending == m->room) {
		m->room = m->room ? 2 * m->room : 256;
		m->pending = realloc(m->pending, m->room * sizeof(*m->pending));
		if (!m->pending)
			errx(2, "memory");
	}
	p = &m->pending[m->nr_pending++];
	*p = (struct pending){ .e = e };
	if (!m->meta && e->kind == TAPE_WRITE)
		p->filled = find_filled(m, e);
	put_all(m, m->live, p);
}

/* What @flush covers, or else the write @id, is there now: it leaves the line, in its order. */
static void settle(struct image *m, u64 flush, u64 id)
{
	u32 i, n = 0;

	for (i = 0; i < m->nr_pending; i++) {
		struct pending *p = &m->pending[i];

		if (flush ? p->covered && p->covered <= flush : p->e->id == id) {
			put_all(m, m->durable, p);
			free(p->filled);
		} else {
			m->pending[n++] = *p;
		}
	}
	m->nr_pending = n;
}

static void take_flush(struct image *m, const struct tape_event *e)
{
	u32 i;

	if (m->nr_flush == ARRAY_SIZE(m->flush))
		errx(2, "too many flushes at a time");
	m->flush[m->nr_flush++] = e->id;
	for (i = 0; i < m->nr_pending; i++)
		if (m->pending[i].answered && !m->pending[i].covered)
			m->pending[i].covered = e->id;
}

/*
 * What a durable write has overwritten in the cache can not come back: simply made durable
 * just before it.
 */
static void settle_older(struct image *m, const struct tape_event *e)
{
	u32 i;

	for (i = 0; i < m->nr_pending; i++) {
		const struct tape_event *o = m->pending[i].e;

		if (o->id < e->id && overlap(o, e)) {
			settle(m, 0, o->id);
			i = -1;		/* the line has changed: from its begin */
		}
	}
}

static void take_answer(struct image *m, const struct tape_event *e)
{
	u32 i;

	for (i = 0; i < m->nr_flush; i++) {
		if (m->flush[i] != e->id)
			continue;
		settle(m, e->id, 0);
		m->flush[i] = m->flush[--m->nr_flush];
		return;
	}
	for (i = 0; i < m->nr_pending; i++) {
		struct pending *p = &m->pending[i];

		if (p->e->id != e->id)
			continue;
		p->answered = true;
		if (p->e->flags & TAPE_FUA) {
			const struct tape_event *w = p->e;

			settle_older(m, w);
			settle(m, 0, w->id);
		}
		return;
	}
}

static void power_on(struct image *m, const struct tape_event *e)
{
	const u8 *bytes = tape_payload(e);
	u32 i;

	for (i = 0; i < m->nr_pending; i++)
		free(m->pending[i].filled);
	m->nr_pending = 0;
	m->nr_flush = 0;
	for (i = 0; i < m->sectors; i++) {
		u32 id = m->meta ? 0 : tape_filled_by(bytes + i * MS_SECTOR, i);

		if (m->meta)
			memcpy(m->durable + i * MS_SECTOR, bytes + i * MS_SECTOR, MS_SECTOR);
		else
			memcpy(m->durable + i * sizeof(id), &id, sizeof(id));
		m->foreign += id == ~0u;
	}
	memcpy(m->live, m->durable, image_bytes(m));
}

void image_event(struct image *m, const struct tape_event *e)
{
	switch (e->kind) {
	case TAPE_WRITE:
	case TAPE_ZERO:
		take_write(m, e);
		break;
	case TAPE_FLUSH:
		take_flush(m, e);
		break;
	case TAPE_DONE:
		take_answer(m, e);
		break;
	case TAPE_POWER:
		power_on(m, e);
		break;
	}
}

bool image_waits(const struct image *m, u64 sector, u64 n)
{
	u32 i;

	for (i = 0; i < m->nr_pending; i++) {
		const struct tape_event *e = m->pending[i].e;

		if (e->sector < sector + n && sector < e->sector + e->nsectors)
			return true;
	}
	return false;
}

static void put_some(const struct image *m, u8 *to, const struct pending *p, u64 *seed)
{
	u32 i;

	for (i = 0; i < p->e->nsectors; i++)
		if (below(seed, 2))
			put_sector(m, to, p, i);
}

void image_cut(const struct image *m, enum policy policy, u64 *seed, u8 *out)
{
	u32 i, what;

	memcpy(out, m->durable, image_bytes(m));
	for (i = 0; i < m->nr_pending; i++) {
		const struct pending *p = &m->pending[i];

		what = below(seed, 3);
		if (policy == KEEP_ALL || (policy == KEEP_WRITES && what > 0) ||
		    (policy == KEEP_MIXED && what == 0))
			put_all(m, out, p);
		else if (policy == KEEP_SECTORS || (policy == KEEP_MIXED && what == 1))
			put_some(m, out, p, seed);
	}
}
