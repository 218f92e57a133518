/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wire protocol: every frame, its limits, and the codec that turns bytes
 * of a peer into checked values. A frame is a head of 40 bytes, a body (the
 * structs below, body_len bytes) and data (only MS_F_WRITE and MS_F_READ_DATA;
 * data_len bytes).
 * The head has its own checksum, the body another one in the head; data is
 * covered by the codes in the body. All little-endian. doc/protocol.md
 * describes it byte for byte. Pure; no locking.
 */
#ifndef MS_SHARED_WIRE_H
#define MS_SHARED_WIRE_H

#include "shared/env.h"
#include "shared/format.h"
#include "shared/mirsync_ioctl.h"	/* struct ms_wire_table */
#include "shared/rules.h"

#define MS_WIRE_MAGIC		0x3146534du	/* "MSF1" */
#define MS_PROTO_MIN		1u	/* lowest and highest protocol version spoken */
#define MS_PROTO_MAX		1u
#define MS_BODY_MAX		65536u	/* bytes */
#define MS_DATA_MAX		(1u << 20)	/* bytes of payload of one write */
#define MS_NONCE		32
#define MS_MAC			32
#define MS_SHA256		32	/* bytes of a SHA-256 */
#define MS_DEFAULT_PORT		7788

enum ms_frame_type {
	/* handshake, in this order */
	MS_F_HELLO = 1,		/* struct ms_hello */
	MS_F_AUTH = 2,		/* struct ms_auth */
	MS_F_READY = 3,		/* struct ms_ready */
	MS_F_REFUSE = 4,	/* struct ms_refuse; the sender closes */
	/* session */
	MS_F_PING = 8,		/* no body; answered by PONG with its handle */
	MS_F_PONG = 9,
	MS_F_ACK = 10,		/* struct ms_ack[]: results of WRITE, ZERO, FLUSH */
	/* mirroring, source to target */
	MS_F_WRITE = 16,	/* struct ms_write_body, codes, data */
	MS_F_ZERO = 17,		/* struct ms_write_body: write zeroes (unmap allowed) */
	MS_F_FLUSH = 18,	/* no body: all writes before it become stable */
	MS_F_ANNOUNCE = 19,	/* struct ms_announce[]: extents about to become hot; a hint */
	/* resync */
	MS_F_MARKS = 32,	/* target to source: struct ms_marks[], at most MS_MARKS_BATCH; answered by RESULT */
	MS_F_MARKS_END = 33,	/* target to source: no body */
	MS_F_GO = 34,		/* source to target: struct ms_go; mirrored writes follow */
	MS_F_CMP_EXTENTS = 35,	/* source to target: struct ms_cmp_extent[] */
	MS_F_CMP_CODES = 36,	/* source to target: struct ms_cmp_codes, codes */
	MS_F_CMP_VERSIONS = 37,	/* source to target: struct ms_cmp_version[] */
	MS_F_CMP_REPLY = 38,	/* target to source: struct ms_cmp_reply; same handle */
	MS_F_DONE = 39,		/* source to target: struct ms_done; target flushes, persists, answers by RESULT */
	MS_F_PROGRESS = 41,	/* source to target: struct ms_progress, for its status */
	/* tables for a reader at the other site */
	MS_F_SUMMARY_REQ = 48,	/* struct ms_range_req */
	MS_F_SUMMARY = 49,	/* struct ms_range_reply, ms_summary_entry[] */
	MS_F_TABLE_REQ = 50,	/* struct ms_range_req */
	MS_F_TABLE = 51,	/* struct ms_range_reply, ms_wire_table[] */
	/* data for a site whose own disk cannot read it, or has lost it */
	MS_F_READ_REQ = 52,	/* struct ms_read_req; answered by READ_DATA, or RESULT when refused */
	MS_F_READ_DATA = 53,	/* struct ms_write_body, codes, data */
	MS_F_REGENERATE = 54,	/* no body: the receiver's codes are to be made anew; answered by RESULT */
	/* SHA-256 of segments, for a reader at the other site */
	MS_F_DIGEST_REQ = 56,	/* struct ms_digest_req */
	MS_F_DIGEST = 57,	/* struct ms_wire_digest, digests */
	/* roles; each answered by RESULT with the same handle */
	MS_F_FAILBACK_BEGIN = 64,	/* struct ms_failback_begin */
	MS_F_SWITCH = 65,	/* struct ms_switch: the sender is demoted (persisted), the receiver becomes primary */
	MS_F_RESULT = 66,	/* struct ms_result */
	MS_F_STATE = 67,	/* struct ms_state: the sender's claim, disk, gens changed */
	MS_F_RESOLVE = 68,	/* no body: the sender gives its data up, the receiver is to be the source; answered by RESULT */
	MS_F_PREPARE = 69,	/* no body: a failback is about to start; answered by RESULT when the target is ready */
};

