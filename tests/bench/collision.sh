# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# What comes of contents that differ and have the same crc32c, such as ext4's blocks of extents, which end
# in their own checksum: DRBD's checksum resync and a failback by codes, over the same changes. Prints what
# is seen, whatever it is: how many blocks differ, how many of them with the same crc32c, and how
# many differ still when both sites are said to be equal. Sourced by guest.

same_crc() { "$TOP/tests/cases/same-crc.py" "$@"; }

compare_disks()
{
	sync
	blockdev --flushbufs /dev/ram0 /dev/ram2
	same_crc compare /dev/ram0 /dev/ram2
}

# At both sites: a file of more extents than its inode holds.
one_filesystem()
{
	local i
	modprobe brd rd_nr=4 rd_size=32768 max_part=0
	mkfs.ext4 -q -b 4096 -O metadata_csum -L before /dev/ram0 16M
	head -c 400K /dev/urandom >/run/file
	{
		echo "write /run/file file"
		for ((i = 1; i < 60; i += 2)); do
			echo "punch file $i $i"
		done
	} >/run/script
	debugfs -w -f /run/script /dev/ram0 >/run/debugfs.log 2>&1
	dd if=/dev/ram0 of=/dev/ram2 bs=1M status=none conv=fsync
}

# change DEVICE: a hole in the file, another label, blocks made up for it, and one that any checksum tells.
change()
{
	debugfs -w -R 'punch file 71 71' "$1" >>/run/debugfs.log 2>&1
	tune2fs -L after "$1" >>/run/debugfs.log 2>&1
	same_crc alter "$1" 5000 6000 7000
	dd if=/dev/urandom of="$1" bs=4k seek=8000 count=1 conv=notrunc,fsync status=none
}

# collided NAME COPY...: what that leaves
collided()
{
	local name=$1 differ same left
	shift
	read -r differ same < <(compare_disks)
	"$@" >/dev/null
	read -r left _ < <(compare_disks)
	printf '{"name": "%s", "differ": %s, "same_crc": %s, "left": %s}\n' "$name" "$differ" "$same" "$left" \
		>>"$RESULTS/collision.jsonl"
	tail -n 1 "$RESULTS/collision.jsonl"
}

collision_drbd()
{
	drbd_begin
	drbd_in_sync
	drbd_apart
	change /dev/drbd0
	"$DRBD" secondary 0
	"$DRBD" invalidate 1
	collided drbd-checksum-resync drbd_together
	"$DRBD" down r0
	"$DRBD" down r1
	rmmod drbd
}

collision_mirsync()
{
	mirsync_begin
	mirsync_format
	mirsync_first
	"$MIRSYNC" wait vola codes
	"$MIRSYNC" wait volb codes
	dmsetup remove --retry vola
	"$MIRSYNC" promote volb --alone
	change /dev/mapper/volb
	mirsync_create vola 0 primary
	until_true says volb meeting=peer-outdated
	collided mirsync-failback mirsync_failback
	down_mirsync
}

collision()
{
	local rival
	for rival in drbd mirsync; do
		one_filesystem
		"collision_$rival"
		rmmod brd
	done
}
