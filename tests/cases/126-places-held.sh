#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# More is asked about at the same time than the activity record has places, and each question
# holds one while it reads again and again: all are answered, and writes to other extents
# are only late.
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=64 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
modprobe dm-delay
below=${DATA[a]}
dmsetup create slow --table "0 $(blockdev --getsz "$below") delay $below 0 10"
DATA[a]=/dev/mapper/slow
format_both --max-hot 16
vol_create b secondary
vol_create a primary
wait_insync a 120
[[ $(field a hot) == */16 ]] || fail "the record has not 16 places"

waits=$(field a slot_waits)
timeout 200 "$(dirname "$0")/digests.py" /dev/mapper/vola 3 >"$LAB/said" &
nap 0.3
# In the last of 34 extents.
timeout 60 dd if=/dev/urandom of=/dev/mapper/vola bs=4k seek=16000 count=8 oflag=direct conv=notrunc status=none &
wait_until grep -qx '24 extents, 288 digests' "$LAB/said"
wait %2 || fail "the write has not ended"
wait %1
figure "$(cat "$LAB/said"), with 16 places; $(($(field a slot_waits) - waits)) operations had to wait for one"
[ "$(field a slot_waits)" -gt "$waits" ] || fail "nothing had to wait for a place"
wait_insync a
