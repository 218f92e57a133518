#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A discard of a range reads back as zeroes at both sites, whatever its ends, the whole
# device included; so does blkdiscard -z; the codes are those of zeroes. What lies beside
# the range stays, and writes go on meanwhile.
# scenario: 22
# timeout: 500
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=8 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# What has to be at both sites is in the file "model".
fill() # SEED
{
	head -c $((DATA_MIB << 20)) < <(pattern "$1") >"$LAB/model"
	dd if="$LAB/model" of=/dev/mapper/vola bs=1M oflag=direct conv=notrunc,fsync status=none
}

as_model() # WHEN
{
	cmp "$LAB/model" "$LAB/b.data" || fail "b after $1"
	cmp "$LAB/model" <(dd if=/dev/mapper/vola iflag=direct bs=1M status=none) || fail "a after $1"
}

discard() # OPTION OFFSET LENGTH: in bytes
{
	# shellcheck disable=SC2086 # an option or none
	blkdiscard -f $1 -o "$2" -l "$3" /dev/mapper/vola
	fallocate --punch-hole -o "$2" -l "$3" "$LAB/model"
	as_model "blkdiscard $*"
}

lab_sites
for size in 4K 64K 1M; do
	note "segments of $size"
	format_both --segment-size "$size" >/dev/null
	vol_create b secondary
	vol_create a primary
	wait_insync a
	for option in '' -z; do
		fill "$size$option"
		discard "$option" 4096 4096
		discard "$option" 524288 65536
		discard "$option" 1048576 2097152
		discard "$option" 4195840 1537024
	done
	fio_load_start /dev/mapper/vola
	blkdiscard -f /dev/mapper/vola
	blkdiscard -f -z /dev/mapper/vola
	fio_load_stop
	blkdiscard -f /dev/mapper/vola
	fallocate --punch-hole -o 0 -l $((DATA_MIB << 20)) "$LAB/model"
	as_model "a discard of everything"
	[ "$(field a valid)" = "$(field a segments)" ] || fail "codes not valid after a discard of everything"
	vol_remove a b
	check_meta
	compare_disks
	# One that has refused to write zeroes once need not offer it again: new ones.
	for site in a b; do
		losetup -d "${DATA[$site]}"
		DATA["$site"]=$(lab_disk "$site.data" "$DATA_MIB")
	done
done
