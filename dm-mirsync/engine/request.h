/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions to the peer and its questions to us. A question is sent and
 * waited for; the end of the session answers it with -ENOTCONN. What the peer
 * asks is answered by workers, never by the session thread, which has to
 * stay free for acknowledgements. Locking: v->lock.
 */
#ifndef MS_ENGINE_REQUEST_H
#define MS_ENGINE_REQUEST_H

#include "engine/volume.h"

struct ms_request {
	struct ms_out out;
	struct list_head list;		/* v->requests */
	struct completion sent, answered;
	u16 answer;			/* frame type expected */
	void *reply;
	u32 room, len;			/* bytes */
	struct ms_buf *buf;		/* for the answer's data; NULL: it has none */
	int status;
};

void ms_requests_init(struct ms_volume *v);

/* Prepare @rq: a frame of @type with @body, answered by @answer into @reply. */
void ms_request_prepare(struct ms_request *rq, u16 type, const void *body, u32 len,
			u16 answer, void *reply, u32 room);
/* Queue it; v->lock held, so that its place among the writes is known. Return: 0, -ENOTCONN. */
int __ms_request_queue(struct ms_volume *v, struct ms_request *rq);
/* Wait for the answer. Return: 0 (rq->len bytes in reply), -ENOTCONN, -EPROTO, -EREMOTEIO (refused). */
int ms_request_wait(struct ms_request *rq);
/* The same; or -EINTR by a signal: the session has to be cut, an answer that comes now is to no question. */
int ms_request_wait_interruptible(struct ms_volume *v, struct ms_request *rq);
/*
 * The same; or, with the session cut, -ETIME after about @limit (jiffies), and -EINTR by a signal to who
 * has waited for some seconds already.
 */
int ms_request_wait_limited(struct ms_volume *v, struct ms_request *rq, unsigned long limit);
/* All of it, without a limit but for signals. Sleeps. */
int ms_request(struct ms_volume *v, u16 type, const void *body, u32 len,
	       u16 answer, void *reply, u32 room, u32 *got);
/* A frame that answers one. Session thread. */
int ms_request_answer(struct ms_volume *v, const struct ms_head *h, const void *body);
/* The session is over. */
void ms_requests_fail(struct ms_volume *v);

/*
 * A question of the peer, with its body behind it. It counts until whoever handles it is done and
 * the answer has left: a peer that asks and does not read fills no memory.
 */
struct ms_inbound {
	refcount_t refs;
	struct list_head list;
	struct work_struct work;
	struct ms_volume *v;
	u32 session;
	struct ms_head head;
	u8 body[];
};

typedef void (*ms_inbound_fn)(struct ms_inbound *in);

/* Take a question in: @ordered ones are handled one after the other by ms_link_inbound(), others beside each other. Return: 0 or negative to cut. */
int ms_inbound_take(struct ms_volume *v, const struct ms_head *h, const void *body,
		    bool ordered);
/* For an answer on its way / it has left. No locks. */
void ms_inbound_get(struct ms_inbound *in);
void ms_inbound_put(struct ms_inbound *in);
/* Answer it. @body is copied. */
void ms_inbound_reply(struct ms_inbound *in, u16 type, const void *body, u32 len);
/* ... with a RESULT of @status (negative errno or 0) and @text. */
void ms_inbound_result(struct ms_inbound *in, int status, const char *text);
/* The peer's text in a RESULT, made printable. */
void ms_result_text(const struct ms_result *res, char *text, size_t size);
/* Send a frame without an answer; @body is copied. Return: 0, -ENOTCONN, -ENOMEM. */
int ms_send_note(struct ms_volume *v, u32 session, u16 type, u64 handle,
		 const void *body, u32 len);
/* One that does without if there is no memory, and does not wait for it. */
int ms_send_hint(struct ms_volume *v, u32 session, u16 type, const void *body, u32 len);

#endif
