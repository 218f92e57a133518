#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# doc/examples/before-target-lvm at a site whose data device is a logical volume: before a failback and
# before a resync a snapshot is taken of what the site had, in place of the one before; without room for it
# nothing is copied, and the older one stays.
# scenario: 8
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

sum_of() { dd if="$1" bs=1M iflag=direct status=none | sha256sum; }

snapshot_is() # SUM
{
	[ "$(sum_of /dev/mirsynctest/data-before-target)" = "$1" ] ||
		fail "the snapshot is of something else: $(cat "$LAB/events" "$LAB/said")"
	[ "$(lvs --noheadings -o lv_name mirsynctest | wc -l)" = "${2-2}" ] || fail "$(lvs mirsynctest)"
}

lab_sites
losetup -d "${DATA[a]}"
rm "$LAB/a.data"
disk=$(lab_disk a.pv 40)
modprobe dm-snapshot
lvm_here "$disk"
vgcreate -q -s 1M mirsynctest "$disk"
lvcreate -q -y -W n -L "${DATA_MIB}M" -n data mirsynctest
DATA[a]=/dev/mirsynctest/data
export MIRSYNC_CONFDIR=$LAB/conf
mkdir "$MIRSYNC_CONFDIR"
echo "data = ${DATA[a]}" >"$MIRSYNC_CONFDIR/vola.conf"

format_both
vol_create b secondary
vol_create a primary before_target 60000
wait_insync a
"$MIRSYNC" events --hook "$TOP/doc/examples/before-target-lvm" vola >"$LAB/events" 2>"$LAB/said" &
put /dev/mapper/vola 0 8192 1
vol_remove a
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 4096 1024 2
before=$(sum_of "${DATA[a]}")
vol_create a primary before_target 60000
wait_field b meeting peer-outdated

note "a failback"
"$MIRSYNC" failback volb --yes
wait_insync b
snapshot_is "$before"
[ "$(sum_of "${DATA[a]}")" != "$before" ] || fail "nothing was copied"

note "a resync"
before=$(sum_of "${DATA[a]}")
msg b disconnect
wait_field a link '!(connected)'
put /dev/mapper/volb 8192 512 3
msg b connect
wait_insync b
snapshot_is "$before"

note "no room for a snapshot"
lvcreate -q -y -W n -l 100%FREE -n other mirsynctest
now=$(sum_of "${DATA[a]}")
msg b disconnect
wait_field a link '!(connected)'
put /dev/mapper/volb 0 512 4
msg b connect
wait_field a preparing refused
grep 'exit status [1-9][0-9]*: refused' "$LAB/said"
[ "$(sum_of "${DATA[a]}")" = "$now" ] || fail "copied without a snapshot"
snapshot_is "$before" 3

note "there is room again"
lvremove -q -y mirsynctest/other
msg a go
wait_insync b
snapshot_is "$before"
cat "$LAB/said"
kill %1
wait %1 || true
lvremove -q -y mirsynctest/data-before-target
