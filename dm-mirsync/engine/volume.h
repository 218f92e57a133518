/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct ms_volume, what all parts of the engine share, and the engine's face
 * to the target layer. One object per dm device; it outlives table reloads.
 *
 * Locks, outermost first:
 *   v->control	mutex: one command at a time (promote, demote, failback,
 *		switchover, activation, stop). Never taken by the session's
 *		threads or by workers that such a command waits for.
 *   v->role_lock	mutex: around each change of role together with the check that
 *		allows it. Taken by commands, by the session's threads and by the
 *		inbox; held across superblock commits, never across a question to
 *		the peer or a wait for writes.
 *   v->lock	spinlock: extents, segment bits, operations, mirroring state,
 *		counters. Never held while sleeping. Process context only:
 *		interrupt handlers put finished I/O on v->done and leave.
 *   the network's own spinlock is a leaf below v->lock.
 *
 * Workers:
 *   meta_wq	ordered: everything that writes metadata (activity.c,
 *		superblock jobs). It waits for nothing but disks.
 *   io_wq	intake of application writes, which may wait for memory
 *   done_wq	ends of local I/O, which give memory back
 *   zero_wq	zeroing, which sleeps
 *   peer_wq	requests of the peer that take time (compare.c, tables.c,
 *		roles.c); ordered ones go through link.c's inbox.
 *   copy_wq	generator, resync.
 *   repair_wq	reads that the local disk has failed (repair.c)
 */
#ifndef MS_ENGINE_VOLUME_H
#define MS_ENGINE_VOLUME_H

#include <linux/bio.h>
#include <linux/completion.h>
#include <linux/device-mapper.h>
#include <linux/hashtable.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "engine/watch.h"
#include "service/compat.h"
#include "service/meta.h"
#include "service/net.h"
#include "service/segio.h"
#include "shared/mirsync_ioctl.h"
#include "shared/options.h"
#include "shared/rules.h"

#undef DM_MSG_PREFIX
#define DM_MSG_PREFIX "mirsync"

#define ms_err(v, fmt, ...)	DMERR("%s: " fmt, (v)->name, ##__VA_ARGS__)
#define ms_warn(v, fmt, ...)	DMWARN("%s: " fmt, (v)->name, ##__VA_ARGS__)
#define ms_info(v, fmt, ...)	DMINFO("%s: " fmt, (v)->name, ##__VA_ARGS__)
#define ms_err_limit(v, fmt, ...)	DMERR_LIMIT("%s: " fmt, (v)->name, ##__VA_ARGS__)
#define ms_warn_limit(v, fmt, ...)	DMWARN_LIMIT("%s: " fmt, (v)->name, ##__VA_ARGS__)

/* May a line about what a flapping link repeats be logged? Then log it. */
#define ms_may_talk(v)	__ratelimit(&(v)->talk)

#define MS_HASH_BITS		10
#define MS_INFLIGHT_MAX		(32u << 20)	/* bytes of payload held at once */
#define MS_TEXT			160
#define MS_SAMPLE_LATEST	16u		/* extents */

struct ms_holding;			/* the target layer's registry has it */

/* What a table must agree with that replaces another one; the registry looks at it. */
struct ms_registry_entry {
	u32 key_crc;
	struct sockaddr_storage local, peer;
};

/* Counters of ms_ioc_status; v->lock unless said. */
struct ms_counters {
	u64 gen_read_sectors, copy_read_sectors, sample_read_sectors;
	u64 tx_data_bytes;
	u64 writes, write_sectors;
	u64 record_writes;
	u64 record_waits, slot_waits;	/* operations that waited for the record, for a free extent */
	u64 evictions;			/* extents that left the record */
	u64 rs_done, rs_total, rs_equal, rs_differ, rs_copied, rs_copied_bytes;
	u64 rs_ms;
	u64 reads_from_peer;		/* of the application */
	u64 repaired;			/* segments written anew from the peer's content */
	u64 unreadable;			/* marked segments that the last pass of a resync could not read */
};

/* The rate of a resync; see resync_rate.c. */
struct ms_pace {
	u64 debt;			/* bytes let through that time has not paid for */
	u64 paid;			/* ns: until when it has */
	u64 window;			/* ns: since when is counted what is let through ... */
	u64 moved;			/* ... bytes */
	u32 rate;			/* KiB per second beside the application; 0: free */
	u32 measured;			/* KiB per second of late */
};

/* The state as the last uevent told it: constant words. */
struct ms_told {
	const char *role, *claim, *link, *disk, *sync, *meeting, *metadata, *frozen, *hung;
	const char *detached, *preparing;
};

