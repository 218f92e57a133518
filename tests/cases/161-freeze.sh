#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# link_lost freeze: while the peer is lost writes wait and reads do not, until it is back, or
# for the operator. Neither suspend hangs: with noflush they wait behind it, else those that came go on alone.
# scenario: 23
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# freeze KIB: the link goes, and a write waits.
freeze()
{
	gen=$(field a gen)
	cut_link
	put /dev/mapper/vola "$1" 512 "$1" &
	writer=$!
	waits
}

waits()
{
	wait_field a frozen 1
	sleep 1
	kill -0 "$writer" || fail "the write did not wait"
	[ "$(field a gen)" = "$gen" ] || fail "a new generation"
}

goes_on()
{
	wait "$writer" || fail "the write failed"
}

lab_sites
format_both
vol_create b secondary timeout 2000
vol_create a primary timeout 2000 link_lost freeze
wait_insync a
put /dev/mapper/vola 0 1024 1

freeze 1024
dd if=/dev/mapper/vola of=/dev/null bs=64k count=16 iflag=direct status=none
heal_link
goes_on
[ "$(field a gen)" = "$gen" ] || fail "went on alone"
wait_insync a
expect_fail "$MIRSYNC" release vola

freeze 2048
"$MIRSYNC" release vola
goes_on
[ "$(field a gen)" != "$gen" ] || fail "no new generation although it went on alone"
heal_link
wait_insync a

freeze 3072
timeout 120 dmsetup suspend --noflush --nolockfs vola || fail "suspend with noflush"
dmsetup resume vola
waits
timeout 120 dmsetup suspend --nolockfs vola || fail "suspend"
dmsetup resume vola
[ "$(field a gen)" != "$gen" ] || fail "no new generation although it went on alone"
gen=$(field a gen)
waits	# with the next one
msg a set link_lost continue
goes_on
heal_link
wait_insync a
