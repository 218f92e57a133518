/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the unit tests share: cmocka with what it needs before it, and random
 * numbers that are the same in every run.
 */
#ifndef TESTS_UNIT_HELP_H
#define TESTS_UNIT_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "shared/env.h"

struct rng {
	u64 state;
};

/* splitmix64 */
static inline u64 rng_next(struct rng *r)
{
	u64 z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* 0..n-1 */
static inline u64 rng_below(struct rng *r, u64 n)
{
	return rng_next(r) % n;
}

static inline void rng_fill(struct rng *r, void *p, size_t n)
{
	u8 *bytes = p;

	while (n--)
		*bytes++ = rng_next(r);
}

static inline void flip_bit(void *p, size_t bit)
{
	((u8 *)p)[bit / 8] ^= 1u << bit % 8;
}

#endif
