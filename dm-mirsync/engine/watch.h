/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is counted for an operator to look at and decides nothing: how long the
 * stages of a write take, what was shipped and confirmed, why sessions ended.
 * debugfs.c shows it. Locking: v->lock, but for the reads, which take no lock
 * and are counted for each processor.
 */
#ifndef MS_ENGINE_WATCH_H
#define MS_ENGINE_WATCH_H

#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/percpu.h>

/* Stages of an application's or the peer's write; see doc/interface.md. */
enum ms_stage {
	MS_STAGE_WAIT,		/* for its extent, the record, earlier writes */
	MS_STAGE_LOCAL,		/* of the local disk */
	MS_STAGE_PEER,		/* until the peer confirms */
	MS_STAGE_TOTAL,
	MS_STAGE_FLUSH,		/* a flush, from beginning to end */
	MS_STAGES,
};

/* Why a session ended. */
enum ms_cut {
	MS_CUT_COMMAND,		/* disconnect, suspend, removal */
	MS_CUT_AGAIN,		/* the state of a site has changed: they meet anew */
	MS_CUT_SILENT,		/* nothing came from the peer for the time-out */
	MS_CUT_UNCONFIRMED,	/* it left a write unconfirmed for too long */
	MS_CUT_QUEUE,		/* the queue to the peer was full */
	MS_CUT_CLOSED,		/* by the peer, or a router: end of stream, reset */
	MS_CUT_REPLACED,	/* half-open, and the peer connected anew */
	MS_CUT_PROTOCOL,	/* damaged or impossible frames */
	MS_CUT_DISK,		/* a disk or the metadata of a site has failed */
	MS_CUT_OTHER,
	MS_CUTS,
};

/* Bucket i counts what took less than 1 << i microseconds, and not less than half of that; the last one all the rest. */
#define MS_BUCKETS	26u

struct ms_reads {
	u64 ios, sectors;
};

struct ms_watch {
	u64 stage[MS_STAGES][MS_BUCKETS];
	u64 stage_us[MS_STAGES];	/* sums */
	u64 app_writes, app_zeroes, app_flushes;	/* of the application; zeroes: pieces of discards */
	u64 peer_writes, peer_zeroes, peer_flushes;	/* of the peer */
	u64 shipped, shipped_bytes;	/* writes, zeroes and flushes to the peer, copies included; payload */
	u64 confirmed, unconfirmed;	/* of these */
	u64 expired;			/* the application's, failed as a disk did not answer in time */
	u64 cuts[MS_CUTS];
	u64 refusals;			/* handshakes that a site has refused */
	struct ms_reads __percpu *reads;	/* of the application */
};

/* @ns between two looks at ktime_get_ns(). v->lock held. */
static inline void __ms_watch_stage(struct ms_watch *w, enum ms_stage stage, u64 ns)
{
	u64 us = div_u64(ns, 1000);

	w->stage[stage][min_t(u32, fls64(us), MS_BUCKETS - 1)]++;
	w->stage_us[stage] += us;
}

/* A read of the application. No locks. */
static inline void ms_watch_read(struct ms_watch *w, u32 sectors)
{
	struct ms_reads *r = get_cpu_ptr(w->reads);

	r->ios++;
	r->sectors += sectors;
	put_cpu_ptr(w->reads);
}

int ms_watch_init(struct ms_watch *w);
void ms_watch_exit(struct ms_watch *w);
/* The sum over all processors; what is counted just now may be missing. */
void ms_watch_reads(const struct ms_watch *w, struct ms_reads *sum);
/* What kind of end @reason is, the errno given to ms_net_ops.down(). */
enum ms_cut ms_watch_cut(int reason);
const char *ms_watch_cut_name(enum ms_cut cut);
const char *ms_watch_stage_name(enum ms_stage stage);

#endif