struct ms_frame {
	__le32 magic;
	__le16 type;
	__le16 flags;		/* 0 */
	__le32 body_len;
	__le32 data_len;
	__le64 handle;		/* chosen by the sender; a reply carries the request's */
	__le64 commits;		/* the sender's metadata commits so far (I11); 0 in the handshake */
	__le32 body_crc;	/* ms_crc32c of the body; 0 when there is none */
	__le32 head_crc;	/* ms_crc32c of the head with this field 0 */
} __packed;
static_assert(sizeof(struct ms_frame) == 40, "ms_frame");

/*
 * What a sender can do beyond its protocol version. Of the low 32 bits those that both
 * have are used. The high 32 are of what a sender does in any case, so that who does not know
 * one refuses it. None yet.
 */
#define MS_FEATURES		0ull
#define MS_FEATURES_NEEDED	(~0ull << 32)

struct ms_hello {
	__le16 proto_min, proto_max;
	__le32 auth;		/* 0: none, 1: pre-shared key, HMAC-SHA256 */
	__le64 features;	/* MS_FEATURES of the sender */
	u8 volume_id[MS_UUID];
	u8 node_id[MS_UUID];
	__le64 sectors;
	__le32 logical_block;
	__le32 seg_shift;
	__le32 code_algo;
	__le32 claim;		/* enum ms_claim */
	__le64 code_seed;
	__le32 disk;		/* enum ms_disk */
	__le32 flags;		/* MS_SB_* */
	struct ms_disk_gens gens;
	__le64 activation;
	__le64 activation_id;
	__le64 commits;		/* metadata commits so far */
	__le64 seen_activation_id;	/* what the sender has seen of its last peer's history */
	__le64 seen_commits;
	u8 nonce[MS_NONCE];
	u8 initiator;		/* 1: the sender opened the connection */
	u8 reserved[7];
	u8 seen_node_id[MS_UUID];	/* ... and who that was */
	struct ms_disk_point past[MS_PAST];	/* the sender's earlier activations */
	__le64 codes_since;	/* changes whenever the sender's codes become void or are made anew */
	u8 reserved2[24];
} __packed;
static_assert(sizeof(struct ms_hello) == 816, "ms_hello");

/* mac = HMAC-SHA256(key, label | hello of the sender | hello of the receiver); label "mirsync-I" or "mirsync-R" with its NUL, by the sender's side of the connection */
struct ms_auth {
	u8 mac[MS_MAC];
} __packed;

struct ms_ready {
	__le32 meeting;		/* the sender's conclusion, enum ms_meeting */
	__le32 scope;
	__le32 proto;		/* version used */
	__le32 rest;		/* 1: source, scope all: only what the session before has left is compared */
	__le64 codes_since;	/* that of the HELLO, or, where the meeting has changed it, the new one */
} __packed;
static_assert(sizeof(struct ms_ready) == 24, "ms_ready");

