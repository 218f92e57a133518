// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream of frames of any bytes, taken apart as service/net does: head, body of just as
 * many bytes as the head says (so that a sanitizer sees a read beyond), then what looks
 * into the body. Input: frames, each with a byte of what to put right in front (1: magic
 * and checksum of the head, 2: checksum of the body).
 */
#include "input.h"
#include "shared/wire.h"

static struct ms_geo geo;

static void check_write(const struct ms_head *h, const void *body)
{
	const struct ms_write_body *b = body;
	struct ms_span span;

	memset(&span, 0, sizeof(span));
	if (ms_write_body_check(&geo, h, b, &span))
		return;
	holds(span.extent < geo.extents && span.count);
	holds(span.first + span.count <= ms_geo_extent_segs(&geo, span.extent));
	holds(le64_to_cpu(b->sector) + le32_to_cpu(b->sectors) <= geo.sectors);
	if (h->type != MS_F_ZERO) {
		holds(h->data_len == le32_to_cpu(b->sectors) * MS_SECTOR);
		holds(h->body_len == sizeof(*b) + span.count * 8);
	}
}

static enum ms_meeting mirrored(enum ms_meeting m)
{
	switch (m) {
	case MS_MEET_SOURCE:
		return MS_MEET_TARGET;
	case MS_MEET_TARGET:
		return MS_MEET_SOURCE;
	case MS_MEET_PEER_OUTDATED:
		return MS_MEET_OUTDATED;
	case MS_MEET_OUTDATED:
		return MS_MEET_PEER_OUTDATED;
	default:
		return m;
	}
}

static void check_hello(const struct ms_hello *h)
{
	static struct ms_site local, peer;
	struct ms_decision here, there;
	u32 proto = 0;
	const char *why = ms_hello_check(h, &proto);

	if (why) {
		holds(*why);
		return;
	}
	holds(proto >= MS_PROTO_MIN && proto <= MS_PROTO_MAX);
	memset(&peer, 0, sizeof(peer));
	ms_hello_site(h, &peer);
	/* The local site is the same one with another node, and what the nonce says. */
	local = peer;
	local.node_id[0] ^= h->nonce[0];
	local.claim = h->nonce[1] % (MS_CLAIM_ACTIVE + 1);
	local.disk = h->nonce[2] % (MS_DISK_OUTDATED + 1);
	local.flags ^= h->nonce[3] & MS_SB_ALL_CANDIDATES;
	local.gens.current_gen ^= h->nonce[4];
	local.gens.base ^= h->nonce[5];
	local.seen.commits ^= h->nonce[6];
	local.history.now.commits ^= h->nonce[7];
	memset(&here, 0, sizeof(here));
	memset(&there, 0, sizeof(there));
	ms_rules_meet(&local, &peer, &here);
	ms_rules_meet(&peer, &local, &there);
	holds(here.meeting > MS_MEET_NONE && here.meeting < MS_MEET_COUNT);
	holds(there.meeting == mirrored(here.meeting));
	holds(there.scope == here.scope || (here.meeting != MS_MEET_SOURCE &&
					    here.meeting != MS_MEET_TARGET));
	holds(there.local_back == here.peer_back && there.peer_back == here.local_back);
	holds(*ms_meeting_text(here.meeting) && *ms_meeting_name(here.meeting));
	if (here.relation < MS_REL_COUNT)
		holds(*ms_relation_name(here.relation));
}

static void seal(struct ms_frame *raw, const void *body, u32 len, u32 mode)
{
	if (mode & 2)
		raw->body_crc = cpu_to_le32(len ? ms_crc32c(body, len) : 0);
	if (mode & 1) {
		raw->magic = cpu_to_le32(MS_WIRE_MAGIC);
		raw->flags = 0;
		raw->head_crc = 0;
		raw->head_crc = cpu_to_le32(ms_crc32c(raw, sizeof(*raw)));
	}
}

/* Return: whether the session goes on. */
static bool frame(struct input *in)
{
	u32 mode = (u32)take_n(in, 1), len;
	struct ms_frame raw, again;
	struct ms_head h;
	bool good;
	void *body;

	take(in, &raw, sizeof(raw));
	len = le32_to_cpu(raw.body_len);
	body = malloc(len <= MS_BODY_MAX ? len : 0);
	if (len <= MS_BODY_MAX)
		take(in, body, len);
	seal(&raw, body, len <= MS_BODY_MAX ? len : 0, mode);
	memset(&h, 0, sizeof(h));
	good = !ms_head_decode(&raw, &h);
	if (good) {
		holds(h.body_len <= MS_BODY_MAX && h.data_len <= MS_DATA_MAX);
		holds(*ms_frame_name(h.type));
		ms_head_encode(&h, &again);
		holds(!memcmp(&again, &raw, sizeof(raw)));
		good = !ms_body_check(&h, body);
	}
	if (good && (h.type == MS_F_WRITE || h.type == MS_F_ZERO || h.type == MS_F_READ_DATA))
		check_write(&h, body);
	if (good && h.type == MS_F_HELLO)
		check_hello(body);
	free(body);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	ms_geo_init(&geo, (171 * 480 + 9) * 8 - 3, 12, 112);
	while (in.left && frame(&in))
		;
	return 0;
}
