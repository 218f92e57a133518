// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions and answers between the sites; see request.h. Locking: v->lock
 * for the lists.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "engine/link.h"
#include "engine/request.h"

#define INBOX_MAX	256u	/* questions of the peer that wait */
#define PATIENCE	(5 * HZ)	/* a peer that answers has answered by then, as a rule */

void ms_request_prepare(struct ms_request *rq, u16 type, const void *body, u32 len,
			u16 answer, void *reply, u32 room)
{
	memset(rq, 0, sizeof(*rq));
	init_completion(&rq->sent);
	init_completion(&rq->answered);
	rq->out.type = type;
	rq->out.body = body;
	rq->out.body_len = len;
	rq->answer = answer;
	rq->reply = reply;
	rq->room = room;
}

static void request_sent(struct ms_out *out, int r)
{
	complete(&container_of(out, struct ms_request, out)->sent);
}

int __ms_request_queue(struct ms_volume *v, struct ms_request *rq)
{
	int r;

	lockdep_assert_held(&v->lock);
	if (!v->connected || v->stopping)	/* a stop waits for who holds v->control */
		return -ENOTCONN;
	rq->out.handle = ++v->next_handle;
	rq->out.done = request_sent;
	list_add_tail(&rq->list, &v->requests);
	r = ms_net_queue(v->net, &rq->out);
	if (r)
		list_del_init(&rq->list);
	return r;
}

/* Idle, not as a task that hangs: how long it takes is up to the peer. */
int ms_request_wait(struct ms_request *rq)
{
	wait_for_completion_state(&rq->sent, TASK_IDLE);
	wait_for_completion_state(&rq->answered, TASK_IDLE);
	return rq->status;
}

/* Nobody waits for it any more. Return: false when it has just been answered. */
static bool take_back(struct ms_volume *v, struct ms_request *rq)
{
	bool mine;

	spin_lock(&v->lock);
	mine = !list_empty(&rq->list);
	list_del_init(&rq->list);
	spin_unlock(&v->lock);
	if (!mine)
		wait_for_completion_state(&rq->answered, TASK_IDLE);
	return mine;
}

int ms_request_wait_interruptible(struct ms_volume *v, struct ms_request *rq)
{
	wait_for_completion_state(&rq->sent, TASK_IDLE);
	if (!wait_for_completion_interruptible(&rq->answered) || !take_back(v, rq))
		return rq->status;
	return -EINTR;
}

int ms_request_wait_limited(struct ms_volume *v, struct ms_request *rq, unsigned long limit)
{
	long left;

	wait_for_completion_state(&rq->sent, TASK_IDLE);
	if (wait_for_completion_timeout(&rq->answered, min(limit, (unsigned long)PATIENCE)))
		return rq->status;
	left = wait_for_completion_interruptible_timeout(&rq->answered, limit);
	if (left > 0 || !take_back(v, rq))
		return rq->status;
	ms_net_cut(v->net, -ETIME);	/* an answer that comes now would be to no question */
	return left ? -EINTR : -ETIME;
}

int ms_request(struct ms_volume *v, u16 type, const void *body, u32 len,
	       u16 answer, void *reply, u32 room, u32 *got)
{
	struct ms_request rq;
	int r;

	ms_request_prepare(&rq, type, body, len, answer, reply, room);
	spin_lock(&v->lock);
	r = __ms_request_queue(v, &rq);
	spin_unlock(&v->lock);
	if (!r)
		r = ms_request_wait_limited(v, &rq, MAX_SCHEDULE_TIMEOUT);
	if (got)
		*got = rq.len;
	return r;
}

/* Return: 0, or negative to cut: data that nobody takes cannot be passed over. */
static int take_answer(struct ms_volume *v, struct ms_request *rq, const struct ms_head *h,
		       const void *body)
{
	int r = 0;

	if (h->type != rq->answer || h->body_len > rq->room ||
	    h->data_len != (rq->buf ? rq->buf->bytes : 0)) {
		rq->status = h->type == MS_F_RESULT ? -EREMOTEIO : -EPROTO;
		return h->data_len ? -EPROTO : 0;
	}
	memcpy(rq->reply, body, h->body_len);
	rq->len = h->body_len;
	if (rq->buf)
		r = ms_net_recv(v->net, rq->buf->bv, rq->buf->nr, rq->buf->bytes);
	rq->status = r;
	return r;
}

int ms_request_answer(struct ms_volume *v, const struct ms_head *h, const void *body)
{
	struct ms_request *rq, *found = NULL;
	int r;

	spin_lock(&v->lock);
	list_for_each_entry(rq, &v->requests, list) {
		if (rq->out.handle != h->handle)
			continue;
		found = rq;
		list_del_init(&rq->list);
		break;
	}
	spin_unlock(&v->lock);
	if (!found)
		return -EPROTO;
	r = take_answer(v, found, h, body);
	complete(&found->answered);
	return r;
}

