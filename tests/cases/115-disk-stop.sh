#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# With disk_error stop a primary whose disk fails a write or a flush, while the peer has
# everything, serves nothing more: it is a secondary and inconsistent, also after it was made
# anew, the peer is promoted without force, and what is copied goes to the failed disk. While
# the peer lacks writes it goes on.
# scenario: 18
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
declare -A good=() bad=() below=()
for site in a b; do
	below["$site"]=${DATA[$site]}
	good["$site"]="0 65536 linear ${DATA[$site]} 0"
	dmsetup create "disk$site" --table "${good[$site]}"
	DATA["$site"]="/dev/mapper/disk$site"
done
# no write to sectors 8192 to 16383; no flush at all
write="0 8192 linear ${below[a]} 0
8192 8192 flakey ${below[a]} 8192 0 3600 1 error_writes
16384 49152 linear ${below[a]} 16384"
flush="0 65536 flakey ${below[b]} 0 0 3600 1 error_writes"
format_both
vol_create b secondary disk_error stop
vol_create a primary disk_error stop
wait_insync a
put /dev/mapper/vola 0 16384 1

note "a fails a write"
fio_load_start /dev/mapper/vola --size=4m
change_table diska "$write"
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k seek=1100 count=1 oflag=direct
wait_field a claim none
kill "$FIO_LOAD" 2>/dev/null || true
wait "$FIO_LOAD" || true
[ "$(field a role) $(field a disk)" = "secondary inconsistent" ] || fail "a is $(field a role) $(field a disk)"
expect_fail dd if=/dev/mapper/vola of=/dev/null bs=4k count=1 iflag=direct
wait_field b meeting no-primary
[ "$(field b disk)" = consistent ] || fail "b is $(field b disk)"
vol_remove a
vol_create a primary disk_error stop
wait_field b meeting no-source
[ "$(field a role)" = secondary ] || fail "a serves again"
before=$(sum "${DATA[b]}" 0 32768)
msg b promote
wait_field b role primary
[ "$(sum /dev/mapper/volb 0 32768)" = "$before" ] || fail "b's data has changed"
put /dev/mapper/volb 1024 64 2
change_table diska "${good[a]}"
wait_insync b
[ "$(sum /dev/mapper/volb 1088 31680)" = "$(sum "${DATA[a]}" 1088 31680)" ] || fail "not b's data at a"

note "b, the primary now, fails a flush"
put /dev/mapper/volb 20480 1024 3
change_table diskb "$flush"
expect_fail dd if=/dev/zero of=/dev/mapper/volb bs=4k count=1 conv=fsync
wait_field b disk inconsistent
change_table diskb "${good[b]}"
wait_field a meeting no-primary
msg a promote
wait_insync a

note "a fails a write while it is alone"
msg a disconnect
put /dev/mapper/vola 0 64 4
change_table diska "$write"
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k seek=1100 count=1 oflag=direct
put /dev/mapper/vola 64 64 5
[ "$(field a role) $(field a disk)" = "primary consistent" ] || fail "a is $(field a role) $(field a disk)"
change_table diska "${good[a]}"
msg a connect
wait_insync a
