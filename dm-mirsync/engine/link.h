/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the engine does when the session comes, goes, or brings a frame. The
 * functions behind ms_net_ops run on the session thread. Locking: v->lock.
 */
#ifndef MS_ENGINE_LINK_H
#define MS_ENGINE_LINK_H

#include "engine/request.h"

extern const struct ms_net_ops ms_link_ops;

void ms_link_init(struct ms_volume *v);
/* Handle a question of the peer. peer_wq. */
void ms_link_inbound(struct ms_inbound *in);
/* Tell the peer of a change of claim, disk state or generation. */
void ms_link_send_state(struct ms_volume *v);
/* Meet anew, with the state of now. */
void ms_link_meet_again(struct ms_volume *v);
/* Is @text about the peer worth a line? Not if it was the last one less than a minute ago. Session thread. */
bool ms_link_news(struct ms_volume *v, const char *text);
/* What this site tells of itself. */
void ms_link_site(struct ms_volume *v, struct ms_site *s);

#endif
