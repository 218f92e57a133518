/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of roles and generations, as data: what two sites that meet
 * conclude from each other's state, and what an operator's command may do in
 * which state. The kernel decides by these functions, the CLI explains by
 * them, and a model checker walks them. Pure functions; no locking.
 */
#ifndef MS_SHARED_RULES_H
#define MS_SHARED_RULES_H

#include "shared/env.h"
#include "shared/codec.h"
#include "shared/format.h"
#include "shared/history.h"

/* How strongly a site claims the primary role; a stronger claim is a higher number. */
enum ms_claim {
	MS_CLAIM_NONE = 0,	/* secondary, content with it */
	MS_CLAIM_ASKS = 1,	/* the operator asked for primary in the table line; never was one since its last demotion */
	MS_CLAIM_WAITING = 2,	/* persisted primary, not granted again since activation */
	MS_CLAIM_ACTIVE = 3,	/* primary in force: may be accepting writes */
};

/* What a site knows of itself and tells the other; everything the rules look at. */
struct ms_site {
	u8 volume_id[MS_UUID];
	u8 node_id[MS_UUID];
	u64 sectors;
	u32 seg_shift;
	u32 code_algo;
	u64 code_seed;
	u32 claim;		/* enum ms_claim */
	u32 disk;		/* enum ms_disk */
	u32 flags;		/* MS_SB_* */
	struct ms_gens gens;
	struct ms_history history;
	u8 seen_node[MS_UUID];	/* the peer that counts: it met that one last, or nothing better since ... */
	struct ms_point seen;	/* ... and what it has seen of that one's history */
};

/* How the data of two sites are related, by their generations. */
enum ms_relation {
	MS_REL_BLANK_BOTH,	/* neither has a generation */
	MS_REL_BLANK_LOCAL,
	MS_REL_BLANK_PEER,
	MS_REL_SAME,
	MS_REL_LOCAL_NEWER,	/* the peer's current generation is in the local history */
	MS_REL_PEER_NEWER,
	MS_REL_FORKED,		/* a common ancestor, each went on alone */
	MS_REL_UNRELATED,
	MS_REL_COUNT,
};

/* What follows from a meeting. */
enum ms_meeting {
	MS_MEET_NONE = 0,	/* not met */
	MS_MEET_SOURCE,		/* local is primary, the peer is its target */
	MS_MEET_TARGET,		/* the mirror image */
	MS_MEET_NO_PRIMARY,	/* nobody is or asks to be primary: wait */
	MS_MEET_PEER_OUTDATED,	/* the peer must not write; a failback from here, by command, brings it back */
	MS_MEET_OUTDATED,	/* the mirror image */
	MS_MEET_SPLIT_BRAIN,	/* both wrote alone */
	MS_MEET_UNRELATED,	/* same volume id, no common generation */
	MS_MEET_TWO_PRIMARIES,	/* both claim the role with equal right */
	MS_MEET_NO_SOURCE,	/* the site that claims the role has inconsistent data */
	/* refusals: the session ends */
	MS_MEET_REFUSE_SELF,	/* both have the same node id */
	MS_MEET_REFUSE_VOLUME,	/* another volume */
	MS_MEET_REFUSE_SIZE,	/* other device size */
	MS_MEET_REFUSE_SEGMENT,	/* other segment size or code algorithm */
	MS_MEET_COUNT,
};

enum ms_scope {
	MS_SCOPE_MARKS = 0,	/* candidates are the union of both sites' marks */
	MS_SCOPE_ALL = 1,	/* all segments */
};

enum ms_adopt {
	MS_ADOPT_NOTHING = 0,
	MS_ADOPT_LOCAL,		/* the local site takes the peer's volume id and seed; its codes become invalid */
	MS_ADOPT_PEER,		/* the peer does so */
};

struct ms_decision {
	enum ms_meeting meeting;
	enum ms_relation relation;
	enum ms_scope scope;	/* meaningful for SOURCE and TARGET */
	enum ms_adopt adopt;
	bool trusted;		/* were this site the source: the marks of both cover all that differs */
	/* Has gone back in time: its history lacks what the other has seen of it, or of another in its place. */
	bool local_back, peer_back;
	bool peer_new;		/* has no data, and another was the peer before: that one counts until this is copied to */
};

