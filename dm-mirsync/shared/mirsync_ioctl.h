/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ioctl interface of dm-mirsync on /dev/mirsync (CAP_SYS_ADMIN), for what
 * is too big for a dm message: status in binary, code tables of both sites, and
 * the verdicts of a failback. Same layout for 32- and 64-bit callers. A volume
 * is named by the device number of its dm device. Fields in structs of tables
 * are little-endian (__le*), all others native.
 */
#ifndef MIRSYNC_IOCTL_H
#define MIRSYNC_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MS_IOC_VERSION_NUMBER	1u
#define MS_SITE_LOCAL		0u
#define MS_SITE_PEER		1u

struct ms_ioc_status {
	__u64 dev;		/* in: makedev number of the dm device, as in st_rdev of 64 bits: major << 32 | minor */
	__u64 sectors;
	__u32 seg_sectors;
	__u32 extent_segs;
	__u64 segments, extents;
	__u32 role;		/* enum ms_role, in force */
	__u32 claim;		/* enum ms_claim */
	__u32 disk;		/* enum ms_disk */
	__u32 meeting;		/* enum ms_meeting */
	__u32 connected;
	__u32 replicating;	/* writes are being mirrored */
	__u32 copying;		/* 0, 1: resync as source, 2: as target */
	__u32 in_sync;
	__u32 failback;		/* 0 none, 1 begun, 2 copying */
	__u32 peer_claim, peer_disk;
	__u32 hot, max_hot;
	__u32 flags;		/* MS_SB_* */
	__u32 last_error;	/* positive errno of the last failed resync or failback, 0 none */
	__u32 refusals;		/* commands refused, or failed later, so far; "explain" tells why the last one was */
	__u64 gen_current, gen_base;
	__u64 valid;		/* segments with a valid code */
	__u64 marked;		/* segments out of sync */
	__u64 candidates;	/* extents still to be compared */
	/* of the running or last resync; reset when one starts */
	__u64 rs_extents_done, rs_extents_total;
	__u64 rs_equal;		/* segments found equal by code */
	__u64 rs_differ;	/* segments found different */
	__u64 rs_copied;	/* segments copied and acknowledged */
	__u64 rs_copied_bytes;
	__u64 rs_ms;		/* milliseconds, of a finished one in all */
	/* since activation */
	__u64 tx_bytes, rx_bytes;	/* on the wire, all of it */
	__u64 tx_data_bytes;	/* payload of writes and copies */
	__u64 gen_read_sectors;	/* data read to make codes */
	__u64 copy_read_sectors;	/* data read to be copied */
	__u64 writes, write_sectors;	/* of the application or the peer */
	__u64 record_writes;	/* writes of the activity record */
	__u64 inflight;		/* writes not completed */
	__u64 unacked;		/* writes the peer has not confirmed */
	__u64 sample_read_sectors;	/* data read to check valid codes (I4) */
	__u64 record_waits;	/* operations that waited until their extent was recorded */
	__u64 slot_waits;	/* ... until an extent left the record */
	__u64 evictions;	/* extents that left the record */
	__u32 rs_rate;		/* of a running resync: KiB per second of late, compared by reading or copied */
	__u32 rs_limit;		/* KiB per second that it is held to now; 0: nothing */
	__u64 queued_bytes;	/* of writes that the peer has not confirmed */
	__u64 epochs;		/* begun, in async mode */
	__u32 mode;		/* 0 sync, 1 async */
	__u32 frozen;		/* writes wait because the peer is lost */
	__u32 detached;		/* nothing is shipped for a while: the queue was full */
	__u32 hung;		/* a disk has not answered in time (disk_timeout) */
	__u64 reads_from_peer;	/* reads of the application that the local disk failed and the peer served */
	__u64 repaired;		/* segments written anew here from the peer's content */
	__u64 unreadable;	/* marked segments that the last pass of a resync could not read */
	__u32 changed_trusted;	/* the marks of both sites cover all that differs, were this site the source */
	__u32 preparing;	/* MS_PREPARE_*: about to become the target of a copy (before_target) */
	__u64 question;		/* number of the latest question that PREPARING waits for the answer to */
	__u32 metadata_failed;	/* it cannot be kept: writes are refused until the volume is made anew */
	__u32 relation;		/* of the data of both sites, by their generations: enum ms_relation */
	__u32 disconnected;	/* by command: no session is sought */
	__u32 reserved;
};

