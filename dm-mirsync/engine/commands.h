/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the operator's commands share: the state that the rules look at, and both changes of role.
 * Locking: v->control is held by a command; v->role_lock where it is said.
 */
#ifndef MS_ENGINE_COMMANDS_H
#define MS_ENGINE_COMMANDS_H

#include "engine/volume.h"

/* A rule of shared/rules.h. Return: NULL when allowed, else one line saying why not. */
typedef const char *(*ms_rule)(const struct ms_situation *s);

/* ms_cmd_situation() - the present state, as the rules want it. Context: takes v->lock. */
void ms_cmd_situation(struct ms_volume *v, struct ms_situation *s);

/**
 * ms_cmd_step_down() - stand still and give up the role, durably
 * @rule: is asked again when nothing is in flight
 * @why: one line on error
 *
 * Context: may sleep. Return: 0 with I/O frozen, until ms_primary_thaw(); or a negative errno, -EBUSY
 * when the device is open.
 */
int ms_cmd_step_down(struct ms_volume *v, ms_rule rule, const char **why);

struct ms_promotion {
	void (*fn)(struct ms_sb *sb, void *arg);	/* changes the superblock */
	void *arg;
	bool force;		/* also when the data device has failed what the peer wrote */
	u32 session;		/* only in that one; 0: whatever happens */
};

/**
 * ms_cmd_record_primary() - flush the data device, and record the primary role
 * @why: one line on error
 *
 * Nothing of the peer's is taken any more, and what was taken is done. ms_cmd_in_force() follows.
 * Context: v->role_lock is held, the rules allow it. Return: 0 or a negative errno.
 */
int ms_cmd_record_primary(struct ms_volume *v, const struct ms_promotion *how, const char **why);

/*
 * ms_cmd_in_force() - the recorded role counts; what was concluded with the peer before does not any
 * more. Context: v->role_lock is held.
 */
void ms_cmd_in_force(struct ms_volume *v, enum ms_claim claim);

#endif
