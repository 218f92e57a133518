#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# With disk_error peer a primary whose disk fails a flush goes on through its peer, in async mode
# too. When the session ends nothing is served, also when the sites meet again; with link_lost
# freeze reads and writes wait, and a suspend or a change of the policy ends them. When the site
# has given its role up, the peer is promoted without force and has every write.
# scenario: 18
# timeout: 400
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# no_service: neither a read nor a write.
no_service()
{
	expect_fail dd if=/dev/mapper/vola of=/dev/null bs=4k count=1 iflag=direct
	expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct
}

# begin read|write: one of a's that waits; $BEGUN has the processes.
BEGUN=()
begin()
{
	if [ "$1" = read ]; then
		dd if=/dev/mapper/vola of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null &
	else
		dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct status=none 2>/dev/null &
	fi
	BEGUN+=($!)
	wait_until is_waiting
}

is_waiting()
{
	local reads writes
	read -r reads writes <"/sys/class/block/$disk/inflight"
	[ $((reads + writes)) -gt 0 ]
}

lab_sites
can_fail data
format_both
vol_create b secondary
vol_create a primary mode async disk_error peer
wait_insync a
disk=$(basename "$(realpath /dev/mapper/vola)")

note "a fails a flush"
put /dev/mapper/vola 0 1024 1
below=$(cut -d' ' -f4 <<<"${GOOD[a]}")
change_table dataa "0 32704 linear $below 0
32704 64 flakey $below 32704 0 3600 1 error_writes"
put /dev/mapper/vola 1024 1024 2
wait_field a disk inconsistent
blkdiscard -z -o 1M -l 64K /dev/mapper/vola
blkdiscard -o 1152K -l 64K /dev/mapper/vola
put /dev/mapper/vola 1088 64 3
sum=$(sum /dev/mapper/vola 512 1024)
[ "$(sum "${DATA[b]}" 512 1024)" = "$sum" ] || fail "b's data is not the volume's"

note "without its peer"
msg a disconnect
wait_field a link disconnected
no_service
msg a connect
wait_field a meeting no-source
no_service
msg a set link_lost freeze
wait_field a frozen 1
begin read
begin write
timeout 120 dmsetup suspend --nolockfs vola || fail "suspend"
dmsetup resume --noudevsync vola	# udev would read it, and that waits too
wait_field a frozen 1
begin read
msg a set link_lost continue
for process in "${BEGUN[@]}"; do
	if wait "$process"; then fail "success without the peer"; fi
done
no_service

note "b takes over"
"$MIRSYNC" demote vola	# again when udev has it open
wait_field a claim none
change_table dataa "${GOOD[a]}"
wait_field b meeting no-primary
msg b promote
wait_field b role primary
wait_insync b
[ "$(sum /dev/mapper/volb 512 1024)" = "$sum" ] || fail "b's data has changed"