/* What a primary makes of its own data device; see loss.c. */
enum ms_own {
	MS_OWN_USED,
	MS_OWN_FAILING,			/* it has failed: does the peer have everything? */
	MS_OWN_LEFT,			/* the peer serves; this disk is neither read nor written */
};

struct ms_volume {
	char name[DM_NAME_LEN];
	u64 dev;			/* major << 32 | minor of the dm device */
	struct block_device *data;
	struct mapped_device *md;
	struct ms_meta *meta;
	const struct ms_geo *geo;
	struct ms_net *net;
	struct ms_pool pool;
	bool has_pool;
	u32 asked_role;			/* enum ms_role of the table line */
	struct ms_options opt;		/* in force; changed under lock, each value also read without it */

	struct mutex control;
	struct mutex role_lock;
	struct mutex go_lock;		/* source: one GO at a time is sent, answered and dealt with; inside control */
	bool running;			/* control: between activation and stop */
	bool stopping;			/* lock: nothing begins to wait for the peer */
	u32 users;			/* registry: ioctls at work */
	bool was_up;			/* control: was activated before */
	bool role_taken;		/* control: the role of the table line has had its say */
	bool was_active;		/* control: primary in force when it was suspended */

	spinlock_t lock;

	/* lock: superblock as committed; changed only by jobs of meta_wq */
	struct ms_sb sb;
	u64 seed;
	u64 zero_code;			/* of a whole segment of zeroes */

	/* lock: extents (extent.c, activity.c) */
	DECLARE_HASHTABLE(extents, MS_HASH_BITS);
	struct list_head lru;		/* cached extents, longest unused first */
	struct list_head free;		/* extents without a number */
	struct list_head act;		/* extents that want to be recorded */
	struct list_head op_wait;	/* operations that wait for a free extent, in order */
	u32 hot, nr_free;
	u64 noted_writes;		/* n.writes when the record was last written ... */
	unsigned long noted_at;		/* ... and when that was */
	u64 cool_gen;			/* counts extents that left the cache */
	bool cool_all, cool_idle;	/* requests to the cleaner */
	bool meta_failed;		/* metadata could not be written: nothing starts any more */
	bool data_failed;		/* the last flush of the data device in cooling failed */
	u64 ended_writes;		/* of the application, which was told of their success; of these ... */
	u64 lost_writes;		/* ... so many may be lost, and the next flush behind them fails ... */
	u64 told_writes;		/* ... and of so many a flush behind them has said what became of them */
	u32 losses;			/* counts flushes that failed */
	atomic_t flushes_failing;	/* ... of the application's and the peer's that are not counted there yet */
	void *extent_mem;
	unsigned long *marked_map;	/* a bit per extent: has a mark */
	unsigned long *invalid_map;	/* has a segment without a valid code */
	unsigned long *cand_map;	/* still to be compared as a whole */
	u64 marked_extents, invalid_extents, n_cand;	/* bits that are set in each */
	u64 n_valid, n_marked;		/* segments, to be told: nothing is decided by these (extent.c) */
	struct ms_hot *record;		/* meta_wq: scratch for the activity record */
	struct ms_sb sb_next;		/* meta_wq: ... for a change of the superblock, which needs no memory */
	struct ms_sums sums;		/* meta_wq: of the summary entries of all extents */
	wait_queue_head_t cooled;	/* woken when extents leave the cache or nothing is in flight */

	struct workqueue_struct *meta_wq, *io_wq, *done_wq, *zero_wq;
	struct workqueue_struct *peer_wq, *copy_wq, *repair_wq, *cmd_wq;
	struct work_struct act_work;
	struct delayed_work idle_work;

