#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# mirsync verify compares the codes of sites in use: nothing is different under a load, in mode sync
# and async; what differs below the secondary is found, with its place, also under a load, and nothing
# is read for it. What was written anew is equal again. With --repair the content of the site that is
# named is written over with that of the other, also under a load, and nothing else.
# timeout: 800
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=40 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# verify STATUS PATTERN [OPTION...]: ends so, and prints a line like that.
verify()
{
	local status=$1 pattern=$2 r=0
	shift 2
	"$MIRSYNC" verify vola "$@" >"$LAB/said" 2>"$LAB/error" || r=$?
	cat "$LAB/said" "$LAB/error"
	[ "$r" = "$status" ] || fail "status $r, not $status"
	grep -qE "$pattern" "$LAB/said" "$LAB/error" || fail "nothing like '$pattern'"
}

# differ: segments 9000 and 9001 of b. Below the target, and in a part of them that is not written: the
# code is made anew of what is there.
differ()
{
	local segment
	for segment in 9000 9001; do
		dd if=/dev/urandom of="$LAB/b.data" bs=512 count=3 seek=$((segment * 8 + 4)) conv=notrunc status=none
		dd if=/dev/urandom of=/dev/mapper/vola bs=512 count=1 seek=$((segment * 8)) oflag=direct conv=notrunc status=none
	done
	wait_until all_valid
}

# both: what the two segments are at a, and at b.
both()
{
	echo "$(sum "${DATA[a]}" 36000 8)/$(sum "${DATA[b]}" 36000 8)"
}

all_valid()
{
	[ "$(field a valid) $(field b valid) $(field a hot)" = "10240 10240 0/1024" ]
}

lab_sites
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
put /dev/mapper/vola 0 1024 1
verify 0 'nothing differs'

for mode in sync async; do
	note "under a load, $mode"
	msg a set mode "$mode"
	fio_load_start /dev/mapper/vola --size=8m --iodepth=16
	for _ in 1 2 3; do
		verify 0 'nothing differs'
	done
	fio_load_stop
done
msg a set mode sync

note "segment 9000 of b differs, and 9001"
differ
before=$(field a gen_read)/$(field b gen_read)/$(field a copy_read)
verify 5 '^differs: 8 KiB at sector 72000$'
[ "$(field a gen_read)/$(field b gen_read)/$(field a copy_read)" = "$before" ] || fail "something was read"
fio_load_start /dev/mapper/vola --size=8m --iodepth=16
verify 5 '^differs: 8 KiB at sector 72000$'
fio_load_stop
r=0
"$MIRSYNC" verify vola --json >"$LAB/said" || r=$?
[ "$r" = 5 ] || fail "status $r"
python3 -c "
import json
j = json.load(open('$LAB/said'))
assert j['differ'] == 2 and j['ranges'] == [{'sector': 72000, 'sectors': 16}], j
assert j['sent_bytes'] + j['received_bytes'] < 102400, j"

note "repaired, at the peer and then here"
expect_fail "$MIRSYNC" verify vola --repair both
was=$(both)
verify 0 '^2 were written over at the peer$' --repair peer
[ "$(both)" = "${was%/*}/${was%/*}" ] || fail "b is not what a was"
verify 0 'nothing differs'
[ "$(field a rs_copied)" = 2 ] || fail "copied: $(field a rs_copied)"
differ
was=$(both)
copied=$(field a rs_copied)
verify 0 '^2 were written over here$' --repair local
[ "$(both)" = "${was#*/}/${was#*/}" ] || fail "a is not what b was"
verify 0 'nothing differs'
[ "$(field a rs_copied) $(field a marked)" = "$copied 0" ] || fail "something was copied"
for site in peer local; do
	differ
	fio_load_start /dev/mapper/vola --size=8m --iodepth=16
	verify 0 '^2 were written over' --repair "$site"
	fio_load_stop
	wait_until all_valid
	verify 0 'nothing differs'
done

note "written anew"
differ
put /dev/mapper/vola 36000 8 2
verify 0 'nothing differs'
expect_fail "$MIRSYNC" verify volb
msg a disconnect
expect_fail "$MIRSYNC" verify vola
msg a connect
wait_insync a
