/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256 of parts of a payload buffer, by the kernel's crypto API. No locking: a
 * hash is used by one caller at a time.
 */
#ifndef MS_SERVICE_SHA256_H
#define MS_SERVICE_SHA256_H

#include "service/segio.h"

struct crypto_shash;

/**
 * ms_sha256_begin() - a hash to work with
 *
 * May load a module. Context: sleeps, and waits for no I/O to get memory. Return: the
 * hash, given back by ms_sha256_end(); or an ERR_PTR.
 */
struct crypto_shash *ms_sha256_begin(void);
void ms_sha256_end(struct crypto_shash *hash);

/**
 * ms_buf_sha256() - of some bytes of a buffer
 * @from, @bytes: where they are; within the buffer
 * @digest: MS_SHA256 bytes
 *
 * Return: 0 or negative errno.
 */
int ms_buf_sha256(struct crypto_shash *hash, const struct ms_buf *b, u32 from, u32 bytes,
		  u8 *digest);

#endif
