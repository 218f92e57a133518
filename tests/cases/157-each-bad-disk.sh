#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As 156, where the devices are bad: each call by which the module asks for an object in mode async,
# also when its queue is full, and while a disk of either site fails or hangs is refused once.
# No write fails that the disk would have taken, and the sites are in sync again by themselves.
# A primary that goes on through its peer does so, too, while many calls are refused.
# kernel: debug
# allocations: fail
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"
. "$(dirname "$0")/lib-crook.sh"
. "$(dirname "$0")/lib-faults.sh"
KIND=failslab
ASYNC=(mode async async_queue 256 queue_full detach)

seed=0
async_round()
{
	seed=$((seed + 1))
	cut_link
	put /dev/mapper/vola 0 768 "$seed" || fail "a write failed"
	heal_link
	wait_until is a detached 0
	put /dev/mapper/vola 4096 64 "1$seed" || fail "a write failed"
	wait_until is a sync in-sync
	wait_until is a queued_bytes 0
}

hang_at() # SITE
{
	dmsetup suspend --nolockfs "data$1"
	dd if=/dev/urandom of=/dev/mapper/vola bs=64k seek=128 count=1 oflag=direct conv=notrunc status=none 2>/dev/null ||
		[ "$1" = a ] || fail "b's disk hangs, and a write failed"
	dmsetup resume "data$1"
	wait_until is "$1" hung 0
	wait_until is a sync in-sync
}

sick_round()
{
	seed=$((seed + 1))
	change_table datab "${BAD[b]}"
	put /dev/mapper/vola 0 64 "$seed" || fail "b's disk fails, and a write failed"
	change_table datab "${GOOD[b]}"
	wait_until is a sync in-sync
	change_table dataa "${BAD[a]}"
	! put /dev/mapper/vola 512 64 "2$seed" 2>/dev/null || fail "written to a disk that fails"
	change_table dataa "${GOOD[a]}"
	wait_until msg a disconnect
	wait_until is a link disconnected
	wait_until msg a connect
	wait_until is a sync in-sync
	change_table dataa "$HOLE"
	dd if=/dev/mapper/vola of=/dev/null bs=32k skip=128 count=1 iflag=direct status=none 2>/dev/null || true
	change_table dataa "${GOOD[a]}"
	hang_at b
	hang_at a
}

go_on_through_peer() # PERCENT
{
	vol_create b secondary "${AUTH[@]}"
	vol_create a primary "${AUTH[@]}" disk_error peer
	wait_insync a 120
	[ "$1" = 0 ] || faults_on "$KIND" "$1"
	change_table dataa "${BAD[a]}"
	seed=$((seed + 1))
	put /dev/mapper/vola 1024 128 "$seed" || fail "an error of the disk reached the application"
	faults_off
	wait_until is a disk inconsistent
	[ "$(sum /dev/mapper/vola 1024 128)" = "$(head -c 128K < <(pattern "$seed") | sha256sum | cut -d' ' -f1)" ] ||
		fail "something else is read"
	change_table dataa "${GOOD[a]}"
	vol_remove a
	"$MIRSYNC" promote volb --alone
	wait_field b claim active
	vol_create a secondary "${AUTH[@]}"
	wait_insync b 120
	"$MIRSYNC" switchover volb
	wait_field a claim active
	wait_insync a 120
	vol_remove a b
}

lab_sites
can_fail data
read -r _ size _ below _ <<<"${GOOD[a]}"
HOLE="0 8192 linear $below 0
8192 64 error
8256 $((size - 8256)) linear $below 8256"
keyctl add logon mirsync:crook "$KEY" @u >/dev/null
format_both >/dev/null
vol_create b secondary "${AUTH[@]}" disk_timeout 2000
vol_create a primary "${AUTH[@]}" disk_timeout 2000 "${ASYNC[@]}"
wait_insync a 120
refuse_each async_round
[ "$came" -gt 10 ] || fail "too few to prove anything"
msg a set mode sync
refuse_new sick_round
[ "$came" -ge 3 ] || fail "too few to prove anything"
vol_remove a b
for percent in 0 3 10 30; do
	go_on_through_peer "$percent"
done
