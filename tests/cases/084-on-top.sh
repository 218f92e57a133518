#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# On top of a volume: partitions at odd sectors, as kpartx makes them, with a file system and with direct
# I/O through vectors of odd numbers of sectors at odd places of pages, under which it is not demoted; read-only
# devices, which refuse writes and change nothing at either site; a logical volume of LVM, under which it is
# not demoted either.
# scenario: 22
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

tree_sum() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum; }
disks() { sha256sum "$LAB/a.data" "$LAB/b.data"; }
scribble() { dd if=/dev/zero of="$1" bs=4k count=1 seek=100 oflag=direct conv=notrunc; }

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
sfdisk -q --no-reread --no-tell-kernel /dev/mapper/vola <<-END
	label: dos
	start=63, size=80001
	start=80065, size=50001
END
mapfile -t parts < <(sfdisk -d /dev/mapper/vola | sed -nE 's/.*start= *([0-9]+), size= *([0-9]+),.*/\1 \2/p')
[ "${parts[*]}" = "63 80001 80065 50001" ] || fail "partitions: ${parts[*]}"
for i in 0 1; do
	dmsetup create "part$i" --table "0 ${parts[i]#* } linear /dev/mapper/vola ${parts[i]% *}"
done
expect_fail "$MIRSYNC" demote vola
[[ $REASON == *"is in use by the device"* ]] || fail "$REASON"
[ "$(field a claim)" = active ] || fail "demoted"

mkfs.ext4 -q /dev/mapper/part0
mkdir "$LAB/mnt"
mount /dev/mapper/part0 "$LAB/mnt"
(cd /usr/share && find doc -type f -size -64k | sed -n 1,60p | cpio -pdm --quiet "$LAB/mnt")
want=$(tree_sum "$LAB/mnt")
umount "$LAB/mnt"
e2fsck -fn /dev/mapper/part0
python3 "$(dirname "$0")/vectors.py" /dev/mapper/part1

note "read-only"
wait_insync a
before=$(disks)
dmsetup create readonly --readonly --table "0 80001 linear /dev/mapper/part0 0"
expect_fail scribble /dev/mapper/readonly
mount -o ro /dev/mapper/readonly "$LAB/mnt"
[ "$(tree_sum "$LAB/mnt")" = "$want" ] || fail "the files differ"
expect_fail touch "$LAB/mnt/new"
umount "$LAB/mnt"
dmsetup remove --retry readonly
blockdev --setro /dev/mapper/part0 /dev/mapper/vola
expect_fail scribble /dev/mapper/part0
expect_fail scribble /dev/mapper/vola
mount -o ro /dev/mapper/part0 "$LAB/mnt"
umount "$LAB/mnt"
[ "$(disks)" = "$before" ] || fail "the disks have changed"
blockdev --setrw /dev/mapper/part0 /dev/mapper/vola

# What the other site has of it.
loop=$(losetup --find --show -r -o $((63 * 512)) --sizelimit $((80001 * 512)) "$LAB/b.data")
e2fsck -fn "$loop"
losetup -d "$loop"
scribble /dev/mapper/part0
dmsetup remove --retry part0
dmsetup remove --retry part1

note "a physical volume of LVM"
wipefs -qa /dev/mapper/vola
lvm_here /dev/mapper/vola
pvcreate -q -ff -y /dev/mapper/vola
vgcreate -q mirsynctest /dev/mapper/vola
lvcreate -q -y -W n -l 100%FREE -n data mirsynctest
expect_fail "$MIRSYNC" demote vola
[[ $REASON == *"is in use by the device"* ]] || fail "$REASON"
put /dev/mirsynctest/data 0 1024 9
vgchange -q -an mirsynctest
"$MIRSYNC" demote vola
wait_field a claim none
"$MIRSYNC" promote vola
wait_insync a
