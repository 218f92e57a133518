// SPDX-License-Identifier: GPL-2.0
// Has struct sock the flag sk_use_task_frag?
#include <net/sock.h>

void probe(struct sock *sk)
{
	sk->sk_use_task_frag = false;
}
