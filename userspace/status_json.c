// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's status of a volume as JSON; see status_json.h. No state.
 */
#include <string.h>

#include "out.h"
#include "status_json.h"

struct field {
	const char *name;
	u16 offset;
	u16 size;
	bool id;		/* a random number: hexadecimal */
};

#define FIELD(name) \
	{ #name, offsetof(struct ms_ioc_status, name), \
	  sizeof(((struct ms_ioc_status *)0)->name), false }
#define FIELD_ID(name) \
	{ #name, offsetof(struct ms_ioc_status, name), \
	  sizeof(((struct ms_ioc_status *)0)->name), true }

static const struct field fields[] = {
	FIELD(dev), FIELD(sectors), FIELD(seg_sectors), FIELD(extent_segs),
	FIELD(segments), FIELD(extents), FIELD(role), FIELD(claim), FIELD(disk),
	FIELD(meeting), FIELD(connected), FIELD(replicating), FIELD(copying),
	FIELD(in_sync), FIELD(failback), FIELD(peer_claim), FIELD(peer_disk),
	FIELD(hot), FIELD(max_hot), FIELD(flags), FIELD(last_error), FIELD(refusals),
	FIELD_ID(gen_current), FIELD_ID(gen_base), FIELD(valid), FIELD(marked),
	FIELD(candidates), FIELD(rs_extents_done), FIELD(rs_extents_total),
	FIELD(rs_equal), FIELD(rs_differ), FIELD(rs_copied), FIELD(rs_copied_bytes),
	FIELD(rs_ms), FIELD(tx_bytes), FIELD(rx_bytes), FIELD(tx_data_bytes),
	FIELD(gen_read_sectors), FIELD(copy_read_sectors), FIELD(writes),
	FIELD(write_sectors), FIELD(record_writes), FIELD(inflight), FIELD(unacked),
	FIELD(sample_read_sectors), FIELD(record_waits), FIELD(slot_waits),
	FIELD(evictions), FIELD(rs_rate), FIELD(rs_limit),
	FIELD(queued_bytes), FIELD(epochs), FIELD(mode), FIELD(frozen), FIELD(detached),
	FIELD(reads_from_peer), FIELD(repaired), FIELD(unreadable), FIELD(hung),
	FIELD(changed_trusted), FIELD(preparing), FIELD(question), FIELD(metadata_failed),
	FIELD(relation), FIELD(disconnected),
};

static u64 field_value(const struct ms_ioc_status *st, const struct field *f)
{
	const char *p = (const char *)st + f->offset;

	return f->size == sizeof(__u32) ? *(const __u32 *)p : *(const __u64 *)p;
}

struct json_object *status_json(const struct online *o)
{
	struct json_object *j = json_object_new_object();
	const struct ms_ioc_status *st = &o->st;
	char params[4096];
	u32 i;

	json_put_text(j, "volume", o->vol.name);
	json_put_bool(j, "up", true);
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].id)
			json_put_hex(j, fields[i].name, field_value(st, &fields[i]));
		else
			json_put_u64(j, fields[i].name, field_value(st, &fields[i]));
	}
	json_put_text(j, "role_name", ms_role_name(st->role));
	json_put_text(j, "claim_name", ms_claim_name(st->claim));
	json_put_text(j, "disk_name", ms_disk_name(st->disk));
	json_put_text(j, "meeting_name", ms_meeting_name(st->meeting));
	json_put_text(j, "meeting_text", ms_meeting_text(st->meeting));
	json_put_text(j, "peer_claim_name", ms_claim_name(st->peer_claim));
	json_put_text(j, "peer_disk_name", ms_disk_name(st->peer_disk));
	json_put_flags(j, "flag_names", st->flags);
	json_put_text(j, "last_error_text", st->last_error ? strerror(st->last_error) : NULL);
	json_put_u64(j, "open_count", o->vol.open_count);
	json_put_bool(j, "suspended", o->vol.suspended);
	dm_params(o->vol.name, params, sizeof(params));
	json_put_text(j, "table", params);
	return j;
}
