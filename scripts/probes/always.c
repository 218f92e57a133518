// SPDX-License-Identifier: GPL-2.0
// Guards the probing itself: must compile.
#include <linux/module.h>

int probe(void);
int probe(void)
{
	return 0;
}
