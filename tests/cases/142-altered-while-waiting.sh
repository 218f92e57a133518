#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The source's disk was altered behind it, and that is found while its target, which lacks what is
# marked, waits for the word before it is copied to: then all is compared, and not only what is marked.
# scenario: 9
# timeout: 240
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

going_on()
{
	[ "$(field b preparing)" != waiting ] || msg b go || true
	[ "$(field a sync)" = in-sync ]
}

lab_sites
format_both
vol_create b secondary before_target 60000
vol_create a primary
wait_field b preparing waiting
msg b go
wait_insync a
put /dev/mapper/vola 0 16384 1
wait_field a hot '0/*'
wait_field b hot '0/*'
msg a disconnect
wait_field a link disconnected
put /dev/mapper/vola 0 64 2
wait_field a hot '0/*'
msg a connect
wait_field b preparing waiting
head -c 16M /dev/urandom | dd of="$LAB/a.data" bs=1M seek=12 iflag=fullblock conv=notrunc,fsync status=none
blockdev --flushbufs "${DATA[a]}"
expect_fail python3 "$(dirname "$0")/failback.py" /dev/mapper/vola changed
wait_until going_on
[ "$(field a candidates)" = 0 ] || fail "not all was compared"
compare_disks
[ "$(field a rs_differ)" -ge 4096 ] || fail "only $(field a rs_differ) segments differed"
