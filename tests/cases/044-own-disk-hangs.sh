#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A disk of this site hangs: whoever needs it waits, and nobody else does. While a volume is set up,
# removed or suspended on such a disk, others are looked at, written to and removed; the devices of one on
# its way out cannot be taken by another; all of it ends when the disk answers.
# scenario: 23
# timeout: 400
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

waits() # PID WHAT
{
	nap 2
	kill -0 "$1" 2>/dev/null || fail "$2 did not wait for the disk"
}

# ends PID WHAT: with success, in limited time.
ends()
{
	gone() { ! kill -0 "$1" 2>/dev/null; }
	wait_until gone "$1"
	wait "$1" || fail "$2: status $?"
}

# in_time COMMAND...: what needs no disk that hangs.
in_time()
{
	"$@" >/dev/null &
	ends $! "$*"
}

lab_sites
can_fail data
can_fail meta
format_both

note "metaa hangs while vola is made"
vol_create b secondary
dmsetup suspend --nolockfs metaa
vol_create a primary &
making=$!
waits "$making" "the creation"
in_time "$MIRSYNC" status volb
in_time vol_remove b
dmsetup resume metaa
ends "$making" "the creation"
vol_create b secondary
wait_insync a

for device in metaa dataa; do
	note "$device hangs while vola is removed"
	put /dev/mapper/vola 0 4096 "$device"
	udevadm settle		# it has vola open, after a write
	dmsetup suspend --nolockfs "$device"
	dmsetup remove vola &
	removal=$!
	waits "$removal" "the removal"
	in_time "$MIRSYNC" status volb
	expect_fail in_site a dmsetup create other --table "$(vol_table a primary)"
	[[ $REASON == *"in use by another volume"* ]] || fail "$REASON"
	dmsetup remove other 2>/dev/null || true
	in_time vol_remove b
	dmsetup resume "$device"
	ends "$removal" "the removal"
	vol_create b secondary
	vol_create a primary
	wait_insync a
done

note "dataa hangs under a write while vola is suspended"
dmsetup suspend --nolockfs dataa
put /dev/mapper/vola 8192 64 3 &
writer=$!
waits "$writer" "the write"
dmsetup suspend vola &
suspend=$!
waits "$suspend" "the suspend"
in_time "$MIRSYNC" status volb
in_time dmsetup status --noflush vola
in_time vol_remove b
in_time vol_create b secondary
dmsetup resume dataa
ends "$suspend" "the suspend"
dmsetup resume vola
ends "$writer" "the write"
wait_insync a
