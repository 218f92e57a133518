// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operator's commands at this site, and the peer's part of those that
 * need both; failback.c has those that copy. What may be done in which state is
 * decided by shared/rules_command.c.
 *
 * Locking: v->control serialises local commands. A question of the peer does
 * not take it (the other site may hold its own while it waits for the answer).
 * Each change of role, of either kind, happens under v->role_lock together with
 * the check that allows it.
 */
#include <linux/blkdev.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "engine/commands.h"
#include "engine/failback.h"
#include "engine/link.h"
#include "engine/loss.h"
#include "engine/primary.h"
#include "engine/roles.h"
#include "engine/secondary.h"

enum command {
	CMD_NONE, CMD_PROMOTE, CMD_DEMOTE, CMD_REGENERATE,
	CMD_REGENERATE_PEER, CMD_KEEP_LOCAL, CMD_KEEP_PEER, CMD_SWITCH, CMD_FAILBACK,
};

#define DRAIN_SECONDS	30

int ms_refuse_command(struct ms_volume *v, int r, const char *text)
{
	ms_warn(v, "refused: %s", text);
	spin_lock(&v->lock);
	strscpy(v->explain, text, sizeof(v->explain));
	v->refusals++;
	spin_unlock(&v->lock);
	return r;
}

static bool is_open(struct ms_volume *v)
{
	return disk_openers(dm_disk(v->md)) > 0;
}

void ms_cmd_situation(struct ms_volume *v, struct ms_situation *s)
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
	s->peer_disk = v->peer_disk;
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

void ms_cmd_in_force(struct ms_volume *v, enum ms_claim claim)
{
	spin_lock(&v->lock);
	v->claim = claim;
	v->active = claim == MS_CLAIM_ACTIVE;
	__ms_own_again(v);
	v->released &= v->active;
	if (v->active)		/* what it failed as a secondary was judged by whoever promotes it */
		v->target_failed = false;
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
	flush_work(&v->target_failed_work);	/* what they have failed is judged now, not recorded later */
}

struct promotion {
	struct ms_volume *v;
	const struct ms_promotion *how;
	const char *why;		/* it was not recorded */
};

/*
 * What may have changed since the rules allowed it: the record that the disk has failed may be on
 * its way; and who asked may have given up, and be primary again.
 */
static void sb_promotion(struct ms_sb *sb, void *arg)
{
	struct promotion *p = arg;
	struct ms_volume *v = p->v;

	p->why = NULL;
	spin_lock(&v->lock);
	if (!p->how->force && (v->target_failed || sb->disk == MS_DISK_INCONSISTENT))
		p->why = "the data device has failed";
	else if (p->how->session && (!v->connected || v->session != p->how->session))
		p->why = "the session is over";
	spin_unlock(&v->lock);
	if (!p->why)
		p->how->fn(sb, p->how->arg);
}

int ms_cmd_record_primary(struct ms_volume *v, const struct ms_promotion *how, const char **why)
{
	struct promotion p = { .v = v, .how = how };
	int r;

	close_door(v);
	/* What is declared consistent is on the disk. */
	r = ms_data_flush(v);
	if (r) {
		*why = "the data device cannot be flushed";
		return r;
	}
	r = ms_super_change(v, sb_promotion, &p);
	if (r || p.why) {
		*why = p.why ?: "the promotion cannot be recorded on the metadata device";
		return r ?: -EPERM;
	}
	invalidate_bdev(dm_disk(v->md)->part0);
	return 0;
}

