#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A file tree on xfs is the same at the secondary after its promotion, and xfs_repair finds
# nothing; segments of 64 KiB.
# scenario: 22
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=320 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

tree_sum() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum; }

command -v mkfs.xfs >/dev/null || skip "no xfsprogs"
lab_sites
format_both --segment-size 64K
vol_create b secondary
vol_create a primary
wait_insync a 120
mkfs.xfs -q -K /dev/mapper/vola
mkdir "$LAB/mnt"
mount /dev/mapper/vola "$LAB/mnt"
(cd /usr/share && find doc -type f -size -64k | sed -n 1,1000p | cpio -pdm --quiet "$LAB/mnt")
dd if=/dev/urandom of="$LAB/mnt/random" bs=1M count=16 conv=fsync status=none
want=$(tree_sum "$LAB/mnt")
umount "$LAB/mnt"
wait_insync a 120
vol_remove a
"$MIRSYNC" promote volb
xfs_repair -n /dev/mapper/volb
mount /dev/mapper/volb "$LAB/mnt"
[ "$(tree_sum "$LAB/mnt")" = "$want" ] || fail "the files differ at b"
umount "$LAB/mnt"
vol_create a secondary
wait_insync b 120
