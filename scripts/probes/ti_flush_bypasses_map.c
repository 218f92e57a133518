// SPDX-License-Identifier: GPL-2.0
// Has struct dm_target the bit flush_bypasses_map?
#include <linux/device-mapper.h>

void probe(struct dm_target *ti)
{
	ti->flush_bypasses_map = false;
}
