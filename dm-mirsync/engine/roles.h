/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is primary, and whose data counts: what follows from a meeting, the
 * agreement at the end of a resync, and the operator's commands. Every change
 * of role, generation or disk state is a job of the metadata worker, durable on
 * both superblock copies before it takes effect (I3, I9). Locking: v->control
 * for commands, v->lock for the state in force.
 */
#ifndef MS_ENGINE_ROLES_H
#define MS_ENGINE_ROLES_H

#include "engine/request.h"

void ms_roles_init(struct ms_volume *v);
/* The claim a site comes up with. v->lock held or before the workers start. */
void ms_roles_activated(struct ms_volume *v);

/* A new generation's number: random, not 0. Any context. */
u64 ms_random_gen(void);

/* Act on v->decision. Session thread. Return: 0 or negative to cut. */
int ms_roles_met(struct ms_volume *v);
/*
 * The peer tells its state: it has concluded from the meeting what this site has, and from here on
 * refuses to be promoted. A source that was not active yet is granted its role. Before, the peer
 * could be in the middle of a promotion, and both would serve (I9). Session thread.
 * Return: 0 or negative to cut.
 */
int ms_roles_peer_met(struct ms_volume *v, enum ms_claim peer_claim);
/* Target: the source announces writes / the end of a resync / a switchover. */
int ms_roles_take_go(struct ms_volume *v, const struct ms_head *h, const struct ms_go *go);
void ms_roles_take_done(struct ms_inbound *in);
void ms_roles_take_switch(struct ms_inbound *in);

/*
 * Source: persist that the current generation is about to be given to the target. Return: 0,
 * -ENOTCONN when there is none any more, or the metadata's error.
 */
int ms_roles_offer(struct ms_volume *v);
/*
 * Source: in @session the target has recorded that it is inconsistent from here on. If it had gone
 * back in time its own past counts no more: what was seen of it is what it is now (I11), so that
 * when the last answer of the copy is lost the sites agree as any others do. Sleeps.
 */
int ms_roles_overwritten(struct ms_volume *v, u32 session);
/* Source: all is equal; let the target adopt the lineage, then record it. */
int ms_roles_agree(struct ms_volume *v, u32 session);
/* Source: the target has adopted it. */
int ms_roles_agreed(struct ms_volume *v);

#endif
