/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All codes of a site made anew, by command (ms_cmd_regenerate(), in volume.h). Locking: v->control
 * for the command, v->lock for the state.
 */
#ifndef MS_ENGINE_REGENERATE_H
#define MS_ENGINE_REGENERATE_H

#include "engine/request.h"

/* The peer has been given the command for this site. */
void ms_regenerate_asked(struct ms_inbound *in);

#endif
