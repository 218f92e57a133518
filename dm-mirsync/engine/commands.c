// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operator's commands at this site, and the peer's part of those that
 * need both. What may be done in which state is decided by shared/rules.c.
 *
 * Locking: v->control serialises local commands. A question of the peer does
 * not take it (the other site may hold its own while it waits for the answer).
 * Each change of role, of either kind, happens under v->role_lock together with
 * the check that allows it.
 */
#include <linux/blkdev.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "engine/link.h"
#include "engine/loss.h"
#include "engine/primary.h"
#include "engine/resync.h"
#include "engine/resync_marks.h"
#include "engine/resync_progress.h"
#include "engine/roles.h"
#include "engine/sample.h"
#include "engine/secondary.h"

enum command { CMD_NONE, CMD_PROMOTE, CMD_DEMOTE, CMD_CONNECT, CMD_DISCONNECT };

#define DRAIN_SECONDS	30

int ms_refuse_command(struct ms_volume *v, int r, const char *text)
{
	ms_warn(v, "refused: %s", text);
	spin_lock(&v->lock);
	strscpy(v->explain, text, sizeof(v->explain));
	spin_unlock(&v->lock);
	return r;
}

static bool is_open(struct ms_volume *v)
{
	return disk_openers(dm_disk(v->md)) > 0;
}

static void situation(struct ms_volume *v, struct ms_situation *s)
{
	memset(s, 0, sizeof(*s));
	s->open = is_open(v);
	spin_lock(&v->lock);
	s->connected = v->connected;
	s->meeting = v->decision.meeting;
	s->relation = v->decision.relation;
	s->claim = v->claim;
	s->peer_claim = v->peer_claim;
	s->disk = v->sb.disk;
	s->in_sync = v->in_sync;
	s->copying = v->copying || v->target_copying;
	spin_unlock(&v->lock);
}

/*
 * promote, demote
 */

static void sb_promote(struct ms_sb *sb, void *arg)
{
	const bool *force = arg;

	sb->role = MS_ROLE_PRIMARY;
	sb->disk = MS_DISK_CONSISTENT;
	if (force && *force)
		sb->flags |= MS_SB_CHOSEN;
	ms_gens_start(&sb->gens, ms_random_gen());
}

static void sb_demote(struct ms_sb *sb, void *arg)
{
	sb->role = MS_ROLE_SECONDARY;
}

/* The new role counts; what was concluded with the peer before does not any more. */
static void in_force(struct ms_volume *v, enum ms_claim claim)
{
	spin_lock(&v->lock);
	v->claim = claim;
	v->active = claim == MS_CLAIM_ACTIVE;
	__ms_own_again(v);
	v->released &= v->active;
	v->receiving = false;
	v->in_sync = false;
	v->failback_agreed = false;
	v->state_seq++;
	spin_unlock(&v->lock);
	queue_work(v->io_wq, &v->intake_work);
	ms_volume_event(v);
}

/* Nothing of the peer's is taken any more, and what was taken is done. */
static void close_door(struct ms_volume *v)
{
	spin_lock(&v->lock);
	v->receiving = false;
	v->failback_agreed = false;
	spin_unlock(&v->lock);
	ms_secondary_drain(v);
}

static int promote_locked(struct ms_volume *v)
{
	struct ms_situation s;
	const char *why;
	int r;

	situation(v, &s);
	why = ms_rules_promote(&s, v->cmd_alone, v->cmd_force);
	if (why)
		return ms_refuse_command(v, -EPERM, why);
	if (s.claim == MS_CLAIM_ACTIVE)
		return 0;
	close_door(v);
	/* What is declared consistent is on the disk. */
	r = ms_data_flush(v);
	if (r)
		return ms_refuse_command(v, r, "the data device cannot be flushed");
	r = ms_super_change(v, sb_promote, &v->cmd_force);
	if (r)
		return ms_refuse_command(v, r, "the promotion cannot be recorded on the metadata device");
	invalidate_bdev(dm_disk(v->md)->part0);
	spin_lock(&v->lock);
	v->released = true;	/* who promotes knows that the peer is not there */
	spin_unlock(&v->lock);
	in_force(v, MS_CLAIM_ACTIVE);
	ms_info(v, "promoted: primary with a new generation");
	return 1;
}

static void promote(struct ms_volume *v)
{
	int r;

	mutex_lock(&v->role_lock);
	r = promote_locked(v);
	mutex_unlock(&v->role_lock);
	if (r > 0)		/* also a session that came up just now is void */
		ms_link_meet_again(v);
}

