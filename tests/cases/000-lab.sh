#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Proves the lab itself: every kernel module that the cases build on loads, both sites
# reach one another and lose one another when cut, and a dm device on a site's disk
# carries ext4 with verified data, discard included.
# module: no
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

modprobe -a dm-mod dm-bufio xxhash brd null_blk loop dm-flakey dm-delay dm-log-writes \
	veth sch_netem ext4 xfs overlay
lab_sites

site_a busybox ping -c 1 -W 5 "${ADDRESS[b]}"
cut_link
if site_a busybox ping -c 1 -W 1 "${ADDRESS[b]}"; then fail "the link is not cut"; fi
heal_link
site_b busybox ping -c 1 -W 5 "${ADDRESS[a]}"

sectors=$(blockdev --getsz "${DATA[a]}")
site_a dmsetup create lab --table "0 $sectors linear ${DATA[a]} 0"
[ -b /dev/mapper/lab ] || fail "udev made no node"
fio_write /dev/mapper/lab --io_size=2m
mkfs.ext4 -q /dev/mapper/lab
mkdir "$LAB/mnt"
mount /dev/mapper/lab "$LAB/mnt"
cp "$0" "$LAB/mnt/file"
fstrim "$LAB/mnt"
umount "$LAB/mnt"
e2fsck -fn /dev/mapper/lab
put /dev/mapper/lab 1024 64
put "${DATA[b]}" 1024 64
[ "$(sum /dev/mapper/lab 1024 64)" = "$(sum "${DATA[b]}" 1024 64)" ] || fail "put is not repeatable"
expect_fail site_a dmsetup create lab --table "0 $sectors linear ${DATA[a]} 0"
dmsetup remove --retry lab
