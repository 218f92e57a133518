#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# link_lost freeze promises that no write is confirmed that the peer lacks: also not one that the peer's
# disk refuses, and none of those on their way when a session ends. No new generation begins.
# scenario: 23
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
ROUNDS=${ROUNDS:-15}

same_generation() { [ "$(field a gen)" = "$gen" ] || fail "$1: a new generation"; }

lab_sites
can_fail data
read -r _ size _ below _ <<<"${GOOD[b]}"
hole="0 8192 linear $below 0
8192 64 error
8256 $((size - 8256)) linear $below 8256"
format_both
vol_create b secondary
vol_create a primary link_lost freeze
wait_insync a
gen=$(field a gen)

note "b's disk refuses a write"
change_table datab "$hole"
dd if=/dev/urandom of=/dev/mapper/vola bs=4k seek=1024 count=1 oflag=direct conv=notrunc status=none &
writer=$!
wait_field b disk inconsistent
nap 3
kill -0 "$writer" || fail "confirmed, although b lacks it"
same_generation "b's disk"
change_table datab "${GOOD[b]}"
wait "$writer" || fail "the write failed"
wait_insync a
same_generation "b's disk is back"

note "sessions end under a load"
fio_load_start /dev/mapper/vola --iodepth=32
for ((i = 0; i < ROUNDS; i++)); do
	msg b disconnect
	wait_field b link disconnected
	msg b connect
	wait_field a link connected
	same_generation "round $i"
done
wait_field a sync in-sync 120
fio_load_stop
wait_insync a
same_generation "in the end"
