#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A volume grows while it is written to, the secondary first. What the new part of the disks
# holds is made equal, and a last segment that was a short one gets a new code. The wrong
# order, a smaller size and too little metadata are refused; each step survives removals, and
# the link is cut in between.
# scenario: 24
# timeout: 400
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 META_MIB=1 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-cli.sh"
. "$(dirname "$0")/lib-watch.sh"

MIB=1048576

# resize data|meta SITE BYTES [SEED]: its device, with the bytes of SEED on the new part.
resize()
{
	local file=$LAB/$2.$1 old
	old=$(stat -c %s "$file")
	truncate -s "$3" "$file"
	[ -z "${4-}" ] || head -c $(($3 - old)) < <(pattern "$4") |
		dd of="$file" bs=64k oflag=seek_bytes seek="$old" conv=notrunc status=none
	if [ "$1" = data ]; then losetup -c "${DATA[$2]}"; else losetup -c "${META[$2]}"; fi
}

is_large() # SITE BYTES
{
	[ "$(blockdev --getsize64 "/dev/mapper/vol$1")" = "$2" ] ||
		fail "vol$1 has $(blockdev --getsize64 "/dev/mapper/vol$1") bytes, not $2"
}

refuses() # SITE ROLE BYTES: a table of that size
{
	local table
	table=$(SECTORS=$(($3 / 512)) vol_table "$1" "$2" timeout 3000)
	expect_fail in_site "$1" dmsetup reload "vol$1" --table "$table"
}

lab_sites

note "one site alone, by more than a group of extents"
resize data a $((4096 * MIB))
resize meta a $((32 * MIB))
"$MIRSYNC" format --force "${META[a]}" "${DATA[a]}"
vol_create a primary generator_rate 1024
msg a promote alone
wait_field a claim active 30
put /dev/mapper/vola 1024 64 1
resize data a $((12288 * MIB))
gives 0 '' cli a grow vola
is_large a $((12288 * MIB))
put /dev/mapper/vola $((12000 * 1024)) 64 2
vol_remove a
"$MIRSYNC" check "${META[a]}"
vol_create a primary
msg a promote alone
wait_field a claim active 30
[ "$(sum /dev/mapper/vola $((12000 * 1024)) 64)" = "$(head -c 64k < <(pattern 2) | sha256sum | cut -d' ' -f1)" ] ||
	fail "not what was written to the new part"
[ "$(field a marked)" = 32 ] || fail "marked: $(field a marked)"
vol_remove a

small=$((16 * MIB + 2560)) large=$((48 * MIB))
resize data a 0
resize meta a $MIB
for site in a b; do
	resize data "$site" "$small"
done
format_both
vol_create b secondary timeout 3000
vol_create a primary timeout 3000
wait_insync a
fio_load_start /dev/mapper/vola

note "what is refused"
resize data b $((2048 * MIB))
gives 1 '*metadata device is too small: * bytes (*) are needed, it has *' cli b grow volb
refuses b secondary $((2048 * MIB))
[[ $REASON == *metadata* ]] || fail "too little metadata: $REASON"
resize data b "$small"
resize data a "$large" 1
resize data b "$large" 2
gives 1 '*grow the other site first' cli a grow vola
refuses a primary "$large"
[[ $REASON == *other*site* ]] || fail "the primary first: $REASON"
gives 1 '*cannot be made smaller*' cli b grow volb --size 8M
refuses b secondary $((8 * MIB))
[[ $REASON == *smaller* ]] || fail "a smaller one: $REASON"

note "the secondary, then the primary"
gives 0 '' cli b grow volb
is_large b "$large"
is_large a "$small"
wait_field a link connecting 30
vol_remove b
log_mark
vol_create b secondary timeout 3000
wait_log 'at the other: grow the smaller'
gives 0 '' cli a grow vola
gives 0 '' cli a grow vola
is_large a "$large"
wait_field a link connected 60
cut_link
wait_field a link connecting 30
put /dev/mapper/vola 30000 200 5
heal_link
fio_load_stop
vol_remove a b
vol_create b secondary timeout 3000
vol_create a primary timeout 3000
wait_insync a 120
[ "$(field a candidates)" = 0 ] || fail "candidates: $(field a candidates)"
DATA_MIB=48 fio_write /dev/mapper/vola
