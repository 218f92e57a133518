#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# disk_timeout and disk_error peer together: the primary's disk hangs, and the application gets
# errors; then what hung fails, and the primary goes on through its peer, which is promoted without
# force and has all that the application was told was written.
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

write_at() # KIB
{
	dd if=/dev/urandom of=/dev/mapper/vola bs=64k count=1 seek="$1K" oflag=direct,seek_bytes \
		conv=notrunc 2>/dev/null
}

lab_sites
can_fail data
format_both
vol_create b secondary
vol_create a primary disk_error peer disk_timeout 2000
wait_insync a
put /dev/mapper/vola 0 1024 1

note "a's disk hangs"
dmsetup suspend --nolockfs dataa
write_at 2048 &
first=$!
write_at 2048 &
second=$!
if wait "$first"; then fail "the first was written"; fi
if wait "$second"; then fail "the second was written"; fi
[ "$(field a hung) $(field a disk)" = "1 consistent" ] || fail "not hung"

note "what hung fails"
dmsetup reload dataa --table "${BAD[a]}"
dmsetup resume dataa
wait_field a disk inconsistent
wait_field a hung 0
put /dev/mapper/vola 2048 512 2
put /dev/mapper/vola 8192 512 3
sum=$(sum /dev/mapper/vola 0 8704)
[ "$(sum "${DATA[b]}" 0 8704)" = "$sum" ] || fail "b's data is not the volume's"
[ "$(field a role)" = primary ] || fail "a is $(field a role)"

note "b takes over"
vol_remove a
change_table dataa "${GOOD[a]}"
vol_create a primary
wait_field b meeting no-source
msg b promote
wait_field b role primary
wait_insync b
[ "$(sum /dev/mapper/volb 0 8704)" = "$sum" ] || fail "b's data has changed"
