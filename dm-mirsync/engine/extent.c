// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cache of hot extents, the operations queued on each, and their
 * segments' bits; see extent.h. All objects are allocated when the volume is
 * created, as many as the activity record holds, so that nothing on the
 * write path waits for memory here. Locking: v->lock.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "engine/activity.h"
#include "engine/extent.h"
#include "engine/policy.h"
#include "shared/mutants.h"

int ms_extents_maps(struct ms_volume *v, u64 extents)
{
	unsigned long *map[3];
	int r = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(map); i++) {
		map[i] = kvcalloc(BITS_TO_LONGS(extents), sizeof(long), GFP_KERNEL);
		if (!map[i])
			r = -ENOMEM;
	}
	if (!r) {
		spin_lock(&v->lock);
		swap(v->marked_map, map[0]);
		swap(v->invalid_map, map[1]);
		swap(v->cand_map, map[2]);
		v->marked_extents = v->invalid_extents = v->n_cand = 0;
		spin_unlock(&v->lock);
	}
	for (i = 0; i < ARRAY_SIZE(map); i++)
		kvfree(map[i]);
	return r;
}

int ms_extents_init(struct ms_volume *v)
{
	u32 max = v->geo->max_hot, i;
	struct ms_extent *mem;

	INIT_LIST_HEAD(&v->lru);
	INIT_LIST_HEAD(&v->free);
	INIT_LIST_HEAD(&v->act);
	INIT_LIST_HEAD(&v->op_wait);
	hash_init(v->extents);
	v->record = kvcalloc(max, sizeof(*v->record), GFP_KERNEL);
	mem = kvcalloc(max, sizeof(*mem), GFP_KERNEL);
	v->extent_mem = mem;
	if (!v->record || !mem || ms_extents_maps(v, v->geo->extents))
		return -ENOMEM;
	for (i = 0; i < max; i++) {
		mem[i].tb = (void *)__get_free_page(GFP_KERNEL);
		if (!mem[i].tb)
			return -ENOMEM;
		INIT_LIST_HEAD(&mem[i].act);
		INIT_LIST_HEAD(&mem[i].ops);
		list_add_tail(&mem[i].lru, &v->free);
		v->nr_free++;
	}
	return 0;
}

void ms_extents_exit(struct ms_volume *v)
{
	struct ms_extent *mem = v->extent_mem;
	u32 i;

	for (i = 0; mem && i < v->geo->max_hot; i++)
		free_page((unsigned long)mem[i].tb);
	kvfree(mem);
	kvfree(v->record);
	kvfree(v->cand_map);
	kvfree(v->invalid_map);
	kvfree(v->marked_map);
}

struct ms_extent *__ms_extent_find(struct ms_volume *v, u64 no)
{
	struct ms_extent *e;

	lockdep_assert_held(&v->lock);
	hash_for_each_possible(v->extents, e, hash, no)
		if (e->no == no)
			return e;
	return NULL;
}

static struct ms_extent *__create(struct ms_volume *v, u64 no)
{
	struct ms_extent *e;

	if (list_empty(&v->free))
		return NULL;
	e = list_first_entry(&v->free, struct ms_extent, lru);
	v->nr_free--;
	v->hot++;
	list_move_tail(&e->lru, &v->lru);
	e->no = no;
	e->state = MS_EXT_NEW;
	e->pins = 0;
	e->want = 0;
	e->rec = 0;
	e->version = 0;
	e->segs = ms_geo_extent_segs(v->geo, no);
	e->mark_epoch = 0;
	e->dirty = false;
	e->bulk = false;
	e->loaded = false;
	e->leaving = false;
	e->used = jiffies;
	memset(e->chg, 0, sizeof(e->chg));
	hash_add(v->extents, &e->hash, no);
	return e;
}

