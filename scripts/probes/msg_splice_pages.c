// SPDX-License-Identifier: GPL-2.0
// Is MSG_SPLICE_PAGES there and, with kernel_sendpage() gone, understood by TCP?
#include <linux/net.h>
#include <linux/socket.h>

/*
 * Stable kernels before 6.5 define the flag as a backport and their TCP ignores
 * it; those still declare kernel_sendpage(), with which this must not compile.
 */
extern void *kernel_sendpage;

int probe(void)
{
	return MSG_SPLICE_PAGES;
}
