// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scrubbing: is what is on the disk what its valid code says? For the ioctl, an extent or a part
 * of one at a time. It changes neither codes nor marks, so a crash at any instant leaves
 * nothing of it.
 *
 * A code must not be compared with the data of another moment (I4):
 *   a cold extent	is read without becoming hot. What was read counts if the version of the
 *		extent, and the code's right to be believed, are the same before and after: then
 *		no write of it has begun meanwhile.
 *   a hot one, or one that has changed meanwhile: the segments are held against writes, in the
 *		queue of their extent, and compared with their codes as these are then. So
 *		nothing has to be asked again, however busy the application is.
 *
 * What does not fit keeps its code, which is the evidence: it says what the content has to be, and
 * lets the peer's copy be judged (ms_repair_by_code()).
 *
 * Locking: v->lock for bits and counters; none held across reads. A stop waits for v->scrubs.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "engine/codes.h"
#include "engine/loss.h"
#include "engine/repair.h"
#include "engine/scrub.h"
#include "engine/tables.h"
#include "engine/trace.h"

struct scrub {
	struct ms_volume *v;
	struct ms_ioc_scrub *sc;
	u64 no;
	u32 segs;
	u64 since;			/* of the codes, when the table was read */
	bool held;			/* the look at a cold run counts */
	u8 todo[MS_BITMAP_BYTES];	/* has not been looked at */
	__le64 want[MS_EXTENT_SEGS];	/* of what is bad: its code */
	struct ms_wire_table t;		/* of a cold one */
};

/* A run that was read, or could not be, and the codes that were valid for it at that moment. */
static void __judge(struct scrub *s, const struct ms_code_run *run, int error,
		    const u8 *valid, const __le64 *codes)
{
	struct ms_ioc_scrub *sc = s->sc;
	u32 i, seg;

	for (i = 0; i < run->span.count; i++) {
		seg = run->span.first + i;
		ms_bit_clear(s->todo, seg);
		if (!ms_bit(valid, seg) || run->seed != s->v->seed)
			continue;
		s->want[seg] = codes[seg];
		if (error)
			ms_bit_set(sc->unreadable, seg);
		else
			ms_bit_set(sc->checked, seg);
		if (!error && codes[seg] != run->codes[i])
			ms_bit_set(sc->differs, seg);
	}
}

/* Return: 0, or an error; 1: the run cannot be read as a whole. */
static int read_run(struct scrub *s, struct ms_code_run *run, int *error)
{
	*error = ms_code_run_read(s->v, run);
	s->sc->sectors += run->op.nsectors;
	if (!*error)
		return 0;
	trace_mirsync_error(s->v, "read to scrub", run->op.sector, *error);
	return run->span.count > 1;
}

struct cold_look {
	struct scrub *s;
	const struct ms_code_run *run;
	int error;
};

static void __judge_cold(struct ms_volume *v, u64 no, void *arg)
{
	struct cold_look *c = arg;
	struct scrub *s = c->s;

	s->held = s->since == v->sb.codes_since && c->run->seed == v->seed;
	if (s->held)
		__judge(s, c->run, c->error, s->t.valid, s->t.codes);
}

/* Return: as read_run(), or -EAGAIN when the extent has changed. */
static int look_cold(struct scrub *s, u32 first, u32 count)
{
	struct ms_code_run *run = ms_code_run_alloc(s->v, s->no, first, count);
	struct cold_look c = { .s = s, .run = run };
	int r;

	if (!run)
		return -ENOMEM;
	r = read_run(s, run, &c.error);
	s->held = false;
	if (!r)
		ms_extent_if_unchanged(s->v, s->no, le64_to_cpu(s->t.version), __judge_cold, &c);
	if (!r && !s->held)
		r = -EAGAIN;
	ms_code_run_free(s->v, run);
	return r;
}

static int look_held(struct scrub *s, u32 first, u32 count)
{
	struct ms_code_run *run = ms_code_run_alloc(s->v, s->no, first, count);
	int r, error;

	if (!run)
		return -ENOMEM;
	r = ms_op_acquire(s->v, &run->op);
	if (r)
		goto out;
	r = read_run(s, run, &error);
	spin_lock(&s->v->lock);
	if (!r)
		__judge(s, run, error, run->op.e->tb->valid, run->op.e->tb->codes);
	spin_unlock(&s->v->lock);
	ms_op_done(&run->op);
out:
	ms_code_run_free(s->v, run);
	return r;
}

