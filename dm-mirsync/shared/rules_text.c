// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names and sentences for the values of the rules: words without blanks for
 * status lines, one line for an operator's eyes. No state, no locking.
 */
#include "shared/rules.h"

static const struct {
	const char *name;
	const char *text;
} meetings[MS_MEET_COUNT] = {
	[MS_MEET_NONE] = {
		"none", "the peer was not met" },
	[MS_MEET_SOURCE] = {
		"source", "this site is the source, the peer its target" },
	[MS_MEET_TARGET] = {
		"target", "the peer is the source, this site its target" },
	[MS_MEET_NO_PRIMARY] = {
		"no-primary", "no site is primary: promote the one that was last" },
	[MS_MEET_PEER_OUTDATED] = {
		"peer-outdated", "the peer's data is older or of unknown history, and it may not write: if it is to be overwritten, fail back from here" },
	[MS_MEET_OUTDATED] = {
		"outdated", "the peer's data is newer, or this site has gone back in time: it may not write" },
	[MS_MEET_SPLIT_BRAIN] = {
		"split-brain", "split brain: both sites wrote alone, a command has to name the loser" },
	[MS_MEET_UNRELATED] = {
		"unrelated", "the sites' data has no common history, a command has to name the loser" },
	[MS_MEET_TWO_PRIMARIES] = {
		"two-primaries", "both sites claim the primary role: demote one" },
	[MS_MEET_NO_SOURCE] = {
		"no-source", "the site that claims the primary role has inconsistent data" },
	[MS_MEET_REFUSE_SELF] = {
		"refused-self", "both sites have the same node id: a copy of the metadata, or connected to itself" },
	[MS_MEET_REFUSE_VOLUME] = {
		"refused-volume", "the peer's metadata is that of another volume" },
	[MS_MEET_REFUSE_SIZE] = {
		"refused-size", "the peer's volume has another size" },
	[MS_MEET_REFUSE_SEGMENT] = {
		"refused-segment", "the peer has another segment size or code algorithm" },
};

static const char * const relations[MS_REL_COUNT] = {
	[MS_REL_BLANK_BOTH] = "blank",
	[MS_REL_BLANK_LOCAL] = "local-blank",
	[MS_REL_BLANK_PEER] = "peer-blank",
	[MS_REL_SAME] = "same",
	[MS_REL_LOCAL_NEWER] = "local-newer",
	[MS_REL_PEER_NEWER] = "peer-newer",
	[MS_REL_FORKED] = "forked",
	[MS_REL_UNRELATED] = "unrelated",
};

static const char * const claims[] = {
	[MS_CLAIM_NONE] = "none",
	[MS_CLAIM_ASKS] = "asks",
	[MS_CLAIM_WAITING] = "waiting",
	[MS_CLAIM_ACTIVE] = "active",
};

static const char * const roles[] = {
	[MS_ROLE_SECONDARY] = "secondary",
	[MS_ROLE_PRIMARY] = "primary",
};

static const char * const disks[] = {
	[MS_DISK_CONSISTENT] = "consistent",
	[MS_DISK_INCONSISTENT] = "inconsistent",
	[MS_DISK_OUTDATED] = "outdated",
};

/* Values come from a peer or a disk too: none is trusted to be an index. */
#define pick(array, i) \
	((u32)(i) < ARRAY_SIZE(array) ? (array)[i] : "unknown")

const char *ms_meeting_text(enum ms_meeting m)
{
	return (u32)m < MS_MEET_COUNT ? meetings[m].text : "unknown";
}

const char *ms_meeting_name(enum ms_meeting m)
{
	return (u32)m < MS_MEET_COUNT ? meetings[m].name : "unknown";
}

const char *ms_relation_name(enum ms_relation r)
{
	return pick(relations, r);
}

const char *ms_claim_name(enum ms_claim c)
{
	return pick(claims, c);
}

const char *ms_role_name(enum ms_role r)
{
	return pick(roles, r);
}

const char *ms_disk_name(enum ms_disk d)
{
	return pick(disks, d);
}

const char *ms_prepare_name(u32 preparing)
{
	static const char *const names[] = { "no", "waiting", "refused" };

	return pick(names, preparing);
}

const char *ms_link_name(bool connected, bool disconnected)
{
	if (connected)
		return "connected";
	return disconnected ? "disconnected" : "connecting";
}

const char *ms_sync_name(bool in_sync, u32 copying, u32 failback)
{
	if (in_sync)
		return "in-sync";
	if (copying)
		return copying == 1 ? "resync-source" : "resync-target";
	return failback ? "failback" : "out-of-sync";
}
