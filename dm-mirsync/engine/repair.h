/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the local disk cannot read, from the peer: an application's read is served from there,
 * and the segments are written anew here, so that the disk can put them elsewhere.
 * Only where the peer's content is this site's beyond doubt (I10). Locking: v->lock.
 */
#ifndef MS_ENGINE_REPAIR_H
#define MS_ENGINE_REPAIR_H

#include "engine/request.h"

/**
 * ms_repair_read() - serve a read of the application from the peer
 * @left: the disk is not to be asked or repaired (loss.c); else it has failed this read
 *
 * Ends the bio, one way or the other, or puts it back into the line. Any context.
 */
void ms_repair_read(struct ms_volume *v, struct ms_app_io *io, bool left);
/**
 * ms_repair_segment() - write a segment that cannot be read anew, from the peer
 * @no: extent, pinned by the caller, who has no operation in its queue
 *
 * Sleeps. Return: 0, with its code valid; or negative.
 */
int ms_repair_segment(struct ms_volume *v, u64 no, u32 seg);
/**
 * ms_repair_by_code() - write a segment that is not what its valid code says anew, from the peer
 * @no: extent; the caller has no operation in its queue
 * @code: that valid code; nothing is written if it is not the segment's any more
 *
 * At either site, in any session: what the peer has is judged by the code alone (I8). Sleeps. What
 * is written is not flushed. Return: 0; or negative, with nothing changed but that what is on the
 * disk is unknown when it could not be written.
 */
int ms_repair_by_code(struct ms_volume *v, u64 no, u32 seg, __le64 code);
/**
 * ms_repair_over() - write a segment over with what the peer has, if that is something else
 * @no: extent; the caller has no operation in its queue
 *
 * Under the conditions of a repair, but for this site's code. Sleeps. What is written is not
 * flushed. Return: 0, also when they are equal; or negative.
 */
int ms_repair_over(struct ms_volume *v, u64 no, u32 seg);
/* The peer asks for data. */
void ms_repair_answer(struct ms_inbound *in);

#endif
