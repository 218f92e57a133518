// SPDX-License-Identifier: GPL-2.0-only
/*
 * The handshake: HELLO, AUTH, READY on a new connection. Who opened it says
 * HELLO and AUTH first, so that one who merely connects learns nothing. Until
 * the peer has proved itself only frames of these types and their exact sizes
 * are read, within short limits of time. Either side may say REFUSE and close
 * at any step. Session thread only.
 */
#include <linux/random.h>

#include "service/net_internal.h"

/* Let the other end read the REFUSE: a close with unread bytes is a reset, which overtakes it. */
static void linger(struct ms_net *n)
{
	n->deadline = jiffies + MS_NET_LINGER;
	if (kernel_sock_shutdown(n->sock, SHUT_WR))
		return;
	while (!ms_recv(n, n->body, 1))
		;
}

static int refuse_filled(struct ms_net *n)
{
	u32 code = le32_to_cpu(n->refuse.code);

	n->refuse.text[sizeof(n->refuse.text) - 1] = '\0';
	n->ops->refused(n->ctx, code, n->refuse.text);
	if (!ms_send_plain(n, MS_F_REFUSE, &n->refuse, sizeof(n->refuse)))
		linger(n);
	return -ECONNREFUSED;
}

static int refuse(struct ms_net *n, u32 code, const char *text)
{
	memset(&n->refuse, 0, sizeof(n->refuse));
	n->refuse.code = cpu_to_le32(code);
	strscpy(n->refuse.text, text, sizeof(n->refuse.text));
	return refuse_filled(n);
}

static void make_printable(char *text, size_t size)
{
	size_t i;

	text[size - 1] = '\0';
	for (i = 0; text[i]; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
}

/* The peer refuses. What one says who has not proved itself counts as a refusal to authenticate. */
static int refused(struct ms_net *n)
{
	u32 code = le32_to_cpu(n->refuse.code);

	make_printable(n->refuse.text, sizeof(n->refuse.text));
	if (!n->peer_proven && n->hmac)
		code = EKEYREJECTED;
	n->ops->refused(n->ctx, code, n->refuse.text);
	return -ECONNREFUSED;
}

/* Receive a frame of @type, or a REFUSE, which ends the handshake. */
static int recv_step(struct ms_net *n, u16 type, void *body, u32 size)
{
	struct ms_head h;
	int r;

	r = ms_recv_head(n, &h);
	if (r)
		return r;
	if (h.type == MS_F_REFUSE) {
		body = &n->refuse;
		size = sizeof(n->refuse);
	} else if (h.type != type) {
		return -EPROTO;
	}
	if (h.body_len != size || h.data_len)
		return -EPROTO;
	r = ms_recv(n, body, size);
	if (!r)
		r = ms_body_check(&h, body);
	if (!r && h.type == MS_F_REFUSE)
		r = refused(n);
	return r;
}

static void prepare_hello(struct ms_net *n)
{
	struct ms_hello *h = &n->hello;

	memset(h, 0, sizeof(*h));
	n->ops->hello(n->ctx, h);
	h->features = cpu_to_le64(MS_FEATURES);
	h->proto_min = cpu_to_le16(MS_PROTO_MIN);
	h->proto_max = cpu_to_le16(MS_PROTO_MAX);
	h->auth = cpu_to_le32(n->hmac ? MS_NET_AUTH_PSK : MS_NET_AUTH_NONE);
	h->initiator = n->initiator;
	get_random_bytes(h->nonce, sizeof(h->nonce));
}

static int check_hello(struct ms_net *n, u32 *proto)
{
	const struct ms_hello *h = &n->peer_hello;
	const char *text;

	if (!memcmp(h->node_id, n->hello.node_id, sizeof(h->node_id)) ||
	    !memcmp(h->nonce, n->hello.nonce, sizeof(h->nonce)))
		return refuse(n, MS_MEET_REFUSE_SELF, "the peer is this site itself");
	if (h->initiator != !n->initiator)
		return refuse(n, EPROTO, "both claim the same side of the connection");
	text = ms_hello_check(h, proto);
	if (text)
		return refuse(n, EPROTO, text);
	if (h->auth != n->hello.auth)
		return refuse(n, EKEYREJECTED, n->hmac ?
			      "a key is needed, and the peer has none" :
			      "the peer wants a key, and none is configured");
	return 0;
}

static int exchange_hello(struct ms_net *n, u32 *proto)
{
	int r;

	n->deadline = jiffies + (n->initiator ? MS_NET_SHAKE : MS_NET_HELLO);
	n->wait_hello = true;
	prepare_hello(n);
	if (n->initiator) {
		r = ms_send_plain(n, MS_F_HELLO, &n->hello, sizeof(n->hello));
		if (r)
			return r;
	}
	r = recv_step(n, MS_F_HELLO, &n->peer_hello, sizeof(n->peer_hello));
	if (!r)
		r = check_hello(n, proto);
	if (!r && !n->initiator)
		r = ms_send_plain(n, MS_F_HELLO, &n->hello, sizeof(n->hello));
	return r;
}

static int send_auth(struct ms_net *n)
{
	struct ms_auth auth;
	int r;

	r = ms_auth_mac(n, &n->hello, &n->peer_hello, &auth);
	return r ? r : ms_send_plain(n, MS_F_AUTH, &auth, sizeof(auth));
}

static int recv_auth(struct ms_net *n)
{
	struct ms_auth auth;
	int r;

	r = recv_step(n, MS_F_AUTH, &auth, sizeof(auth));
	if (!r)
		r = ms_auth_check(n, &n->peer_hello, &n->hello, &auth);
	if (r == -EKEYREJECTED)
		r = refuse(n, EKEYREJECTED, "authentication failed: the keys differ");
	return r;
}

static int authenticate(struct ms_net *n)
{
	int r;

	if (!n->hmac)
		return 0;
	n->deadline = jiffies + MS_NET_SHAKE;
	r = n->initiator ? send_auth(n) : recv_auth(n);
	if (r)
		return r;
	return n->initiator ? recv_auth(n) : send_auth(n);
}

static int agree(struct ms_net *n, u32 proto)
{
	int r;

	memset(&n->ready, 0, sizeof(n->ready));
	memset(&n->refuse, 0, sizeof(n->refuse));
	r = n->ops->meet(n->ctx, &n->hello, &n->peer_hello, &n->ready, &n->refuse);
	/* meet() may have written to a disk. */
	n->deadline = jiffies + n->timeout;
	if (r)			/* without a text it is a failure here, not a refusal */
		return n->refuse.text[0] ? refuse_filled(n) : r;
	n->ready.proto = cpu_to_le32(proto);
	r = ms_send_plain(n, MS_F_READY, &n->ready, sizeof(n->ready));
	if (!r)
		r = recv_step(n, MS_F_READY, &n->peer_ready, sizeof(n->peer_ready));
	if (!r && n->peer_ready.proto != n->ready.proto)
		r = -EPROTO;
	return r;
}

int ms_handshake(struct ms_net *n)
{
	u32 proto;
	int r;

	n->ahead_pos = 0;
	n->ahead_end = 0;
	n->ahead_size = MS_NET_AHEAD_MIN;
	n->peer_proven = false;
	r = exchange_hello(n, &proto);
	if (!r)
		r = authenticate(n);
	if (r)
		return r;
	n->peer_proven = true;
	return agree(n, proto);
}
