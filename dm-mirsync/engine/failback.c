// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failback and resolve; see failback.h. What may be done is decided by shared/rules_command.c.
 *
 * Who gives its data up at its own site asks the other one to go on as if the failback had been
 * commanded there. What each step leaves to a crash of either site, or a cut:
 *   the loser has given up the primary role	   its data and lineage: they disagree as before
 *   it has agreed to be the target		   the same: it did so for this session
 *   the source persists FAILBACK, all candidates	   the same, and the source's claim. Again, by
 *	(resolve: chosen; the primary role and a	   command
 *	new generation, if it has not got the role)
 *   GO: the target persists secondary, inconsistent,   each meeting goes on with the copy
 *	no lineage of its own
 * Nothing of the loser's is overwritten before the last of these.
 *
 * Locking: v->control for commands. What the peer asks for takes it only if it is free: a command that
 * holds it may be waiting for the peer, and a stop for the inbox. v->role_lock around each change
 * of role, or agreement, together with the check that allows it; v->lock for the state in force.
 */
#include <linux/slab.h>

#include "engine/commands.h"
#include "engine/failback.h"
#include "engine/link.h"
#include "engine/primary.h"
#include "engine/resync.h"
#include "engine/resync_marks.h"
#include "engine/resync_progress.h"
#include "engine/roles.h"
#include "engine/sample.h"

#define NOT_BY_MARKS	"the marks of the sites may not cover all that differs: compare all, without --changed"
#define WHETHER_BEGUN	"the session ended: whether the copy has begun, the status tells when the sites have met"

/* Return: @r, with one line about it. */
static int say(struct ms_ioc_failback *fb, int r, const char *why)
{
	strscpy(fb->error, why, sizeof(fb->error));
	return r;
}

/* Return: @r; what has changed all the same goes before its reason. */
static int say_also(struct ms_ioc_failback *fb, int r, const char *what)
{
	char text[sizeof(fb->error)];

	strscpy(text, what, sizeof(text));
	strlcat(text, fb->error, sizeof(text));
	return say(fb, r, text);
}

static u32 session_of(struct ms_volume *v)
{
	u32 session;

	spin_lock(&v->lock);
	session = v->session;
	spin_unlock(&v->lock);
	return session;
}

/* What the peer has answered; @whose: put before its reason. */
static int judge(struct ms_ioc_failback *fb, const struct ms_result *res, const char *whose)
{
	size_t at = strlen(whose);

	if (!res->status)
		return 0;
	say(fb, -EPERM, whose);
	ms_result_text(res, fb->error + at, sizeof(fb->error) - at);
	return -EPERM;
}

/* Ask the peer, which answers by RESULT. */
static int ask(struct ms_volume *v, struct ms_ioc_failback *fb, u16 type, const void *body, u32 len)
{
	struct ms_result *res = kzalloc(sizeof(*res), GFP_NOIO);	/* a stop waits for v->control */
	int r;

	if (!res)
		return -ENOMEM;
	r = ms_request(v, type, body, len, MS_F_RESULT, res, sizeof(*res), NULL);
	if (!r)
		r = judge(fb, res, "");
	kfree(res);
	return r;
}

/*
 * The same for what may take as long as a snapshot at the target: a signal ends the waiting, after
 * which the sites have to meet again.
 */
static int ask_patiently(struct ms_volume *v, struct ms_ioc_failback *fb, u16 type)
{
	struct ms_result *res = kzalloc(sizeof(*res), GFP_NOIO);
	struct ms_request rq;
	int r;

	if (!res)
		return -ENOMEM;
	ms_request_prepare(&rq, type, NULL, 0, MS_F_RESULT, res, sizeof(*res));
	spin_lock(&v->lock);
	r = __ms_request_queue(v, &rq);
	spin_unlock(&v->lock);
	if (!r)
		r = ms_request_wait_interruptible(v, &rq);
	if (!r)
		r = judge(fb, res, "at the peer: ");
	kfree(res);
	return r;
}

/* The codes of this site are believed in the comparison, and nothing that an earlier one has found. */
static int prepare(struct ms_volume *v)
{
	int r = ms_sample_check(v);

	if (r)
		return r;
	spin_lock(&v->lock);
	__ms_resync_forget(v);	/* whatever the peer finds when it checks its codes */
	spin_unlock(&v->lock);
	return 0;
}