void __ms_extent_free(struct ms_volume *v, struct ms_extent *e)
{
	lockdep_assert_held(&v->lock);
	WARN_ON_ONCE(e->pins || !list_empty(&e->ops) || !list_empty(&e->act));
	hash_del(&e->hash);
	list_move(&e->lru, &v->free);
	v->nr_free++;
	v->hot--;
	v->cool_gen++;
}

/*
 * Bits
 */

/*
 * Which extents have a mark, or lack a code, is known exactly: each that is loaded corrects its bits.
 * How many segments that are is not, once a summary block has turned bad, or good again: nobody knows
 * what its entries were counted for. So decisions go by the maps; the numbers are kept
 * within what these allow, and are right again when all or none is left.
 */
static void __fit_counts(struct ms_volume *v)
{
	u64 segments = v->geo->segments;

	v->n_marked = v->marked_extents ? clamp(v->n_marked, v->marked_extents, segments) : 0;
	v->n_valid = v->invalid_extents ? min(v->n_valid, segments - v->invalid_extents) : segments;
}

static void __put_bit(unsigned long *map, u64 no, bool on, u64 *n)
{
	if (on)
		*n += !__test_and_set_bit(no, map);
	else
		*n -= __test_and_clear_bit(no, map);
}

void __ms_map_marked(struct ms_volume *v, u64 no, bool on)
{
	__put_bit(v->marked_map, no, on, &v->marked_extents);
}

void __ms_map_invalid(struct ms_volume *v, u64 no, bool on)
{
	__put_bit(v->invalid_map, no, on, &v->invalid_extents);
}

static void __note_maps(struct ms_volume *v, struct ms_extent *e)
{
	__ms_map_marked(v, e->no, e->n_marked);
	__ms_map_invalid(v, e->no, e->n_valid < e->segs);
	__fit_counts(v);
}

/* @total, in which @before were counted that are @now. */
static u64 recount(u64 total, u32 before, u32 now)
{
	return total + now - min_t(u64, before, total + now);
}

void __ms_extent_loaded(struct ms_volume *v, struct ms_extent *e)
{
	u32 valid = ms_bits(e->tb->valid, e->segs);
	u32 marked = ms_bits(e->tb->marks, e->segs);

	lockdep_assert_held(&v->lock);
	v->n_valid = recount(v->n_valid, e->n_valid, valid);
	v->n_marked = recount(v->n_marked, e->n_marked, marked);
	e->n_valid = valid;
	e->n_marked = marked;
	__note_maps(v, e);
}

void __ms_seg_invalidate(struct ms_volume *v, struct ms_extent *e, u32 seg)
{
	lockdep_assert_held(&v->lock);
	if (!ms_bit(e->tb->valid, seg))
		return;
	ms_bit_clear(e->tb->valid, seg);
	e->n_valid--;
	v->n_valid = recount(v->n_valid, 1, 0);
	e->dirty = true;
	if (e->n_valid == e->segs - 1)
		__note_maps(v, e);
}

void __ms_seg_set_code(struct ms_volume *v, struct ms_extent *e, u32 seg, __le64 code)
{
	lockdep_assert_held(&v->lock);
	if (v->own == MS_OWN_LEFT)	/* of a disk that is not believed */
		return;
	e->tb->codes[seg] = code;
	e->dirty = true;
	if (ms_bit(e->tb->valid, seg))
		return;
	ms_bit_set(e->tb->valid, seg);
	e->n_valid++;
	v->n_valid++;
	if (e->n_valid == e->segs)
		__note_maps(v, e);
}

void __ms_seg_mark(struct ms_volume *v, struct ms_extent *e, u32 first, u32 count)
{
	u32 i;

	lockdep_assert_held(&v->lock);
	e->mark_epoch++;
	e->dirty = true;
	for (i = first; i < first + count; i++) {
		if (ms_bit(e->tb->marks, i))
			continue;
		ms_bit_set(e->tb->marks, i);
		e->n_marked++;
		v->n_marked++;
	}
	__note_maps(v, e);
	if (v->in_sync)
		ms_volume_event(v);
	v->in_sync = false;
}

