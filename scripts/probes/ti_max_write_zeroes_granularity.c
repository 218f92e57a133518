// SPDX-License-Identifier: GPL-2.0
// Can a dm target ask for write-zeroes split at their limit?
#include <linux/device-mapper.h>

void probe(struct dm_target *ti)
{
	ti->max_write_zeroes_granularity = true;
}
