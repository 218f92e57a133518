#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A discard of more extents than the activity record holds, beside writes, and over an outage.
# Writes that ask not to wait are done or refused and do nothing else, also while the volume is
# suspended.
# scenario: 22
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=48 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

nowait() # SEED
{
	timeout 60 python3 "$TOP/tests/cases/nowait.py" /dev/mapper/vola "$1" || fail "nowait: status $?"
}

fill() # SEED
{
	local at
	for at in 0 20480 39936; do
		put /dev/mapper/vola "$at" 1024 "$1"
	done
}

lab_sites
format_both --max-hot 16
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a

note "40 MiB, the record holds 30"
fill 1
fio_load_start /dev/mapper/vola --offset=40m --size=8m
blkdiscard -f -l 40MiB /dev/mapper/vola
fio_load_stop
[ "$(field a sync)" = in-sync ] || fail "not in sync"
cmp -n $((40 << 20)) /dev/zero "$LAB/a.data"
cmp -n $((40 << 20)) /dev/zero "$LAB/b.data"

note "everything, alone"
fill 2
msg a disconnect
wait_field a link disconnected
blkdiscard -f /dev/mapper/vola
[ "$(field a marked)" = "$(field a segments)" ] || fail "$(field a marked) segments are marked"
msg a connect
wait_insync a
cmp -n $((48 << 20)) /dev/zero "$LAB/b.data"

note "writes that ask not to wait"
done=$(nowait 1)
note "done: $done"
dmsetup suspend --nolockfs vola
done=$(nowait 0)
[ "$done" = "0 of 256" ] || fail "writes of a suspended volume: $done"
dmsetup resume vola
nowait 2
