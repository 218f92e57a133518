// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coming and going of the session, and where each frame goes; see link.h.
 *
 * A crash or cut anywhere here leaves what is persistent: claims, generations
 * and flags are changed by jobs of the metadata worker before anything that
 * depends on them is sent or applied.
 */
#include <linux/slab.h>

#include "engine/compare.h"
#include "engine/digest.h"
#include "engine/extent.h"
#include "engine/failback.h"
#include "engine/link.h"
#include "engine/policy.h"
#include "engine/prepare.h"
#include "engine/regenerate.h"
#include "engine/repair.h"
#include "engine/resync.h"
#include "engine/resync_marks.h"
#include "engine/resync_progress.h"
#include "engine/roles.h"
#include "engine/secondary.h"
#include "engine/tables.h"
#include "engine/trace.h"
#include "engine/write.h"

void ms_link_site(struct ms_volume *v, struct ms_site *s)
{
	spin_lock(&v->lock);
	memcpy(s->volume_id, v->sb.volume_id, MS_UUID);
	memcpy(s->node_id, v->sb.node_id, MS_UUID);
	s->sectors = v->sb.sectors;
	s->seg_shift = v->sb.seg_shift;
	s->code_algo = v->sb.code_algo;
	s->code_seed = v->sb.code_seed;
	s->claim = v->claim;
	s->disk = v->sb.disk;
	s->flags = v->sb.flags;
	s->gens = v->sb.gens;
	spin_unlock(&v->lock);
}

static void op_hello(void *ctx, struct ms_hello *h)
{
	struct ms_volume *v = ctx;
	const struct ms_sb *sb = &v->sb;

	spin_lock(&v->lock);
	memcpy(h->volume_id, sb->volume_id, MS_UUID);
	memcpy(h->node_id, sb->node_id, MS_UUID);
	h->sectors = cpu_to_le64(sb->sectors);
	h->logical_block = cpu_to_le32(sb->logical_block);
	h->seg_shift = cpu_to_le32(sb->seg_shift);
	h->code_algo = cpu_to_le32(sb->code_algo);
	h->claim = cpu_to_le32(v->claim);
	h->code_seed = cpu_to_le64(sb->code_seed);
	h->disk = cpu_to_le32(sb->disk);
	h->flags = cpu_to_le32(sb->flags);
	ms_gens_encode(&sb->gens, &h->gens);
	h->activation = cpu_to_le64(sb->activation);
	h->activation_id = cpu_to_le64(sb->activation_id);
	h->commits = cpu_to_le64(ms_meta_commits(v->meta));
	ms_past_encode(sb->past, h->past);
	memcpy(h->seen_node_id, v->seen_node, MS_UUID);
	h->seen_activation_id = cpu_to_le64(v->seen.id);
	h->seen_commits = cpu_to_le64(v->seen.commits);
	h->codes_since = cpu_to_le64(sb->codes_since);
	v->hello_seq = v->state_seq;
	spin_unlock(&v->lock);
}

struct meet_arg {
	const struct ms_hello *peer;
	u64 codes_since;
	enum ms_adopt adopt;
};

/* Take over the volume's id and seed when we are new to it, and have not been promoted since the HELLO. */
static void note_meeting(struct ms_sb *sb, void *arg)
{
	struct meet_arg *m = arg;

	if (m->adopt == MS_ADOPT_LOCAL && sb->gens.current_gen)
		return;
	sb->flags &= ~MS_SB_NEVER_MET;
	if (m->adopt != MS_ADOPT_LOCAL)
		return;
	memcpy(sb->volume_id, m->peer->volume_id, MS_UUID);
	sb->code_seed = le64_to_cpu(m->peer->code_seed);
	sb->codes_since = m->codes_since;
	sb->flags |= MS_SB_ALL_CANDIDATES;
}

/*
 * Whom we met, and how far its history has come (I11). If it has gone back in time what was seen
 * before stays, also of whom, until both have agreed on one lineage; if it is new, until it is copied to.
 * Return: whether it has to be persisted now; a point on the same activation is with the
 * next record.
 */
static bool note_history(struct ms_volume *v, const struct ms_site *peer, const struct ms_decision *d)
{
	bool news = v->sb.flags & MS_SB_NEVER_MET;

	spin_lock(&v->lock);
	v->peer_back = d->peer_back;
	v->peer_new = d->peer_new;
	memcpy(v->peer_node, peer->node_id, MS_UUID);
	v->peer_point = peer->history.now;
	if (!d->peer_back && !d->peer_new) {
		news |= v->sb.peer_activation_id != v->peer_point.id ||
			memcmp(v->sb.peer_node_id, peer->node_id, MS_UUID);
		memcpy(v->seen_node, peer->node_id, MS_UUID);
		v->seen = v->peer_point;
	}
	spin_unlock(&v->lock);
	return news;
}

