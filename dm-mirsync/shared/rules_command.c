// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an operator's command may do in which situation; each refusal is the
 * line the operator reads. The engine asks before it acts, the CLI before it
 * asks. No state, no locking.
 */
#include "shared/rules.h"

static bool strong(enum ms_claim claim)
{
	return claim >= MS_CLAIM_WAITING;
}

/* What speaks against a promotion in a session, short of force. */
static const char *promote_connected(const struct ms_situation *s)
{
	/* Outdated by this meeting, a peer that was primary is not served any more. */
	if (strong(s->peer_claim) && s->meeting != MS_MEET_PEER_OUTDATED)
		return "the peer is primary: switch over, or demote it first";
	if (s->copying)
		return "a resync is running";
	switch (s->meeting) {
	case MS_MEET_SPLIT_BRAIN:
		return "split brain: both sites wrote alone";
	case MS_MEET_UNRELATED:
		return "the data of the sites is unrelated";
	case MS_MEET_OUTDATED:
		return "the peer has newer data";
	default:
		break;
	}
	if (s->relation == MS_REL_PEER_NEWER || s->relation == MS_REL_BLANK_LOCAL)
		return "the peer has newer data";
	return NULL;
}

const char *ms_rules_promote(const struct ms_situation *s, bool alone, bool force)
{
	if (s->claim == MS_CLAIM_ACTIVE)
		return NULL;
	if (s->connected && s->peer_claim == MS_CLAIM_ACTIVE)
		return "the peer is primary and active: switch over, demote it or disconnect first";
	/* It becomes active by this meeting, whatever it said before. */
	if (s->connected && s->meeting == MS_MEET_TARGET)
		return "the peer is the primary of this session: switch over, demote it or disconnect first";
	if (force)
		return NULL;
	if (s->disk == MS_DISK_INCONSISTENT)
		return "the data of this site is inconsistent";
	if (s->disk == MS_DISK_OUTDATED)
		return "the data of this site is outdated";
	if (s->connected)
		return promote_connected(s);
	if (s->claim == MS_CLAIM_WAITING && !alone)
		return "was primary and has not met its peer since: the peer may have been promoted";
	return NULL;
}

const char *ms_rules_demote(const struct ms_situation *s)
{
	if (s->open)
		return "the device is open";
	if (s->copying && s->claim == MS_CLAIM_ACTIVE)
		return "a resync from this site is running";
	return NULL;
}

/*
 * A peer that is outdated has data that this site never had: it has gone back in time, and what
 * its generations say came after that, or before and was never copied here.
 */
static bool peer_has_own(const struct ms_situation *s)
{
	return s->meeting == MS_MEET_PEER_OUTDATED &&
	       (s->relation == MS_REL_PEER_NEWER || s->relation == MS_REL_BLANK_LOCAL);
}

const char *ms_rules_failback(const struct ms_situation *s, bool force)
{
	if (s->claim != MS_CLAIM_ACTIVE)
		return "this site is not the active primary";
	if (!s->connected)
		return "not connected";
	if (s->peer_claim == MS_CLAIM_ACTIVE)
		return "the peer is an active primary: demote it first";
	if (s->copying)
		return "a resync is running";
	/* A primary's is only when its disk has failed and it goes on through the peer. */
	if (s->disk == MS_DISK_INCONSISTENT)
		return "the data of this site is inconsistent";
	switch (s->meeting) {
	case MS_MEET_SOURCE:
		return NULL;
	case MS_MEET_PEER_OUTDATED:
		return force || !peer_has_own(s) ? NULL :
			"the peer has gone back in time, and what it has that was never here would be lost";
	case MS_MEET_SPLIT_BRAIN:
		return force ? NULL : "split brain: what the peer wrote alone would be lost";
	case MS_MEET_UNRELATED:
		return force ? NULL : "the peer's data is unrelated and would be lost";
	default:
		return "the peer cannot be a target of this site";
	}
}

const char *ms_rules_switch(const struct ms_situation *s)
{
	if (s->claim != MS_CLAIM_ACTIVE)
		return "this site is not the active primary";
	if (!s->connected)
		return "not connected";
	if (s->meeting != MS_MEET_SOURCE)
		return "the peer is not a target of this site";
	if (s->disk == MS_DISK_INCONSISTENT)
		return "the data device has failed: demote this site and promote the peer";
	if (s->copying || !s->in_sync)
		return "the peer is not in sync";
	if (s->open)
		return "the device is open";
	return NULL;
}

/* May it be kept, by what the sites are to each other? */
static const char *resolve_meeting(enum ms_meeting meeting, enum ms_keep keep)
{
	switch (meeting) {
	case MS_MEET_SPLIT_BRAIN:
	case MS_MEET_UNRELATED:
		return NULL;
	case MS_MEET_PEER_OUTDATED:
		return keep == MS_KEEP_LOCAL ? NULL :
			"the peer is outdated: promote it by force first, if its data is to stay";
	case MS_MEET_OUTDATED:
		return keep == MS_KEEP_PEER ? NULL :
			"this site is outdated: promote it by force first, if its data is to stay";
	case MS_MEET_SOURCE:
	case MS_MEET_TARGET:
		return "there is nothing to resolve: one site is the source, the other its target";
	default:
		return ms_meeting_text(meeting);
	}
}

const char *ms_rules_resolve(const struct ms_situation *s, enum ms_keep keep)
{
	const char *why;

	if (!s->connected)
		return "not connected";
	why = resolve_meeting(s->meeting, keep);
	if (why)
		return why;
	if (s->copying)
		return "a resync is running";
	if (keep == MS_KEEP_PEER) {
		if (s->peer_disk == MS_DISK_INCONSISTENT)
			return "the data of the peer is inconsistent";
		return s->open ? "the device is open" : NULL;
	}
	if (s->peer_claim == MS_CLAIM_ACTIVE)
		return "the peer is an active primary: demote it first, or give the command there";
	return s->disk == MS_DISK_INCONSISTENT ? "the data of this site is inconsistent" : NULL;
}
