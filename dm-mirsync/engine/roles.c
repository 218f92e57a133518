// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows from a meeting, and the agreement on one lineage; see roles.h.
 * The commands are in commands.c.
 *
 * Order of the agreement, and what a crash or cut between leaves:
 *   source persists offered = current   (nobody has it yet: harmless)
 *   GO without gap, or DONE, carries it
 *   target flushes                       (its data device, as for any flush)
 *   target persists it, consistent       (the source still knows: "may have it")
 *   source persists base = current       (until then both base and offered are
 *                                         trusted, and going alone starts a new one)
 */
#include <linux/blkdev.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "engine/extent.h"
#include "engine/link.h"
#include "engine/loss.h"
#include "engine/prepare.h"
#include "engine/resync_progress.h"
#include "engine/roles.h"
#include "engine/secondary.h"
#include "shared/mutants.h"

/* What holds no longer once both sites have the same. */
#define SETTLED	(MS_SB_ALL_CANDIDATES | MS_SB_FAILBACK | MS_SB_CHOSEN | MS_SB_COPY_ALL)

void ms_roles_activated(struct ms_volume *v)
{
	if (v->role_taken)		/* only suspended: what has come since counts, not the table */
		return;
	v->role_taken = true;
	if (v->asked_role == MS_ROLE_SECONDARY)
		v->claim = MS_CLAIM_NONE;
	else if (v->sb.role == MS_ROLE_PRIMARY)
		v->claim = MS_CLAIM_WAITING;
	else
		v->claim = MS_CLAIM_ASKS;
}

static void set_claim(struct ms_volume *v, enum ms_claim claim, bool active)
{
	spin_lock(&v->lock);
	v->claim = claim;
	v->active = active;
	__ms_own_again(v);
	v->state_seq++;
	spin_unlock(&v->lock);
	queue_work(v->io_wq, &v->intake_work);
}

u64 ms_random_gen(void)
{
	u64 gen;

	do {
		gen = get_random_u64();
	} while (!gen);
	return gen;
}

/*
 * Superblock changes
 */

static void become_primary(struct ms_sb *sb, void *arg)
{
	bool *fresh = arg;

	sb->role = MS_ROLE_PRIMARY;
	if (!*fresh && sb->gens.current_gen)
		return;
	ms_gens_start(&sb->gens, ms_random_gen());
}

static void become_secondary(struct ms_sb *sb, void *arg)
{
	sb->role = MS_ROLE_SECONDARY;
}

static void become_outdated(struct ms_sb *sb, void *arg)
{
	if (sb->disk == MS_DISK_CONSISTENT)
		sb->disk = MS_DISK_OUTDATED;
}

static void become_target(struct ms_sb *sb, void *arg)
{
	bool *forget = arg;

	sb->role = MS_ROLE_SECONDARY;
	sb->disk = MS_DISK_INCONSISTENT;
	sb->flags &= ~(MS_SB_CHOSEN | MS_SB_COPY_ALL);
	if (*forget)		/* its own lineage ends here: an operator has named it the loser */
		memset(&sb->gens, 0, sizeof(sb->gens));
}

/*
 * Both have one lineage from here on, or that of one ends here, so the peer's history is what it
 * is now, also after it has gone back in time. Before the superblock change that says so.
 */
static void __accept_history(struct ms_volume *v)
{
	v->peer_back = false;
	v->peer_new = false;
	memcpy(v->seen_node, v->peer_node, MS_UUID);
	v->seen = v->peer_point;
}

static void accept_history(struct ms_volume *v)
{
	spin_lock(&v->lock);
	__accept_history(v);
	spin_unlock(&v->lock);
}

/* But not that everything is a candidate, if it has become so since the copy began (I4). */
static void settle(struct ms_volume *v, struct ms_sb *sb)
{
	u32 settled = SETTLED;

	spin_lock(&v->lock);
	if (v->voids != v->voids_met)
		settled &= ~MS_SB_ALL_CANDIDATES;
	spin_unlock(&v->lock);
	sb->flags &= ~settled;
}

struct adoption {
	struct ms_volume *v;
	struct ms_gens *gens;
	bool failed;
};

/* Not over the record that the disk has failed: that may have been written since it was asked for. */
static void adopt_if_sound(struct ms_sb *sb, void *arg)
{
	struct adoption *a = arg;

	a->failed = READ_ONCE(a->v->target_failed);
	if (a->failed)
		return;
	ms_gens_adopt(&sb->gens, a->gens);
	sb->role = MS_ROLE_SECONDARY;
	sb->disk = MS_DISK_CONSISTENT;
	settle(a->v, sb);
}

