/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers share: taking numbers off the front of an input (zeroes behind its
 * end), and a check that stops the fuzzer with what did not hold.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stdio.h>
#include <stdlib.h>

#include "shared/env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const u8 *p;
	size_t left;
};

/* The next bytes into @to; zeroes when there are no more. */
static inline void take(struct input *in, void *to, size_t n)
{
	size_t have = n < in->left ? n : in->left;

	memset(to, 0, n);
	memcpy(to, in->p, have);
	in->p += have;
	in->left -= have;
}

static inline u64 take_n(struct input *in, size_t n)
{
	u64 v = 0;

	take(in, &v, n);
	return le64_to_cpu(v);
}

#define holds(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: does not hold: %s\n",		\
			__FILE__, __LINE__, #condition);		\
		abort();						\
	}								\
} while (0)

#endif