void __ms_seg_unmark(struct ms_volume *v, struct ms_extent *e, u32 seg)
{
	lockdep_assert_held(&v->lock);
	if (!ms_bit(e->tb->marks, seg))
		return;
	ms_bit_clear(e->tb->marks, seg);
	e->dirty = true;
	e->n_marked--;
	v->n_marked = recount(v->n_marked, 1, 0);
	if (!e->n_marked)
		__note_maps(v, e);
}

void __ms_seg_write_begin(struct ms_volume *v, struct ms_extent *e, u32 first, u32 count)
{
	u32 i;

	e->version = ms_meta_next_sequence(v->meta);
	e->dirty = true;
	for (i = first; i < first + count; i++) {
		if (!MS_MUTANT(PARTIAL_VALID))
			__ms_seg_invalidate(v, e, i);
		e->chg[i]++;
	}
}

bool __ms_seg_busy(const struct ms_extent *e, u32 seg)
{
	const struct ms_op *op;

	list_for_each_entry(op, &e->ops, node)
		if (op->excl && op->started && seg >= op->first &&
		    seg < op->first + op->count)
			return true;
	return false;
}

void __ms_cand_set(struct ms_volume *v, u64 no)
{
	lockdep_assert_held(&v->lock);
	if (!__test_and_set_bit(no, v->cand_map))
		v->n_cand++;
}

void __ms_cand_clear(struct ms_volume *v, u64 no)
{
	lockdep_assert_held(&v->lock);
	if (__test_and_clear_bit(no, v->cand_map))
		v->n_cand--;
}

static void __suspect(struct ms_volume *v, struct ms_extent *e)
{
	u32 i;

	for (i = 0; i < e->segs; i++) {
		if (!(e->rec >> (i / MS_MASK_SEGS) & 1))
			continue;
		__ms_seg_invalidate(v, e, i);
		__ms_seg_mark(v, e, i, 1);
		e->chg[i]++;		/* also what is on its way: it may be lost as well */
	}
}

void __ms_suspect_hot(struct ms_volume *v)
{
	struct ms_extent *e;

	lockdep_assert_held(&v->lock);
	list_for_each_entry(e, &v->lru, lru)
		if (e->state == MS_EXT_HOT)
			__suspect(v, e);
}

void __ms_void_codes(struct ms_volume *v)
{
	struct ms_extent *e;
	u32 i;

	lockdep_assert_held(&v->lock);
	list_for_each_entry(e, &v->lru, lru) {
		if (e->state != MS_EXT_HOT)
			continue;
		for (i = 0; i < e->segs; i++) {
			__ms_seg_invalidate(v, e, i);
			e->chg[i]++;	/* also what is being computed */
		}
	}
	bitmap_fill(v->invalid_map, v->geo->extents);
	v->invalid_extents = v->geo->extents;
	v->n_valid = 0;
}

int ms_extent_recover(struct ms_volume *v, const struct ms_hot *hot)
{
	struct ms_summary_entry s;
	struct ms_extent *e;
	int r;

	spin_lock(&v->lock);
	e = __ms_extent_find(v, hot->extent) ?: __create(v, hot->extent);
	spin_unlock(&v->lock);
	if (!e)
		return -EUCLEAN;
	r = ms_meta_read_summary(v->meta, e->no, 1, &s);
	if (!r || r == -EIO)	/* unreadable: the entry says so, as for damage */
		r = ms_meta_read_table(v->meta, e->no, e->tb);
	if (r < 0)
		return r;
	e->counted = ms_sums_hash(v->sb.format_id, e->no, le64_to_cpu(s.sequence));
	spin_lock(&v->lock);
	ms_summary_counts(v, &s, e->segs, &e->n_valid, &e->n_marked);
	__ms_extent_loaded(v, e);
	e->state = MS_EXT_HOT;
	e->want = hot->mask;
	e->rec = hot->mask;
	e->version = ms_meta_next_sequence(v->meta);
	/* Damage: write it back as what it is now. A first table block may be there without its entry. */
	if (r || !s.sequence)
		e->dirty = true;
	if (!MS_MUTANT(RECOVER_BLIND))
		__suspect(v, e);
	spin_unlock(&v->lock);
	return 0;
}

