#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What the primary's disk cannot read is served by the secondary and written anew, also for
# the generator of codes; where it cannot be written the application still gets its data.
# Where the peer's copy is not this site's (no link, a mark) the error reaches the application. All of that
# without disk_timeout and with it.
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
rm "$LAB/a.data"		# not the disk of this case
scsi_disk 32
good="0 65536 linear $SCSI_DISK 0"
bad="0 8192 linear $SCSI_DISK 0
8192 64 error
8256 57280 linear $SCSI_DISK 8256"
dmsetup create disk --table "$good"
DATA[a]=/dev/mapper/disk
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 8192 1
wait_field a valid "$(field a segments)"

# With the option reads go by way of other pages.
for limit in 0 20000; do
	msg a set disk_timeout "$limit"
	was=$(sum /dev/mapper/vola 4080 96)
	note "a read error; the disk can write; disk_timeout $limit"
	served=$(field a reads_from_peer) repaired=$(field a repaired)
	medium_errors 8197 20
	expect_fail dd if="$SCSI_DISK" of=/dev/null bs=4k skip=1025 count=1 iflag=direct
	writes=$(disk_sectors "$SCSI_DISK" write)
	[ "$(sum /dev/mapper/vola 4080 96)" = "$was" ] || fail "not the data that was written"
	[ "$(field a reads_from_peer)" -gt "$served" ] || fail "the peer was not asked"
	wait_field a repaired "!($repaired)"
	[ "$(disk_sectors "$SCSI_DISK" write)" -gt "$writes" ] || fail "not written anew"
	dd if=/dev/mapper/vola of=/dev/null bs=512 skip=8197 count=3 iflag=direct status=none
	cmp <(dd if=/dev/mapper/vola bs=512 skip=8198 count=5 iflag=direct status=none) \
		<(dd if="${DATA[b]}" bs=512 skip=8198 count=5 iflag=direct status=none) ||
		fail "other sectors than those asked for"

	note "the generator"
	n=$(field a repaired)
	put /dev/mapper/vola 4100 1 2
	[ "$(field a marked)" = 0 ] || fail "marks"
	wait_field a repaired "!($n)"
	wait_field a valid "$(field a segments)"

	note "the disk cannot write there either"
	medium_errors 0 0
	change_table disk "$bad"
	was=$(sum "${DATA[b]}" 4096 32)
	[ "$(sum /dev/mapper/vola 4096 32)" = "$was" ] || fail "not the data that was written"
	[ "$(field a marked)" = 0 ] || fail "marks"
	change_table disk "$good"

	note "no peer, and then a mark"
	medium_errors 8224 8
	msg a disconnect
	wait_field a link disconnected
	expect_fail dd if=/dev/mapper/vola of=/dev/null bs=4k skip=1028 count=1 iflag=direct
	put /dev/mapper/vola 4112 4 "5$limit"	# what was there before would be equal by its code
	msg a connect
	wait_field a unreadable 1
	expect_fail dd if=/dev/mapper/vola of=/dev/null bs=4k skip=1028 count=1 iflag=direct
	medium_errors 0 0
	wait_insync a
done