	/* lock: application I/O (primary.c, write.c) */
	bool active;			/* primary in force: application I/O is served */
	bool frozen;			/* intake stands still, bios wait */
	struct dm_target *requeue;	/* in a noflush suspend of it waiting bios are handed back; or NULL */
	struct bio_list intake;
	struct bio_list reads_later;	/* those that came when the disk had failed, or go there again */
	struct work_struct intake_work;
	u32 inflight;			/* writes and flushes started and not ended */
	u64 inflight_bytes;
	u64 epoch, epoch_shipped;	/* async: the present one, that of the last frame */
	atomic_t unsent_acks;		/* answers to the peer that wait to be sent */
	u64 unacked_bytes;		/* memory of the application's writes that are not confirmed ... */
	u64 unstarted_bytes;		/* ... and of those that wait for their extent's queue or the record */
	unsigned long confirmed_at;	/* jiffies of the last confirmation */
	unsigned long first_at;		/* jiffies, since when the first of @unacked is the first */
	bool released, draining;	/* link_lost freeze: not this time, not while a suspend waits */
	bool detached;			/* the queue was full: nothing is shipped for a while */
	u32 postponed;			/* session that begins to mirror after it */
	struct delayed_work rejoin_work;
	struct llist_head done;		/* ended local I/O, lock-free */
	struct work_struct done_work;
	struct task_struct *reaper;	/* no lock: submits writes, and ends those that end in the meantime */
	u32 repairs;			/* segments being written anew */
	u32 scrubs;			/* ioctls that look at segments (scrub.c): a stop waits for them */
	struct list_head aging;		/* writes and flushes whose local part has not ended (hang.c) */
	bool hung;			/* a disk does not answer in time */
	u64 meta_begun;			/* no lock: ktime_get_ns() when the metadata worker began what writes wait for; 0: idle */
	struct delayed_work hang_work;
	struct list_head reading;	/* reads by way of own pages: in the disk (read.c) */
	u64 reading_bytes;
	struct bio_list read_intake;	/* ... that wait for room */
	struct llist_head reads_done;	/* ... that have ended, lock-free */
	struct work_struct read_work, reads_done_work;
	mempool_t reads;
	enum ms_own own;		/* loss.c: is this site's disk in use? */
	bool peer_lacks;		/* FAILING: a write was not confirmed since */
	u32 fail_session;		/* ... in which it began */
	struct list_head lost;		/* ... writes and flushes that only the peer has, or nobody */
	u32 nr_lost;
	struct work_struct disk_work;
	struct list_head gen_wait;	/* unconfirmed writes waiting for a new generation */
	bool gen_busy;			/* ... which is being made */
	struct work_struct gen_work;
	mempool_t writes, vectors;

	/* lock: the session (link.c) */
	enum ms_claim claim;
	bool connected;			/* between up() and down() */
	bool mirroring;			/* writes are shipped */
	bool target_copying;		/* target of a resync */
	u32 state_seq;			/* counts changes of what a hello says */
	u32 hello_seq;			/* ... as of the last hello */
	bool receiving;			/* target: GO was seen, writes are expected */
	bool target_failed;		/* target: a local write failed, apply nothing more */
	bool in_sync;
	u32 session;			/* counts sessions */
	struct ms_decision decision;
	enum ms_claim peer_claim;
	enum ms_disk peer_disk;
	struct ms_gens peer_gens;
	u8 peer_node[MS_UUID];
	u8 seen_node[MS_UUID];		/* the peer that counts (I11): ... */
	struct ms_point seen;		/* ... the highest of its history that was seen */
	struct ms_point peer_point;	/* what it is in this session */
	bool peer_back;			/* the peer has gone back in time: what was seen stays as it is */
	bool peer_new;			/* the same: it has no data, and another one was the peer before */
	u32 voids;			/* counts how often all codes were void and everything a candidate ... */
	u32 voids_met;			/* ... when the target was last told to begin, or was */
	u64 told_gen;			/* source: the generation that the target was told to adopt last */
	u64 next_handle;
	DECLARE_HASHTABLE(waiting, MS_HASH_BITS);	/* writes and requests by handle */
	struct list_head unacked;	/* writes and flushes, in order of sending */
	u32 nr_unacked;
	unsigned long confirm_timeout;	/* jiffies that the oldest of them may take */
	u64 acked_seq, flushed_seq;	/* writes the peer confirmed / of these flushed there */
	struct list_head rx_order;	/* target: writes and flushes that are not done, in order of arrival */
	struct list_head rx_held;	/* ... writes that are not started yet */
	bool rx_starting;		/* somebody is starting them */
	u64 rx_count;			/* writes and flushes that came */
	struct list_head requests;	/* questions to the peer, not answered yet */
	struct list_head inbox;		/* questions of the peer, in order */
	u32 nr_inbox;
	struct work_struct inbox_work;
	struct work_struct target_failed_work;
	struct work_struct marks_work;
	u64 peer_activation;		/* of the session */
	u64 peer_codes;			/* ... its codes_since: of the HELLO, then of the READY */
	bool rest;			/* source: of scope all only what the session before has left is compared */
	bool marks_wanted;		/* target: ... so the source wants the marks all the same */

