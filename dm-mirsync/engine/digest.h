/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digests (SHA-256) of the contents of segments, for who does not want to go by codes
 * (I8): read here for the ioctl and for the peer. ms_read_digests() is in volume.h.
 * Locking: v->lock; what is read is held against writes by an operation.
 */
#ifndef MS_ENGINE_DIGEST_H
#define MS_ENGINE_DIGEST_H

#include "engine/request.h"

/* The peer asks. Worker. */
void ms_digest_answer(struct ms_inbound *in);

#endif
