#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Devices with logical blocks of 4096 bytes, data and metadata: a site that was formatted for
# 512 is refused by name; with a common size both mirror, also with a device of 512 below
# one of them; nothing smaller than a block gets in; codes and disks are right.
# scenario: 22
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 LOOP_OPTIONS='--sector-size 4096' CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

lab_sites
losetup -d "${DATA[b]}"
DATA[b]=$(losetup --find --show "$LAB/b.data")
format_both
log_mark
vol_create a primary
vol_create b secondary
wait_log 'formatted for different logical block sizes'
vol_remove a b

"$MIRSYNC" format --force "${META[a]}" "${DATA[b]}"
expect_fail vol_create a primary
[[ $REASON == *'logical blocks of the data device'* ]] || fail "$REASON"
format_both --block-size 4K
vol_create a primary
vol_create b secondary
wait_insync a
[ "$(blockdev --getss /dev/mapper/vola)" = 4096 ] || fail "blocks of $(blockdev --getss /dev/mapper/vola)"
put /dev/mapper/vola 0 16384
if dd if=/dev/zero of=/dev/mapper/vola bs=512 count=1 oflag=direct status=none 2>/dev/null; then
	fail "half a block was written"
fi
cut_link
wait_field a link '!(connected)'
put /dev/mapper/vola 8192 12 7
put /dev/mapper/vola 32764 4 8
heal_link
wait_insync a
