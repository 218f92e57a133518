/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernels that dm-mirsync is built for. What a kernel
 * has is found out by compiling scripts/probes/NAME.c against its headers; each
 * that compiles is a line "#define MS_HAVE_NAME 1" in compat_probe.h. Never by
 * version number: stable and distribution kernels carry backports.
 */
#ifndef MS_SERVICE_COMPAT_H
#define MS_SERVICE_COMPAT_H

#include <net/sock.h>

#include "compat_probe.h"

/* What kernel_bind() and kernel_connect() take. */
#ifdef MS_HAVE_SOCKADDR_UNSIZED
#define ms_sockaddr sockaddr_unsized
#else
#define ms_sockaddr sockaddr
#endif

/* A kernel thread that sends in memory reclaim must not use its task's page fragment. */
static inline void ms_sk_no_task_frag(struct sock *sk)
{
#ifdef MS_HAVE_SK_USE_TASK_FRAG
	sk->sk_use_task_frag = false;
#endif
}

#endif