/*
 * The source
 */

/* Only what is marked is to be looked at: do the marks cover all that differs? */
static const char *changed_refused(struct ms_volume *v)
{
	bool trusted;

	spin_lock(&v->lock);
	trusted = v->decision.trusted;
	spin_unlock(&v->lock);
	return trusted ? NULL : NOT_BY_MARKS;
}

static const char *may_begin(struct ms_volume *v, u32 flags)
{
	struct ms_situation s;
	const char *why;

	ms_cmd_situation(v, &s);
	if (flags & MS_FAILBACK_RESOLVE)
		why = ms_rules_resolve(&s, MS_KEEP_LOCAL);
	else
		why = ms_rules_failback(&s, flags & MS_FAILBACK_FORCE);
	return !why && flags & MS_FAILBACK_CHANGED ? changed_refused(v) : why;
}

/* The target has agreed, in @session. No resync begins from here on, but by the start. */
static int begun(struct ms_volume *v, u32 session, struct ms_ioc_failback *fb)
{
	bool over, copying;

	spin_lock(&v->lock);
	over = !v->connected || v->session != session;
	copying = v->copying;
	if (!over && !copying)
		v->failback = 1;
	spin_unlock(&v->lock);
	if (over)
		return say(fb, -ENOTCONN, "the session ended: give the command again when the sites have met");
	if (copying) {
		ms_link_meet_again(v);	/* the target has agreed */
		return say(fb, -EBUSY, "a resync has begun meanwhile");
	}
	ms_resync_reset(v);
	ms_resync_all_candidates(v);
	ms_info(v, "failback begun: all segments are candidates, the peer is the target");
	return 0;
}

/* A sample that has found the disk changed leaves no trust in marks, whatever the meeting has concluded. */
static bool marks_suffice(struct ms_volume *v)
{
	bool r;

	spin_lock(&v->lock);
	r = !(v->sb.flags & MS_SB_ALL_CANDIDATES);
	spin_unlock(&v->lock);
	return r;
}

static int failback_begin(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	bool force = fb->flags & (MS_FAILBACK_FORCE | MS_FAILBACK_RESOLVE);
	bool changed = fb->flags & MS_FAILBACK_CHANGED;
	struct ms_failback_begin b = {
		.flags = cpu_to_le32((force ? MS_FB_FORCE : 0) | (changed ? MS_FB_CHANGED : 0)),
	};
	u32 session = session_of(v);
	const char *why;
	int r;

	/* The verdicts of who begins count for that one's start alone. */
	if (READ_ONCE(v->failback) == 1)
		return say(fb, -EBUSY, "another failback was begun, and is neither started nor cancelled");
	why = may_begin(v, fb->flags);
	if (why)
		return say(fb, -EPERM, why);
	r = prepare(v);
	if (!r && changed && !marks_suffice(v))
		r = say(fb, -EPERM, NOT_BY_MARKS);
	if (r)
		return r;
	spin_lock(&v->lock);
	ms_gens_encode(&v->sb.gens, &b.gens);
	spin_unlock(&v->lock);
	r = ask(v, fb, MS_F_FAILBACK_BEGIN, &b, sizeof(b));
	return r ?: begun(v, session, fb);
}

struct start {
	bool promote;
	bool copy_all;
};

static void sb_failback(struct ms_sb *sb, void *arg)
{
	const struct start *start = arg;

	sb->flags |= MS_SB_ALL_CANDIDATES | MS_SB_FAILBACK;
	sb->flags &= ~MS_SB_COPY_ALL;		/* of an earlier one */
	if (start->copy_all)
		sb->flags |= MS_SB_COPY_ALL;
}

/* Named the winner: also if its history has gone back (I11). */
static void sb_win(struct ms_sb *sb, void *arg)
{
	const struct start *start = arg;

	sb_failback(sb, arg);
	sb->flags |= MS_SB_CHOSEN;
	if (!start->promote)
		return;
	sb->role = MS_ROLE_PRIMARY;
	sb->disk = MS_DISK_CONSISTENT;
	ms_gens_start(&sb->gens, ms_random_gen());
}

