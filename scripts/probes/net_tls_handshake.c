// SPDX-License-Identifier: GPL-2.0
// Can the kernel ask userspace for a TLS handshake with a pre-shared key?
#include <linux/key.h>
#include <net/sock.h>
#include <net/handshake.h>

int probe(const struct tls_handshake_args *args)
{
	return tls_client_hello_psk(args, GFP_KERNEL);
}
