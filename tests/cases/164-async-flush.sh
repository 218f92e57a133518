#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The session ends while the peer lacks what the application was told of in mode async: no
# flush completes before the new generation is recorded, neither one that waited for the
# peer in mode sync nor one that begins afterwards (I9). The metadata device is slow, so
# that the time between is long. A new generation begins also when nothing but a flush is unconfirmed, of which the
# application was told: the peer need not have flushed what it had confirmed before.
# processors: 2
# scenario: 21
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

generation_is_new() { [ "$(field a gen)" != "$gen" ]; }

lab_sites
modprobe dm-delay
size=$(blockdev --getsz "${META[a]}") below=${META[a]}
dmsetup create metaa --table "0 $size linear $below 0"
META[a]=/dev/mapper/metaa
data_below=${DATA[b]}
dmsetup create datab --table "0 $(blockdev --getsz "$data_below") linear $data_below 0"
DATA[b]=/dev/mapper/datab
format_both
vol_create b secondary timeout 60000
vol_create a primary timeout 60000 mode async
wait_insync a
put /dev/mapper/vola 0 64 1
wait_field a unacked 0
sync /dev/mapper/vola		# now the peer has flushed all that it confirmed
wait_field a unacked 0
gen=$(field a gen)

cut_link
put /dev/mapper/vola 0 64 2
[ "$(field a queued_bytes)" -gt 0 ] || fail "nothing is queued"
msg a set mode sync
change_table metaa "0 $size delay $below 0 0 $below 0 1500"
{ sync /dev/mapper/vola && field a gen >"$LAB/waited"; } &
waiter=$!
wait_field a inflight 1
kill -0 "$waiter" || fail "the flush did not wait for the peer"
msg a disconnect
wait_field a link disconnected
sync /dev/mapper/vola
[ "$(field a gen)" != "$gen" ] || fail "a flush that began behind the session completed in the old generation"
wait "$waiter" || fail "the flush failed"
[ "$(cat "$LAB/waited")" != "$gen" ] || fail "a flush that waited for the peer completed in the old generation"

change_table metaa "0 $size linear $below 0"
heal_link
msg a connect
wait_insync a
msg a set mode async

note "the peer has a write, and dies before it has flushed it"
put /dev/mapper/vola 0 64 3
sync /dev/mapper/vola
wait_field a unacked 0
wait_field b hot '0/*'		# what cools makes the write wait for a flush of the slow disk
gen=$(field a gen)
data_size=$(blockdev --getsz "$data_below")
# The write is confirmed when the flush is on its way already.
change_table datab "0 $data_size delay $data_below 0 0 $data_below 0 $(limit 8000) $data_below 0 $(limit 60000)"
dd if=/dev/urandom of=/dev/mapper/vola bs=4k seek=100 count=1 oflag=direct conv=notrunc status=none
sync -d /dev/mapper/vola
[ "$(field a unacked)" = 2 ] || fail "unconfirmed: $(field a unacked)"
wait_field a unacked 1
cut_link
msg a disconnect
wait_field a link disconnected
wait_until generation_is_new
change_table datab "0 $data_size linear $data_below 0"
heal_link
msg a connect
wait_insync a
