# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# The copies of the bench: a first sync; to compare two sites; what an outage costs, when what was written
# meanwhile is known; and what it takes to bring a site up to date of which nothing is known but
# that it once was in sync. Seconds of guest time, bytes on the wire, sectors read at each site. Volumes
# of COPY_MIB, of which half a GiB or half of it holds data, and in which 160 pieces of 64 KiB differ. Sourced by guest.

COPY_MIB=${COPY_MIB:-1024 4096 16384}
COPY_ROWS=copies		# the name of the file with the figures

# Sparse; the data at A alone. Below dm-linear, since disks in memory do not count what is read.
copy_disks() # MIB
{
	FILLED_MIB=$(($1 / 2 < 512 ? $1 / 2 : 512))
	modprobe brd rd_nr=4 rd_size=$(($1 << 10)) max_part=0
	fill /dev/ram0 "$FILLED_MIB"
	dmsetup create disk0 --table "0 $(sectors) linear /dev/ram0 0"
	dmsetup create disk1 --table "0 $(sectors) linear /dev/ram2 0"
	DISK=(/dev/mapper/disk0 /dev/mapper/disk1)
	PIECE_STEP=$((FILLED_MIB * 16 / 160))		# of 64 KiB
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
	settle
	w0=$(wire) a0=$(read_at 0) b0=$(read_at 1)
	begin=$(now_us)
	"$@" >/run/measured.log
	us=$(($(now_us) - begin))
	printf '{"name": "%s", "seconds": %s, "wire_bytes": %s, "sectors_read": [%s, %s]}\n' "$name" \
		"$(seconds "$us")" $(($(wire) - w0)) $(($(read_at 0) - a0)) $(($(read_at 1) - b0)) \
		>>"$RESULTS/$COPY_ROWS.jsonl"
	cp /run/measured.log "$RESULTS/$name.log"
	tail -n 1 "$RESULTS/$COPY_ROWS.jsonl"
}

# differ DEVICE: 160 pieces of 64 KiB, all over the part with data, others each time.
SEED=0
differ()
{
	SEED=$((SEED + 1))
	fio --name=differ --filename="$1" --rw="write:$(((PIECE_STEP - 1) * 64))k" --bs=64k --size="${FILLED_MIB}m" \
		--number_ios=160 --ioengine=psync --direct=1 --refill_buffers --randseed="$SEED" --output=/run/differ.fio
}

# best_of N NAME BEFORE COMMAND...: the quickest of so many, where chance has a part in how long they take: which
# of the two sites dials first is drawn, and a program that runs for the first time waits for the host.
best_of()
{
	local n=$1 name=$2 before=$3 rows=$RESULTS/$COPY_ROWS.jsonl i
	shift 3
	rm -f "$RESULTS/some.jsonl"
	for ((i = 0; i < n; i++)); do
		"$before"
		measured "$name" "$@" >/dev/null
		tail -n 1 "$rows" >>"$RESULTS/some.jsonl"
		sed -i '$d' "$rows"
	done
	sort -gk 4 "$RESULTS/some.jsonl" | head -n 1 | tee -a "$rows"
}

# As long as an extent is hot its codes are asked for; what was not written to for some seconds is cold.
all_cold() { until_true says vola 'hot=0/*' && until_true says volb 'hot=0/*'; }

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

drbd_outage()
{
	drbd_apart
	differ /dev/drbd0
}

# Its first sync writes all of the volume at B, which has no room for more than 1 GiB.
copies_drbd() # MIB
{
	drbd_begin
	if [ "$1" -le 1024 ]; then
		"$DRBD" primary 0 --force
		measured "drbd-first-sync-$1" drbd_together
	else
		dd if=/dev/ram0 of=/dev/ram2 bs=1M count="$FILLED_MIB" status=none
		drbd_in_sync
	fi
	measured "drbd-verify-$1" drbd_verify
	best_of 5 "drbd-outage-$1" drbd_outage drbd_together
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

mirsync_outage()
{
	dmsetup message vola 0 disconnect
	until_true says vola disconnected
	differ /dev/mapper/vola
}

mirsync_failback() { "$MIRSYNC" failback volb --yes && "$MIRSYNC" wait volb in-sync; }

copies_mirsync() # MIB
{
	mirsync_begin
	SEGMENT=64K
	mirsync_format
	measured "mirsync-first-sync-$1" mirsync_first
	"$MIRSYNC" wait vola codes
	"$MIRSYNC" wait volb codes
	all_cold
	best_of 3 "mirsync-verify-$1" true "$MIRSYNC" verify vola
	best_of 5 "mirsync-outage-$1" mirsync_outage mirsync_together
	dmsetup remove --retry vola
	"$MIRSYNC" promote volb --alone
	differ /dev/mapper/volb
	mirsync_create vola 0 primary
	until_true says volb meeting=peer-outdated
	all_cold
	"$MIRSYNC" status volb >/dev/null
	measured "mirsync-failback-$1" mirsync_failback
	down_mirsync
	SEGMENT=4K
}

# Each on fresh disks.
copies()
{
	local mib rival
	for mib in $COPY_MIB; do
		for rival in drbd mirsync; do
			copy_disks "$mib"
			"copies_$rival" "$mib"
			no_copy_disks
		done
	done
}