static void note_commits(struct ms_volume *v, u64 commits)
{
	spin_lock(&v->lock);
	if (commits > v->peer_point.commits)
		v->peer_point.commits = commits;
	if (!v->peer_back && !v->peer_new)
		v->seen = v->peer_point;
	spin_unlock(&v->lock);
}

/* Text of a refusal; the peer reads it, too. */
static void refuse_text(struct ms_refuse *refuse, const struct ms_hello *local,
			const struct ms_hello *peer, const char *why)
{
	strscpy(refuse->text, why, sizeof(refuse->text));
	if (le32_to_cpu(refuse->code) == MS_MEET_REFUSE_SIZE)
		snprintf(refuse->text, sizeof(refuse->text),
			 "the volume has %llu sectors at one site, %llu at the other: grow the smaller",
			 min(le64_to_cpu(local->sectors), le64_to_cpu(peer->sectors)),
			 max(le64_to_cpu(local->sectors), le64_to_cpu(peer->sectors)));
}

static const char *cannot_meet(struct ms_volume *v, const struct ms_hello *local,
			       const struct ms_hello *peer, const struct ms_decision *d)
{
	if (d->meeting >= MS_MEET_REFUSE_SELF)
		return ms_meeting_text(d->meeting);
	if (local->logical_block != peer->logical_block)
		return "the sites were formatted for different logical block sizes (see mirsync format --block-size)";
	if (READ_ONCE(v->meta_failed))
		return "the metadata of one site cannot be written";
	return NULL;
}

static int op_meet(void *ctx, const struct ms_hello *local, const struct ms_hello *peer,
		   struct ms_ready *ready, struct ms_refuse *refuse)
{
	struct ms_volume *v = ctx;
	struct meet_arg m = { .peer = peer };
	struct ms_site *sites;
	struct ms_decision d;
	const char *why;
	bool noted = false;
	int r = 0;

	sites = kcalloc(2, sizeof(*sites), GFP_NOIO);
	if (!sites)
		return -ENOMEM;
	ms_hello_site(local, &sites[0]);
	ms_hello_site(peer, &sites[1]);
	ms_rules_meet(&sites[0], &sites[1], &d);
	why = cannot_meet(v, local, peer, &d);
	if (why) {
		refuse->code = cpu_to_le32(d.meeting);
		refuse_text(refuse, local, peer, why);
		kfree(sites);
		return -EPERM;
	}
	if (note_history(v, &sites[1], &d)) {
		m.adopt = d.adopt;
		m.codes_since = ms_meta_next_sequence(v->meta);
		r = ms_super_change(v, note_meeting, &m);
		noted = true;
	}
	spin_lock(&v->lock);
	v->hello_seq += noted;		/* this change is no news to the peer */
	v->decision = d;
	v->peer_claim = sites[1].claim;
	v->peer_disk = sites[1].disk;
	v->peer_gens = sites[1].gens;
	v->peer_activation = le64_to_cpu(peer->activation);
	v->peer_codes = le64_to_cpu(peer->codes_since);
	v->rest = __ms_resync_rest(v);
	ready->rest = cpu_to_le32(v->rest);
	ready->codes_since = cpu_to_le64(v->sb.codes_since);
	spin_unlock(&v->lock);
	trace_mirsync_meeting(v, &d, sites[1].claim);
	ready->meeting = cpu_to_le32(d.meeting);
	ready->scope = cpu_to_le32(d.scope);
	kfree(sites);
	return r;
}

static int op_up(void *ctx, const struct ms_ready *peer_ready)
{
	struct ms_volume *v = ctx;
	enum ms_meeting meeting;
	bool stale;

	spin_lock(&v->lock);
	v->session++;
	v->connected = true;
	v->mirroring = false;
	v->receiving = false;
	v->target_failed = false;
	v->target_copying = false;
	v->in_sync = false;
	v->failback = 0;
	v->failback_judged = false;
	v->failback_agreed = false;
	v->failback_forget = false;
	v->marks_wanted = peer_ready->rest;
	v->peer_codes = le64_to_cpu(peer_ready->codes_since);
	__ms_resync_met(v);
	meeting = v->decision.meeting;
	stale = v->hello_seq != v->state_seq;
	trace_mirsync_session_up(v);
	spin_unlock(&v->lock);
	if (stale)
		return -EAGAIN;		/* a command came between: meet again */
	if (ms_may_talk(v))
		ms_info(v, "connected: %s", ms_meeting_text(meeting));
	ms_volume_event(v);
	return ms_roles_met(v);
}

