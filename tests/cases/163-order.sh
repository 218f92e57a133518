#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Mode async: at whatever instant, the secondary's disk is what the primary's could have been
# after a crash. Its disk stops at an instant, with or without errors, or the link is cut, under a load
# that notes when each write began and ended; half of the disk is slower than the other, so that
# it completes in another order what it may. ROUNDS (8) of that.
# processors: 2
# scenario: 19
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

gate() # linear|error
{
	local table="0 $sectors linear $below 0"
	[ "$1" = linear ] || table="0 $sectors error"
	dmsetup reload gate --table "$table"
	dmsetup suspend --nolockfs --noflush gate
	dmsetup resume gate
}

check_order()
{
	python3 "$(dirname "$0")/order.py" check "$LAB/log" "$LAB/b.data" | tee -a "$LAB/checked"
}

lab_sites
modprobe dm-delay
below=${DATA[b]} sectors=$(blockdev --getsz "${DATA[b]}")
half=$((sectors / 2))
dmsetup create gate --table "0 $sectors linear $below 0"
dmsetup create uneven --table "0 $half linear /dev/mapper/gate 0
$half $half delay /dev/mapper/gate $half 0 /dev/mapper/gate $half 15"
DATA[b]=/dev/mapper/uneven
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000 mode async async_queue 1024
wait_insync a
for ((i = 0; i < ${ROUNDS:-8}; i++)); do
	python3 "$(dirname "$0")/order.py" write /dev/mapper/vola "$LAB/log" &
	load=$!
	sleep "1.$((RANDOM % 10))"
	if [ $((i % 2)) = 0 ]; then
		gate error
		check_order
		gate linear
	else
		msg b disconnect
		# What b has received it still writes: look at one instant.
		dmsetup suspend --nolockfs gate
		check_order
		dmsetup resume gate
		wait_field b link disconnected
		msg b connect
	fi
	kill "$load"
	wait "$load" || true
	wait_insync a 120
done
figure "$(awk '{ n++; if ($3 > most) most = $3 } END { printf "%d instants in order, up to %d writes behind", n, most }' "$LAB/checked")"
awk '{ lost += $3 } END { exit !lost }' "$LAB/checked" || fail "nothing was lost: that proves nothing"
