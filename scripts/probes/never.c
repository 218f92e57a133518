// SPDX-License-Identifier: GPL-2.0
// Guards the probing itself: must not compile.
#include <linux/module.h>

int probe(void)
{
	return no_kernel_has_this_function();
}
