// SPDX-License-Identifier: GPL-2.0-only
/*
 * Repair of a whole metadata area in any state, the power cut after any of its writes:
 * what the kernel would believe never becomes more, at the end nothing is damaged, and a
 * second repair finds nothing to do. Input: where to cut, what of the next block still
 * arrives, then the steps of edit_image.c.
 */
#include "area.h"
#include "edit_image.h"
#include "offline/memory_dev.h"
#include "repair.h"

static struct area a;

/* Return: AREA_GOOD, with @r and @err, or why nothing can be done. */
static int repair(struct repair *r, int *err)
{
	int state = area_open(&a, "image", 0);

	*err = 0;
	if (state == AREA_GOOD) {
		repair_look(&a, r);
		if (r->state == REPAIR_DAMAGED)
			*err = repair_write(&a, r);
	}
	area_close(&a);
	return state;
}

static void weaker(const struct belief *now, const struct belief *then)
{
	const char *wrong = belief_is_weaker(now, then);

	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct belief before, after;
	static struct image im;
	struct input in = { data, size };
	u32 cut = (u32)take_n(&in, 1), torn = (u32)take_n(&in, 1);
	struct repair r;
	int err;

	if (!im.bytes)
		image_make(&im, 0, 0);
	edit_image(&im, &in);
	memory_dev_set(im.bytes, IMAGE_BYTES);
	image_believe(im.bytes, ~0ull, &before);
	memory_dev.cut = cut;
	memory_dev.torn = (u8)torn;
	memory_dev.spoilt = (u8)torn << 1;
	if (repair(&r, &err) != AREA_GOOD || err == -EOVERFLOW)
		return 0;
	image_believe(im.bytes, ~0ull, &after);
	weaker(&after, &before);
	memory_dev_set(im.bytes, IMAGE_BYTES);
	before = after;
	holds(repair(&r, &err) == AREA_GOOD);
	if (err == -EOVERFLOW)
		return 0;
	holds(!err);
	image_believe(im.bytes, ~0ull, &after);
	weaker(&after, &before);
	memory_dev_set(im.bytes, IMAGE_BYTES);
	holds(repair(&r, &err) == AREA_GOOD && !err);
	holds(r.state != REPAIR_DAMAGED && !memory_dev.writes);
	return 0;
}
