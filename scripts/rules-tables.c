// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints doc/rules.md: what the rules of dm-mirsync/shared/rules.h say, asked one situation at a
 * time. `make doc/rules.md` writes it, scripts/check-docs holds the file against it.
 */
#include <stdio.h>
#include <string.h>

#include "shared/rules.h"

enum { OLD = 7, NEW = 8, OTHER = 9 };

/* Two sites of one volume whose data is related like that. */
static void make_sites(enum ms_relation r, struct ms_site *local, struct ms_site *peer)
{
	memset(local, 0, sizeof(*local));
	local->sectors = 1 << 20;
	local->seg_shift = 12;
	*peer = *local;
	local->node_id[0] = 1;
	peer->node_id[0] = 2;
	local->gens.current_gen = r == MS_REL_BLANK_BOTH || r == MS_REL_BLANK_LOCAL ? 0 : OLD;
	peer->gens.current_gen = r == MS_REL_BLANK_BOTH || r == MS_REL_BLANK_PEER ? 0 : OLD;
	if (r == MS_REL_LOCAL_NEWER || r == MS_REL_FORKED)
		ms_gens_start(&local->gens, NEW);
	if (r == MS_REL_PEER_NEWER || r == MS_REL_FORKED)
		ms_gens_start(&peer->gens, OTHER);
	if (r == MS_REL_UNRELATED)
		peer->gens.current_gen = OTHER;
}

static void print_relation(enum ms_relation r)
{
	struct ms_site local, peer;
	struct ms_decision d;
	u32 own, other;

	make_sites(r, &local, &peer);
	printf("\n### %s\n\n| claim here | peer: none | asks | waiting | active |\n|---|---|---|---|---|\n",
	       ms_relation_name(r));
	for (own = MS_CLAIM_NONE; own <= MS_CLAIM_ACTIVE; own++) {
		printf("| %s |", ms_claim_name(own));
		for (other = MS_CLAIM_NONE; other <= MS_CLAIM_ACTIVE; other++) {
			local.claim = own;
			peer.claim = other;
			ms_rules_meet(&local, &peer, &d);
			printf(" %s |", ms_meeting_name(d.meeting));
		}
		printf("\n");
	}
}

/*
 * What a target may have, as its source sees it. The source has begun a new generation since, where
 * the relation says so; @base, @offered: what it has noted of the one before.
 */
static const struct lineage {
	const char *what;
	enum ms_relation relation;
	bool base, offered, back;
} lineages[] = {
	{ "the source's present one", MS_REL_SAME, false, false, false },
	{ "the source's `base`: the peer had everything then", MS_REL_LOCAL_NEWER, true, false, false },
	{ "the source's `offered`: the peer may have got it", MS_REL_LOCAL_NEWER, false, true, false },
	{ "another one of the source's history", MS_REL_LOCAL_NEWER, false, false, false },
	{ "none: it never had data", MS_REL_BLANK_PEER, false, false, false },
	{ "none, nor has the source one", MS_REL_BLANK_BOTH, false, false, false },
	{ "any, and its disk is inconsistent and has gone back in time", MS_REL_SAME, false, false, true },
};

static void meet_lineage(const struct lineage *l, enum ms_claim target_claims, u32 source_flags,
			 u32 target_flags, struct ms_decision *d)
{
	struct ms_site source, target;

	make_sites(l->relation, &source, &target);
	source.gens.base = l->base ? OLD : 0;
	source.gens.offered = l->offered ? OLD : 0;
	source.claim = MS_CLAIM_ACTIVE;
	target.claim = target_claims;
	source.flags = source_flags;
	target.flags = target_flags;
	if (l->back) {
		memcpy(source.seen_node, target.node_id, sizeof(source.seen_node));
		source.seen.id = OTHER;
		source.seen.commits = 1;
		target.disk = MS_DISK_INCONSISTENT;
	}
	ms_rules_meet(&source, &target, d);
}

static void print_scope(const struct lineage *l)
{
	static const u32 flags[3][2] = {
		{ 0, 0 }, { MS_SB_ALL_CANDIDATES, 0 }, { 0, MS_SB_ALL_CANDIDATES },
	};
	struct ms_decision d;
	u32 i;

	printf("| %s |", l->what);
	for (i = 0; i < 3; i++) {
		meet_lineage(l, MS_CLAIM_NONE, flags[i][0], flags[i][1], &d);
		printf(" %s |", d.meeting != MS_MEET_SOURCE ? ms_meeting_name(d.meeting) :
		       d.scope == MS_SCOPE_MARKS ? "**marks**" : "all");
	}
	meet_lineage(l, MS_CLAIM_WAITING, 0, 0, &d);
	printf(" %s, %s |\n", ms_meeting_name(d.meeting), d.trusted ? "**yes**" : "no");
}

