// SPDX-License-Identifier: GPL-2.0-only
/*
 * The books of what the application was promised; see ledger.h. A write has to be there,
 * or something younger in its place, when it was acknowledged before a flush began that was
 * acknowledged, or was acknowledged and FUA. What may be read from a sector then is
 * what any write put there that had not ended when the last such write began.
 */
#include <err.h>
#include <stdlib.h>

#include "ledger.h"

static void *more(void *p, u32 n, u32 *room, size_t size)
{
	if (n < *room)
		return p;
	*room = *room ? 2 * *room : 1024;
	p = realloc(p, *room * size);
	if (!p)
		errx(2, "memory");
	return p;
}

void ledger_init(struct ledger *l, u64 sectors)
{
	memset(l, 0, sizeof(*l));
	l->sectors = sectors;
	l->kept = calloc(sectors, sizeof(u64));
	l->written = calloc(sectors, sizeof(u64));
	l->zeroed = calloc(sectors, sizeof(u64));
	if (!l->kept || !l->written || !l->zeroed)
		errx(2, "memory");
}

static void raise_floor(u64 *floor, const struct app_io *io)
{
	u64 s;

	for (s = io->e->sector; s < io->e->sector + io->e->nsectors; s++)
		if (floor[s] < io->begin)
			floor[s] = io->begin;
}

static void zeroed(struct ledger *l, const struct app_io *io)
{
	u64 s;

	for (s = io->e->sector; s < io->e->sector + io->e->nsectors; s++)
		if (l->zeroed[s] < io->end || io->end == NEVER)
			l->zeroed[s] = io->end;
}

/* Zeroings that overlap may end in any order: the latest end, NEVER while one has not. */
static void zeroing_ended(struct ledger *l, const struct app_io *io)
{
	u32 i;
	u64 s;

	for (s = io->e->sector; s < io->e->sector + io->e->nsectors; s++)
		l->zeroed[s] = 0;
	for (i = 1; i <= l->nr; i++)
		if (l->io[i].e && l->io[i].e->kind == TAPE_APP_ZERO &&
		    l->io[i].e->sector < io->e->sector + io->e->nsectors &&
		    io->e->sector < l->io[i].e->sector + l->io[i].e->nsectors)
			for (s = l->io[i].e->sector; s < l->io[i].e->sector + l->io[i].e->nsectors; s++)
				if (l->zeroed[s] < l->io[i].end)
					l->zeroed[s] = l->io[i].end;
}

static void flush_ended(struct ledger *l, u64 begin)
{
	u32 i, n = 0;

	l->flushes++;
	if (begin > l->flushed)
		l->flushed = begin;
	for (i = 0; i < l->nr_open; i++) {
		const struct app_io *io = &l->io[l->open[i]];

		if (io->end < l->flushed)
			raise_floor(l->kept, io);
		else
			l->open[n++] = l->open[i];
	}
	l->nr_open = n;
}

static void ended(struct ledger *l, u32 id, u64 now)
{
	struct app_io *io = &l->io[id];

	io->end = now;
	if (io->e->kind == TAPE_APP_FLUSH) {
		flush_ended(l, io->begin);
		return;
	}
	raise_floor(l->written, io);
	if (io->e->kind == TAPE_APP_ZERO)
		zeroing_ended(l, io);
	if (io->e->flags & TAPE_FUA) {
		raise_floor(l->kept, io);
		return;
	}
	l->open = more(l->open, l->nr_open, &l->open_room, sizeof(u32));
	l->open[l->nr_open++] = id;
}

void ledger_event(struct ledger *l, const struct tape_event *e, u64 now)
{
	if (e->kind == TAPE_APP_FAILED) {	/* may be there or not, now and later */
		l->io[e->id].gone = l->io[e->id].failed = true;
		return;
	}
	if (e->kind == TAPE_APP_DONE) {
		ended(l, e->id, now);
		return;
	}
	while (l->nr < e->id) {
		l->io = more(l->io, l->nr + 1, &l->room, sizeof(*l->io));
		l->io[++l->nr] = (struct app_io){ .end = NEVER };
	}
	l->io[e->id] = (struct app_io){ .e = e, .begin = now, .end = NEVER };
	if (e->kind == TAPE_APP_ZERO)
		zeroed(l, &l->io[e->id]);
}

void ledger_power(struct ledger *l)
{
	u32 i;

	for (i = 0; i < l->nr_open; i++)
		l->io[l->open[i]].gone = true;
	l->nr_open = 0;
	for (i = 1; i <= l->nr; i++)
		if (l->io[i].end == NEVER)
			l->io[i].gone = true;
	memcpy(l->written, l->kept, l->sectors * sizeof(u64));
}

u64 ledger_check(const struct ledger *l, const u64 *floor, const u32 *filled)
{
	u64 s;

	for (s = 0; s < l->sectors; s++) {
		u32 id = filled[s];

		if (id ? id > l->nr || l->io[id].end < floor[s] :
			 floor[s] && l->zeroed[s] < floor[s])
			return s;
	}
	return NEVER;
}

static bool promised(const struct app_io *io, bool flushed, u64 cut, u64 when)
{
	if (!io->e || io->e->kind == TAPE_APP_FLUSH || io->end >= when || io->gone)
		return false;
	return !flushed || io->e->flags & TAPE_FUA || io->end < cut;
}

void ledger_history(const struct ledger *l, const u32 *filled, bool flushed, u64 *floor)
{
	u64 when = 0, cut = 0, s;
	u32 i;

	for (s = 0; s < l->sectors; s++)
		if (filled[s] && filled[s] <= l->nr && l->io[filled[s]].begin > when)
			when = l->io[filled[s]].begin;
	for (i = 1; i <= l->nr; i++) {
		const struct app_io *io = &l->io[i];

		if (io->e && io->e->kind == TAPE_APP_FLUSH && io->end < when && io->begin > cut)
			cut = io->begin;
	}
	memset(floor, 0, l->sectors * sizeof(*floor));
	for (i = 1; i <= l->nr; i++)
		if (promised(&l->io[i], flushed, cut, when))
			raise_floor(floor, &l->io[i]);
}

bool ledger_in_flight(const struct ledger *l, u64 sector, u64 n)
{
	u32 i;

	for (i = l->nr; i; i--) {
		const struct app_io *io = &l->io[i];

		if (io->e && io->end == NEVER && (!io->gone || io->failed) && io->e->kind != TAPE_APP_FLUSH &&
		    io->e->sector < sector + n && sector < io->e->sector + io->e->nsectors)
			return true;
	}
	return false;
}
