/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A last look before this site's data stops being whole: with the option before_target,
 * whoever watches the volume (mirsync events --hook) is told that it is about to become the
 * target of a copy, takes a snapshot, and says go or refuse by message. Nothing is waited for
 * in a thread: what is held back goes on when the word comes. Locking: v->lock.
 */
#ifndef MS_ENGINE_PREPARE_H
#define MS_ENGINE_PREPARE_H

#include "engine/request.h"

void ms_prepare_init(struct ms_volume *v);

/**
 * ms_prepare_marks() - may this target let the source begin by sending the end of its marks?
 *
 * Return: false: not yet, v->marks_work is queued when it may. Sleeps not.
 */
bool ms_prepare_marks(struct ms_volume *v);

/* v->lock held: may the source begin a copy to this site? */
bool __ms_prepared(const struct ms_volume *v);

/* The source of a failback asks before it starts it: answered when the word has come. */
void ms_prepare_asked(struct ms_inbound *in);

/**
 * ms_cmd_prepared() - the word of who was told
 * @go: or refuse: this site is not written to before a later go
 * @question: which it is the answer to, as in the status; 0: the present one
 *
 * Return: 0, -EINVAL when nobody asked for it.
 */
int ms_cmd_prepared(struct ms_volume *v, bool go, u64 question);

/* The session is over, and with it what was asked. May sleep. */
void ms_prepare_down(struct ms_volume *v);

#endif
