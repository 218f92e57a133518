// SPDX-License-Identifier: GPL-2.0
// Does kernel_bind() take a struct sockaddr_unsized?
#include <linux/net.h>
#include <linux/socket.h>

int probe(struct socket *sock, struct sockaddr_unsized *address, int length)
{
	return kernel_bind(sock, address, length);
}