#define MS_PREPARE_NONE		0u
#define MS_PREPARING		1u	/* waits for the message "go", or "refuse" */
#define MS_PREPARE_REFUSED	2u	/* is not copied to in this session, unless "go" comes */

struct ms_ioc_range {		/* SUMMARY, TABLE */
	__u64 dev;		/* in */
	__u64 first;		/* in: extent */
	__u32 count;		/* in: entries there is room for; out: entries filled */
	__u32 site;		/* in: MS_SITE_* */
	__u64 buffer;		/* in: struct ms_summary_entry[] or struct ms_wire_table[] */
};

/* SUMMARY: one extent in short. On the disk as well. */
struct ms_summary_entry {
	__le64 sequence;	/* its version, which changes with each write into the extent */
	__le64 digest;		/* of its codes; means something when all segments have a valid one */
	__le16 valid;		/* segments with a valid code */
	__le16 marked;		/* segments with a mark */
	__le32 flags;
} __attribute__((packed));

/* TABLE: one extent as a site sees it now, writes in flight counted as invalid. On the wire as well. */
struct ms_wire_table {
	__le64 extent;
	__le64 version;		/* changes with each write into the extent */
	__u8 valid[60];		/* bit i: segment i */
	__u8 marks[60];
	__le64 codes[480];
} __attribute__((packed));

/*
 * One extent's verdict. The kernel adds differs to the marks. It takes the rest
 * of the extent as equal only if both versions still hold at their sites.
 */
struct ms_ioc_verdict {
	__u64 extent;
	__u64 local_version;
	__u64 peer_version;
	__u8 differs[60];	/* bit i: segment i differs or is not known to be equal */
	__u32 held;		/* out: 1 when the versions held */
};

struct ms_ioc_verdicts {
	__u64 dev;		/* in */
	__u32 count;		/* in: at most 512 */
	__u32 held;		/* out: how many held */
	__u64 buffer;		/* in, out: struct ms_ioc_verdict[] */
};

/*
 * The contents of segments of one extent, as SHA-256. They are given only if no
 * write to the extent began while they were read; its version is the one that a
 * verdict by them is judged by.
 */
struct ms_ioc_digest {
	__u64 extent;		/* in */
	__u64 version;		/* out */
	__u32 site;		/* in: MS_SITE_* */
	__u32 status;		/* out: 0, or a positive errno; EAGAIN: it was written to meanwhile */
	__u8 segs[60];		/* in: wanted; out: given. Some may be left for the next time */
	__u8 marks[60];		/* out */
	__u8 digest[480][32];	/* out, of those given */
};

#define MS_DIGEST_BATCH	8u	/* at most in one call */
#define MS_DIGEST_READ	(16u << 20)	/* bytes of an extent that are read for one of them, at most, or one segment */

struct ms_ioc_digests {
	__u64 dev;		/* in */
	__u32 count;		/* in */
	__u32 reserved;
	__u64 buffer;		/* in, out: struct ms_ioc_digest[] */
};

#define MS_FAILBACK_BEGIN	1u	/* all are candidates; the peer agrees to be the target */
#define MS_FAILBACK_START	2u	/* start the copy */
#define MS_FAILBACK_CANCEL	3u	/* before the start */
#define MS_FAILBACK_GIVE_UP	4u	/* the other way round: the peer begins and starts, over this site */
/* flags of BEGIN */
#define MS_FAILBACK_FORCE	1u	/* also over what the peer wrote alone */
#define MS_FAILBACK_CHANGED	2u	/* refuse unless the marks of both sites cover all that differs */
/* flags of START */
#define MS_FAILBACK_COPY	4u	/* what no verdict has called equal is copied, not compared by codes */
/* of both */
#define MS_FAILBACK_RESOLVE	8u	/* as FORCE, and from a site that is not primary yet: it becomes that */