/*
 * Operations
 */

static bool overlap(const struct ms_op *a, const struct ms_op *b)
{
	if (!a->count || !b->count || (!a->excl && !b->excl) || MS_MUTANT(ORDER_IGNORED))
		return false;
	return a->sector < b->sector + b->nsectors && b->sector < a->sector + a->nsectors;
}

static bool __blocked(const struct ms_extent *e, const struct ms_op *op)
{
	const struct ms_op *earlier;

	list_for_each_entry(earlier, &e->ops, node) {
		if (earlier == op)
			return false;
		if (overlap(earlier, op))
			return true;
	}
	return false;
}

/*
 * The sub-ranges to record for an operation: its own and, ahead of a
 * sequential writer, some more; all of them once the guess was wrong.
 */
static u64 want_mask(const struct ms_extent *e, const struct ms_op *op)
{
	u64 mask = ms_geo_mask(op->first, op->count);

	if (e->bulk)
		return MS_MASK_ALL;
	return (mask | mask << 1 | mask << 2 | mask << 3 | mask << 4) & MS_MASK_ALL;
}

static void __ask_to_record(struct ms_volume *v, struct ms_extent *e)
{
	if (!list_empty(&e->act))
		return;
	list_add_tail(&e->act, &v->act);
	ms_activity_kick(v);
}

void __ms_extent_announced(struct ms_volume *v, u64 no, u64 mask)
{
	struct ms_extent *e = __ms_extent_find(v, no);

	lockdep_assert_held(&v->lock);
	if (!e && v->nr_free > v->geo->max_hot / 4)
		e = __create(v, no);
	if (!e)
		return;
	e->used = jiffies;
	list_move_tail(&e->lru, &v->lru);
	e->want |= mask;
	if (e->state != MS_EXT_HOT || mask & ~e->rec)
		__ask_to_record(v, e);
}

void __ms_extent_run(struct ms_volume *v, struct ms_extent *e, struct list_head *ready)
{
	struct ms_op *op;

	lockdep_assert_held(&v->lock);
	list_for_each_entry(op, &e->ops, node) {
		u64 need;

		if (op->started)
			continue;
		need = op->masked ? ms_geo_mask(op->first, op->count) : 0;
		if (e->state != MS_EXT_HOT || need & ~e->rec) {
			if (need & ~e->want) {
				e->want |= want_mask(e, op);
				e->bulk = true;
			}
			__ask_to_record(v, e);
			v->n.record_waits += !op->waited;
			op->waited = true;
			/* Later ones may overlap this one: __blocked() sees to that. */
			if (!v->meta_failed)
				continue;
		}
		if (__blocked(e, op))
			continue;
		op->started = true;
		op->e = e;
		e->used = jiffies;
		list_add_tail(&op->ready, ready);
	}
}

void ms_ops_start(struct list_head *ready)
{
	struct ms_op *op, *next;

	list_for_each_entry_safe(op, next, ready, ready) {
		list_del_init(&op->ready);
		op->start(op);
	}
}

/* Put @op into the queue of its extent. Return: false when no extent is to be had now. */
static bool __enqueue(struct ms_volume *v, struct ms_op *op, struct list_head *ready)
{
	struct ms_extent *e = __ms_extent_find(v, op->extent);

	if (!e)
		e = __create(v, op->extent);
	if (!e)
		return false;
	list_move_tail(&op->node, &e->ops);
	list_move_tail(&e->lru, &v->lru);
	__ms_extent_run(v, e, ready);
	return true;
}

