#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A resync whose source cannot read some segments copies all others, says how many are
# missing, and is not in sync: the target stays inconsistent. Written anew by the application
# they are no longer missing. Who waits for the repair of one is told. A target that cannot read gets its segments
# written.
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
rm "$LAB/a.data"		# not the disk of this case
scsi_disk 32
medium_errors 0 0
DATA[a]=$SCSI_DISK
format_both
vol_create b secondary
vol_create a primary
wait_insync a

note "the source cannot read 3 segments in the middle of a run"
msg a disconnect
wait_field a link disconnected
put /dev/mapper/vola 2048 8192 1
medium_errors 8256 24
msg a connect
wait_field a unreadable 3
[ "$(field a marked)" = 3 ] || fail "$(field a marked) segments are marked"
[ "$(field a sync)" != in-sync ] || fail "in sync without 3 segments"
wait_field b disk inconsistent
kernel_log | grep 'vola: sectors 8264+8 cannot be read' || fail "they are not named"
medium_errors 0 0
cmp -n $((8256 * 512)) "$SCSI_DISK" "${DATA[b]}" || fail "before the missing ones"
cmp -i $((8280 * 512)) "$SCSI_DISK" "${DATA[b]}" || fail "behind the missing ones"
medium_errors 8256 24
put /dev/mapper/vola 4128 12 2
wait_insync a
[ "$(field a unreadable)" = 0 ] || fail "still counted as unreadable"
wait_field b disk consistent
medium_errors 0 0

note "it cannot read what verify has found to differ"
dd if=/dev/urandom of="$LAB/b.data" bs=512 count=3 seek=16388 conv=notrunc status=none
dd if=/dev/urandom of=/dev/mapper/vola bs=512 count=1 seek=16384 oflag=direct conv=notrunc status=none
wait_field a valid 8192
wait_field b valid 8192
medium_errors 16384 8
expect_fail "$MIRSYNC" verify vola --repair peer --json
[[ $REASON == *"the copy has stopped"* ]] || fail "$REASON"
[ "$(field a marked)" = 1 ] || fail "$(field a marked) segments are marked"
medium_errors 0 0
wait_insync a

note "the target cannot read"
"$MIRSYNC" switchover vola
wait_insync b
msg b disconnect
wait_field b link disconnected
put /dev/mapper/volb 2048 8192 3
medium_errors 8256 24
msg b connect
wait_insync b
medium_errors 0 0