static void offer(struct ms_sb *sb, void *arg)
{
	bool *all = arg;

	sb->gens.offered = sb->gens.current_gen;
	if (*all)		/* until the end: whatever was found equal may be lost in a crash */
		sb->flags |= MS_SB_ALL_CANDIDATES;
}

struct agreement {
	struct ms_volume *v;
	u64 told;
};

static void in_sync(struct ms_sb *sb, void *arg)
{
	const struct agreement *a = arg;

	ms_gens_in_sync(&sb->gens, a->told);
	if (READ_ONCE(a->v->failback) != 1)	/* one that was begun meanwhile has its own */
		settle(a->v, sb);
}

/*
 * A meeting
 */

/* The role is granted: persist it, then serve the application. */
static int grant(struct ms_volume *v)
{
	bool fresh = v->claim == MS_CLAIM_ASKS;
	int r;

	r = ms_super_change(v, become_primary, &fresh);
	if (r)
		return r;
	invalidate_bdev(dm_disk(v->md)->part0);
	set_claim(v, MS_CLAIM_ACTIVE, true);
	ms_info(v, "primary: the application is served");
	return 0;
}

static int take_target_role(struct ms_volume *v)
{
	int r = 0;

	if (v->sb.role != MS_ROLE_SECONDARY)
		r = ms_super_change(v, become_secondary, NULL);
	if (r)
		return r;
	set_claim(v, MS_CLAIM_NONE, false);
	return 0;
}

/* The peer was promoted since: no writes until an operator decides (I9). */
static int take_outdated(struct ms_volume *v)
{
	const char *why = v->decision.local_back ?
		"this site has gone back in time (the peer has seen a later state of it, or another in its place)" :
		"the peer was promoted";
	int r;

	if (ms_link_news(v, why))
		ms_warn(v, "%s: this site is outdated and serves nothing until a failback, or a forced promotion",
			why);
	r = ms_super_change(v, become_outdated, NULL);
	if (r)
		return r;
	if (v->claim == MS_CLAIM_ACTIVE)
		set_claim(v, MS_CLAIM_WAITING, false);
	return 0;
}

static int act_on_meeting(struct ms_volume *v, enum ms_meeting meeting)
{
	int r = 0;

	/* A command may have come between; then what was concluded is void. */
	if (v->hello_seq != v->state_seq)
		return -EAGAIN;
	switch (meeting) {
	case MS_MEET_SOURCE:		/* the role is granted when the peer says that it has concluded the same */
		break;
	case MS_MEET_TARGET:
		r = take_target_role(v);
		break;
	case MS_MEET_OUTDATED:
		r = take_outdated(v);
		break;
	case MS_MEET_NO_PRIMARY:
		break;
	default:
		if (ms_link_news(v, ms_meeting_text(meeting)))
			ms_warn(v, "%s", ms_meeting_text(meeting));
	}
	return r;
}

int ms_roles_met(struct ms_volume *v)
{
	enum ms_meeting meeting = v->decision.meeting;
	int r;

	mutex_lock(&v->role_lock);
	r = act_on_meeting(v, meeting);
	mutex_unlock(&v->role_lock);
	if (!r)
		ms_link_send_state(v);
	if (!r && meeting == MS_MEET_TARGET)	/* behind the state, without which the source has no role */
		queue_work(v->peer_wq, &v->marks_work);
	ms_volume_event(v);
	return r;
}

int ms_roles_peer_met(struct ms_volume *v, enum ms_claim peer_claim)
{
	bool due;
	int r = 0;

	if (READ_ONCE(v->claim) == MS_CLAIM_ACTIVE || v->decision.meeting != MS_MEET_SOURCE)
		return 0;
	mutex_lock(&v->role_lock);
	due = v->decision.meeting == MS_MEET_SOURCE && v->claim != MS_CLAIM_ACTIVE &&
	      v->claim != MS_CLAIM_NONE && peer_claim != MS_CLAIM_ACTIVE;
	if (due && v->hello_seq != v->state_seq)
		r = -EAGAIN;		/* concluded from what is no more so: they meet anew */
	else if (due)
		r = grant(v);
	mutex_unlock(&v->role_lock);
	if (due && !r)
		ms_link_send_state(v);
	return r;
}

