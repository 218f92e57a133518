// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first frame of a session: is it one that can be talked to, and what the
 * rules make of it. service/net checks, the engine decides. No state, no
 * locking.
 */
#include "shared/wire.h"

#define AUTH_MAX	1u	/* 0: none, 1: pre-shared key */
#define MIN_LOGICAL	512u
#define KNOWN_FLAGS	(MS_SB_CLEAN | MS_SB_ALL_CANDIDATES | \
			 MS_SB_NEVER_MET | MS_SB_FAILBACK | MS_SB_META_VOID | \
			 MS_SB_CHOSEN | MS_SB_COPY_ALL)

/* The highest version that both speak; 0: none. */
static u32 common_version(const struct ms_hello *h)
{
	u32 low = le16_to_cpu(h->proto_min);
	u32 high = le16_to_cpu(h->proto_max);

	if (high > MS_PROTO_MAX)
		high = MS_PROTO_MAX;
	if (low < MS_PROTO_MIN)
		low = MS_PROTO_MIN;
	return low <= high ? high : 0;
}

static bool id_is_zero(const u8 *id)
{
	u32 i;

	for (i = 0; i < MS_UUID; i++)
		if (id[i])
			return false;
	return true;
}

static const char *check_volume(const struct ms_hello *h)
{
	u64 sectors = le64_to_cpu(h->sectors);
	u32 logical = le32_to_cpu(h->logical_block);
	u32 shift = le32_to_cpu(h->seg_shift);

	if (!sectors || sectors > MS_MAX_SECTORS)
		return "the peer's volume has an impossible size";
	if (shift < MS_SEG_SHIFT_MIN || shift > MS_SEG_SHIFT_MAX)
		return "the peer's segment size is impossible";
	if (logical < MIN_LOGICAL || logical & (logical - 1) ||
	    logical > 1u << shift)
		return "the peer's logical block size is impossible";
	if (id_is_zero(h->node_id) || id_is_zero(h->volume_id))
		return "the peer has no node id or no volume id";
	return NULL;
}

const char *ms_hello_check(const struct ms_hello *h, u32 *proto)
{
	u32 version = common_version(h);

	if (!version)
		return "no common protocol version";
	if (le64_to_cpu(h->features) & MS_FEATURES_NEEDED & ~MS_FEATURES)
		return "the peer needs a feature that is not known here";
	if (le32_to_cpu(h->auth) > AUTH_MAX)
		return "the peer asks for an unknown authentication";
	if (h->initiator > 1)
		return "the peer does not say who opened the connection";
	if (le32_to_cpu(h->claim) > MS_CLAIM_ACTIVE)
		return "the peer's claim of a role is unknown";
	if (le32_to_cpu(h->disk) > MS_DISK_OUTDATED)
		return "the peer's disk state is unknown";
	if (le32_to_cpu(h->flags) & ~KNOWN_FLAGS)
		return "the peer has flags that are unknown";
	*proto = version;
	return check_volume(h);
}

void ms_hello_site(const struct ms_hello *h, struct ms_site *s)
{
	memcpy(s->volume_id, h->volume_id, MS_UUID);
	memcpy(s->node_id, h->node_id, MS_UUID);
	s->sectors = le64_to_cpu(h->sectors);
	s->seg_shift = le32_to_cpu(h->seg_shift);
	s->code_algo = le32_to_cpu(h->code_algo);
	s->code_seed = le64_to_cpu(h->code_seed);
	s->claim = le32_to_cpu(h->claim);
	s->disk = le32_to_cpu(h->disk);
	s->flags = le32_to_cpu(h->flags);
	ms_gens_decode(&h->gens, &s->gens);
	s->history.now.id = le64_to_cpu(h->activation_id);
	s->history.now.commits = le64_to_cpu(h->commits);
	ms_past_decode(h->past, s->history.past);
	memcpy(s->seen_node, h->seen_node_id, MS_UUID);
	s->seen.id = le64_to_cpu(h->seen_activation_id);
	s->seen.commits = le64_to_cpu(h->seen_commits);
}
