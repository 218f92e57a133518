#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A device that hangs, with disk_timeout: at the primary the application gets errors, for
# reads, writes, flushes and discards, those that wait behind as well, and all is well when the device
# answers again; what it was told had failed is the same at both sites. At the target
# the session ends, and the primary does not wait for its own limit.
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"
. "$(dirname "$0")/lib-watch.sh"

write_at() # KIB COUNT
{
	dd if=/dev/urandom of=/dev/mapper/vola bs=64k count="$2" seek="$(($1 * 1024))" \
		oflag=direct,seek_bytes conv=notrunc 2>/dev/null
}

lab_sites
power_stack
format_both
vol_create b secondary disk_timeout 2000
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 1024 1
expect_fail msg a set disk_timeout 999
msg a set disk_timeout 2000

at=0
for device in a.data a.meta; do
	note "$device hangs"
	dmsetup suspend --nolockfs "$device"
	# The second waits behind the first, which is of a part that was not recorded before.
	write_at $((at + 8192)) 1 &
	first=$!
	write_at $((at + 8192)) 1 &
	second=$!
	dd if=/dev/null of=/dev/mapper/vola conv=fsync,notrunc 2>/dev/null &
	flush=$!
	blkdiscard -o $(((at + 8448) * 1024)) -l 65536 /dev/mapper/vola 2>/dev/null &
	discard=$!
	dd if=/dev/mapper/vola of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null &
	reader=$!
	! wait "$first" || fail "the first was written"
	! wait "$second" || fail "the second was written"
	! wait "$discard" || fail "discarded"
	# These two need no metadata.
	wait "$flush" && [ "$device" = a.data ] && fail "flushed"
	wait "$reader" && [ "$device" = a.data ] && fail "read"
	[ "$(field a hung)" = 1 ] || fail "not hung"
	"$MIRSYNC" status vola | grep 'does not answer'
	if write_at "$at" 1; then fail "written to a disk that hangs"; fi
	if dd if=/dev/mapper/vola of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null; then
		fail "read from a disk that hangs"
	fi
	[ "$(field a link)" = connected ] || fail "the session has ended"
	dmsetup resume "$device"
	wait_field a hung 0
	wait_field a inflight 0
	put /dev/mapper/vola "$((at + 8192))" 512 2
	at=$((at + 4096))
done
[ "$(counter a expired)" -ge 4 ] || fail "expired: $(counter a expired)"

at=16384
for device in b.data b.meta; do
	note "$device hangs"
	dmsetup suspend --nolockfs "$device"
	# Of what was not written to before: b has to record it.
	put /dev/mapper/vola "$at" 1024 3
	[ "$(field a marked)" -gt 0 ] || fail "nothing is marked"
	[ "$(counter a cut_unconfirmed)" = 0 ] || fail "the primary waited for its own limit"
	wait_field b hung 1
	dmsetup resume "$device"
	wait_field b hung 0
	wait_insync a
	at=$((at + 4096))
done
cmp /dev/mapper/vola "${DATA[a]}" || fail "what is read is not what is there"