struct ms_refuse {
	__le32 code;		/* enum ms_meeting of a refusal, or a positive errno */
	__le32 reserved;
	char text[120];		/* printable ASCII, NUL-terminated */
} __packed;

struct ms_ack {
	__le64 handle;
	__le32 status;		/* 0 or a positive errno */
	__le32 reserved;
} __packed;

#define MS_W_FUA	(1u << 0)
#define MS_W_RESYNC	(1u << 1)	/* copied by the engine, not written by the application */
#define MS_W_NOUNMAP	(1u << 2)	/* ZERO: keep the space allocated */
#define MS_W_EPOCH	(1u << 3)	/* a new epoch: applied when all that was sent before is complete (I7) */
#define MS_W_FLAGS	(MS_W_FUA | MS_W_RESYNC | MS_W_NOUNMAP | MS_W_EPOCH)

/*
 * codes, one __le64 for each segment touched: the code when the segment is
 * covered whole, otherwise crc32c << 32 of the bytes that are covered.
 * ZERO carries none.
 */
struct ms_write_body {
	__le64 sector;
	__le32 sectors;
	__le16 segs;		/* touched */
	__le16 flags;		/* MS_W_* */
	__le64 codes[];
} __packed;

/*
 * Who asks by code knows what the content has to be, by a code of its own, and believes an
 * answer only if it is that. So either site may be asked, whatever they are to each other. Without
 * the flag the target is asked, for what the source has written.
 */
#define MS_READ_BY_CODE	(1u << 0)

/* Whole segments of one extent. */
struct ms_read_req {
	__le64 sector;
	__le32 sectors;
	__le32 flags;		/* MS_READ_* */
} __packed;

struct ms_announce {
	__le64 extent;
	__le64 mask;
} __packed;

struct ms_marks {
	__le64 extent;
	u8 marks[MS_BITMAP_BYTES];
	u8 reserved[4];
} __packed;
#define MS_MARKS_BATCH	64u

struct ms_go {
	__le32 gap;		/* 1: the target is inconsistent until DONE */
	__le32 scope;		/* enum ms_scope */
	struct ms_disk_gens gens;	/* when gap is 0: to be adopted now */
} __packed;

struct ms_cmp_extent {
	__le64 extent;
	__le64 digest;
} __packed;

struct ms_cmp_version {
	__le64 extent;
	__le64 version;		/* of the target's table, as it reported */
} __packed;

/* codes: one for each bit set in segs, in order. generate: make a code that is not valid instead of answering unknown. */
struct ms_cmp_codes {
	__le64 extent;
	u8 segs[MS_BITMAP_BYTES];
	__le32 generate;
	__le64 codes[];
} __packed;

/*
 * CMP_EXTENTS, CMP_VERSIONS: bit i of equal answers entry i (count entries).
 * CMP_CODES: bit i of equal/differs is segment i; neither: unknown.
 */
struct ms_cmp_reply {
	__le32 count;
	__le32 status;		/* 0 or a positive errno */
	u8 equal[64];
	u8 differs[64];
	__le32 read;		/* CMP_CODES: sectors read to make codes for it */
	__le32 reserved;
} __packed;
#define MS_CMP_BATCH	512u	/* entries of CMP_EXTENTS and CMP_VERSIONS */

struct ms_done {
	struct ms_disk_gens gens;
} __packed;

struct ms_progress {
	__le64 done, total;	/* extents */
	__le64 shipped;		/* bytes */
} __packed;

struct ms_range_req {
	__le64 first;		/* extent */
	__le32 count;		/* at most MS_SUMMARY_BATCH or MS_TABLE_BATCH */
	__le32 reserved;
} __packed;
#define MS_SUMMARY_BATCH	1024u
#define MS_TABLE_BATCH		8u

struct ms_range_reply {
	__le64 first;
	__le32 count;
	__le32 status;		/* 0 or a positive errno */
} __packed;