/* role_lock is held. Return: 0; or negative, with @why, or with NULL there for the metadata device. */
static int win(struct ms_volume *v, struct start *start, const char **why)
{
	struct ms_promotion how = { .fn = sb_win, .arg = start };
	struct ms_situation s;
	int r;

	ms_cmd_situation(v, &s);
	*why = ms_rules_resolve(&s, MS_KEEP_LOCAL);
	if (!*why && READ_ONCE(v->failback_agreed))
		*why = "the peer has begun a failback over this site";
	if (*why)
		return -EPERM;
	start->promote = s.claim != MS_CLAIM_ACTIVE;
	if (!start->promote)
		return ms_super_change(v, sb_win, start);
	r = ms_cmd_record_primary(v, &how, why);
	if (r)
		return r;
	ms_cmd_in_force(v, MS_CLAIM_ACTIVE);
	ms_info(v, "this site's data is to stay: primary with a new generation");
	return 0;
}

/*
 * Persist that this site goes on over the peer; from then on it does whenever they meet.
 * @promoted: it had to be made the primary for that
 */
static int record(struct ms_volume *v, struct ms_ioc_failback *fb, bool *promoted)
{
	struct start start = { .copy_all = fb->flags & MS_FAILBACK_COPY };
	const char *why = NULL;
	int r;

	if (fb->flags & MS_FAILBACK_RESOLVE) {
		mutex_lock(&v->role_lock);
		r = win(v, &start, &why);
		mutex_unlock(&v->role_lock);
		if (!r)
			ms_link_send_state(v);
	} else {
		r = ms_super_change(v, sb_failback, &start);
	}
	*promoted = !r && start.promote;
	return r ? say(fb, r, why ?: "the failback cannot be recorded on the metadata device") : 0;
}

static int go(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	bool ready;
	int r;

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
		say(fb, r, ready ? WHETHER_BEGUN : "the session ended: give the command again when the sites have met");
	return r;
}

/* As if it had not been begun. Return: false if there was nothing, or it has started. */
static bool forget(struct ms_volume *v)
{
	bool was;

	spin_lock(&v->lock);
	was = v->failback == 1;
	if (was)
		v->failback = 0;
	spin_unlock(&v->lock);
	if (was)
		ms_link_meet_again(v);
	return was;
}

/* The target's last word before it is written to. */
static int prepare_target(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	int r = ask_patiently(v, fb, MS_F_PREPARE);

	if (r == -EINTR)
		say(fb, r, "interrupted before the peer was ready to be the target: nothing has begun");
	else if (r && r != -EPERM)
		say(fb, r, "the session ended before the peer was ready to be the target: nothing has begun");
	return r;
}

/* Return: 0 when it is persistent: whatever happens, it goes on when the sites meet again. */
static int make_certain(struct ms_volume *v, struct ms_ioc_failback *fb, bool *promoted)
{
	bool ready;
	int r;

	spin_lock(&v->lock);
	ready = v->failback == 1 && v->connected;
	spin_unlock(&v->lock);
	if (!ready)
		return say(fb, -EINVAL, "no failback was begun in this session");
	r = prepare_target(v, fb);
	return r ?: record(v, fb, promoted);
}

static int failback_start(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	bool promoted = false;
	int r = make_certain(v, fb, &promoted);

	if (r) {
		forget(v);
		return r;
	}
	r = go(v, fb);
	return r && promoted ? say_also(fb, r, "this site is primary now; ") : r;
}

static int failback_cancel(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	return forget(v) ? 0 : say(fb, -EINVAL, "no failback that could be cancelled");
}

/* v->control is held. The peer, of @session, has agreed before it asked. */
static int take_resolve(struct ms_volume *v, u32 session, struct ms_ioc_failback *fb)
{
	bool promoted;
	const char *why;
	int r;

	why = may_begin(v, fb->flags);
	if (!why && READ_ONCE(v->failback))
		why = "a failback was begun";
	if (!why && (!v->running || session != session_of(v)))
		why = "the session is over";
	if (why)
		return say(fb, -EPERM, why);
	r = prepare(v);
	if (r)
		return say(fb, r, "the codes cannot be checked");
	r = begun(v, session, fb);
	if (r)
		return r;
	r = make_certain(v, fb, &promoted);
	if (!r)
		return go(v, fb);
	spin_lock(&v->lock);
	v->failback = 0;		/* the peer, which is to be told why, begins the new session */
	spin_unlock(&v->lock);
	return r;
}

