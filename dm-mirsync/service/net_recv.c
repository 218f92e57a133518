// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving: exactly as many bytes as asked for, into memory of the service or
 * straight into a handler's pages. Some is read ahead, so that a head comes with
 * its body, and several small frames come in one call. Session thread only; no locking.
 */
#include <linux/blkdev.h>
#include <linux/uio.h>

#include "service/net_internal.h"

/* Nothing more came with the last frame: its result and others that wait in the plug are sent before this sleeps. */
static void send_results(struct ms_net *n)
{
	struct blk_plug *plug = current->plug;

	if (!plug || list_empty(&plug->cb_list) || ms_sock_readable(n->sock))
		return;
	blk_finish_plug(plug);
	blk_start_plug(plug);
}

/* One call that brings at least one byte. Return: bytes, or negative. */
static int recv_some(struct ms_net *n, struct msghdr *msg, int flags)
{
	unsigned long since;
	int r;

	n->waiting = jiffies;
	send_results(n);
	for (;;) {
		r = ms_session_check(n);
		if (r)
			return r;
		since = jiffies;
		r = sock_recvmsg(n->sock, msg, flags);
		if (ms_net_overslept(n, since))
			n->waiting = jiffies;
		if (r > 0)
			break;
		if (!r)
			return -ECONNRESET;
		if (r != -EAGAIN && r != -EINTR)
			return r;
	}
	n->heard = jiffies;
	n->wait_hello = false;
	atomic64_add(r, &n->rx_bytes);
	return r;
}

static int recv_iter(struct ms_net *n, struct msghdr *msg)
{
	int r;

	while (msg_data_left(msg)) {
		r = recv_some(n, msg, MSG_WAITALL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_ahead(struct ms_net *n)
{
	struct kvec vec = { n->ahead, n->ahead_size };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	int r;

	iov_iter_kvec(&msg.msg_iter, ITER_DEST, &vec, 1, vec.iov_len);
	r = recv_some(n, &msg, 0);
	if (r < 0)
		return r;
	n->ahead_pos = 0;
	n->ahead_end = r;
	return 0;
}

static int recv_direct(struct ms_net *n, void *buf, u32 len)
{
	struct kvec vec = { buf, len };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };

	iov_iter_kvec(&msg.msg_iter, ITER_DEST, &vec, 1, len);
	return recv_iter(n, &msg);
}

int ms_recv(struct ms_net *n, void *buf, u32 len)
{
	u32 take;
	int r;

	for (;;) {
		take = min(len, n->ahead_end - n->ahead_pos);
		memcpy(buf, n->ahead + n->ahead_pos, take);
		n->ahead_pos += take;
		buf += take;
		len -= take;
		if (!len)
			return 0;
		if (len >= n->ahead_size)
			return recv_direct(n, buf, len);
		r = fill_ahead(n);
		if (r)
			return r;
	}
}

int ms_recv_head(struct ms_net *n, struct ms_head *h)
{
	struct ms_frame raw;
	int r;

	r = ms_recv(n, &raw, sizeof(raw));
	return r ? r : ms_head_decode(&raw, h);
}

int ms_net_recv(struct ms_net *n, struct bio_vec *bvec, u32 nr, u32 len)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	u32 take = min(len, n->ahead_end - n->ahead_pos);

	if (len > n->data_left)
		return -EINVAL;
	n->data_left -= len;
	n->ahead_size = len <= MS_NET_AHEAD / 2 ? MS_NET_AHEAD : MS_NET_AHEAD_MIN;
	iov_iter_bvec(&msg.msg_iter, ITER_DEST, bvec, nr, len);
	if (copy_to_iter(n->ahead + n->ahead_pos, take, &msg.msg_iter) != take)
		return -EFAULT;
	n->ahead_pos += take;
	return recv_iter(n, &msg);
}