/**
 * ms_rules_meet() - what two sites conclude when they meet
 *
 * Mirror property: swapping @local and @peer swaps SOURCE/TARGET,
 * PEER_OUTDATED/OUTDATED, LOCAL_/PEER_NEWER, BLANK_LOCAL/_PEER,
 * ADOPT_LOCAL/_PEER and changes nothing else.
 *
 * First refusals: same node id; other sectors; other seg_shift or code_algo.
 * Then the volume id (and seed). Equal: nothing to adopt. Different: a site
 * that is MS_SB_NEVER_MET and has no generation adopts the other's; when both
 * could, the one with the stronger claim keeps its own, with equal claims the
 * one with the smaller node id; when neither can: REFUSE_VOLUME.
 *
 * Then by relation (ms_rules_relation) and claims. "strong" = ACTIVE or WAITING.
 *
 * SAME: the stronger claim is the source; equal claims: NONE -> NO_PRIMARY,
 *   else TWO_PRIMARIES. Scope MARKS unless one has MS_SB_ALL_CANDIDATES.
 * LOCAL_NEWER:
 *   peer claim strong -> PEER_OUTDATED (it was primary of something older);
 *   else local NONE: peer ASKS -> PEER_OUTDATED, peer NONE -> NO_PRIMARY;
 *   else local ASKS or strong -> SOURCE; scope MARKS when the peer's current
 *   generation is local base or local offered and none has ALL_CANDIDATES,
 *   else ALL.
 * BLANK_PEER (local has data, the peer has none):
 *   peer claim NONE: local NONE -> NO_PRIMARY, else SOURCE with ALL;
 *   peer claims anything -> PEER_OUTDATED (its data may be wanted: a command
 *   has to name it the loser). But a peer that only ASKS and is INCONSISTENT has
 *   been the target of a copy before: if local claims anything, SOURCE with ALL.
 * BLANK_BOTH: ASKS against NONE -> the asking one is SOURCE with ALL; NONE
 *   and NONE -> NO_PRIMARY; equal non-NONE claims -> TWO_PRIMARIES; otherwise
 *   the stronger claim is SOURCE with ALL.
 * FORKED -> SPLIT_BRAIN. UNRELATED -> UNRELATED.
 * PEER_NEWER, BLANK_LOCAL: mirror images.
 *
 * Then a SOURCE (or TARGET) whose source has disk INCONSISTENT or OUTDATED
 * becomes NO_SOURCE: an operator has to decide.
 *
 * Last, I11: a site that has gone back in time, or that has data and is another
 * than the one that the peer, with data, has met last, is neither source nor target
 * by itself, whatever the generations say. Scope is ALL. Unless the meeting is
 * SPLIT_BRAIN or UNRELATED anyway, or it is an INCONSISTENT target: it is
 * OUTDATED, the other PEER_OUTDATED; when both have, or when it has
 * MS_SB_CHOSEN, the meeting is UNRELATED.
 */
void ms_rules_meet(const struct ms_site *local, const struct ms_site *peer,
		   struct ms_decision *d);

enum ms_relation ms_rules_relation(const struct ms_gens *local, const struct ms_gens *peer);

/* One line for an operator; never NULL. Words of a status line (no blanks). */
const char *ms_meeting_text(enum ms_meeting m);
const char *ms_meeting_name(enum ms_meeting m);
const char *ms_relation_name(enum ms_relation r);
const char *ms_claim_name(enum ms_claim c);
const char *ms_role_name(enum ms_role r);
const char *ms_disk_name(enum ms_disk d);
/* Of MS_PREPARE_* of the status. */
const char *ms_prepare_name(u32 preparing);
/* Of the link, and of the sync state, by the fields of struct ms_ioc_status. */
const char *ms_link_name(bool connected, bool disconnected);
const char *ms_sync_name(bool in_sync, u32 copying, u32 failback);

