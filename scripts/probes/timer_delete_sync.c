// SPDX-License-Identifier: GPL-2.0
// Is there timer_delete_sync()?
#include <linux/timer.h>

int probe(struct timer_list *timer)
{
	return timer_delete_sync(timer);
}