struct ms_ioc_failback {
	__u64 dev;
	__u32 step;		/* MS_FAILBACK_* */
	__u32 flags;
	char error[120];	/* out: why not, when it fails */
	__u32 rate;		/* START: KiB per second of this copy at most; 0: no limit of its own */
	__u32 reserved;
};

struct ms_ioc_switch {		/* demote here, promote there; waits for the outcome */
	__u64 dev;
	__u32 flags;		/* 0 */
	__u32 ms;		/* out: milliseconds without a primary */
	char error[120];
};

/*
 * Segments of one extent at this site, read and compared with their valid codes. What has no
 * valid code is not looked at.
 */
#define MS_SCRUB_REPAIR	1u	/* flags: what does not fit its code, or cannot be read, is written anew if the peer has it */

struct ms_ioc_scrub {
	__u64 dev;		/* in */
	__u64 extent;		/* in */
	__u32 flags;		/* in: MS_SCRUB_* */
	__u32 reserved;
	__u64 sectors;		/* out: read here */
	__u8 segs[60];		/* in: bit i: segment i is to be looked at */
	__u8 checked[60];	/* out: read, and compared with its valid code */
	__u8 differs[60];	/* out: ... and is not what that says */
	__u8 unreadable[60];	/* out: has a valid code, and cannot be read */
	__u8 repaired[60];	/* out: one of these two before it was written anew */
	__u8 reserved2[4];
};

struct ms_ioc_regenerate {	/* all codes of a site are made anew from its disk, in the background */
	__u64 dev;		/* in */
	__u32 site;		/* in: MS_SITE_* */
	__u32 reserved;
	char error[120];	/* out: why not, when it fails */
};

/*
 * Segments of one extent that are not the same at both sites of a pair that is in sync: one site's
 * content is written over with that of the other. At the source.
 */
struct ms_ioc_repair {
	__u64 dev;		/* in */
	__u64 extent;		/* in */
	__u32 site;		/* in: MS_SITE_*: whose content is written over */
	__u32 repaired;		/* out: segments. PEER: that are marked now, to be copied by a resync */
	__u8 segs[60];		/* in: bit i: segment i */
	__u8 reserved[4];
	char error[120];	/* out: why not, when it fails */
};

#define MS_IOC_MAGIC	0xc7
#define MS_IOC_VERSION	_IOR(MS_IOC_MAGIC, 0, __u32)
#define MS_IOC_STATUS	_IOWR(MS_IOC_MAGIC, 1, struct ms_ioc_status)
#define MS_IOC_SUMMARY	_IOWR(MS_IOC_MAGIC, 2, struct ms_ioc_range)
#define MS_IOC_TABLE	_IOWR(MS_IOC_MAGIC, 3, struct ms_ioc_range)
#define MS_IOC_VERDICTS	_IOWR(MS_IOC_MAGIC, 4, struct ms_ioc_verdicts)
#define MS_IOC_FAILBACK	_IOWR(MS_IOC_MAGIC, 5, struct ms_ioc_failback)
#define MS_IOC_SWITCH	_IOWR(MS_IOC_MAGIC, 6, struct ms_ioc_switch)
#define MS_IOC_SCRUB	_IOWR(MS_IOC_MAGIC, 7, struct ms_ioc_scrub)
#define MS_IOC_REGENERATE	_IOWR(MS_IOC_MAGIC, 8, struct ms_ioc_regenerate)
#define MS_IOC_REPAIR	_IOWR(MS_IOC_MAGIC, 9, struct ms_ioc_repair)
#define MS_IOC_DIGEST	_IOWR(MS_IOC_MAGIC, 10, struct ms_ioc_digests)

#endif
