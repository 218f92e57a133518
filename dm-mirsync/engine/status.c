// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a volume in one binary struct, for the ioctl and the status
 * line. Locking: v->lock for one consistent look.
 */
#include "engine/policy.h"
#include "engine/resync_rate.h"
#include "engine/status.h"

static void fill_resync(const struct ms_volume *v, struct ms_ioc_status *st)
{
	st->rs_extents_done = v->n.rs_done;
	st->rs_extents_total = v->n.rs_total;
	st->rs_equal = v->n.rs_equal;
	st->rs_differ = v->n.rs_differ;
	st->rs_copied = v->n.rs_copied;
	st->rs_copied_bytes = v->n.rs_copied_bytes;
	st->rs_ms = v->copying || v->target_copying ?
		    jiffies64_to_msecs(get_jiffies_64() - v->rs_start) : v->n.rs_ms;
	st->rs_rate = v->copying || v->target_copying ? v->pace.measured : 0;
	st->rs_limit = v->copying ? __ms_pace_limit(v) : 0;
	st->last_error = v->last_error;
}

static void fill_state(const struct ms_volume *v, struct ms_ioc_status *st)
{
	st->role = v->claim == MS_CLAIM_ACTIVE ? MS_ROLE_PRIMARY : MS_ROLE_SECONDARY;
	st->claim = v->claim;
	st->disk = v->sb.disk;
	st->meeting = v->decision.meeting;
	st->relation = v->decision.relation;
	st->connected = v->connected;
	st->replicating = v->mirroring || v->receiving;
	st->hung = v->hung;
	st->metadata_failed = v->meta_failed;
	st->copying = v->copying ? 1 : v->target_copying ? 2 : 0;
	st->in_sync = v->connected && v->in_sync;
	st->failback = v->failback;
	st->preparing = v->preparing;
	st->question = v->question;
	st->peer_claim = v->peer_claim;
	st->peer_disk = v->peer_disk;
	st->hot = v->hot;
	st->flags = v->sb.flags;
	st->gen_current = v->sb.gens.current_gen;
	st->gen_base = v->sb.gens.base;
	st->valid = v->n_valid;
	st->marked = v->n_marked;
	st->candidates = v->n_cand;
	st->changed_trusted = v->connected && v->decision.trusted;
	st->inflight = v->inflight;
	st->unacked = v->nr_unacked;
	st->refusals = v->refusals;
}

static void __fill_policy(struct ms_volume *v, struct ms_ioc_status *st)
{
	st->mode = v->opt.mode;
	st->queued_bytes = v->unacked_bytes;
	st->epochs = v->epoch;
	st->frozen = __ms_policy_frozen(v);
	st->detached = v->detached;
}

void ms_volume_status(struct ms_volume *v, struct ms_ioc_status *st)
{
	struct ms_net_stats net;

	memset(st, 0, sizeof(*st));
	st->dev = v->dev;
	st->sectors = v->geo->sectors;
	st->seg_sectors = v->geo->seg_sectors;
	st->extent_segs = MS_EXTENT_SEGS;
	st->segments = v->geo->segments;
	st->extents = v->geo->extents;
	st->max_hot = v->geo->max_hot;
	ms_net_stats(v->net, &net);
	st->tx_bytes = net.tx_bytes;
	st->rx_bytes = net.rx_bytes;
	st->disconnected = !ms_net_enabled(v->net);
	spin_lock(&v->lock);
	fill_state(v, st);
	fill_resync(v, st);
	__fill_policy(v, st);
	st->tx_data_bytes = v->n.tx_data_bytes;
	st->gen_read_sectors = v->n.gen_read_sectors;
	st->copy_read_sectors = v->n.copy_read_sectors;
	st->sample_read_sectors = v->n.sample_read_sectors;
	st->writes = v->n.writes;
	st->write_sectors = v->n.write_sectors;
	st->record_writes = v->n.record_writes;
	st->record_waits = v->n.record_waits;
	st->slot_waits = v->n.slot_waits;
	st->evictions = v->n.evictions;
	st->reads_from_peer = v->n.reads_from_peer;
	st->repaired = v->n.repaired;
	st->unreadable = v->n.unreadable;
	spin_unlock(&v->lock);
}

const char *ms_link_word(const struct ms_ioc_status *st)
{
	return ms_link_name(st->connected, st->disconnected);
}

const char *ms_metadata_word(const struct ms_ioc_status *st)
{
	return st->metadata_failed ? "failed" : "ok";
}

const char *ms_sync_word(const struct ms_ioc_status *st)
{
	return ms_sync_name(st->in_sync, st->copying, st->failback);
}
