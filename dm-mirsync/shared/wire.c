// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wire codec: heads, the possible lengths of every frame type, and the
 * check of a write against the volume. service/net calls it for each frame,
 * the engine for each write it receives. Whatever a peer sends, nothing here
 * reads beyond what was checked before. No state, no locking.
 */
#include "shared/wire.h"

/*
 * A body is @base bytes and then @min to @max elements of @element bytes.
 * A type without a name does not exist.
 */
struct frame_rule {
	const char *name;
	u16 base;
	u16 element;
	u16 min, max;
	bool data;
};

#define NO_BODY(type, n) \
	[type] = { .name = n }
#define FIXED(type, n, body) \
	[type] = { .name = n, .base = sizeof(body) }
#define ARRAY(type, n, elem, limit) \
	[type] = { .name = n, .element = sizeof(elem), .min = 1, .max = limit }
#define FIXED_ARRAY(type, n, body, elem, limit) \
	[type] = { .name = n, .base = sizeof(body), \
		   .element = sizeof(elem), .max = limit }

static const struct frame_rule rules[] = {
	FIXED(MS_F_HELLO, "hello", struct ms_hello),
	FIXED(MS_F_AUTH, "auth", struct ms_auth),
	FIXED(MS_F_READY, "ready", struct ms_ready),
	FIXED(MS_F_REFUSE, "refuse", struct ms_refuse),

	NO_BODY(MS_F_PING, "ping"),
	NO_BODY(MS_F_PONG, "pong"),
	ARRAY(MS_F_ACK, "ack", struct ms_ack,
	      MS_BODY_MAX / sizeof(struct ms_ack)),

	[MS_F_WRITE] = {
		.name = "write",
		.base = sizeof(struct ms_write_body),
		.element = sizeof(__le64),
		.min = 1,
		.max = MS_EXTENT_SEGS,
		.data = true,
	},
	FIXED(MS_F_ZERO, "zero", struct ms_write_body),
	NO_BODY(MS_F_FLUSH, "flush"),
	ARRAY(MS_F_ANNOUNCE, "announce", struct ms_announce,
	      MS_BODY_MAX / sizeof(struct ms_announce)),

	ARRAY(MS_F_MARKS, "marks", struct ms_marks, MS_MARKS_BATCH),
	NO_BODY(MS_F_MARKS_END, "marks-end"),
	FIXED(MS_F_GO, "go", struct ms_go),
	ARRAY(MS_F_CMP_EXTENTS, "cmp-extents", struct ms_cmp_extent, MS_CMP_BATCH),
	FIXED_ARRAY(MS_F_CMP_CODES, "cmp-codes", struct ms_cmp_codes, __le64,
		    MS_EXTENT_SEGS),
	ARRAY(MS_F_CMP_VERSIONS, "cmp-versions", struct ms_cmp_version, MS_CMP_BATCH),
	FIXED(MS_F_CMP_REPLY, "cmp-reply", struct ms_cmp_reply),
	FIXED(MS_F_DONE, "done", struct ms_done),
	FIXED(MS_F_PROGRESS, "progress", struct ms_progress),

	FIXED(MS_F_SUMMARY_REQ, "summary-req", struct ms_range_req),
	FIXED_ARRAY(MS_F_SUMMARY, "summary", struct ms_range_reply,
		    struct ms_summary_entry, MS_SUMMARY_BATCH),
	FIXED(MS_F_TABLE_REQ, "table-req", struct ms_range_req),
	FIXED_ARRAY(MS_F_TABLE, "table", struct ms_range_reply,
		    struct ms_wire_table, MS_TABLE_BATCH),

	FIXED(MS_F_READ_REQ, "read-req", struct ms_read_req),
	[MS_F_READ_DATA] = {
		.name = "read-data",
		.base = sizeof(struct ms_write_body),
		.element = sizeof(__le64),
		.min = 1,
		.max = MS_EXTENT_SEGS,
		.data = true,
	},
	NO_BODY(MS_F_REGENERATE, "regenerate"),

	FIXED(MS_F_DIGEST_REQ, "digest-req", struct ms_digest_req),
	[MS_F_DIGEST] = {
		.name = "digest",
		.base = sizeof(struct ms_wire_digest),
		.element = MS_SHA256,
		.max = MS_EXTENT_SEGS,
	},

	FIXED(MS_F_FAILBACK_BEGIN, "failback-begin", struct ms_failback_begin),
	FIXED(MS_F_SWITCH, "switch", struct ms_switch),
	FIXED(MS_F_RESULT, "result", struct ms_result),
	FIXED(MS_F_STATE, "state", struct ms_state),
	NO_BODY(MS_F_RESOLVE, "resolve"),
	NO_BODY(MS_F_PREPARE, "prepare"),
};

static_assert(sizeof(struct ms_range_reply) +
	      MS_TABLE_BATCH * sizeof(struct ms_wire_table) <= MS_BODY_MAX,
	      "a table reply fits a body");
static_assert(sizeof(struct ms_range_reply) +
	      MS_SUMMARY_BATCH * sizeof(struct ms_summary_entry) <= MS_BODY_MAX,
	      "a summary reply fits a body");