static void op_down(void *ctx, int reason)
{
	struct ms_volume *v = ctx;
	bool was;

	spin_lock(&v->lock);
	was = v->connected;
	v->connected = false;
	v->mirroring = false;
	v->receiving = false;
	v->in_sync = false;
	if (v->target_copying)
		__ms_progress_end(v);
	v->target_copying = false;
	v->decision.meeting = MS_MEET_NONE;
	v->failback = 0;
	v->failback_agreed = false;
	v->watch.cuts[ms_watch_cut(reason)]++;
	trace_mirsync_session_down(v, reason);
	spin_unlock(&v->lock);
	/* Now, and once more when the writes that waited have ended. */
	if (was) {
		ms_policy_link_down(v);
		ms_volume_event(v);
	}
	ms_requests_fail(v);
	ms_write_link_down(v);
	ms_prepare_down(v);
	/* Nothing of this session may act in the next one. */
	flush_workqueue(v->peer_wq);
	ms_resync_wait(v);
	ms_secondary_drain(v);
	if (was)
		ms_volume_event(v);
}

bool ms_link_news(struct ms_volume *v, const char *text)
{
	u32 words = ms_crc32c(text, strlen(text));

	if (words == v->last_words && time_before(jiffies, v->last_said + 60 * HZ))
		return false;
	v->last_words = words;
	v->last_said = jiffies;
	return true;
}

static void op_refused(void *ctx, u32 code, const char *text)
{
	struct ms_volume *v = ctx;

	spin_lock(&v->lock);
	v->watch.refusals++;
	spin_unlock(&v->lock);
	if (ms_link_news(v, text))
		ms_warn_limit(v, "the sites do not accept each other: %s", text);
}

static int take_acks(struct ms_volume *v, const struct ms_head *h, const void *body)
{
	const struct ms_ack *a = body;
	u32 i, n = h->body_len / sizeof(*a);
	int r;

	for (i = 0; i < n; i++) {
		r = ms_write_acked(v, le64_to_cpu(a[i].handle),
				   -(int)min_t(u32, le32_to_cpu(a[i].status), MAX_ERRNO));
		if (r) {
			ms_err_limit(v, "the peer %s", r == -EPROTO ?
				     "confirmed what was not sent" : "could not apply a write");
			return r;
		}
	}
	return 0;
}

static int take_state(struct ms_volume *v, const struct ms_state *s)
{
	enum ms_claim claim;
	int r;

	spin_lock(&v->lock);
	claim = min_t(u32, le32_to_cpu(s->claim), MS_CLAIM_ACTIVE);
	v->peer_claim = claim;
	v->peer_disk = min_t(u32, le32_to_cpu(s->disk), MS_DISK_OUTDATED);
	ms_gens_decode(&s->gens, &v->peer_gens);
	spin_unlock(&v->lock);
	r = ms_roles_peer_met(v, claim);
	ms_volume_event(v);
	return r;
}

/* A hint: what the source will write to soon. */
static int take_announce(struct ms_volume *v, const struct ms_head *h,
			 const struct ms_announce *a)
{
	u32 i, n = h->body_len / sizeof(*a);

	for (i = 0; i < n; i++)
		if (le64_to_cpu(a[i].extent) >= v->geo->extents ||
		    le64_to_cpu(a[i].mask) & ~MS_MASK_ALL)
			return -EPROTO;
	spin_lock(&v->lock);
	for (i = 0; v->receiving && i < n; i++)
		__ms_extent_announced(v, le64_to_cpu(a[i].extent), le64_to_cpu(a[i].mask));
	spin_unlock(&v->lock);
	return 0;
}

