#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Mode async: at whatever instant, the secondary's disk is what the primary's could have been
# after a crash. Its disk fails, or the session is ended, or the link is cut, or the power of either fails,
# in turn, under a load that notes when each write began and ended; half of the disk is slower than the
# other, so that it completes in another order what it may. ROUNDS (5) of that.
# processors: 2
# scenario: 19 13
# timeout: 3000
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

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

# Whatever is still on its way there.
check_instant()
{
	dmsetup suspend --nolockfs gate
	check_order
	dmsetup resume gate
}

load_works() { [ "$(wc -l <"$LAB/log")" -gt "$lines" ]; }

load_start()
{
	touch "$LAB/log"
	lines=$(wc -l <"$LAB/log")
	python3 "$(dirname "$0")/order.py" write /dev/mapper/vola "$LAB/log" &
	load=$!
	wait_until load_works
	nap "1.$((RANDOM % 10))"
}

load_stop()
{
	kill "$load"
	wait "$load" || true
}

volume_a() { vol_create a primary timeout 4000 mode async async_queue 1024; }

round_error()
{
	gate error
	check_order
	gate linear
	load_stop
}

round_disconnect()
{
	msg b disconnect
	check_instant
	wait_field b link disconnected
	msg b connect
	load_stop
}

round_cut()
{
	cut_link
	check_instant
	wait_field a link connecting
	heal_link
	load_stop
}

# What b has received in the end is what a promotion there would find.
round_kill()
{
	power_cut a
	check_instant
	load_stop
	wait_field b link connecting
	check_order
	power_on a
	# What it did when it should have been dead never happened; the next number stays.
	awk '$1 > last { last = $1 } END { print last }' "$LAB/log" >"$LAB/last"
	mv "$LAB/last" "$LAB/log"
	volume_a
	heal_link
}

# The other one's: what it had then is in order, and so is what it comes back with.
round_die()
{
	power_cut b
	load_stop
	python3 "$(dirname "$0")/order.py" check "$LAB/log" "$LAB/copy.data" | tee -a "$LAB/checked"
	wait_field a link connecting
	vol_remove b
	dmsetup remove --retry uneven
	dmsetup remove --retry gate
	power_on b
	uneven
	check_order
	vol_create b secondary timeout 4000
	heal_link
}

# On top of b's disk.
uneven()
{
	below=${DATA[b]}
	dmsetup create gate --table "0 $sectors linear $below 0"
	dmsetup create uneven --table "0 $half linear /dev/mapper/gate 0
$half $half delay /dev/mapper/gate $half 0 /dev/mapper/gate $half 15"
	DATA[b]=/dev/mapper/uneven
}

lab_sites
modprobe dm-delay
power_stack
sectors=$(blockdev --getsz "${DATA[b]}")
half=$((sectors / 2))
uneven
format_both
vol_create b secondary timeout 4000
volume_a
wait_insync a
rounds=(error disconnect cut kill die)
for ((i = 0; i < ${ROUNDS:-5}; i++)); do
	note "$i: ${rounds[i % 5]}"
	load_start
	"round_${rounds[i % 5]}"
	wait_insync a 120
done
figure "$(awk '{ n++; if ($3 > most) most = $3 } END { printf "%d instants in order, up to %d writes behind", n, most }' "$LAB/checked")"
awk '{ lost += $3 } END { exit !lost }' "$LAB/checked" || fail "nothing was lost: that proves nothing"