/* The peer's claim that a meeting goes with, where it is not free. */
static enum ms_claim claim_of_peer(enum ms_meeting m)
{
	switch (m) {
	case MS_MEET_TARGET:
		return MS_CLAIM_ACTIVE;
	case MS_MEET_OUTDATED:
	case MS_MEET_PEER_OUTDATED:
	case MS_MEET_TWO_PRIMARIES:
		return MS_CLAIM_WAITING;
	default:
		return MS_CLAIM_NONE;
	}
}

static void cell(const char *why)
{
	printf(" %s |", why ? why : "**yes**");
}

static void print_commands(enum ms_meeting m)
{
	struct ms_situation s = {
		.connected = m != MS_MEET_NONE,
		.meeting = m,
		.relation = MS_REL_SAME,
		.claim = MS_CLAIM_NONE,
		.peer_claim = claim_of_peer(m),
		.in_sync = true,
	};

	printf("| %s | %s |", m ? ms_meeting_name(m) : "(not connected)",
	       m ? ms_claim_name(s.peer_claim) : "");
	cell(ms_rules_promote(&s, false, false));
	s.claim = MS_CLAIM_WAITING;
	cell(ms_rules_promote(&s, false, false));
	cell(ms_rules_promote(&s, false, true));
	s.claim = MS_CLAIM_ACTIVE;
	cell(ms_rules_failback(&s, false));
	cell(ms_rules_failback(&s, true));
	cell(ms_rules_switch(&s));
	cell(ms_rules_resolve(&s, MS_KEEP_LOCAL));
	cell(ms_rules_resolve(&s, MS_KEEP_PEER));
	printf("\n");
}

int main(void)
{
	u32 i;

	printf("# The rules\n\n"
	       "Made from `dm-mirsync/shared/rules*.c` by `make doc/rules.md`; the kernel decides, and the CLI explains,\n"
	       "by the same functions. [design.md](design.md) says what generations are.\n\n"
	       "## Meetings\n\n"
	       "How the data of two sites that meet is related, and what each of them claims, says what they are to each\n"
	       "other. Both disks are consistent, and no site has gone back in time.\n\n"
	       "| meeting | |\n|---|---|\n");
	for (i = MS_MEET_SOURCE; i < MS_MEET_COUNT; i++)
		printf("| %s | %s |\n", ms_meeting_name(i), ms_meeting_text(i));
	for (i = 0; i < MS_REL_COUNT; i++)
		print_relation(i);
	printf("\nIn %s a peer that asks and is inconsistent is a target whose copy was cut: as if it claimed nothing, if this\n"
	       "site claims anything; likewise in %s.\n",
	       ms_relation_name(MS_REL_BLANK_PEER), ms_relation_name(MS_REL_BLANK_LOCAL));
	printf("\nA source whose disk is inconsistent or outdated: %s. A site whose history lacks what its peer has seen of it, or\n"
	       "that has data and is another one than its peer, with data, has met last:\n"
	       "%s, the other %s; both, or it has been promoted by force since: %s.\n",
	       ms_meeting_name(MS_MEET_NO_SOURCE), ms_meeting_name(MS_MEET_OUTDATED),
	       ms_meeting_name(MS_MEET_PEER_OUTDATED), ms_meeting_name(MS_MEET_UNRELATED));
	printf("\n## Scope\n\n"
	       "What a resync looks at: what one of the sites has marked, where the marks cover all that can differ; else\n"
	       "all segments. By the target's generation, and by ALL_CANDIDATES in the superblock of one of them. The last\n"
	       "column: if the target was primary, what it is to the source, and whether `failback --changed` may go by marks.\n\n"
	       "| the target's generation | scope | ALL_CANDIDATES at the source | at the target | it was primary |\n"
	       "|---|---|---|---|---|\n");
	for (i = 0; i < sizeof(lineages) / sizeof(lineages[0]); i++)
		print_scope(&lineages[i]);
	printf("\nAny other failback compares all, whatever the scope is.\n");
	printf("\n## Commands\n\n"
	       "May it be done here, with a consistent disk, nothing being copied, the pair in sync where it can be, and the\n"
	       "device not open; else why not. An active primary may be demoted in all of them. A failback over a peer that is\n"
	       "outdated takes force if the peer's generation is the newer one: it has gone back in time, and on alone.\n\n"
	       "| meeting | peer's claim | promote | promote, was primary | promote --force, was primary | failback | failback --force | switchover | resolve --keep local | resolve --keep peer |\n"
	       "|---|---|---|---|---|---|---|---|---|---|\n");
	for (i = MS_MEET_NONE; i < MS_MEET_REFUSE_SELF; i++)
		print_commands(i);
	return 0;
}