static int may_go_on(struct ms_volume *v)
{
	if (!READ_ONCE(v->running))
		return -ENODEV;
	if (READ_ONCE(v->hung))
		return -EIO;
	return signal_pending(current) ? -EINTR : 0;
}

/* Look at all that is to do, in runs. */
static int look(struct scrub *s, int (*fn)(struct scrub *s, u32 first, u32 count))
{
	u32 at = 0, first, n, i;
	int r = 0;

	while (!r && (n = ms_next_run(s->v, s->todo, s->segs, at, &first))) {
		r = may_go_on(s->v) ?: fn(s, first, n);
		if (r == 1) {	/* for the sake of those beside one that cannot be read */
			for (i = 0, r = 0; !r && i < n; i++)
				r = may_go_on(s->v) ?: fn(s, first + i, 1);
		}
		at = first + n;
	}
	return r;
}

static bool is_hot(struct scrub *s)
{
	struct ms_extent *e;
	bool r;

	spin_lock(&s->v->lock);
	e = __ms_extent_find(s->v, s->no);
	r = e && e->state != MS_EXT_NEW;
	s->since = s->v->sb.codes_since;
	spin_unlock(&s->v->lock);
	return r;
}

/* Return: 0 when nothing is left to do, -EAGAIN when the rest is to be held, or an error. */
static int without_holding(struct scrub *s)
{
	u32 i;
	int r;

	if (is_hot(s))
		return -EAGAIN;
	r = ms_table_snapshot(s->v, s->no, &s->t);
	if (r > 0) {		/* damage: none is valid */
		ms_table_heal(s->v, s->no);
		memset(s->t.valid, 0, sizeof(s->t.valid));
		r = 0;
	}
	for (i = 0; i < sizeof(s->todo); i++)
		s->todo[i] &= s->t.valid[i];
	return r ?: look(s, look_cold);
}

static void tell(struct scrub *s, u32 seg)
{
	u64 sector;
	u32 n = ms_run_sectors(s->v, s->no, seg, 1, &sector);

	ms_err_limit(s->v, "sectors %llu+%u %s", sector, n,
		     ms_bit(s->sc->differs, seg) ? "are not what their valid code says" :
						   "cannot be read");
}

/* What was written anew is told to be so only when it is durable: its code may be on the disk. */
static int repair(struct scrub *s)
{
	struct ms_ioc_scrub *sc = s->sc;
	u32 i, n = 0;
	int r = 0;

	for (i = 0; i < s->segs; i++) {
		if (!ms_bit(sc->differs, i) && !ms_bit(sc->unreadable, i))
			continue;
		tell(s, i);
		if (!(sc->flags & MS_SCRUB_REPAIR) || may_go_on(s->v) ||
		    ms_repair_by_code(s->v, s->no, i, s->want[i]))
			continue;
		ms_bit_set(sc->repaired, i);
		n++;
	}
	if (n)
		r = ms_data_flush(s->v);
	if (r)
		memset(sc->repaired, 0, sizeof(sc->repaired));
	return r;
}

static int scrub_extent(struct scrub *s)
{
	int r;

	if (s->sc->extent >= s->v->geo->extents)
		return -ERANGE;
	s->no = s->sc->extent;
	s->segs = ms_geo_extent_segs(s->v->geo, s->no);
	memcpy(s->todo, s->sc->segs, sizeof(s->todo));
	r = without_holding(s);
	if (r == -EAGAIN)
		r = look(s, look_held);
	return r ?: repair(s);
}

bool ms_scrub_begin(struct ms_volume *v)
{
	bool ok;

	spin_lock(&v->lock);
	ok = READ_ONCE(v->running);
	v->scrubs += ok;
	spin_unlock(&v->lock);
	return ok;
}

void ms_scrub_end(struct ms_volume *v)
{
	spin_lock(&v->lock);
	v->scrubs--;
	spin_unlock(&v->lock);
	wake_up_all(&v->cooled);
}

int ms_scrub(struct ms_volume *v, struct ms_ioc_scrub *sc)
{
	struct scrub *s = kvzalloc(sizeof(*s), GFP_KERNEL);
	int r = -ENODEV;

	if (!s)
		return -ENOMEM;
	s->v = v;
	s->sc = sc;
	if (ms_scrub_begin(v)) {
		r = scrub_extent(s);
		ms_scrub_end(v);
	}
	kvfree(s);
	return r;
}
