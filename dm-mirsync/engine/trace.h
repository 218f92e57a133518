/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, system "mirsync": the life of a write, of a resync, of a
 * session; what the metadata worker does; errors. Names and fields are in
 * doc/interface.md. Switched off they cost a jump that is not taken. They may
 * be called in any context that the engine has; those of a write want what
 * they show to be stable: the caller holds v->lock or owns the write.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mirsync

#if !defined(MS_ENGINE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MS_ENGINE_TRACE_H

#include <linux/tracepoint.h>

#include "engine/write.h"

TRACE_DEFINE_ENUM(MS_WRITE_APP);
TRACE_DEFINE_ENUM(MS_WRITE_PEER);
TRACE_DEFINE_ENUM(MS_WRITE_COPY);

#define ms_show_kind(kind) __print_symbolic(kind,	\
	{ MS_WRITE_APP, "app" },			\
	{ MS_WRITE_PEER, "peer" },			\
	{ MS_WRITE_COPY, "copy" })

#define ms_show_what(what) __print_symbolic(what,	\
	{ 0, "write" }, { 1, "zero" }, { 2, "flush" })

#ifndef MS_TRACE_DEV
#define MS_TRACE_DEV
#define ms_trace_dev(v) MKDEV((v)->dev >> 32, (u32)(v)->dev)
#define MS_TRACE_WORD 24
#endif

/*
 * A write
 */

DECLARE_EVENT_CLASS(mirsync_write,
	TP_PROTO(const struct ms_write *w),
	TP_ARGS(w),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, id)
		__field(u64, handle)
		__field(u64, sector)
		__field(u32, nsectors)
		__field(u32, flags)
		__field(int, status)
		__field(u8, kind)
		__field(u8, what)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(w->v);
		__entry->id = w->id;
		__entry->handle = w->kind == MS_WRITE_PEER ? w->ack.handle : w->out.handle;
		__entry->sector = w->op.sector;
		__entry->nsectors = w->op.nsectors;
		__entry->flags = w->flags;
		__entry->status = w->status;
		__entry->kind = w->kind;
		__entry->what = w->flush ? 2 : w->zero;
	),
	TP_printk("%d,%d id=%llu %s %s sector=%llu+%u flags=%x handle=%llu status=%d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->id,
		  ms_show_kind(__entry->kind), ms_show_what(__entry->what),
		  __entry->sector, __entry->nsectors, __entry->flags, __entry->handle,
		  __entry->status)
);

/* Handed to the queue of its extent; for the application's its payload was copied before. */
DEFINE_EVENT(mirsync_write, mirsync_write_queued,
	TP_PROTO(const struct ms_write *w), TP_ARGS(w));
/* Its extent is recorded and nothing that overlaps is before it: the bio is on its way. */
DEFINE_EVENT(mirsync_write, mirsync_write_started,
	TP_PROTO(const struct ms_write *w), TP_ARGS(w));
/* Its frame was queued to the peer. */
DEFINE_EVENT(mirsync_write, mirsync_write_shipped,
	TP_PROTO(const struct ms_write *w), TP_ARGS(w));
/* The local disk has it, or has failed. */
DEFINE_EVENT(mirsync_write, mirsync_write_local,
	TP_PROTO(const struct ms_write *w), TP_ARGS(w));
/* The peer has it. */
DEFINE_EVENT(mirsync_write, mirsync_write_confirmed,
	TP_PROTO(const struct ms_write *w), TP_ARGS(w));
/* The peer failed, or the session ended before it answered. */
DEFINE_EVENT(mirsync_write, mirsync_write_unconfirmed,
	TP_PROTO(const struct ms_write *w), TP_ARGS(w));
/* Nothing is pending any more: the application is told, or the resync. */
DEFINE_EVENT(mirsync_write, mirsync_write_done,
	TP_PROTO(const struct ms_write *w), TP_ARGS(w));

/* A bio of the application has come in. */
TRACE_EVENT(mirsync_bio,
	TP_PROTO(const struct ms_volume *v, const struct bio *bio),
	TP_ARGS(v, bio),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, sector)
		__field(u32, nsectors)
		__field(u32, opf)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->sector = bio->bi_iter.bi_sector;
		__entry->nsectors = bio_sectors(bio);
		__entry->opf = (__force u32)bio->bi_opf;
	),
	TP_printk("%d,%d sector=%llu+%u opf=%x", MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->sector, __entry->nsectors, __entry->opf)
);

/*
 * The metadata worker
 */

/* The activity record was written, with @total extents, @added of them new or with more sub-ranges. */
TRACE_EVENT(mirsync_record,
	TP_PROTO(const struct ms_volume *v, u32 added, u32 total, int status),
	TP_ARGS(v, added, total, status),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, added)
		__field(u32, total)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->added = added;
		__entry->total = total;
		__entry->status = status;
	),
	TP_printk("%d,%d added=%u total=%u status=%d", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->added, __entry->total, __entry->status)
);

/* A batch of extents has cooled, or could not. */
TRACE_EVENT(mirsync_cool,
	TP_PROTO(const struct ms_volume *v, u32 extents, bool dirty, int status),
	TP_ARGS(v, extents, dirty, status),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, extents)
		__field(bool, dirty)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->extents = extents;
		__entry->dirty = dirty;
		__entry->status = status;
	),
	TP_printk("%d,%d extents=%u dirty=%d status=%d", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->extents, __entry->dirty, __entry->status)
);

/*
 * A resync, at its source
 */

