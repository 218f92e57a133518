# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# The copies of the bench: what it takes to bring a site up to date of which nothing is known but that
# it once was in sync, and to compare two sites; seconds of guest time, bytes on the wire, sectors read
# at each site. A volume of COPY_MIB, half full, in which 160 pieces of 64 KiB differ. Sourced by guest.

COPY_MIB=${COPY_MIB:-1024}

# Of the data disks, which are dm-linear here, since ram disks do not count.
copy_disks()
{
	local n
	modprobe brd rd_nr=4 rd_size=$((COPY_MIB * 1024)) max_part=0
	for n in 0 2; do
		head -c "$((COPY_MIB / 2))M" /dev/urandom >/run/half
		dd if=/run/half of="/dev/ram$n" bs=1M status=none
	done
	rm /run/half
	dmsetup create disk0 --table "0 $(sectors) linear /dev/ram0 0"
	dmsetup create disk1 --table "0 $(sectors) linear /dev/ram2 0"
	DISK=(/dev/mapper/disk0 /dev/mapper/disk1)
}

read_at() # SITE: sectors
{
	awk '{ print $3 }' "/sys/dev/block/$((0x$(stat -L -c %t "${DISK[$1]}"))):$((0x$(stat -L -c %T "${DISK[$1]}")))/stat"
}

wire() { cat /sys/class/net/lo/statistics/tx_bytes; }

now() { cut -d' ' -f1 /proc/uptime; }

# measured NAME COMMAND...: how long it takes, and what it costs.
measured()
{
	local name=$1 t0 w0 a0 b0
	shift
	t0=$(now) w0=$(wire) a0=$(read_at 0) b0=$(read_at 1)
	"$@" >"$RESULTS/$name.log"
	printf '{"name": "%s", "seconds": %s, "wire_bytes": %s, "sectors_read": [%s, %s]}\n' "$name" \
		"$(awk "BEGIN { print $(now) - $t0 }")" $(($(wire) - w0)) $(($(read_at 0) - a0)) $(($(read_at 1) - b0)) \
		>>"$RESULTS/copies.jsonl"
	tail -n 1 "$RESULTS/copies.jsonl"
}

# differ DEVICE: 160 pieces of 64 KiB, all over its first half.
differ()
{
	local i
	for ((i = 0; i < 160; i++)); do
		dd if=/dev/urandom of="$1" bs=64k count=1 seek=$((i * COPY_MIB * 8 / 160)) oflag=direct status=none
	done
}

drbd_synced() { drbd_is cstate Connected && drbd_is dstate UpToDate/UpToDate; }

drbd_verify()
{
	"$DRBD" verify 0
	until_true drbd_is cstate Connected
}

copies_drbd()
{
	up_drbd-C
	measured drbd-verify drbd_verify
	drbd_disconnect 1
	drbd_disconnect 0
	differ /dev/drbd0
	drbd_connect 0 C
	drbd_connect 1 C
	# By its bitmap; then once more as if that could not be trusted.
	until_true drbd_synced
	drbd_disconnect 1
	drbd_disconnect 0
	differ /dev/drbd0
	"$DRBD" secondary 0
	"$DRBD" invalidate 1
	drbd_connect 0 C
	drbd_connect 1 C
	measured drbd-checksum-resync until_true drbd_synced
	"$DRBD" down r0
	"$DRBD" down r1
	rmmod drbd
}

mirsync_failback() { "$MIRSYNC" failback volb --yes && "$MIRSYNC" wait volb in-sync; }

copies_mirsync()
{
	SEGMENT=64K
	up_mirsync-sync
	measured mirsync-verify "$MIRSYNC" verify vola
	dmsetup remove --retry vola
	"$MIRSYNC" promote volb --alone
	differ /dev/mapper/volb
	sleep 30	# all is cold
	mirsync_create vola 0 primary
	until_true says volb meeting=peer-outdated
	measured mirsync-failback mirsync_failback
	down_mirsync
}

copies()
{
	rmmod brd
	copy_disks
	copies_drbd
	copies_mirsync
}