static int demote_locked(struct ms_volume *v, const char *(*rule)(const struct ms_situation *))
{
	struct ms_situation s;
	const char *why;
	int r;

	situation(v, &s);	/* once more: draining took its time */
	why = rule(&s);
	if (why)
		return ms_refuse_command(v, s.open ? -EBUSY : -EPERM, why);
	r = READ_ONCE(v->own) == MS_OWN_LEFT ? 0 : ms_data_flush(v);
	if (!r)
		r = ms_super_change(v, sb_demote, NULL);
	if (r)
		return ms_refuse_command(v, r, "the demotion cannot be recorded on the metadata device");
	in_force(v, MS_CLAIM_NONE);
	return 0;
}

/* Stand still and give up the role, durably. Return: 0 with I/O frozen, or negative. */
static int step_down(struct ms_volume *v, const char *(*rule)(const struct ms_situation *))
{
	int r;

	r = ms_primary_freeze(v, DRAIN_SECONDS);
	if (r)
		return ms_refuse_command(v, r, "writes in flight did not end in time");
	mutex_lock(&v->role_lock);
	r = demote_locked(v, rule);
	mutex_unlock(&v->role_lock);
	if (r)
		ms_primary_thaw(v);
	return r;
}

static int demote(struct ms_volume *v)
{
	struct ms_situation s;
	const char *why;
	int r;

	situation(v, &s);
	why = ms_rules_demote(&s);
	if (why)
		return ms_refuse_command(v, -EBUSY, why);
	r = step_down(v, ms_rules_demote);
	if (r)
		return r;
	ms_primary_thaw(v);
	ms_info(v, "demoted: secondary");
	ms_link_meet_again(v);
	return 0;
}

static void cmd_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, cmd_work);

	/* Disconnecting ends what another command waits for: it takes no lock. */
	if (v->cmd == CMD_CONNECT || v->cmd == CMD_DISCONNECT) {
		ms_net_enable(v->net, v->cmd == CMD_CONNECT);
	} else {
		mutex_lock(&v->control);
		if (v->running && v->cmd == CMD_PROMOTE)
			promote(v);
		else if (v->running)
			demote(v);
		mutex_unlock(&v->control);
	}
	spin_lock(&v->lock);
	v->cmd = CMD_NONE;
	spin_unlock(&v->lock);
	ms_volume_event(v);
}

static int queue_command(struct ms_volume *v, enum command cmd, bool alone, bool force)
{
	bool busy;

	spin_lock(&v->lock);
	busy = v->cmd != CMD_NONE;
	if (!busy) {
		v->cmd = cmd;
		v->cmd_alone = alone;
		v->cmd_force = force;
	}
	spin_unlock(&v->lock);
	if (busy)
		return ms_refuse_command(v, -EBUSY, "another command is being carried out");
	queue_work(v->cmd_wq, &v->cmd_work);
	return 0;
}

int ms_cmd_promote(struct ms_volume *v, bool alone, bool force)
{
	struct ms_situation s;
	const char *why;

	situation(v, &s);
	why = ms_rules_promote(&s, alone, force);
	if (why)
		return ms_refuse_command(v, -EPERM, why);
	return queue_command(v, CMD_PROMOTE, alone, force);
}

int ms_cmd_demote(struct ms_volume *v)
{
	struct ms_situation s;
	const char *why;

	situation(v, &s);
	why = ms_rules_demote(&s);
	if (why)
		return ms_refuse_command(v, -EBUSY, why);
	return queue_command(v, CMD_DEMOTE, false, false);
}

int ms_cmd_connect(struct ms_volume *v, bool on)
{
	return queue_command(v, on ? CMD_CONNECT : CMD_DISCONNECT, false, false);
}

/*
 * failback
 */

static void sb_failback(struct ms_sb *sb, void *arg)
{
	const bool *copy_all = arg;

	sb->flags |= MS_SB_ALL_CANDIDATES | MS_SB_FAILBACK;
	sb->flags &= ~MS_SB_COPY_ALL;		/* of an earlier one */
	if (*copy_all)
		sb->flags |= MS_SB_COPY_ALL;
}

/* Only what is marked is to be looked at: do the marks cover all that differs? */
static const char *changed_refused(struct ms_volume *v)
{
	bool trusted;

	spin_lock(&v->lock);
	trusted = v->decision.trusted;
	spin_unlock(&v->lock);
	return trusted ? NULL : "the marks of the sites may not cover all that differs: compare all, without --changed";
}

