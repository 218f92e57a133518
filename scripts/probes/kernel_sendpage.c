// SPDX-License-Identifier: GPL-2.0
// Is there kernel_sendpage()?
#include <linux/net.h>

int probe(struct socket *sock, struct page *page)
{
	return kernel_sendpage(sock, page, 0, 512, MSG_MORE);
}