void ms_requests_fail(struct ms_volume *v)
{
	struct ms_request *rq;

	do {			/* one by one: who waits may take his away */
		spin_lock(&v->lock);
		rq = list_first_entry_or_null(&v->requests, struct ms_request, list);
		if (rq) {
			list_del_init(&rq->list);
			rq->status = -ENOTCONN;
			complete(&rq->answered);
		}
		spin_unlock(&v->lock);
	} while (rq);
}

/*
 * The peer's questions
 */

void ms_inbound_get(struct ms_inbound *in)
{
	refcount_inc(&in->refs);
}

void ms_inbound_put(struct ms_inbound *in)
{
	struct ms_volume *v = in->v;

	if (!refcount_dec_and_test(&in->refs))
		return;
	spin_lock(&v->lock);
	v->nr_inbox--;
	spin_unlock(&v->lock);
	kvfree(in);
}

static void inbound_work(struct work_struct *work)
{
	struct ms_inbound *in = container_of(work, struct ms_inbound, work);

	ms_link_inbound(in);
	ms_inbound_put(in);
}

static void inbox_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(work, struct ms_volume, inbox_work);
	struct ms_inbound *in;

	for (;;) {
		spin_lock(&v->lock);
		in = list_first_entry_or_null(&v->inbox, struct ms_inbound, list);
		if (in)
			list_del(&in->list);
		spin_unlock(&v->lock);
		if (!in)
			return;
		ms_link_inbound(in);
		ms_inbound_put(in);
	}
}

int ms_inbound_take(struct ms_volume *v, const struct ms_head *h, const void *body,
		    bool ordered)
{
	struct ms_inbound *in = kvmalloc(struct_size(in, body, h->body_len), GFP_NOIO);
	bool full;

	if (!in)
		return -ENOMEM;
	refcount_set(&in->refs, 1);
	in->v = v;
	in->head = *h;
	memcpy(in->body, body, h->body_len);
	INIT_WORK(&in->work, inbound_work);
	spin_lock(&v->lock);
	in->session = v->session;
	full = v->nr_inbox >= INBOX_MAX;
	if (!full) {
		v->nr_inbox++;
		if (ordered)
			list_add_tail(&in->list, &v->inbox);
	}
	spin_unlock(&v->lock);
	if (full) {
		kvfree(in);
		return -EPROTO;
	}
	queue_work(v->peer_wq, ordered ? &v->inbox_work : &in->work);
	return 0;
}

struct note {
	struct ms_out out;
	struct ms_inbound *in;		/* that it answers, or NULL */
	u8 body[];
};

static void note_done(struct ms_out *out, int r)
{
	struct note *n = container_of(out, struct note, out);

	if (n->in)
		ms_inbound_put(n->in);
	kvfree(n);
}

static int send_note(struct ms_volume *v, struct ms_inbound *in, u32 session, u16 type,
		     u64 handle, const void *body, u32 len, gfp_t gfp)
{
	struct note *n = kvzalloc(struct_size(n, body, len), gfp);
	int r = -ENOTCONN;

	if (!n)
		return -ENOMEM;
	memcpy(n->body, body, len);
	n->out.type = type;
	n->out.handle = handle;
	n->out.body = n->body;
	n->out.body_len = len;
	n->out.done = note_done;
	n->in = in;
	if (in)
		ms_inbound_get(in);
	spin_lock(&v->lock);
	if (v->connected && v->session == session)
		r = ms_net_queue(v->net, &n->out);
	spin_unlock(&v->lock);
	if (r)
		note_done(&n->out, r);
	return r;
}

int ms_send_note(struct ms_volume *v, u32 session, u16 type, u64 handle,
		 const void *body, u32 len)
{
	return send_note(v, NULL, session, type, handle, body, len, GFP_NOIO);
}

int ms_send_hint(struct ms_volume *v, u32 session, u16 type, const void *body, u32 len)
{
	return send_note(v, NULL, session, type, 0, body, len, GFP_NOWAIT | __GFP_NOWARN);
}

void ms_inbound_reply(struct ms_inbound *in, u16 type, const void *body, u32 len)
{
	if (send_note(in->v, in, in->session, type, in->head.handle, body, len, GFP_NOIO) == -ENOMEM)
		ms_net_cut(in->v->net, -ENOMEM);
}

void ms_inbound_result(struct ms_inbound *in, int status, const char *text)
{
	struct ms_result res = { .status = cpu_to_le32(-status) };

	spin_lock(&in->v->lock);
	ms_gens_encode(&in->v->sb.gens, &res.gens);
	spin_unlock(&in->v->lock);
	if (text)
		strscpy(res.text, text, sizeof(res.text));
	ms_inbound_reply(in, MS_F_RESULT, &res, sizeof(res));
}

void ms_result_text(const struct ms_result *res, char *text, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && i < sizeof(res->text) && res->text[i]; i++)
		text[i] = res->text[i] >= ' ' && res->text[i] <= '~' ? res->text[i] : '?';
	text[i] = 0;
}

void ms_requests_init(struct ms_volume *v)
{
	INIT_LIST_HEAD(&v->requests);
	INIT_LIST_HEAD(&v->inbox);
	INIT_WORK(&v->inbox_work, inbox_work);
}
