#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A discard of a range reads back as zeroes at both sites, whatever its ends, the whole
# device included; so does blkdiscard -z; the codes are those of zeroes. What lies beside
# the range stays, and writes go on meanwhile.
# scenario: 22
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

zeroes() # OFFSET LENGTH: in bytes
{
	cmp -n "$2" -i "$1:0" "$LAB/b.data" /dev/zero || fail "no zeroes at $1 + $2 of b"
	cmp <(dd if=/dev/mapper/vola iflag=direct,skip_bytes,count_bytes skip="$1" count="$2" bs=64K status=none) \
		<(head -c "$2" /dev/zero) || fail "no zeroes at $1 + $2 of a"
}

fill() # SEED
{
	head -c $((DATA_MIB << 20)) < <(pattern "$1") |
		dd of=/dev/mapper/vola bs=1M iflag=fullblock oflag=direct conv=notrunc,fsync status=none
}

lab_sites
for size in 4K 64K 1M; do
	note "segments of $size"
	format_both --segment-size "$size" >/dev/null
	vol_create b secondary
	vol_create a primary
	wait_insync a
	fill 1
	for option in '' -z; do
		for range in '4096 4096' '1048576 4194304' '8388608 65536' '10486272 1537024'; do
			read -r offset length <<<"$range"
			beside=$(sum "${DATA[a]}" $(((offset + length) / 1024 / 4 * 4 + 4)) 1024)
			# shellcheck disable=SC2086 # an option or none
			blkdiscard -f $option -o "$offset" -l "$length" /dev/mapper/vola 2>"$LAB/error" ||
				{ cat "$LAB/error"; fail "blkdiscard $option of $range"; }
			zeroes "$offset" "$length"
			[ "$beside" = "$(sum "${DATA[a]}" $(((offset + length) / 1024 / 4 * 4 + 4)) 1024)" ] || fail "beside $range"
		done
		fill 2
	done
	fio_load_start /dev/mapper/vola
	blkdiscard -f /dev/mapper/vola
	blkdiscard -f -z /dev/mapper/vola
	fio_load_stop
	wait_insync a
	blkdiscard -f /dev/mapper/vola
	zeroes 0 $((DATA_MIB << 20))
	[ "$(field a valid)" = "$(field a segments)" ] || fail "codes not valid after a discard of everything"
	vol_remove a b
	check_meta
	compare_disks
done