/* struct ms_wire_table is the ioctl's as well. */
static_assert(sizeof(struct ms_wire_table) == 3976, "ms_wire_table");
static_assert(sizeof(((struct ms_wire_table *)0)->valid) == MS_BITMAP_BYTES, "bitmaps");

struct ms_digest_req {
	__le64 extent;
	u8 segs[MS_BITMAP_BYTES];	/* wanted */
	__le32 reserved;
} __packed;

/* The SHA-256 of each segment in segs, in order. Read while the extent had this version, and no other. */
struct ms_wire_digest {
	__le64 extent;
	__le64 version;
	u8 segs[MS_BITMAP_BYTES];	/* given: as many of those wanted as it was willing to read */
	u8 marks[MS_BITMAP_BYTES];
	__le32 status;		/* 0 or a positive errno; EAGAIN: it was written to meanwhile */
	__le32 reserved;
	u8 digests[][MS_SHA256];
} __packed;
static_assert(sizeof(struct ms_wire_digest) == 144, "ms_wire_digest");

#define MS_FB_CHANGED	(1u << 1)	/* goes by marks: not if this site's do not cover all that differs */
#define MS_FB_FORCE	(1u << 0)	/* also when the peer wrote alone: its writes are lost */

struct ms_failback_begin {
	__le32 flags;
	__le32 reserved;
	struct ms_disk_gens gens;	/* of the source */
} __packed;

struct ms_switch {
	struct ms_disk_gens gens;	/* of the site that was demoted */
} __packed;

struct ms_result {
	__le32 status;		/* 0 or a positive errno */
	__le32 reserved;
	struct ms_disk_gens gens;	/* of the sender, after the step */
	char text[120];		/* why not; printable ASCII, NUL-terminated */
} __packed;

struct ms_state {
	__le32 claim;
	__le32 disk;
	__le32 flags;
	__le32 in_sync;
	struct ms_disk_gens gens;
} __packed;

/* A head in host byte order. */
struct ms_head {
	u16 type;
	u32 body_len;
	u32 data_len;
	u64 handle;
	u64 commits;
	u32 body_crc;
};

void ms_head_encode(const struct ms_head *h, struct ms_frame *raw);
/**
 * ms_head_decode() - check a received head
 *
 * Checks magic, checksum, known type, and that the lengths are possible for
 * the type (exact for fixed bodies, a multiple within limits for arrays; data
 * only with WRITE and READ_DATA, and a multiple of 512).
 *
 * Return: 0, -EBADMSG (not a frame or damaged), -EPROTO (unknown type or
 * impossible length).
 */
int ms_head_decode(const struct ms_frame *raw, struct ms_head *h);

/* ms_body_check() - a received body against its head. Return: 0, or -EBADMSG for a wrong checksum. */
int ms_body_check(const struct ms_head *h, const void *body);

/* Name of a frame type for messages; never NULL. */
const char *ms_frame_name(u16 type);

/**
 * ms_write_body_check() - is a WRITE, READ_DATA or ZERO possible on this volume
 * @span: filled in
 *
 * Return: 0; -ERANGE when it leaves the volume or crosses an extent; -EPROTO
 * when lengths and counts contradict each other (with data: data_len == sectors *
 * 512, segs == segments touched, body_len fits; ZERO: segs == 0).
 */
int ms_write_body_check(const struct ms_geo *geo, const struct ms_head *h,
			const struct ms_write_body *b, struct ms_span *span);

/* What the rules need, out of a hello whose claim, disk and version fields were checked by ms_hello_check(). */
void ms_hello_site(const struct ms_hello *h, struct ms_site *s);
/**
 * ms_hello_check() - is a hello one that can be talked to
 * @proto: the version to speak
 *
 * Return: NULL, or one line saying why not (no common protocol version, unknown claim, disk state, zero size...).
 */
const char *ms_hello_check(const struct ms_hello *h, u32 *proto);

#endif
