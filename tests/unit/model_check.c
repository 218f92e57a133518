// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must hold in each world of the model, however it came about. What a step must
 * not do is checked where the step is. No state.
 */
#include "model.h"

static void check_masters(const struct world *w)
{
	const struct side *a = &w->s[0], *b = &w->s[1];

	if (a->claim != MS_CLAIM_ACTIVE || b->claim != MS_CLAIM_ACTIVE)
		return;
	if (a->current_gen == b->current_gen)
		model_is_wrong("two masters of one generation");
	if (w->connected && w->phase != PH_HELLO && a->meeting != MS_MEET_SPLIT_BRAIN &&
	    a->meeting != MS_MEET_UNRELATED && w->phase != PH_SWITCH_DONE)
		model_is_wrong("two masters in one session");
}

static void check_copy(const struct world *w)
{
	const struct side *t = &w->s[!w->src], *s = &w->s[w->src];

	if (t->claim != MS_CLAIM_NONE || s->claim != MS_CLAIM_ACTIVE)
		model_is_wrong("mirrored, and not from a master to a secondary");
	if (s->left && t->disk != MS_DISK_CONSISTENT)
		model_is_wrong("goes on through an inconsistent peer");
	if (s->left)
		return;
	if (s->disk == MS_DISK_INCONSISTENT)
		model_is_wrong("copied from an inconsistent disk");
	if (t->disk == MS_DISK_CONSISTENT && s->data != t->data &&
	    (s->data ^ t->data) & ~s->pending)
		model_is_wrong("the target passes for consistent and is not the same");
}

/*
 * Of a site over which a copy has begun: whatever was cut, the copy goes on without a command, if
 * its source still has the role and a whole disk. One that has gone back in time since is another.
 */
static void check_half(const struct world *w, u32 i)
{
	const struct side *t = &w->s[i], *s = &w->s[!i];

	if (!t->half || t->disk != MS_DISK_INCONSISTENT)
		return;
	if (s->claim >= MS_CLAIM_WAITING && s->disk == MS_DISK_CONSISTENT &&
	    s->meeting != MS_MEET_SOURCE)
		model_is_wrong("a copy that was cut needs a command to go on");
}

void model_check(const struct world *w)
{
	const struct side *a = &w->s[0], *b = &w->s[1];

	if (w->acked & ~a->data & ~b->data & ~a->pending & ~b->pending)
		model_is_wrong("a completed write is gone from both sites");

	for (u32 i = 0; i < 2; i++)
		if (w->s[i].left && model_only_at(w, i))
			model_is_wrong("a completed write is only on a disk that was left");
	check_masters(w);
	if (!w->connected)
		return;

	if (a->meeting == MS_MEET_SOURCE && b->meeting == MS_MEET_SOURCE)
		model_is_wrong("two sources");
	if (w->phase != PH_HELLO) {
		check_half(w, 0);
		check_half(w, 1);
	}
	if (model_mirrored(w))
		check_copy(w);
}
