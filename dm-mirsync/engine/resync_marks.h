/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a resync begins with: the exchange of marks, and the candidates. Locking: v->lock.
 */
#ifndef MS_ENGINE_RESYNC_MARKS_H
#define MS_ENGINE_RESYNC_MARKS_H

#include "engine/request.h"

/* Target: send the marks, if they are wanted, then MARKS_END. Worker. */
void ms_resync_send_marks(struct work_struct *work);
/* Source: marks of the target; their end. */
void ms_resync_take_marks(struct ms_inbound *in);
void ms_resync_marks_ended(struct ms_inbound *in);

/* Source: every extent is a candidate from now on (not persisted here). */
void ms_resync_all_candidates(struct ms_volume *v);
/* Source: is it enough in scope all to compare what the session before has left? v->lock held. */
bool __ms_resync_rest(struct ms_volume *v);
/* The session begins: set the candidates. v->lock held. */
void __ms_resync_met(struct ms_volume *v);
/* Source: the target has agreed, so what is found from now on also holds in the next session. v->lock held. */
void __ms_resync_keep(struct ms_volume *v);
/* It does not. v->lock held, or before any session. */
void __ms_resync_forget(struct ms_volume *v);

#endif
