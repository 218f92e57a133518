#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The disk of A alone is restored to an older state while its metadata stays: the sample of
# the latest written segments at activation finds it, says so, makes all codes of A invalid
# and everything a candidate, and the resync makes the sites equal. An untouched disk is
# sampled without consequence. What was altered fills extents that were written last, as a
# sample finds only by chance what is altered in a part of one.
# scenario: 9
# timeout: 240
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=64 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 16384 1
vol_remove a
cp "$LAB/a.data" "$LAB/old.data"

vol_create a primary
wait_insync a
[ "$(field a sample_read)" -gt 0 ] || fail "no sample was read"
[ "$(field a valid)" = "$(field a segments)" ] || fail "codes are invalid after a clean stop"
[ "$(field a gen_read)" = 0 ] || fail "codes were made again after a clean stop"
put /dev/mapper/vola 8192 8192 2
vol_remove a b
dd if="$LAB/old.data" of="$LAB/a.data" bs=1M conv=notrunc status=none
blockdev --flushbufs "${DATA[a]}"

# As the secondary, so that nothing of the older state counts.
vol_create a secondary
kernel_log | grep 'vola: segment .* written to behind this target' || fail "not noticed"
# From here on the generator makes them anew.
kernel_log | grep 'vola: no code of this site is valid any more' || fail "codes of a changed disk are still valid"
"$MIRSYNC" status vola
vol_create b primary
wait_insync b
[ "$(field b rs_copied)" = 2048 ] || fail "copied: $(field b rs_copied)"
compare_disks
