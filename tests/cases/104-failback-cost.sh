#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What a failback costs: of 1 GiB in segments of 64 KiB, 160 of which differ, nothing is known of
# the returning site but its table, which is intact. The source reads what differs and no more, the target
# its sample, and little more than what differs is shipped. A verify afterwards reads nothing.
# scenario: 8
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=1024
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# read_by SITE: sectors read from its data device for codes, copies and samples, in KiB
read_by()
{
	echo $((($(field "$1" gen_read) + $(field "$1" copy_read) + $(field "$1" sample_read)) / 2))
}

shipped() # both ways, in KiB
{
	echo $((($(field b tx) + $(field b rx)) / 1024))
}

lab_sites
format_both --segment-size 64K
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a 300
wait_field a valid 16384 120
vol_remove a
"$MIRSYNC" promote volb --alone
fio_run /dev/mapper/volb randwrite --bs=64k --size="${DATA_MIB}m" --io_size=10m --do_verify=0
vol_create a primary timeout 5000
wait_field b meeting peer-outdated
wait_field b valid 16384 120
source=$(read_by b) target=$(read_by a) wire=$(shipped)
"$MIRSYNC" failback volb --yes
wait_insync b
source=$(($(read_by b) - source)) target=$(($(read_by a) - target)) wire=$(($(shipped) - wire))
figure "failback of 160 segments of 64 KiB in 1 GiB: read at the source $source KiB, at the target $target KiB, shipped $wire KiB"
[ "$(field b rs_copied)" = 160 ] || fail "copied: $(field b rs_copied)"
[ "$source" -lt 11264 ] || fail "the source read too much"
[ "$target" -lt 512 ] || fail "the target read too much"
[ "$wire" -lt 11264 ] || fail "too much was shipped"

source=$(read_by b) target=$(read_by a) wire=$(shipped)
"$MIRSYNC" verify volb
source=$(($(read_by b) - source)) target=$(($(read_by a) - target)) wire=$(($(shipped) - wire))
figure "verify of the same: read $source KiB and $target KiB, shipped $wire KiB"
[ "$source $target" = "0 0" ] || fail "verify read data"
[ "$wire" -lt 100 ] || fail "verify shipped too much"