/*
 * The target's part of the agreement
 */

static int result_note(struct ms_volume *v, u64 handle, int r)
{
	struct ms_result res = { .status = cpu_to_le32(-r) };

	return ms_send_note(v, v->session, MS_F_RESULT, handle, &res, sizeof(res));
}

/* May the source begin to write here? Without a gap only when nothing at all is in doubt. */
static bool __may_go(struct ms_volume *v, bool gap)
{
	if (v->active || v->claim == MS_CLAIM_ACTIVE)
		return false;
	if (!__ms_prepared(v))
		return false;
	if (v->failback_agreed)
		return gap;
	if (v->decision.meeting != MS_MEET_TARGET)
		return false;
	return gap || (!v->marked_extents && v->sb.disk == MS_DISK_CONSISTENT &&
		       !(v->sb.flags & MS_SB_ALL_CANDIDATES));
}

/*
 * A source that has gone back in time got here by a command that names this site the loser. That
 * holds for the state in which the source is now: if it goes back again, it is noticed again (I11).
 */
static int give_up(struct ms_volume *v)
{
	accept_history(v);
	return ms_super_change(v, become_target, &v->failback_forget);
}

/*
 * Without a gap. What this site has confirmed in an earlier session it may not have flushed, and the
 * source may have completed a flush since, behind a new generation: with that generation goes the
 * promise (I10).
 */
static int adopt_as_it_is(struct ms_volume *v, struct ms_gens *gens)
{
	struct adoption a = { .v = v, .gens = gens };
	int r = ms_data_flush(v);

	r = r ?: ms_super_change(v, adopt_if_sound, &a);
	return r ?: a.failed ? -EIO : 0;
}

/* Everything durable, then in force: the next frame may be a write. role_lock is held. */
static int begin_target(struct ms_volume *v, const struct ms_go *go)
{
	bool gap = le32_to_cpu(go->gap), ok;
	struct ms_gens *gens;
	int r;

	spin_lock(&v->lock);
	ok = __may_go(v, gap);
	if (ok) {
		v->copy_rate = 0;	/* of a copy from here that is over with this */
		v->voids_met = v->voids;
	}
	spin_unlock(&v->lock);
	if (!ok) {
		ms_err_limit(v, "the peer wants to write here, but this site is not its target");
		return -EPROTO;
	}
	gens = kzalloc(sizeof(*gens), GFP_NOIO);
	if (!gens)
		return -ENOMEM;
	ms_gens_decode(&go->gens, gens);
	if (gap && MS_MUTANT(STILL_CONSISTENT))
		r = 0;
	else if (gap)
		r = give_up(v);
	else
		r = adopt_as_it_is(v, gens);
	kfree(gens);
	if (r)
		return r;
	if (gap)
		ms_resync_reset(v);
	spin_lock(&v->lock);
	if (gap)
		__ms_progress_begin(v);
	v->claim = MS_CLAIM_NONE;
	v->decision.meeting = MS_MEET_TARGET;
	if (v->failback_agreed)
		v->decision.scope = MS_SCOPE_ALL;
	v->failback_agreed = false;
	v->failback_forget = false;
	v->receiving = true;
	v->target_copying = gap;
	v->in_sync = !gap;
	spin_unlock(&v->lock);
	return 0;
}

int ms_roles_take_go(struct ms_volume *v, const struct ms_head *h, const struct ms_go *go)
{
	int r;

	mutex_lock(&v->role_lock);
	r = begin_target(v, go);
	mutex_unlock(&v->role_lock);
	if (!r)
		ms_link_send_state(v);
	ms_volume_event(v);
	return r ?: result_note(v, h->handle, 0);
}

/* role_lock is held. */
static int take_lineage(struct ms_inbound *in, const char **why)
{
	const struct ms_done *done = (void *)in->body;
	struct ms_volume *v = in->v;
	struct adoption a = { .v = v };
	struct ms_gens *gens;
	bool ok;
	int r;

	spin_lock(&v->lock);
	ok = v->receiving && !v->target_failed && v->session == in->session;
	if (ok && v->marked_extents)
		ok = false;
	spin_unlock(&v->lock);
	if (!ok) {
		*why = "segments are marked here that were not copied";
		return -EAGAIN;
	}
	gens = kzalloc(sizeof(*gens), GFP_NOIO);
	if (!gens)
		return -ENOMEM;
	ms_gens_decode(&done->gens, gens);
	a.gens = gens;
	r = MS_MUTANT(DONE_UNFLUSHED) ? 0 : ms_data_flush(v);
	if (!r) {
		accept_history(v);
		r = ms_super_change(v, adopt_if_sound, &a);
	}
	if (!r && a.failed)
		r = -EIO;
	kfree(gens);
	if (r)
		return r;
	spin_lock(&v->lock);
	if (v->target_copying)
		__ms_progress_end(v);
	v->target_copying = false;
	v->in_sync = v->session == in->session && v->receiving;
	bitmap_zero(v->cand_map, v->geo->extents);
	v->n_cand = 0;
	spin_unlock(&v->lock);
	if (ms_may_talk(v))
		ms_info(v, "in sync: this site has all of the primary's data");
	return 0;
}