void __ms_extent_admit(struct ms_volume *v, bool refuse, struct list_head *ready)
{
	struct ms_op *op, *next;

	list_for_each_entry_safe(op, next, &v->op_wait, node) {
		if (__enqueue(v, op, ready))
			continue;
		if (!refuse && !v->meta_failed)
			break;
		list_del_init(&op->node);	/* started without an extent, to fail */
		op->started = true;
		list_add_tail(&op->ready, ready);
	}
}

void ms_op_submit(struct ms_volume *v, struct ms_op *op)
{
	LIST_HEAD(ready);

	op->v = v;
	op->e = NULL;
	op->started = false;
	op->waited = false;
	INIT_LIST_HEAD(&op->node);
	INIT_LIST_HEAD(&op->ready);
	spin_lock(&v->lock);
	/*
	 * Strictly in order of arrival: nobody overtakes one that waits. But for who keeps the
	 * extent hot: were it to wait for those who need a place, they could wait for its own.
	 */
	if ((!op->held && !list_empty(&v->op_wait)) || !__enqueue(v, op, &ready)) {
		list_add_tail(&op->node, &v->op_wait);
		v->n.slot_waits++;
		ms_activity_kick(v);
		__ms_policy_pinned(v);
	}
	if (v->nr_free < v->geo->max_hot / 16)
		ms_activity_kick(v);
	if (v->meta_failed)
		__ms_extent_admit(v, true, &ready);
	spin_unlock(&v->lock);
	ms_ops_start(&ready);
}

void ms_op_done(struct ms_op *op)
{
	struct ms_volume *v = op->v;
	struct ms_extent *e = op->e;
	LIST_HEAD(ready);

	if (!e)
		return;
	spin_lock(&v->lock);
	list_del_init(&op->node);
	e->used = jiffies;
	__ms_extent_run(v, e, &ready);
	if (list_empty(&e->ops) && !e->pins && !list_empty(&v->op_wait))
		ms_activity_kick(v);
	spin_unlock(&v->lock);
	ms_ops_start(&ready);
}

static void granted(struct ms_op *op)
{
	spin_lock(&op->v->lock);
	if (op->e)
		op->e->pins++;
	spin_unlock(&op->v->lock);
	complete(op->granted);
}

/* On return the extent is pinned as well, as long as the caller wants. */
static int acquire(struct ms_volume *v, struct ms_op *op)
{
	DECLARE_COMPLETION_ONSTACK(done);

	op->granted = &done;
	op->start = granted;
	ms_op_submit(v, op);
	/* Idle, not as a task that hangs: an extent may be free only when the peer has confirmed. */
	wait_for_completion_state(&done, TASK_IDLE);
	if (op->e && !READ_ONCE(v->meta_failed))
		return 0;
	if (op->e)
		ms_extent_release(v, op->e);
	ms_op_done(op);
	return -EIO;
}

int ms_op_acquire(struct ms_volume *v, struct ms_op *op)
{
	int r = acquire(v, op);

	if (!r)
		ms_extent_release(v, op->e);	/* being in the queue is enough */
	return r;
}

struct ms_extent *ms_extent_hold(struct ms_volume *v, u64 no)
{
	struct ms_op op = { .extent = no };

	if (acquire(v, &op))
		return NULL;
	ms_op_done(&op);
	return op.e;
}

void __ms_extent_release(struct ms_volume *v, struct ms_extent *e)
{
	lockdep_assert_held(&v->lock);
	WARN_ON_ONCE(!e->pins);
	e->pins--;
	if (!e->pins && list_empty(&e->ops) && !list_empty(&v->op_wait))
		ms_activity_kick(v);
}

void ms_extent_release(struct ms_volume *v, struct ms_extent *e)
{
	spin_lock(&v->lock);
	__ms_extent_release(v, e);
	spin_unlock(&v->lock);
}
