/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comparisons between the sites: the target's answers and the source's
 * questions. Locking: v->lock.
 */
#ifndef MS_ENGINE_COMPARE_H
#define MS_ENGINE_COMPARE_H

#include "engine/extent.h"
#include "engine/request.h"

/* Target: the source asks. */
void ms_compare_extents(struct ms_inbound *in);
void ms_compare_codes(struct ms_inbound *in);
void ms_compare_versions(struct ms_inbound *in);

/* Source: compare up to MS_CMP_BATCH whole candidate extents by their digests; those found equal are candidates no more. Return: 0 or negative. */
int ms_compare_ask_extents(struct ms_volume *v, const u64 *extents, u32 n);
/**
 * ms_compare_ask_codes() - compare segments of one extent by codes
 * @e: held; codes of @todo were generated as far as possible
 * @todo: in: segments to compare; out: those that have no answer that still holds
 * @read: sectors that the target has read to make codes, as it says; set only when it was asked
 *
 * Equal ones lose their mark, different ones get one. Return: 0 or negative.
 */
int ms_compare_ask_codes(struct ms_volume *v, struct ms_extent *e, u8 *todo, u32 *read);

#endif
