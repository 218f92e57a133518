/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A metadata area that has gone through whatever an input says: bytes and blocks changed
 * by hand, with and without a right checksum, and writes as the kernel does them. For
 * fuzz_area and fuzz_cli.
 */
#ifndef TESTS_FUZZ_EDIT_IMAGE_H
#define TESTS_FUZZ_EDIT_IMAGE_H

#include "input.h"
#include "offline/image.h"

/* @im was made by image_make() once; its bytes are set anew. */
void edit_image(struct image *im, struct input *in);

#endif