static int op_frame(void *ctx, const struct ms_head *h, const void *body)
{
	struct ms_volume *v = ctx;

	note_commits(v, h->commits);
	switch (h->type) {
	case MS_F_ACK:
		return take_acks(v, h, body);
	case MS_F_WRITE:
	case MS_F_ZERO:
	case MS_F_FLUSH:
		return ms_secondary_frame(v, h, body);
	case MS_F_GO:
		return ms_roles_take_go(v, h, body);
	case MS_F_STATE:
		return take_state(v, body);
	case MS_F_CMP_REPLY:
	case MS_F_SUMMARY:
	case MS_F_TABLE:
	case MS_F_READ_DATA:
	case MS_F_DIGEST:
	case MS_F_RESULT:
		return ms_request_answer(v, h, body);
	case MS_F_CMP_EXTENTS:
	case MS_F_CMP_CODES:
	case MS_F_CMP_VERSIONS:
	case MS_F_SUMMARY_REQ:
	case MS_F_TABLE_REQ:
	case MS_F_READ_REQ:
	case MS_F_DIGEST_REQ:
	case MS_F_PREPARE:
		return ms_inbound_take(v, h, body, false);
	case MS_F_MARKS:
	case MS_F_MARKS_END:
	case MS_F_DONE:
	case MS_F_FAILBACK_BEGIN:
	case MS_F_RESOLVE:
	case MS_F_SWITCH:
	case MS_F_REGENERATE:
		return ms_inbound_take(v, h, body, true);
	case MS_F_ANNOUNCE:
		return take_announce(v, h, body);
	case MS_F_PROGRESS:
		ms_progress_take(v, body);
		return 0;
	}
	ms_err_limit(v, "the peer sent %s in the wrong place", ms_frame_name(h->type));
	return -EPROTO;
}

void ms_link_inbound(struct ms_inbound *in)
{
	switch (in->head.type) {
	case MS_F_CMP_EXTENTS:
		return ms_compare_extents(in);
	case MS_F_CMP_CODES:
		return ms_compare_codes(in);
	case MS_F_CMP_VERSIONS:
		return ms_compare_versions(in);
	case MS_F_SUMMARY_REQ:
		return ms_tables_send_summaries(in);
	case MS_F_TABLE_REQ:
		return ms_tables_send(in);
	case MS_F_READ_REQ:
		return ms_repair_answer(in);
	case MS_F_DIGEST_REQ:
		return ms_digest_answer(in);
	case MS_F_PREPARE:
		return ms_prepare_asked(in);
	case MS_F_MARKS:
		return ms_resync_take_marks(in);
	case MS_F_MARKS_END:
		return ms_resync_marks_ended(in);
	case MS_F_DONE:
		return ms_roles_take_done(in);
	case MS_F_FAILBACK_BEGIN:
		return ms_failback_take_begin(in);
	case MS_F_RESOLVE:
		return ms_failback_take_resolve(in);
	case MS_F_SWITCH:
		return ms_roles_take_switch(in);
	case MS_F_REGENERATE:
		return ms_regenerate_asked(in);
	}
}

void ms_link_send_state(struct ms_volume *v)
{
	struct ms_state s = { };
	u32 session;

	spin_lock(&v->lock);
	session = v->session;
	s.claim = cpu_to_le32(v->claim);
	s.disk = cpu_to_le32(v->sb.disk);
	s.flags = cpu_to_le32(v->sb.flags);
	s.in_sync = cpu_to_le32(v->in_sync);
	ms_gens_encode(&v->sb.gens, &s.gens);
	spin_unlock(&v->lock);
	if (ms_send_note(v, session, MS_F_STATE, 0, &s, sizeof(s)) == -ENOMEM)
		ms_net_cut(v->net, -ENOMEM);	/* the peer must not go by an older one */
}

void ms_link_meet_again(struct ms_volume *v)
{
	ms_net_planned(v->net);
	ms_net_cut(v->net, -EAGAIN);
}

/*
 * A peer that answers and does not confirm has a disk that hangs: the application does not
 * wait for it for ever. It takes no new session before its disk has come back.
 */
static int op_check(void *ctx)
{
	struct ms_volume *v = ctx;

	if (!ms_policy_overdue(v))
		return 0;
	ms_warn_limit(v, "the peer has not confirmed a write for %u s: going on without it",
		jiffies_to_msecs(v->confirm_timeout) / 1000);
	return -ETIME;
}

static u64 op_commits(void *ctx)
{
	struct ms_volume *v = ctx;

	return ms_meta_commits(v->meta);
}

const struct ms_net_ops ms_link_ops = {
	.hello = op_hello,
	.meet = op_meet,
	.up = op_up,
	.frame = op_frame,
	.commits = op_commits,
	.check = op_check,
	.down = op_down,
	.refused = op_refused,
};

void ms_link_init(struct ms_volume *v)
{
	ms_requests_init(v);
	ms_prepare_init(v);
}
