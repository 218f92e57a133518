#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A failback with a writer at B all the time, and resyncs after outages with a writer at
# the primary: they end while the writer goes on, and both disks and all codes are right.
# processors: 2
# scenario: 8
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
format_both
vol_create b secondary timeout 6000
vol_create a primary timeout 6000
wait_insync a
put /dev/mapper/vola 0 16384 1
vol_remove a
"$MIRSYNC" promote volb --alone
fio_load_start /dev/mapper/volb --bsrange=4k-64k
vol_create a primary timeout 6000
wait_field a meeting outdated
timeout 120 "$MIRSYNC" failback volb --yes
wait_insync b
sleep 2

for i in 1 2 3; do
	cut_link
	wait_field b link connecting 30
	sleep 1
	heal_link
	wait_insync b 60
done
writes=$(field b writes)
sleep 1
[ "$(field b writes)" -gt "$writes" ] || fail "the writer stands still"
fio_load_stop
wait_insync b
"$MIRSYNC" switchover volb
wait_insync a
