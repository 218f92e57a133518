// SPDX-License-Identifier: GPL-2.0
// Are shrinkers allocated by shrinker_alloc()?
#include <linux/shrinker.h>

struct shrinker *probe(void)
{
	return shrinker_alloc(0, "probe");
}
