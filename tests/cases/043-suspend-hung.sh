#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A suspend of the primary ends in limited time while the secondary's disk hangs under a
# write that was shipped.
# processors: 2
# scenario: 23
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
below=${DATA[b]}
dmsetup create slow --table "0 $(blockdev --getsz "$below") linear $below 0"
DATA[b]=/dev/mapper/slow
format_both
vol_create b secondary
vol_create a primary
wait_insync a
for option in --noflush ''; do
	dmsetup suspend --nolockfs slow
	put /dev/mapper/vola 8192 1024 3 &
	writer=$!
	sleep 5
	kill -0 "$writer" || fail "the write did not wait for the peer"
	r=0
	# shellcheck disable=SC2086 # an option or none
	timeout 60 dmsetup suspend $option vola || r=$?
	dmsetup resume slow
	[ "$r" = 0 ] || fail "suspend $option: $r"
	dmsetup resume vola
	wait "$writer" || fail "the write failed"
	wait_insync a
done