TRACE_EVENT(mirsync_resync_begin,
	TP_PROTO(const struct ms_volume *v),
	TP_ARGS(v),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, candidates)
		__field(u64, marked)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->candidates = v->n_cand;
		__entry->marked = v->n_marked;
	),
	TP_printk("%d,%d candidates=%llu marked=%llu", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->candidates, __entry->marked)
);

/* The codes of an extent were compared: segments asked about, found equal, found different. */
TRACE_EVENT(mirsync_resync_extent,
	TP_PROTO(const struct ms_volume *v, u64 extent, u32 asked, u32 equal, u32 differ),
	TP_ARGS(v, extent, asked, equal, differ),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, extent)
		__field(u32, asked)
		__field(u32, equal)
		__field(u32, differ)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->extent = extent;
		__entry->asked = asked;
		__entry->equal = equal;
		__entry->differ = differ;
	),
	TP_printk("%d,%d extent=%llu asked=%u equal=%u differ=%u", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->extent, __entry->asked, __entry->equal,
		  __entry->differ)
);

/* A run of segments was read here to be copied. What follows is the life of a write of kind copy. */
TRACE_EVENT(mirsync_resync_run,
	TP_PROTO(const struct ms_volume *v, u64 extent, u64 sector, u32 nsectors, int status),
	TP_ARGS(v, extent, sector, nsectors, status),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, extent)
		__field(u64, sector)
		__field(u32, nsectors)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->extent = extent;
		__entry->sector = sector;
		__entry->nsectors = nsectors;
		__entry->status = status;
	),
	TP_printk("%d,%d extent=%llu sector=%llu+%u status=%d", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->extent, __entry->sector, __entry->nsectors,
		  __entry->status)
);

TRACE_EVENT(mirsync_resync_end,
	TP_PROTO(const struct ms_volume *v, int status),
	TP_ARGS(v, status),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(int, status)
		__field(u64, equal)
		__field(u64, differ)
		__field(u64, copied)
		__field(u64, candidates)
		__field(u64, marked)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->status = status;
		__entry->equal = v->n.rs_equal;
		__entry->differ = v->n.rs_differ;
		__entry->copied = v->n.rs_copied;
		__entry->candidates = v->n_cand;
		__entry->marked = v->n_marked;
	),
	TP_printk("%d,%d status=%d equal=%llu differ=%llu copied=%llu left: candidates=%llu marked=%llu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->status, __entry->equal,
		  __entry->differ, __entry->copied, __entry->candidates, __entry->marked)
);

/*
 * The session
 */

/* Both hellos are known; what the rules make of them. */
TRACE_EVENT(mirsync_meeting,
	TP_PROTO(const struct ms_volume *v, const struct ms_decision *d, u32 peer_claim),
	TP_ARGS(v, d, peer_claim),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, peer_claim)
		__array(char, meeting, MS_TRACE_WORD)
		__field(bool, all)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->peer_claim = peer_claim;
		strscpy(__entry->meeting, ms_meeting_name(d->meeting), MS_TRACE_WORD);
		__entry->all = d->scope == MS_SCOPE_ALL;
	),
	TP_printk("%d,%d %s scope=%s peer_claim=%u", MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->meeting, __entry->all ? "all" : "marks", __entry->peer_claim)
);

TRACE_EVENT(mirsync_session_up,
	TP_PROTO(const struct ms_volume *v),
	TP_ARGS(v),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, session)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->session = v->session;
	),
	TP_printk("%d,%d session=%u", MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->session)
);

TRACE_EVENT(mirsync_session_down,
	TP_PROTO(const struct ms_volume *v, int reason),
	TP_ARGS(v, reason),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, session)
		__field(u32, unacked)
		__field(int, reason)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		__entry->session = v->session;
		__entry->unacked = v->nr_unacked;
		__entry->reason = reason;
	),
	TP_printk("%d,%d session=%u unacked=%u reason=%d", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->session, __entry->unacked, __entry->reason)
);

/* The state has changed, and is told by a uevent in these words. */
TRACE_EVENT(mirsync_state,
	TP_PROTO(const struct ms_volume *v, const struct ms_told *t),
	TP_ARGS(v, t),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__array(char, claim, MS_TRACE_WORD)
		__array(char, link, MS_TRACE_WORD)
		__array(char, disk, MS_TRACE_WORD)
		__array(char, sync, MS_TRACE_WORD)
		__array(char, meeting, MS_TRACE_WORD)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		strscpy(__entry->claim, t->claim, MS_TRACE_WORD);
		strscpy(__entry->link, t->link, MS_TRACE_WORD);
		strscpy(__entry->disk, t->disk, MS_TRACE_WORD);
		strscpy(__entry->sync, t->sync, MS_TRACE_WORD);
		strscpy(__entry->meeting, t->meeting, MS_TRACE_WORD);
	),
	TP_printk("%d,%d claim=%s link=%s disk=%s sync=%s meeting=%s", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->claim, __entry->link, __entry->disk,
		  __entry->sync, __entry->meeting)
);

/* A device of this site has failed: what it was to do, and where, if that is known. */
TRACE_EVENT(mirsync_error,
	TP_PROTO(const struct ms_volume *v, const char *what, u64 sector, int status),
	TP_ARGS(v, what, sector, status),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__array(char, what, MS_TRACE_WORD)
		__field(u64, sector)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->dev = ms_trace_dev(v);
		strscpy(__entry->what, what, MS_TRACE_WORD);
		__entry->sector = sector;
		__entry->status = status;
	),
	TP_printk("%d,%d %s sector=%llu status=%d", MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->what, __entry->sector, __entry->status)
);

#endif

/* Found by the compiler below -I$(src)/dm-mirsync, where the build stages the sources. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH engine
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
