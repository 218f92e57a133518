// SPDX-License-Identifier: GPL-2.0
// Is from_timer() called timer_container_of()?
#include <linux/timer.h>

struct box {
	struct timer_list timer;
};

struct box *probe(struct timer_list *t)
{
	struct box *box = timer_container_of(box, t, timer);

	return box;
}
