// SPDX-License-Identifier: GPL-2.0
// Can a dm target ask for discards split at max_discard_sectors?
#include <linux/device-mapper.h>

void probe(struct dm_target *ti)
{
	ti->max_discard_granularity = true;
}
