// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a resync begins with; see resync.h. Scope marks: the target sends its marks, the
 * source adds them to its own. Scope all: every extent is a candidate.
 *
 * What a session of scope all has found equal, or has copied, is not compared again by the
 * next one if both sites are still in the same activation and the target is what it was
 * then: unfinished, or in the source's lineage. All that has changed since is marked, by the
 * source for what it wrote, by the target for what its disk lost; so the target sends its
 * marks in that case too. What is kept is in memory only and goes with a restart of either
 * site; then everything is compared by codes once more.
 *
 * Locking: v->lock.
 */
#include <linux/slab.h>

#include "engine/extent.h"
#include "engine/link.h"
#include "engine/policy.h"
#include "engine/prepare.h"
#include "engine/resync.h"
#include "engine/resync_marks.h"
#include "engine/tables.h"

static int send_marks_batch(struct ms_volume *v, const struct ms_marks *m, u32 n)
{
	struct ms_result *res = kmalloc(sizeof(*res), GFP_NOIO);
	int r;

	if (!res)
		return -ENOMEM;
	r = ms_request(v, MS_F_MARKS, m, n * sizeof(*m), MS_F_RESULT, res, sizeof(*res), NULL);
	if (!r && res->status)
		r = -EREMOTEIO;
	kfree(res);
	return r;
}

static int send_marks(struct ms_volume *v)
{
	struct ms_marks *m = kcalloc(MS_MARKS_BATCH, sizeof(*m), GFP_NOIO);
	struct ms_wire_table *t = kvmalloc(sizeof(*t), GFP_NOIO);
	u64 no = 0, end = v->geo->extents;
	int r = m && t ? 0 : -ENOMEM;
	u32 n = 0;

	while (!r && (no = find_next_bit(v->marked_map, end, no)) < end) {
		r = ms_table_snapshot(v, no, t);
		if (r < 0)
			break;
		r = 0;
		m[n].extent = cpu_to_le64(no++);
		memcpy(m[n++].marks, t->marks, sizeof(t->marks));
		if (n == MS_MARKS_BATCH) {
			r = send_marks_batch(v, m, n);
			n = 0;
		}
	}
	if (!r && n)
		r = send_marks_batch(v, m, n);
	kvfree(t);
	kfree(m);
	return r;
}

void ms_resync_send_marks(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, marks_work);
	u32 session;
	bool wanted;
	int r = 0;

	if (!ms_prepare_marks(v))
		return;
	spin_lock(&v->lock);
	session = v->session;
	wanted = v->decision.scope != MS_SCOPE_ALL || v->marks_wanted;
	spin_unlock(&v->lock);
	if (wanted)
		r = send_marks(v);
	if (!r)
		r = ms_send_note(v, session, MS_F_MARKS_END, 0, NULL, 0);
	if (r && r != -ENOTCONN)
		ms_net_cut(v->net, r);
}

void ms_resync_take_marks(struct ms_inbound *in)
{
	const struct ms_marks *m = (void *)in->body;
	u32 i, k, n = in->head.body_len / sizeof(*m);
	struct ms_volume *v = in->v;
	struct ms_extent *e;

	for (i = 0; i < n; i++) {
		u64 no = le64_to_cpu(m[i].extent);

		e = no < v->geo->extents ? ms_extent_hold(v, no) : NULL;
		if (!e)
			return ms_inbound_result(in, -EIO, "marks cannot be taken");
		spin_lock(&v->lock);
		for (k = 0; k < e->segs; k++)
			if (ms_bit(m[i].marks, k))
				__ms_seg_mark(v, e, k, 1);
		spin_unlock(&v->lock);
		ms_extent_release(v, e);
	}
	ms_inbound_result(in, 0, NULL);
}

void ms_resync_marks_ended(struct ms_inbound *in)
{
	struct ms_volume *v = in->v;
	bool source;
	int r;

	spin_lock(&v->lock);
	source = v->decision.meeting == MS_MEET_SOURCE && v->session == in->session &&
		 !v->mirroring && !v->failback;
	spin_unlock(&v->lock);
	if (!source || ms_policy_postpone(v, in->session))
		return;
	r = ms_resync_go(v);
	if (r && r != -ENOTCONN)
		ms_net_cut(v->net, r);
}


/*
 * Candidates
 */

bool __ms_resync_rest(struct ms_volume *v)
{
	const struct ms_gens *mine = &v->sb.gens, *theirs = &v->peer_gens;

	lockdep_assert_held(&v->lock);
	if (v->decision.meeting != MS_MEET_SOURCE || v->decision.scope != MS_SCOPE_ALL)
		return false;
	return v->kept.activation && v->kept.activation == v->peer_activation &&
	       v->kept.id == v->peer_point.id && v->kept.codes == v->peer_codes &&
	       !memcmp(v->kept.node, v->peer_node, MS_UUID) &&
	       (v->peer_disk == MS_DISK_INCONSISTENT ||
		theirs->current_gen == mine->current_gen ||
		theirs->current_gen == mine->offered);
}

static void __all_candidates(struct ms_volume *v)
{
	bitmap_fill(v->cand_map, v->geo->extents);
	v->n_cand = v->geo->extents;
	v->in_sync = false;
	__ms_resync_forget(v);
}

void ms_resync_all_candidates(struct ms_volume *v)
{
	spin_lock(&v->lock);
	__all_candidates(v);
	spin_unlock(&v->lock);
}

void __ms_resync_met(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	if (v->rest && v->kept.activation)
		return;
	if (v->decision.meeting == MS_MEET_SOURCE && v->decision.scope == MS_SCOPE_ALL) {
		__all_candidates(v);
		return;
	}
	__ms_resync_forget(v);
	bitmap_zero(v->cand_map, v->geo->extents);
	v->n_cand = 0;
}

void __ms_resync_keep(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	v->kept.activation = v->peer_activation;
	v->kept.id = v->peer_point.id;
	v->kept.codes = v->peer_codes;
	memcpy(v->kept.node, v->peer_node, MS_UUID);
}

void __ms_resync_forget(struct ms_volume *v)
{
	v->kept.activation = 0;
}
