#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A write error at the secondary costs the application nothing: the primary goes on, keeps
# marks, and a resync ends when the disk is healed. A write error at the primary is told
# to the application, the disk below is marked, and the sites are equal after a resync.
# scenario: 18
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
declare -A good=() bad=()
for site in a b; do
	good["$site"]="0 65536 linear ${DATA[$site]} 0"
	# Sectors 8192 to 16383 cannot be read or written. The error target gets no flush.
	bad["$site"]="0 8192 linear ${DATA[$site]} 0
8192 8192 error
16384 49152 linear ${DATA[$site]} 16384"
	dmsetup create "disk$site" --table "${good[$site]}"
	DATA["$site"]="/dev/mapper/disk$site"
done
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 16384 1

note "write errors at b"
change_table diskb "${bad[b]}"
put /dev/mapper/vola 0 16384 2
wait_field b disk inconsistent 30
[ "$(field a marked)" -gt 0 ] || fail "no marks at a"
[ "$(field a role)" = primary ] || fail "a is not primary"
put /dev/mapper/vola 4096 1024 3
sleep 3
[ "$(field a sync)" != in-sync ] || fail "in sync with a disk that fails"
expect_fail "$MIRSYNC" switchover vola
change_table diskb "${good[b]}"
wait_insync a 60
[ "$(field b disk)" = consistent ] || fail "b is $(field b disk)"
compare_disks

note "write errors at a"
change_table diska "${bad[a]}"
if put /dev/mapper/vola 5120 1024 4 2>/dev/null; then fail "a write error was hidden"; fi
put /dev/mapper/vola 0 1024 5
[ "$(field a marked)" -gt 0 ] || fail "no marks at a"
change_table diska "${good[a]}"
msg a disconnect
wait_field a link disconnected
msg a connect
wait_insync a 60