void ms_failback_take_resolve(struct ms_inbound *in)
{
	struct ms_ioc_failback fb = { .flags = MS_FAILBACK_RESOLVE };
	struct ms_volume *v = in->v;
	int r;

	/* Not beside a command; and stopping, which is one, waits for this worker. */
	if (!mutex_trylock(&v->control))
		return ms_inbound_result(in, -EBUSY, "another command is being carried out");
	r = take_resolve(v, in->session, &fb);
	mutex_unlock(&v->control);
	ms_inbound_result(in, r, fb.error);
	ms_volume_event(v);
}

/*
 * The target
 */

/*
 * It only agrees, for this session: nothing changes before the source's GO. With that its lineage
 * ends, unless it is an older part of the source's. That of a site which has gone back in time
 * may be newer than the source's, and would outdate the source at the next meeting.
 */
static void __agree(struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	v->failback_agreed = true;
	v->prepared = false;		/* each failback is asked for */
	v->failback_forget = v->decision.meeting == MS_MEET_SPLIT_BRAIN ||
			     v->decision.meeting == MS_MEET_UNRELATED ||
			     v->decision.local_back;
}

/* As ms_rules_failback() at the peer: this site has gone back in time, and has what was never there. */
static bool has_own(const struct ms_decision *d)
{
	return d->meeting == MS_MEET_OUTDATED &&
	       (d->relation == MS_REL_LOCAL_NEWER || d->relation == MS_REL_BLANK_PEER);
}

static const char *may_be_target(struct ms_volume *v, struct ms_inbound *in, bool force)
{
	enum ms_meeting m = v->decision.meeting;

	if (v->session != in->session)
		return "the session is over";
	if (v->claim == MS_CLAIM_ACTIVE)
		return "the peer is an active primary: demote it first";
	if (v->failback)
		return "a failback was begun at the peer";
	if (m == MS_MEET_TARGET || (m == MS_MEET_OUTDATED && (force || !has_own(&v->decision))))
		return NULL;
	if (force && (m == MS_MEET_SPLIT_BRAIN || m == MS_MEET_UNRELATED))
		return NULL;
	return "the peer does not agree to be overwritten in this state";
}

/*
 * The peer asks this site to be the target of a failback. One that is cancelled before
 * its start leaves no trace.
 */
void ms_failback_take_begin(struct ms_inbound *in)
{
	const struct ms_failback_begin *b = (void *)in->body;
	bool force = le32_to_cpu(b->flags) & MS_FB_FORCE;
	struct ms_volume *v = in->v;
	const char *why;

	if (le32_to_cpu(b->flags) & ~(MS_FB_CHANGED | MS_FB_FORCE))
		return ms_inbound_result(in, -EPROTO, "the peer is asked for a failback of a kind that it does not know");
	/* The comparison that follows believes this site's codes. */
	if (ms_sample_check(v))
		return ms_inbound_result(in, -EIO, "the codes of the peer cannot be checked");
	if (le32_to_cpu(b->flags) & MS_FB_CHANGED && !marks_suffice(v))
		return ms_inbound_result(in, -EPERM, NOT_BY_MARKS);
	mutex_lock(&v->role_lock);
	spin_lock(&v->lock);
	why = may_be_target(v, in, force);
	if (!why)
		__agree(v);
	spin_unlock(&v->lock);
	mutex_unlock(&v->role_lock);
	if (!why && ms_may_talk(v))
		ms_info(v, "the peer has begun a failback: this site will be its target");
	ms_inbound_result(in, why ? -EPERM : 0, why);
}

static const char *may_give_up(const struct ms_situation *s)
{
	return ms_rules_resolve(s, MS_KEEP_PEER);
}

/* Be the target of @session, if its peer goes on over this site. */
static int agree(struct ms_volume *v, u32 session, struct ms_ioc_failback *fb)
{
	struct ms_situation s;
	const char *why;

	mutex_lock(&v->role_lock);
	ms_cmd_situation(v, &s);
	why = may_give_up(&s);
	spin_lock(&v->lock);
	if (!why && v->session != session)
		why = "the session ended: give the command again when the sites have met";
	if (!why)
		__agree(v);
	spin_unlock(&v->lock);
	mutex_unlock(&v->role_lock);
	return why ? say(fb, s.open ? -EBUSY : -EPERM, why) : 0;
}