/*
 * Whoever tells the peer a generation that it may take over has persisted
 * offered = current before; whoever starts one behind a hello that is on its
 * way meets again. tests/unit/test_model.c shows what happens otherwise.
 */

/* Start a new generation @gen (random, not 0): the current one moves to the history. base and offered stay. */
void ms_gens_start(struct ms_gens *g, u64 gen);
/*
 * The peer has everything, and has been @told of that generation: it becomes base. Nothing is offered any
 * more but a newer one that has begun since, and that the peer may have as well by now.
 */
void ms_gens_in_sync(struct ms_gens *g, u64 told);
/* A target takes over its source's lineage: current and history of @src, base = current. */
void ms_gens_adopt(struct ms_gens *g, const struct ms_gens *src);
/* Must a new generation be persisted before a write may complete unconfirmed? True when the peer has, or may have, the current one. */
bool ms_gens_shared(const struct ms_gens *g);

/* What a command needs to know of the present state. */
struct ms_situation {
	bool connected;		/* a session is up */
	enum ms_meeting meeting;	/* of this session */
	enum ms_relation relation;	/* of this session */
	enum ms_claim claim;	/* local, in force */
	enum ms_claim peer_claim;	/* when connected */
	enum ms_disk disk;
	enum ms_disk peer_disk;	/* when connected */
	bool in_sync;		/* connected and nothing is out of sync */
	bool copying;		/* a resync runs */
	bool open;		/* the dm device is open */
};

/**
 * ms_rules_promote() - may this site become a primary that writes now
 * @alone: the operator says that it shall go on without its peer
 * @force: ... and whatever the state of its data
 *
 * Already ACTIVE: allowed, nothing to do. Connected: refused when the peer is
 * strong (ACTIVE, WAITING; a WAITING one that is outdated by this meeting does
 * not count), when a resync runs, when the meeting is
 * SPLIT_BRAIN, UNRELATED, OUTDATED or when the peer's data is newer (PEER_NEWER,
 * BLANK_LOCAL: the promotion would make a split brain) unless @force. A peer
 * that is ACTIVE in this session, or the source of it, is not to be forced:
 * demote it, switch over or disconnect first (I9). Disk INCONSISTENT or
 * OUTDATED: only with @force. Not connected and WAITING: only with @alone or
 * @force.
 *
 * Return: NULL when allowed, else one line saying why not.
 */
const char *ms_rules_promote(const struct ms_situation *s, bool alone, bool force);
/* demote: refused while open, while a resync runs that this site is the source of. NULL when allowed, as all below. */
const char *ms_rules_demote(const struct ms_situation *s);
/* failback begin: needs ACTIVE here, a session, and a meeting of SOURCE, PEER_OUTDATED (unless PEER_NEWER, BLANK_LOCAL: it has gone back in time); with @force also these, SPLIT_BRAIN, UNRELATED. Refused while copying, when the peer is ACTIVE, and when the disk is INCONSISTENT. */
const char *ms_rules_failback(const struct ms_situation *s, bool force);
/* switchover: needs ACTIVE here, a disk that is not INCONSISTENT, a peer that is this site's target, in sync, not open. */
const char *ms_rules_switch(const struct ms_situation *s);

/* Whose data stays. The other site is the loser. */
enum ms_keep {
	MS_KEEP_LOCAL,
	MS_KEEP_PEER,
};

/**
 * ms_rules_resolve() - may an operator name the loser here
 *
 * Needs a session whose meeting is SPLIT_BRAIN or UNRELATED; of a site that is OUTDATED by this
 * meeting only the other one's data may be kept. Refused while copying, when the disk of the one
 * that is kept is INCONSISTENT, and when somebody may be at work at the loser: the peer is ACTIVE,
 * or the device here is open. Neither has to be primary: the one that is kept becomes it.
 *
 * At both sites alike: what is allowed with MS_KEEP_PEER at the loser, once it is not ACTIVE, is
 * allowed with MS_KEEP_LOCAL at the other.
 *
 * Return: NULL when allowed, else one line saying why not.
 */
const char *ms_rules_resolve(const struct ms_situation *s, enum ms_keep keep);

#endif
