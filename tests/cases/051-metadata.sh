#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A metadata device that is not that of this volume, or in no good state, is refused with
# one line that says what is wrong, and stays as it is; so is a device that another volume
# uses. One damaged superblock of the two does no harm.
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16
. "$(dirname "$0")/lib.sh"

refused() # PATTERN DATA META [ADDRESS]
{
	local table before
	table="0 $(blockdev --getsz "$2") mirsync secondary $2 $3 ${4:-10.77.0.1:7799} 10.77.0.2:7799 1 noauth"
	before=$(sha256sum <"$3")
	expect_fail in_site a dmsetup create bad --table "$table"
	# shellcheck disable=SC2053 # a pattern
	[[ $REASON == mirsync:\ *$1* ]] || fail "'$REASON' of: $table"
	if dmsetup info bad >/dev/null 2>&1; then fail "a device is left"; fi
	blockdev --flushbufs "$3"
	[ "$(sha256sum <"$3")" = "$before" ] || fail "metadata was changed by: $table"
}

damage() # FILE BLOCK
{
	dd if=/dev/urandom of="$LAB/$1" bs=512 seek=$(($2 * 8 + 1)) count=1 conv=notrunc status=none
}

lab_sites
format_both
free_data=$(lab_disk free.data 16) free_meta=$(lab_disk free.meta 4)
large=$(lab_disk large.data 32)
refused 'no dm-mirsync superblock' "$free_data" "$free_meta"
refused 'another size' "$large" "${META[a]}"
"$MIRSYNC" format --force "$free_meta" "$free_data" >/dev/null
head -c 64K "$LAB/free.meta" >"$LAB/short.meta"
refused 'smaller than its metadata area' "$free_data" "$(losetup --find --show "$LAB/short.meta")"
cp "$LAB/free.meta" "$LAB/bad.meta"
damage bad.meta 0
damage bad.meta 8
refused 'damaged' "$free_data" "$(losetup --find --show "$LAB/bad.meta")"

vol_create b secondary
vol_create a primary
wait_insync a
# What was hot cools, which writes to the metadata: not while it is compared.
wait_field b hot '0/*'
refused 'data device is in use' "${DATA[a]}" "$free_meta"
refused 'in use' "$free_data" "${META[b]}"
refused 'data device is in use' "${DATA[b]}" "$free_meta"
refused 'in use' "${META[b]}" "$free_meta"
refused 'address is in use' "$free_data" "$free_meta" 10.77.0.1:7788
vol_remove a b

# One good superblock is enough, and the other one is made good again.
damage a.meta 0
damage b.meta 8
vol_create b secondary
vol_create a primary
wait_insync a