static int failback_begin(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	bool force = fb->flags & MS_FAILBACK_FORCE;
	struct ms_failback_begin b = { };
	struct ms_situation s;
	struct ms_result *res;
	const char *why;
	int r;

	situation(v, &s);
	why = ms_rules_failback(&s, force);
	if (!why && fb->flags & MS_FAILBACK_CHANGED)
		why = changed_refused(v);
	if (why) {
		strscpy(fb->error, why, sizeof(fb->error));
		return ms_refuse_command(v, -EPERM, why);
	}
	r = ms_sample_check(v);
	if (r)
		return r;
	spin_lock(&v->lock);
	__ms_resync_forget(v);	/* whatever the peer finds when it checks its codes */
	spin_unlock(&v->lock);
	res = kzalloc(sizeof(*res), GFP_NOIO);	/* a stop waits for v->control */
	if (!res)
		return -ENOMEM;
	b.flags = cpu_to_le32(force ? MS_FB_FORCE : 0);
	spin_lock(&v->lock);
	ms_gens_encode(&v->sb.gens, &b.gens);
	spin_unlock(&v->lock);
	r = ms_request(v, MS_F_FAILBACK_BEGIN, &b, sizeof(b), MS_F_RESULT, res,
		       sizeof(*res), NULL);
	if (!r && res->status) {
		ms_result_text(res, fb->error, sizeof(fb->error));
		r = ms_refuse_command(v, -EPERM, fb->error);
	}
	kfree(res);
	if (r)
		return r;
	ms_resync_reset(v);
	ms_resync_all_candidates(v);
	spin_lock(&v->lock);
	v->failback = v->connected ? 1 : 0;
	spin_unlock(&v->lock);
	ms_info(v, "failback begun: all segments are candidates, the peer is the target");
	return 0;
}

/* From here on it is persistent: whatever happens, it goes on when the sites meet again. */
static int failback_start(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	bool ready, copy_all = fb->flags & MS_FAILBACK_COPY;
	int r;

	spin_lock(&v->lock);
	ready = v->failback == 1 && v->connected;
	spin_unlock(&v->lock);
	if (!ready) {
		strscpy(fb->error, "no failback was begun in this session", sizeof(fb->error));
		return -EINVAL;
	}
	r = ms_super_change(v, sb_failback, &copy_all);
	if (r) {
		strscpy(fb->error, "the failback cannot be recorded on the metadata device",
			sizeof(fb->error));
		return r;
	}
	spin_lock(&v->lock);
	ready = v->failback == 1 && v->connected;
	if (ready) {
		v->failback = 2;
		v->failback_judged = true;
		v->copy_rate = fb->rate;
		v->decision.meeting = MS_MEET_SOURCE;
		v->decision.scope = MS_SCOPE_ALL;
	}
	spin_unlock(&v->lock);
	r = ready ? ms_resync_go(v) : -ENOTCONN;
	if (r && r != -ENOTCONN)
		ms_net_cut(v->net, r);	/* nothing is under way: what was concluded is void */
	if (r)
		strscpy(fb->error, "the session ended: give the command again when the sites have met",
			sizeof(fb->error));
	return r;
}

static int failback_cancel(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	bool ok;

	spin_lock(&v->lock);
	ok = v->failback == 1;
	if (ok)
		v->failback = 0;
	spin_unlock(&v->lock);
	if (!ok) {
		strscpy(fb->error, "no failback that could be cancelled", sizeof(fb->error));
		return -EINVAL;
	}
	ms_link_meet_again(v);		/* as if it had not been begun */
	return 0;
}

int ms_cmd_failback(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	int r = -EINVAL;

	mutex_lock(&v->control);
	if (!v->running)
		r = -ENODEV;
	else if (fb->step == MS_FAILBACK_BEGIN)
		r = failback_begin(v, fb);
	else if (fb->step == MS_FAILBACK_START)
		r = failback_start(v, fb);
	else if (fb->step == MS_FAILBACK_CANCEL)
		r = failback_cancel(v, fb);
	mutex_unlock(&v->control);
	ms_volume_event(v);
	return r;
}

static const char *may_be_target(struct ms_volume *v, struct ms_inbound *in, bool force)
{
	enum ms_meeting m = v->decision.meeting;

	if (v->session != in->session)
		return "the session is over";
	if (v->claim == MS_CLAIM_ACTIVE)
		return "the peer is an active primary: demote it first";
	if (m == MS_MEET_OUTDATED || m == MS_MEET_TARGET)
		return NULL;
	if (force && (m == MS_MEET_SPLIT_BRAIN || m == MS_MEET_UNRELATED))
		return NULL;
	return "the peer does not agree to be overwritten in this state";
}

