#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Contents that differ and have the same crc32c: at B ext4's superblock with another label, which ends in its own
# checksum; below A a hole in a file, whose block of extents does, and made-up ones. A failback by codes
# finds and copies these, with what else differs, and nothing more.
# scenario: 12
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

same_crc() { "$TOP/tests/cases/same-crc.py" "$@"; }

value()
{
	python3 -c "import json, sys; print(json.load(open('$LAB/json'))['$1'])"
}

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
mkfs.ext4 -q -b 4096 -O metadata_csum -L before /dev/mapper/vola 16M
head -c 400K < <(pattern 1) >"$LAB/file"
# More extents than an inode holds.
{
	echo "write $LAB/file file"
	for ((i = 1; i < 60; i += 2)); do
		echo "punch file $i $i"
	done
} >"$LAB/script"
debugfs -w -f "$LAB/script" /dev/mapper/vola >"$LAB/debugfs" 2>&1
put /dev/mapper/vola 16384 16384 2
wait_insync a
vol_remove a

"$MIRSYNC" promote volb --alone
tune2fs -L after /dev/mapper/volb
debugfs -w -R 'punch file 71 71' "$LAB/a.data"
same_crc alter "$LAB/a.data" 4096 6000 8191
blockdev --flushbufs "${DATA[a]}"
sync
read -r differ same < <(same_crc compare "$LAB/a.data" "$LAB/b.data")
figure "$differ segments differ, $same of them with the same crc32c"
[ "$same" -ge 5 ] || fail "only $same have the same crc32c"

vol_create a primary
wait_field a meeting outdated
# Its codes are those of what was there before.
"$MIRSYNC" failback volb --regenerate --yes --json >"$LAB/json"
cat "$LAB/json"
[ "$(value copied) $(value differed) $(value equal)" = "$differ $differ $((8192 - differ))" ] ||
	fail "not what differs, which is $differ"
compare_disks
e2fsck -fn /dev/mapper/volb