/* Nobody serves an application with the data that is given up. */
static int step_down(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	const char *why;
	int r;

	r = ms_cmd_step_down(v, may_give_up, &why);
	if (r)
		return say(fb, r, why);
	ms_primary_thaw(v);
	ms_info(v, "demoted: the peer's data is to stay");
	return 0;
}

/* The role is given up already when the peer refuses, or nobody knows: the sites meet again. */
static int ask_to_win(struct ms_volume *v, u32 session, struct ms_ioc_failback *fb)
{
	int r = agree(v, session, fb);

	if (!r) {
		ms_link_send_state(v);
		r = ask_patiently(v, fb, MS_F_RESOLVE);
	}
	if (r == -EINTR)
		say(fb, r, "interrupted: nothing is copied to this site unless the peer has begun to");
	if (r == -ENOTCONN)
		say(fb, r, WHETHER_BEGUN);
	if (r)
		ms_link_meet_again(v);
	return r;
}

/* An open device is no reason to try again: it is not the primary's any more. */
static int say_demoted(struct ms_ioc_failback *fb, int r)
{
	return say_also(fb, r == -EBUSY ? -EPERM : r, "this site is demoted now; ");
}

static int give_up(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	u32 session = session_of(v);
	struct ms_situation s;
	bool demoted = false;
	const char *why;
	int r;

	ms_cmd_situation(v, &s);
	why = may_give_up(&s);
	if (!why && READ_ONCE(v->failback))
		why = "a failback from this site was begun";
	if (why)
		return say(fb, s.open ? -EBUSY : -EPERM, why);
	r = prepare(v);
	if (!r && s.claim == MS_CLAIM_ACTIVE) {
		r = step_down(v, fb);
		demoted = !r;
	}
	r = r ?: ask_to_win(v, session, fb);
	return r && demoted ? say_demoted(fb, r) : r;
}

/*
 * Commands
 */

static int take_step(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	switch (fb->step) {
	case MS_FAILBACK_BEGIN:
		return failback_begin(v, fb);
	case MS_FAILBACK_START:
		return failback_start(v, fb);
	case MS_FAILBACK_CANCEL:
		return failback_cancel(v, fb);
	case MS_FAILBACK_GIVE_UP:
		return give_up(v, fb);
	}
	return -EINVAL;
}

int ms_cmd_failback(struct ms_volume *v, struct ms_ioc_failback *fb, const void *owner)
{
	int r = -ENODEV;

	if (mutex_lock_interruptible(&v->control))	/* who has it may wait for the peer */
		return -EINTR;
	if (v->running)
		r = take_step(v, fb);
	if (!r && fb->step == MS_FAILBACK_BEGIN)
		WRITE_ONCE(v->failback_owner, owner);
	mutex_unlock(&v->control);
	if (r && *fb->error)
		ms_refuse_command(v, r, fb->error);
	ms_volume_event(v);
	return r;
}

void ms_failback_abandon(struct ms_volume *v, const void *owner)
{
	if (READ_ONCE(v->failback_owner) != owner)
		return;
	mutex_lock(&v->control);
	if (v->failback_owner == owner) {
		WRITE_ONCE(v->failback_owner, NULL);
		if (v->running && forget(v))
			ms_info(v, "the failback that was begun is cancelled: who began it is gone");
	}
	mutex_unlock(&v->control);
}

static int begin_and_start(struct ms_volume *v, struct ms_ioc_failback *fb)
{
	int r = failback_begin(v, fb);

	return r ?: failback_start(v, fb);
}

void ms_failback_all(struct ms_volume *v, bool force)
{
	struct ms_ioc_failback fb = { .flags = force ? MS_FAILBACK_FORCE : 0 };
	int r = begin_and_start(v, &fb);

	if (r)
		ms_refuse_command(v, r, *fb.error ? fb.error : "the failback could not be begun");
}

void ms_failback_resolve(struct ms_volume *v, enum ms_keep keep)
{
	struct ms_ioc_failback fb = { .flags = MS_FAILBACK_RESOLVE };
	int r = keep == MS_KEEP_PEER ? give_up(v, &fb) : begin_and_start(v, &fb);

	if (r)
		ms_refuse_command(v, r, *fb.error ? fb.error : "the sites could not be brought together");
}
