# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# The copies of the bench: a first sync; to compare two sites; what an outage costs, when what was written
# meanwhile is known; and what it takes to bring a site up to date of which nothing is known but
# that it once was in sync. Seconds of guest time, bytes on the wire, sectors read at each site. Volumes
# of COPY_GIB, of which FILLED_MIB hold data, and in which 160 pieces of 64 KiB differ. Sourced by guest.

COPY_GIB=${COPY_GIB:-1 4 16}
FILLED_MIB=512

# Sparse; the data at A alone. Below dm-linear, since disks in memory do not count what is read.
copy_disks() # GIB
{
	modprobe brd rd_nr=4 rd_size=$(($1 << 20)) max_part=0
	head -c "${FILLED_MIB}M" /dev/urandom | dd of=/dev/ram0 bs=1M iflag=fullblock status=none
	dmsetup create disk0 --table "0 $(sectors) linear /dev/ram0 0"
	dmsetup create disk1 --table "0 $(sectors) linear /dev/ram2 0"
	DISK=(/dev/mapper/disk0 /dev/mapper/disk1)
	PIECE_STEP=$((FILLED_MIB * 16 / 160))
}

no_copy_disks()
{
	dmsetup remove --retry disk0
	dmsetup remove --retry disk1
	rmmod brd
	DISK=(/dev/ram0 /dev/ram2)
}

read_at() # SITE: sectors
{
	awk '{ print $3 }' "/sys/block/$(dmsetup info -c --noheadings -o blkdevname "disk$1")/stat"
}

wire() { cat /sys/class/net/lo/statistics/tx_bytes; }

# measured NAME COMMAND...: how long it takes, and what it costs.
measured()
{
	local name=$1 begin us w0 a0 b0
	shift
	w0=$(wire) a0=$(read_at 0) b0=$(read_at 1)
	begin=$(now_us)
	"$@" >/run/measured.log
	us=$(($(now_us) - begin))
	printf '{"name": "%s", "seconds": %s, "wire_bytes": %s, "sectors_read": [%s, %s]}\n' "$name" \
		"$(seconds "$us")" $(($(wire) - w0)) $(($(read_at 0) - a0)) $(($(read_at 1) - b0)) \
		>>"$RESULTS/copies.jsonl"
	cp /run/measured.log "$RESULTS/$name.log"
	tail -n 1 "$RESULTS/copies.jsonl"
}

# differ DEVICE: 160 pieces of 64 KiB, all over the part with data.
differ()
{
	local i
	for ((i = 0; i < 160; i++)); do
		dd if=/dev/urandom of="$1" bs=64k count=1 seek=$((i * PIECE_STEP)) oflag=direct status=none
	done
}

drbd_synced() { drbd_is cs Connected && drbd_is ds UpToDate/UpToDate; }

drbd_together()
{
	drbd_connect 0 C
	drbd_connect 1 C
	until_true drbd_synced
}

drbd_apart()
{
	drbd_disconnect 1
	drbd_disconnect 0
}

drbd_verify()
{
	"$DRBD" verify 0
	until_true drbd_is cs Connected
}

# Its first sync writes all of the volume at B, which has no room for more than 1 GiB.
copies_drbd() # GIB
{
	drbd_begin
	if [ "$1" = 1 ]; then
		"$DRBD" primary 0 --force
		measured "drbd-first-sync-$1" drbd_together
	else
		dd if=/dev/ram0 of=/dev/ram2 bs=1M count="$FILLED_MIB" status=none
		drbd_in_sync
	fi
	measured "drbd-verify-$1" drbd_verify
	drbd_apart
	differ /dev/drbd0
	measured "drbd-outage-$1" drbd_together
	drbd_apart
	differ /dev/drbd0
	"$DRBD" secondary 0
	"$DRBD" invalidate 1
	measured "drbd-checksum-resync-$1" drbd_together
	"$DRBD" down r0
	"$DRBD" down r1
	rmmod drbd
}

mirsync_together()
{
	dmsetup message vola 0 connect
	"$MIRSYNC" wait vola in-sync
}

mirsync_failback() { "$MIRSYNC" failback volb --yes && "$MIRSYNC" wait volb in-sync; }

copies_mirsync() # GIB
{
	mirsync_begin
	SEGMENT=64K
	mirsync_format
	measured "mirsync-first-sync-$1" mirsync_first
	"$MIRSYNC" wait vola codes
	"$MIRSYNC" wait volb codes
	measured "mirsync-verify-$1" "$MIRSYNC" verify vola
	dmsetup message vola 0 disconnect
	until_true says vola disconnected
	differ /dev/mapper/vola
	measured "mirsync-outage-$1" mirsync_together
	dmsetup remove --retry vola
	"$MIRSYNC" promote volb --alone
	differ /dev/mapper/volb
	sleep 30	# all is cold
	mirsync_create vola 0 primary
	until_true says volb meeting=peer-outdated
	measured "mirsync-failback-$1" mirsync_failback
	down_mirsync
	SEGMENT=4K
}

# Each on fresh disks.
copies()
{
	local gib rival
	for gib in $COPY_GIB; do
		for rival in drbd mirsync; do
			copy_disks "$gib"
			"copies_$rival" "$gib"
			no_copy_disks
		done
	done
}