void ms_roles_take_done(struct ms_inbound *in)
{
	const char *why = NULL;
	int r;

	/* Segments may be equal by writes that came before others which wait for their epoch (I7). */
	ms_secondary_catch_up(in->v);
	mutex_lock(&in->v->role_lock);
	r = take_lineage(in, &why);
	mutex_unlock(&in->v->role_lock);
	ms_inbound_result(in, r, why);
	ms_volume_event(in->v);
}

/*
 * The source's part
 */

int ms_roles_offer(struct ms_volume *v)
{
	bool all = v->decision.scope == MS_SCOPE_ALL, needed, over;

	spin_lock(&v->lock);
	over = !v->connected;		/* nothing will be given to it */
	needed = (all && !(v->sb.flags & MS_SB_ALL_CANDIDATES)) ||
		 !ms_gens_shared(&v->sb.gens) || v->peer_new;
	if (v->peer_new && !over)	/* from here on it is the one that counts */
		__accept_history(v);
	spin_unlock(&v->lock);
	if (over)
		return -ENOTCONN;
	return needed ? ms_super_change(v, offer, &all) : 0;
}

static void as_it_is(struct ms_sb *sb, void *arg)
{
}

int ms_roles_overwritten(struct ms_volume *v, u32 session)
{
	bool back;

	spin_lock(&v->lock);
	back = v->peer_back && v->connected && v->session == session;
	if (back)
		__accept_history(v);
	spin_unlock(&v->lock);
	return back ? ms_super_change(v, as_it_is, NULL) : 0;
}

int ms_roles_agreed(struct ms_volume *v)
{
	struct agreement a = { .v = v };
	bool known, still;
	int r = 0;

	spin_lock(&v->lock);
	a.told = v->told_gen;
	known = v->sb.gens.base == a.told && !v->sb.gens.offered && !(v->sb.flags & SETTLED) &&
		!v->peer_back;
	spin_unlock(&v->lock);
	accept_history(v);
	if (!known)
		r = ms_super_change(v, in_sync, &a);
	if (r)
		return r;
	spin_lock(&v->lock);
	still = v->mirroring && !v->marked_extents && !v->n_cand && v->sb.gens.current_gen == a.told;
	v->in_sync = still;
	if (v->failback == 2)		/* not one that was begun meanwhile */
		v->failback = 0;
	v->copy_rate = 0;
	v->peer_disk = MS_DISK_CONSISTENT;
	v->peer_gens = v->sb.gens;
	v->peer_gens.current_gen = a.told;
	if (!still)
		__ms_resync_soon(v);
	spin_unlock(&v->lock);
	if (still && ms_may_talk(v))
		ms_info(v, "in sync with the peer");
	ms_volume_event(v);
	return 0;
}

int ms_roles_agree(struct ms_volume *v, u32 session)
{
	struct ms_result *res;
	struct ms_done done;
	bool offered;
	int r;

	r = ms_roles_offer(v);
	if (r)
		return r;
	res = kzalloc(sizeof(*res), GFP_NOIO);
	if (!res)
		return -ENOMEM;
	spin_lock(&v->lock);
	offered = ms_gens_shared(&v->sb.gens);	/* a newer one may have begun since */
	ms_gens_encode(&v->sb.gens, &done.gens);
	v->told_gen = v->sb.gens.current_gen;
	spin_unlock(&v->lock);
	r = !offered ? -EAGAIN :
	    ms_request(v, MS_F_DONE, &done, sizeof(done), MS_F_RESULT, res, sizeof(*res), NULL);
	if (!r && res->status)
		r = -(int)le32_to_cpu(res->status);
	kfree(res);
	return r ?: ms_roles_agreed(v);
}
