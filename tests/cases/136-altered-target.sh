#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The secondary's disk was altered in two places, which is noticed when the primary asks for
# one of them, as its own disk cannot read it: no code of the secondary is believed any more, all
# is compared, and the other place is found too. Also with writes meanwhile.
# scenario: 18
# timeout: 400
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

alter() # BLOCK
{
	dd if=/dev/urandom of="$LAB/b.data" bs=4k seek="$1" count=1 conv=notrunc status=none
}

lab_sites
below=${DATA[a]}
good="0 65536 linear $below 0"
bad="0 8192 linear $below 0
8192 8 error
8200 57336 linear $below 8200"
dmsetup create disk --table "$good"
DATA[a]=/dev/mapper/disk
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 8192 1
wait_field a valid "$(field a segments)"
wait_field b valid "$(field b segments)"

for writes in no yes; do
	note "writes meanwhile: $writes"
	wait_field b hot '0/*'
	sync
	alter 1024
	alter 3000
	change_table disk "$bad"
	expect_fail dd if=/dev/mapper/vola of=/dev/null bs=4k skip=1024 count=1 iflag=direct
	[ "$writes" = no ] || put /dev/mapper/vola 20480 64 2
	change_table disk "$good"
	wait_field a candidates 0
	wait_insync a
	wait_field a rs_differ '[1-9]*'
	sync
	cmp "$LAB/a.data" "$LAB/b.data" || fail "in sync, and they differ"
done