static int promote_locked(struct ms_volume *v)
{
	struct ms_promotion how = { .fn = sb_promote, .arg = &v->cmd_force, .force = v->cmd_force };
	struct ms_situation s;
	const char *why;
	int r;

	ms_cmd_situation(v, &s);
	why = ms_rules_promote(&s, v->cmd_alone, v->cmd_force);
	if (why)
		return ms_refuse_command(v, -EPERM, why);
	if (s.claim == MS_CLAIM_ACTIVE)
		return 0;
	r = ms_cmd_record_primary(v, &how, &why);
	if (r)
		return ms_refuse_command(v, r, why);
	spin_lock(&v->lock);
	v->released = true;	/* who promotes knows that the peer is not there */
	spin_unlock(&v->lock);
	ms_cmd_in_force(v, MS_CLAIM_ACTIVE);
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

static int demote_locked(struct ms_volume *v, ms_rule rule, const char **why)
{
	struct ms_situation s;
	int r;

	ms_cmd_situation(v, &s);	/* once more: draining took its time */
	*why = rule(&s);
	if (*why)
		return s.open ? -EBUSY : -EPERM;
	r = READ_ONCE(v->own) == MS_OWN_LEFT ? 0 : ms_data_flush(v);
	if (r) {
		*why = "the data device cannot be flushed";
		return r;
	}
	r = ms_super_change(v, sb_demote, NULL);
	if (r) {
		*why = "the demotion cannot be recorded on the metadata device";
		return r;
	}
	ms_cmd_in_force(v, MS_CLAIM_NONE);
	return 0;
}

int ms_cmd_step_down(struct ms_volume *v, ms_rule rule, const char **why)
{
	int r;

	r = ms_primary_freeze(v, DRAIN_SECONDS);
	if (r) {
		*why = "writes in flight did not end in time";
		return r;
	}
	mutex_lock(&v->role_lock);
	r = demote_locked(v, rule, why);
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

	ms_cmd_situation(v, &s);
	why = ms_rules_demote(&s);
	if (why)
		return ms_refuse_command(v, -EBUSY, why);
	r = ms_cmd_step_down(v, ms_rules_demote, &why);
	if (r)
		return ms_refuse_command(v, r, why);
	ms_primary_thaw(v);
	ms_info(v, "demoted: secondary");
	ms_link_meet_again(v);
	return 0;
}

/* v->control is held. */
static void carry_out(struct ms_volume *v)
{
	switch (v->cmd) {
	case CMD_PROMOTE:
		return promote(v);
	case CMD_DEMOTE:
		demote(v);
		return;
	case CMD_FAILBACK:
		return ms_failback_all(v, v->cmd_force);
	default:
		ms_failback_resolve(v, v->cmd == CMD_KEEP_LOCAL ? MS_KEEP_LOCAL : MS_KEEP_PEER);
	}
}

static void regenerate(struct ms_volume *v)
{
	char why[MS_TEXT];

	ms_cmd_regenerate(v, v->cmd == CMD_REGENERATE ? MS_SITE_LOCAL : MS_SITE_PEER, why,
			  sizeof(why));
}

static void switch_over(struct ms_volume *v)
{
	struct ms_ioc_switch *sw = kzalloc(sizeof(*sw), GFP_KERNEL);

	if (sw)
		ms_cmd_switch(v, sw);
	else
		ms_refuse_command(v, -ENOMEM, "no memory");
	kfree(sw);
}

static void cmd_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, cmd_work);

	if (v->cmd == CMD_REGENERATE || v->cmd == CMD_REGENERATE_PEER) {
		regenerate(v);
	} else if (v->cmd == CMD_SWITCH) {
		switch_over(v);
	} else {
		/* Idle: who has it may wait for the peer, as long as a snapshot takes there. */
		while (!mutex_trylock(&v->control))
			schedule_timeout_idle(HZ / 20);
		if (v->running)
			carry_out(v);
		mutex_unlock(&v->control);
	}
	spin_lock(&v->lock);
	v->cmd = CMD_NONE;
	spin_unlock(&v->lock);
	ms_volume_event(v);
}

/*
 * Not a command like the others: disconnecting ends what these wait for, so it takes no lock
 * and waits for none of them. What was asked for last holds in the end.
 */
static void connect_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, connect_work);
	bool leave, on;

	spin_lock(&v->lock);
	leave = v->disconnect_asked;
	on = v->connect_asked;
	v->disconnect_asked = false;
	spin_unlock(&v->lock);
	if (leave)
		ms_net_enable(v->net, false);
	if (on)
		ms_net_enable(v->net, true);
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

	ms_cmd_situation(v, &s);
	why = ms_rules_promote(&s, alone, force);
	if (why)
		return ms_refuse_command(v, -EPERM, why);
	return queue_command(v, CMD_PROMOTE, alone, force);
}

int ms_cmd_demote(struct ms_volume *v)
{
	struct ms_situation s;
	const char *why;

	ms_cmd_situation(v, &s);
	why = ms_rules_demote(&s);
	if (why)
		return ms_refuse_command(v, -EBUSY, why);
	return queue_command(v, CMD_DEMOTE, false, false);
}

