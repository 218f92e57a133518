// SPDX-License-Identifier: GPL-2.0-only
/*
 * Points in a site's history; see history.h. The rules, the superblock's codec and the
 * hello use it. No state, no locking.
 */
#include "shared/history.h"

bool ms_history_has(const struct ms_history *h, const struct ms_point *seen)
{
	u32 i;

	if (!seen->id)
		return true;
	if (seen->id == h->now.id)
		return seen->commits <= h->now.commits;
	for (i = 0; i < MS_PAST; i++)
		if (seen->id == h->past[i].id)
			return seen->commits <= h->past[i].commits;
	return false;
}

void ms_history_begin(struct ms_point past[MS_PAST], const struct ms_point *was)
{
	u32 i;

	if (!was->id)
		return;
	for (i = MS_PAST - 1; i; i--)
		past[i] = past[i - 1];
	past[0] = *was;
}

void ms_past_encode(const struct ms_point past[MS_PAST], struct ms_disk_point raw[MS_PAST])
{
	u32 i;

	for (i = 0; i < MS_PAST; i++) {
		raw[i].activation_id = cpu_to_le64(past[i].id);
		raw[i].commits = cpu_to_le64(past[i].commits);
	}
}

void ms_past_decode(const struct ms_disk_point raw[MS_PAST], struct ms_point past[MS_PAST])
{
	u32 i;

	for (i = 0; i < MS_PAST; i++) {
		past[i].id = le64_to_cpu(raw[i].activation_id);
		past[i].commits = le64_to_cpu(raw[i].commits);
	}
}
