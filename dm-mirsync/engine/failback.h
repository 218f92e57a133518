/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A copy over a site that does not agree by itself: by a command at its source (failback), or at
 * either site by one that names the loser (resolve). Locking: v->control for what is done here, none
 * that is held across a question for what the peer asks.
 */
#ifndef MS_ENGINE_FAILBACK_H
#define MS_ENGINE_FAILBACK_H

#include "engine/request.h"

/*
 * ms_failback_all() - begin and start a failback in which the resync finds by codes what differs
 * @force: also if the peer wrote alone, or its data is unrelated
 *
 * What goes wrong is told by ms_refuse_command(). Context: v->control is held. Sleeps.
 */
void ms_failback_all(struct ms_volume *v, bool force);

/*
 * ms_failback_resolve() - name the loser, and begin to copy
 *
 * What goes wrong is told by ms_refuse_command(). Context: v->control is held. Sleeps.
 */
void ms_failback_resolve(struct ms_volume *v, enum ms_keep keep);

/* @owner of v->failback_owner is gone: what he began and has not started is cancelled. Sleeps. */
void ms_failback_abandon(struct ms_volume *v, const void *owner);

/* The peer wants this site to be its target. Inbox. */
void ms_failback_take_begin(struct ms_inbound *in);
/* The peer gives its data up: this site is to be the source. Inbox. */
void ms_failback_take_resolve(struct ms_inbound *in);

#endif
