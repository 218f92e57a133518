#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A resync during which the target's disk fails writes, the target's metadata cannot be
# written, or the source's cannot, does not end in sync and costs no mark: when the device
# is healed (and a site without metadata made anew) the sites become equal.
# scenario: 18
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# outage SEED: a goes on alone; what it writes is to be copied.
outage()
{
	msg a disconnect
	wait_field a link disconnected
	put /dev/mapper/vola 0 8192 "$1"
}

lab_sites
below=${DATA[b]}
good="0 32768 linear $below 0"
bad="0 8192 linear $below 0
8192 8192 flakey $below 8192 0 3600 1 error_writes
16384 16384 linear $below 16384"
size=$(blockdev --getsz "${META[a]}")
dmsetup create disk --table "$good"
DATA[b]=/dev/mapper/disk
declare -A linear=() flakey=()
for site in a b; do
	linear["$site"]="0 $size linear ${META[$site]} 0"
	flakey["$site"]="0 $size flakey ${META[$site]} 0 0 3600 1 error_writes"
	dmsetup create "meta$site" --table "${linear[$site]}"
	META["$site"]="/dev/mapper/meta$site"
done
format_both
vol_create b secondary timeout 3000
vol_create a primary timeout 3000
wait_insync a

note "the target's disk"
outage 1
change_table disk "$bad"
dmesg -C
msg a connect
until dmesg | grep -q 'volb: the data device has failed'; do sleep 0.2; done
[ "$(field b disk)" = inconsistent ] || fail "b is $(field b disk)"
[ "$(field a marked)" -gt 0 ] || fail "no marks at a"
expect_fail "$MIRSYNC" promote volb
change_table disk "$good"
wait_insync a
compare_disks

note "the target's metadata"
outage 2
wait_field b hot '0/*'
change_table metab "${flakey[b]}"
dmesg -C
msg a connect
until dmesg | grep -q 'volb: metadata cannot be kept\|volb: superblock cannot be written'; do sleep 0.2; done
put /dev/mapper/vola 1024 64 3
change_table metab "${linear[b]}"
vol_remove b
vol_create b secondary timeout 3000
wait_insync a
compare_disks

note "the source's metadata"
outage 4
wait_field a hot '0/*'
change_table metaa "${flakey[a]}"
dmesg -C
msg a connect
until dmesg | grep -q 'vola: metadata cannot be kept\|vola: superblock cannot be written'; do sleep 0.2; done
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k seek=3000 count=1 oflag=direct
[ "$(field a sync)" != in-sync ] || fail "in sync"
change_table metaa "${linear[a]}"
vol_remove a
vol_create a primary timeout 3000
wait_insync a
