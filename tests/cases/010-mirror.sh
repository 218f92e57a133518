#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A volume is formatted, created at both sites and synchronised; what is written at the
# primary is on both disks, and the table line round-trips.
# scenario: 1
# timeout: 800
. "$(dirname "$0")/lib.sh"

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
[ "$(field a role)" = primary ] || fail "a is not primary"
[ "$(field b role)" = secondary ] || fail "b is not secondary"

table=$(dmsetup table vola)
note "table: $table"
dmsetup status

fio --name=w --filename=/dev/mapper/vola --rw=randwrite --bs=4k --size=32M --direct=1 \
	--ioengine=libaio --iodepth=16 --verify=crc32c --do_verify=1 --output-format=terse >/dev/null
dmsetup status
wait_insync a