	/* lock: resync (resync.c) */
	bool copying;			/* this site is the source of a running resync */
	u32 failback;			/* 0, 1 begun, 2 copying */
	const void *failback_owner;	/* control: who has begun it; only compared */
	bool failback_judged;		/* the candidates are those the verdicts of this session left */
	bool failback_agreed;		/* target: the source may begin one in this session */
	bool failback_forget;		/* target: ... and this site's own lineage ends with it */
	u32 copy_jobs;			/* extents being worked on */
	u64 rs_unreadable;		/* segments that this pass could not read ... */
	u64 rs_hopeless;		/* ... and extents in which nothing else is marked any more */
	int last_error;
	struct delayed_work resync_work;
	struct delayed_work again_work;	/* settles marks that arose in a session */
	wait_queue_head_t copy_wait;
	u64 rs_start;			/* jiffies64 */
	unsigned long rs_told;		/* jiffies: when the target was told of the progress */
	u64 copy_bytes;			/* of copies that are on their way to the peer */
	u32 copy_rate;			/* KiB per second: limit of this failback's copy, until it is in sync; 0: none */
	struct ms_pace pace;
	unsigned long app_at;		/* no lock: jiffies of the application's last I/O */
	struct {
		u64 activation, id;
		u64 codes;		/* its codes_since: what was found equal was so by these */
		u8 node[MS_UUID];
	} kept;				/* the target that the candidates hold for in the next session; activation 0: none */

	/* lock: the word before this site is written to (prepare.c) */
	u32 preparing;			/* MS_PREPARE_* */
	u64 question;			/* counts what was asked */
	bool prepared;			/* in this session the word was given, or there was nothing to ask for */
	bool marks_held;		/* the end of the marks waits for it */
	struct ms_inbound *prepare_in;	/* the failback's question that waits for it */
	unsigned long prepare_until;	/* ... so long, in jiffies */
	struct delayed_work prepare_work;

	struct delayed_work gen_codes;	/* codes.c: the generator */
	bool gen_stop;
	u64 gen_next, gen_writes;	/* generator: next extent, writes seen last */

	/* sample.c: of the extents with valid codes, those with the highest sequence at activation */
	struct {
		u64 extent, sequence;
	} sample[MS_SAMPLE_LATEST];

	struct ms_counters n;
	struct ms_watch watch;
	struct ratelimit_state talk;	/* of lines about the link and what follows from it */
	u32 last_words;			/* session thread: what was said of the peer last ... */
	unsigned long last_said;	/* ... and when, in jiffies */
	atomic64_t write_ids;		/* for trace.h */
	struct dentry *debugfs;

	/* commands given by message (commands.c) */
	struct work_struct cmd_work;
	u32 cmd;			/* lock: enum of commands.c, 0: none waits */
	bool cmd_alone, cmd_force;
	struct work_struct connect_work;
	bool connect_asked, disconnect_asked;	/* lock */

	/* target layer: whom to tell of changes */
	struct delayed_work event_work;
	struct mutex event_lock;
	struct dm_target *ti;
	struct ms_told told;		/* event_lock */
	char explain[MS_TEXT];		/* lock: why the last command was refused ... */
	u32 refusals;			/* lock: ... and how many were */

	struct list_head registry;
	struct ms_registry_entry used;
	struct ms_holding *holding;	/* registry: its devices */
	int refs;			/* registry: tables that use it */
};

/* A bio of the application, kept in dm's per-bio data. */
struct ms_app_io {
	u64 done;		/* sectors of a large discard behind us */
	/* a read, as it came, for the case that the disk fails it (repair.c) */
	struct bvec_iter iter;
	unsigned short flags;
	bool tried;		/* the peer was asked, or cannot be */
	bool left;		/* this site's disk is not to be asked */
	struct ms_volume *v;
	struct work_struct work;
};

struct ms_volume_config {
	const char *name;
	u64 dev;
	struct mapped_device *md;
	struct block_device *data, *meta;
	u64 sectors;
	u32 role;
	struct ms_options opt;
	struct ms_net_config net;
};

/**
 * ms_volume_create() - open the metadata, bind the socket; nothing is written
 * @why: static text on error
 *
 * Context: may sleep. Return: 0 or negative errno.
 */
int ms_volume_create(const struct ms_volume_config *cfg, struct ms_volume **pv,
		     const char **why);
void ms_volume_destroy(struct ms_volume *v);

/* Activate: recover from a crash if there was one, start workers and session. Return: 0 or negative errno. */
int ms_volume_start(struct ms_volume *v);
/* The opposite: end the session, wait for all I/O, cool everything, mark clean. May be called when not started. */
void ms_volume_stop(struct ms_volume *v);

