#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A file tree on ext4 is the same at the secondary after its promotion, and fsck finds
# nothing; after the link is lost with the file system mounted, its journal replays.
# scenario: 22
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

tree_sum() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum; }

lab_sites
format_both
vol_create b secondary timeout 8000
vol_create a primary timeout 8000
wait_insync a
mkfs.ext4 -q /dev/mapper/vola
mkdir "$LAB/mnt" "$LAB/tree"
(cd /usr/share && find doc -type f -size -64k | sed -n 1,1200p | cpio -pdm --quiet "$LAB/tree")
mount -o discard /dev/mapper/vola "$LAB/mnt"
cp -r "$LAB/tree/doc" "$LAB/mnt/one"
sync -f "$LAB/mnt"
rm -r "$LAB/mnt/one"
cp -r "$LAB/tree/doc" "$LAB/mnt/two"
fstrim "$LAB/mnt"
want=$(tree_sum "$LAB/tree/doc")
umount "$LAB/mnt"
"$MIRSYNC" switchover vola
wait_insync b
e2fsck -fn /dev/mapper/volb
mount /dev/mapper/volb "$LAB/mnt"
[ "$(tree_sum "$LAB/mnt/two")" = "$want" ] || fail "the files differ at b"

# Now b is cut off with its file system at work, and a takes over.
cp -r "$LAB/tree/doc" "$LAB/mnt/three"
sync -f "$LAB/mnt"
wait_insync b
cp -r "$LAB/tree/doc" "$LAB/mnt/four" &
sleep 1
cut_link
wait
umount "$LAB/mnt"
wait_field a link connecting 30
"$MIRSYNC" promote vola
r=0
e2fsck -fp /dev/mapper/vola || r=$?
[ "$r" -le 1 ] || fail "e2fsck: $r"
e2fsck -fn /dev/mapper/vola
mount /dev/mapper/vola "$LAB/mnt"
[ "$(tree_sum "$LAB/mnt/two")" = "$want" ] || fail "the files of two differ at a"
[ "$(tree_sum "$LAB/mnt/three")" = "$want" ] || fail "the files of three differ at a"
umount "$LAB/mnt"
"$MIRSYNC" demote volb
heal_link
wait_field a meeting split-brain
"$MIRSYNC" failback vola --force --yes
wait_insync a
