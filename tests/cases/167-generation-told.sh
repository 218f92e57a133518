#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A flush that began while the link was lost ends after the sites have met again: the new generation
# that it asks for is told to the peer, so that both have the same when they say in sync, and a switchover
# leaves one lineage.
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
modprobe dm-delay
below=${DATA[a]}
size=$(blockdev --getsz "$below")
good="0 $size delay $below 0 0 $below 0 0 $below 0 0"
slow="0 $size delay $below 0 0 $below 0 0 $below 0 600000"
dmsetup create slow --table "$good"
DATA[a]=/dev/mapper/slow
format_both
vol_create b secondary
vol_create a primary
wait_insync a
gen=$(field a gen)
# Confirmed, but flushed by nobody.
dd if=/dev/urandom of=/dev/mapper/vola bs=4k seek=100 count=8 oflag=direct conv=notrunc status=none
udevadm settle
dd if=/dev/urandom of=/dev/mapper/vola bs=4k seek=100 count=8 oflag=direct conv=notrunc status=none
change_table slow "$slow"
msg a disconnect
wait_field a link disconnected
dd if=/dev/null of=/dev/mapper/vola conv=fsync,notrunc status=none &
flush=$!
nap 0.5
msg a connect
wait_insync a
met=$(field a gen)
[ "$met" = "$gen" ] || fail "the flush was too fast to prove anything"
change_table slow "$good"	# what waits there is let go
wait "$flush" || fail "the flush failed"
note "met as $met, now $(field a gen), first $gen"
same() { [ "$(field a sync) $(field a gen)" = "in-sync $(field b gen)" ]; }
wait_until same
udevadm settle
"$MIRSYNC" switchover vola
wait_field b claim active
wait_insync b
same