/*
 * The peer asks this site to be the target of a failback. It only agrees, for
 * this session: nothing changes before the source's GO, so a failback that is
 * cancelled before its start leaves no trace.
 */
void ms_roles_take_failback(struct ms_inbound *in)
{
	const struct ms_failback_begin *b = (void *)in->body;
	bool force = le32_to_cpu(b->flags) & MS_FB_FORCE;
	struct ms_volume *v = in->v;
	const char *why;

	/* The comparison that follows believes this site's codes. */
	if (ms_sample_check(v))
		return ms_inbound_result(in, -EIO, "the codes of the peer cannot be checked");
	mutex_lock(&v->role_lock);
	spin_lock(&v->lock);
	why = may_be_target(v, in, force);
	if (!why) {
		v->failback_agreed = true;
		v->failback_forget = v->decision.meeting == MS_MEET_SPLIT_BRAIN ||
				     v->decision.meeting == MS_MEET_UNRELATED;
	}
	spin_unlock(&v->lock);
	mutex_unlock(&v->role_lock);
	if (!why && ms_may_talk(v))
		ms_info(v, "the peer has begun a failback: this site will be its target");
	ms_inbound_result(in, why ? -EPERM : 0, why);
}

/*
 * switchover
 */

/*
 * Nothing is taken over from the answer: the sites meet again, and this one adopts the
 * lineage as a target does, by GO, after its source has persisted the offer.
 */
static int ask_switch(struct ms_volume *v, struct ms_ioc_switch *sw, struct ms_result *res)
{
	struct ms_switch body = { };
	int r;

	spin_lock(&v->lock);
	ms_gens_encode(&v->sb.gens, &body.gens);
	spin_unlock(&v->lock);
	r = ms_request(v, MS_F_SWITCH, &body, sizeof(body), MS_F_RESULT, res,
		       sizeof(*res), NULL);
	if (!r && res->status) {
		ms_result_text(res, sw->error, sizeof(sw->error));
		r = -EPERM;
	}
	return r;
}

int ms_cmd_switch(struct ms_volume *v, struct ms_ioc_switch *sw)
{
	struct ms_result *res = kzalloc(sizeof(*res), GFP_KERNEL);
	struct ms_situation s;
	const char *why = NULL;
	ktime_t start;
	int r = -ENODEV;

	if (!res)		/* not when the role is given up already */
		return -ENOMEM;
	mutex_lock(&v->control);
	if (!v->running)
		goto out;
	situation(v, &s);
	why = ms_rules_switch(&s);
	if (why) {
		strscpy(sw->error, why, sizeof(sw->error));
		r = ms_refuse_command(v, s.open ? -EBUSY : -EPERM, why);
		goto out;
	}
	start = ktime_get();
	r = step_down(v, ms_rules_switch);
	if (r) {
		spin_lock(&v->lock);
		strscpy(sw->error, v->explain, sizeof(sw->error));
		spin_unlock(&v->lock);
		goto out;
	}
	r = ask_switch(v, sw, res);
	sw->ms = ktime_ms_delta(ktime_get(), start);
	ms_primary_thaw(v);
	if (r && !sw->error[0])
		strscpy(sw->error, "this site is demoted; whether the peer was promoted is not known: look at its status", sizeof(sw->error));
	ms_link_meet_again(v);
out:
	mutex_unlock(&v->control);
	kfree(res);
	ms_volume_event(v);
	return r;
}

static const char *take_over(struct ms_volume *v, struct ms_inbound *in)
{
	bool ok;

	spin_lock(&v->lock);
	ok = v->session == in->session && v->in_sync && v->claim == MS_CLAIM_NONE &&
	     v->decision.meeting == MS_MEET_TARGET && v->sb.disk == MS_DISK_CONSISTENT;
	spin_unlock(&v->lock);
	if (!ok)
		return "the peer is not in sync and cannot take over";
	close_door(v);
	if (ms_data_flush(v))
		return "the data device of the peer cannot be flushed";
	if (ms_super_change(v, sb_promote, NULL))
		return "the promotion cannot be recorded at the peer";
	invalidate_bdev(dm_disk(v->md)->part0);
	in_force(v, MS_CLAIM_ACTIVE);
	ms_info(v, "switchover: this site is the primary now");
	return NULL;
}

void ms_roles_take_switch(struct ms_inbound *in)
{
	const char *why;

	mutex_lock(&in->v->role_lock);
	why = take_over(in->v, in);
	mutex_unlock(&in->v->role_lock);
	ms_inbound_result(in, why ? -EPERM : 0, why);
}

void ms_roles_init(struct ms_volume *v)
{
	INIT_WORK(&v->cmd_work, cmd_work);
}