/* A superblock change in the metadata worker, both copies durable when it returns 0. @fn changes the copy it is given; called without locks. Sleeps; not from meta_wq. */
int ms_super_change(struct ms_volume *v, void (*fn)(struct ms_sb *sb, void *arg), void *arg);
/* The same, for those who are in the metadata worker. */
int ms_super_change_here(struct ms_volume *v, void (*fn)(struct ms_sb *sb, void *arg), void *arg);
/* Run @fn in the metadata worker and wait for it. */
int ms_meta_job(struct ms_volume *v, int (*fn)(struct ms_volume *v, void *arg), void *arg);

/* Tell the table of @ti of events from now on; NULL: nobody. */
void ms_volume_attach(struct ms_volume *v, struct dm_target *ti);
/* Something an operator may wait for has changed. Any context. */
void ms_volume_event(struct ms_volume *v);
/**
 * ms_volume_set_options() - options for a volume that is up, from now on
 *
 * Those that must not change while it is up are as they were: checked by the caller.
 * Context: may sleep.
 */
void ms_volume_set_options(struct ms_volume *v, const struct ms_options *opt);
/* The options in force. */
void ms_volume_options(struct ms_volume *v, struct ms_options *opt);
/* Keep @text as the answer to "explain", log it, return -EPERM-like @r. */
int ms_refuse_command(struct ms_volume *v, int r, const char *text);

/* commands.c, failback.c; ms_primary_* in primary.c; table access in tables.c */
/* Checked now, done by a worker: success means queued. Does not sleep long. Return: 0, -EBUSY, -EPERM (see "explain"). */
int ms_cmd_promote(struct ms_volume *v, bool alone, bool force);
int ms_cmd_demote(struct ms_volume *v);
int ms_cmd_resolve(struct ms_volume *v, enum ms_keep keep);
int ms_cmd_switch_later(struct ms_volume *v);
int ms_cmd_failback_later(struct ms_volume *v, bool force);
/* Done by a worker, whatever other command waits. */
void ms_cmd_connect(struct ms_volume *v, bool on);
/* Done when they return; the reason of a failure is in the argument, and told by "explain". */
/* @owner: who begins it; it is cancelled with him, if it has not been started. */
int ms_cmd_failback(struct ms_volume *v, struct ms_ioc_failback *fb, const void *owner);
int ms_cmd_switch(struct ms_volume *v, struct ms_ioc_switch *sw);
/* Its codes anew; @why: why not. The other is done by a worker: success means queued. */
int ms_cmd_regenerate(struct ms_volume *v, u32 site, char *why, size_t size);
int ms_cmd_regenerate_later(struct ms_volume *v, u32 site);
void ms_volume_status(struct ms_volume *v, struct ms_ioc_status *st);
int ms_read_summaries(struct ms_volume *v, u32 site, u64 first, u32 *count,
		      struct ms_summary_entry *out);
int ms_read_tables(struct ms_volume *v, u32 site, u64 first, u32 *count,
		   struct ms_wire_table *out);
int ms_take_verdicts(struct ms_volume *v, struct ms_ioc_verdict *vd, u32 count,
		     u32 *held);
/* digest.c: up to MS_DIGEST_BATCH at a time, at both sites beside each other. Sleeps. Return: 0, each with its own status; or negative. */
int ms_read_digests(struct ms_volume *v, struct ms_ioc_digest *d, u32 count);
/* scrub.c: segments against their codes. Return: 0, -ENODEV, -EINTR, -ERANGE, -EIO, -ENOMEM. */
int ms_scrub(struct ms_volume *v, struct ms_ioc_scrub *sc);
int ms_cmd_repair(struct ms_volume *v, struct ms_ioc_repair *rp);

/* Application I/O. Return: DM_MAPIO_*. Never sleeps. */
int ms_primary_map(struct ms_volume *v, struct bio *bio);
/* policy.c: let writes go on without the peer this time. Return: 0, or -EINVAL when none waits. */
int ms_cmd_release(struct ms_volume *v);
/* A suspend waits for all writes (or is over): none may wait for a lost peer. */
void ms_primary_drain(struct ms_volume *v, bool on);
/* The end of an application's bio. Return: DM_ENDIO_*. Any context. */
int ms_primary_end_io(struct ms_volume *v, struct bio *bio, blk_status_t status);
/* A noflush suspend of @ti began (NULL: is over): hand waiting bios back to dm. */
void ms_primary_requeue(struct ms_volume *v, struct dm_target *ti);

#endif