int ms_cmd_switch_later(struct ms_volume *v)
{
	struct ms_situation s;
	const char *why;

	ms_cmd_situation(v, &s);
	why = ms_rules_switch(&s);
	if (why)
		return ms_refuse_command(v, s.open ? -EBUSY : -EPERM, why);
	return queue_command(v, CMD_SWITCH, false, false);
}

int ms_cmd_failback_later(struct ms_volume *v, bool force)
{
	struct ms_situation s;
	const char *why;

	ms_cmd_situation(v, &s);
	why = ms_rules_failback(&s, force);
	if (why)
		return ms_refuse_command(v, -EPERM, why);
	return queue_command(v, CMD_FAILBACK, false, force);
}

int ms_cmd_regenerate_later(struct ms_volume *v, u32 site)
{
	return queue_command(v, site == MS_SITE_PEER ? CMD_REGENERATE_PEER : CMD_REGENERATE,
			     false, false);
}

void ms_cmd_connect(struct ms_volume *v, bool on)
{
	spin_lock(&v->lock);
	v->connect_asked = on;
	v->disconnect_asked |= !on;
	spin_unlock(&v->lock);
	queue_work(v->cmd_wq, &v->connect_work);
}

int ms_cmd_resolve(struct ms_volume *v, enum ms_keep keep)
{
	struct ms_situation s;
	const char *why;

	ms_cmd_situation(v, &s);
	why = ms_rules_resolve(&s, keep);
	if (why)
		return ms_refuse_command(v, -EPERM, why);
	return queue_command(v, keep == MS_KEEP_LOCAL ? CMD_KEEP_LOCAL : CMD_KEEP_PEER, false, false);
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
	static const char demoted[] = "this site is demoted now; at the peer: ";
	struct ms_switch body = { };
	struct ms_request rq;
	int r;

	ms_request_prepare(&rq, MS_F_SWITCH, &body, sizeof(body), MS_F_RESULT, res, sizeof(*res));
	spin_lock(&v->lock);
	ms_gens_encode(&v->sb.gens, &body.gens);
	r = __ms_request_queue(v, &rq);
	spin_unlock(&v->lock);
	/* No longer than for a write: no site serves the application. */
	if (!r)
		r = ms_request_wait_limited(v, &rq, v->confirm_timeout);
	if (!r && res->status) {
		strscpy(sw->error, demoted, sizeof(sw->error));
		ms_result_text(res, sw->error + sizeof(demoted) - 1,
			       sizeof(sw->error) - sizeof(demoted) + 1);
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
	if (mutex_lock_interruptible(&v->control)) {	/* who has it may wait for the peer */
		kfree(res);
		return -EINTR;
	}
	if (!v->running)
		goto out;
	ms_cmd_situation(v, &s);
	why = ms_rules_switch(&s);
	if (why) {
		strscpy(sw->error, why, sizeof(sw->error));
		r = ms_refuse_command(v, s.open ? -EBUSY : -EPERM, why);
		goto out;
	}
	start = ktime_get();
	r = ms_cmd_step_down(v, ms_rules_switch, &why);
	if (r) {
		strscpy(sw->error, why, sizeof(sw->error));
		ms_refuse_command(v, r, why);
		goto out;
	}
	r = ask_switch(v, sw, res);
	sw->ms = ktime_ms_delta(ktime_get(), start);
	ms_primary_thaw(v);
	if (r && !sw->error[0])
		strscpy(sw->error, "this site is demoted; whether the peer was promoted is not known: look at its status", sizeof(sw->error));
	if (r)
		ms_refuse_command(v, r, sw->error);
	ms_link_meet_again(v);
out:
	mutex_unlock(&v->control);
	kfree(res);
	ms_volume_event(v);
	return r;
}

static const char *take_over(struct ms_volume *v, struct ms_inbound *in)
{
	struct ms_promotion how = { .fn = sb_promote, .session = in->session };
	const char *why;
	bool ok;

	spin_lock(&v->lock);
	ok = v->session == in->session && v->in_sync && v->claim == MS_CLAIM_NONE &&
	     v->decision.meeting == MS_MEET_TARGET && v->sb.disk == MS_DISK_CONSISTENT;
	spin_unlock(&v->lock);
	if (!ok)
		return "the peer is not in sync and cannot take over";
	if (ms_cmd_record_primary(v, &how, &why))
		return why;
	ms_cmd_in_force(v, MS_CLAIM_ACTIVE);
	ms_net_planned(v->net);		/* the peer will end the session */
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
	INIT_WORK(&v->connect_work, connect_work);
}