static_assert(sizeof(struct ms_wire_digest) + MS_EXTENT_SEGS * MS_SHA256 <= MS_BODY_MAX,
	      "the digests of an extent fit a body");

static const struct frame_rule *rule_of(u16 type)
{
	if (type >= ARRAY_SIZE(rules) || !rules[type].name)
		return NULL;
	return &rules[type];
}

static u32 head_crc(const struct ms_frame *raw)
{
	static const u8 zero[4];
	u32 crc = ms_crc32c_raw(~0u, raw, offsetof(struct ms_frame, head_crc));

	return ~ms_crc32c_raw(crc, zero, sizeof(zero));
}

/**
 * ms_head_encode() - make a head, checksum included
 * @h: lengths, type and handle; body_crc is the caller's
 * @raw: filled in
 */
void ms_head_encode(const struct ms_head *h, struct ms_frame *raw)
{
	raw->magic = cpu_to_le32(MS_WIRE_MAGIC);
	raw->type = cpu_to_le16(h->type);
	raw->flags = 0;
	raw->body_len = cpu_to_le32(h->body_len);
	raw->data_len = cpu_to_le32(h->data_len);
	raw->handle = cpu_to_le64(h->handle);
	raw->commits = cpu_to_le64(h->commits);
	raw->body_crc = cpu_to_le32(h->body_crc);
	raw->head_crc = cpu_to_le32(head_crc(raw));
}

static bool body_len_possible(const struct frame_rule *rule, u32 len)
{
	u32 rest, count;

	if (len < rule->base)
		return false;
	rest = len - rule->base;
	if (!rule->element)
		return !rest;
	count = rest / rule->element;
	return rest == count * rule->element &&
	       count >= rule->min && count <= rule->max;
}

static bool data_len_possible(const struct frame_rule *rule, u32 len)
{
	if (!rule->data)
		return !len;
	return len && len <= MS_DATA_MAX && !(len % MS_SECTOR);
}

int ms_head_decode(const struct ms_frame *raw, struct ms_head *h)
{
	const struct frame_rule *rule;

	if (le32_to_cpu(raw->magic) != MS_WIRE_MAGIC ||
	    le32_to_cpu(raw->head_crc) != head_crc(raw))
		return -EBADMSG;

	h->type = le16_to_cpu(raw->type);
	h->body_len = le32_to_cpu(raw->body_len);
	h->data_len = le32_to_cpu(raw->data_len);
	h->handle = le64_to_cpu(raw->handle);
	h->commits = le64_to_cpu(raw->commits);
	h->body_crc = le32_to_cpu(raw->body_crc);

	rule = rule_of(h->type);
	if (!rule || raw->flags ||
	    !body_len_possible(rule, h->body_len) ||
	    !data_len_possible(rule, h->data_len))
		return -EPROTO;
	return 0;
}

int ms_body_check(const struct ms_head *h, const void *body)
{
	u32 crc = h->body_len ? ms_crc32c(body, h->body_len) : 0;

	return crc == h->body_crc ? 0 : -EBADMSG;
}

const char *ms_frame_name(u16 type)
{
	const struct frame_rule *rule = rule_of(type);

	return rule ? rule->name : "unknown";
}

/* What a page holds of it is a vector of its own, and a bio has no more of them than this. */
static bool fits_a_bio(const struct ms_write_body *b)
{
	u32 offset = le64_to_cpu(b->sector) % (MS_BLOCK / MS_SECTOR);

	return offset + le32_to_cpu(b->sectors) <= MS_DATA_MAX / MS_SECTOR;
}

/* Do the lengths and counts of a frame with data that touches @segs segments agree? */
static bool write_counts_agree(const struct ms_head *h, const struct ms_write_body *b,
			       u32 segs)
{
	return h->data_len == (u64)le32_to_cpu(b->sectors) * MS_SECTOR &&
	       le16_to_cpu(b->segs) == segs &&
	       h->body_len == sizeof(*b) + segs * sizeof(b->codes[0]);
}

static bool zero_counts_agree(const struct ms_head *h, const struct ms_write_body *b)
{
	return !h->data_len && !b->segs && h->body_len == sizeof(*b);
}

int ms_write_body_check(const struct ms_geo *geo, const struct ms_head *h,
			const struct ms_write_body *b, struct ms_span *span)
{
	int r;

	if (h->body_len < sizeof(*b) ||
	    le16_to_cpu(b->flags) & ~MS_W_FLAGS)
		return -EPROTO;
	r = ms_geo_span(geo, le64_to_cpu(b->sector), le32_to_cpu(b->sectors), span);
	if (r)
		return r;
	switch (h->type) {
	case MS_F_WRITE:
	case MS_F_READ_DATA:
		if (!fits_a_bio(b))
			return -EPROTO;
		return write_counts_agree(h, b, span->count) ? 0 : -EPROTO;
	case MS_F_ZERO:
		return zero_counts_agree(h, b) ? 0 : -EPROTO;
	default:
		return -EPROTO;
	}
}
