# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# The candidates of the bench, one at a time on the same backing devices: ram0 and ram2 are the data
# of the two sites, ram1 and ram3 their metadata. up_NAME brings one up and sets DEV, or
# changes the one before it of the same group, which spares a first sync; down_GROUP takes it away. Sourced by guest.

DRBD=/lib/drbd/drbdsetup-84
MIRSYNC=$TOP/build/mirsync
DEV=
DISK=(/dev/ram0 /dev/ram2)
SEGMENT=4K

# nap SECONDS: without a process. Guest time costs nothing while it is idle, but to start a program takes
# milliseconds of it; and while the guest waits for a file of the host its time runs on from timer to timer.
exec {NEVER}<> <(:)
nap() { read -rt "$1" -u "$NEVER" || true; }

until_true() # COMMAND...
{
	local i
	for ((i = 0; i < 60000; i++)); do
		! "$@" || return 0
		nap 0.01
	done
	echo "never true: $*" >&2
	return 1
}

# fill DEVICE MIB: noise, the same 16 MiB again and again, since to make it costs more than all that is done with it.
fill()
{
	local i
	[ -e /run/noise ] || head -c 16M /dev/urandom >/run/noise
	for ((i = 0; i < $2; i += 16)); do
		dd if=/run/noise of="$1" bs=1M seek="$i" oflag=direct conv=notrunc status=none
	done
}

# Whatever goes on behind what was done before has come to its end then.
settle() { nap 10; }

# at_hand PROGRAM...: they and their libraries go to the layer of memory on top of the host's files, so that
# no figure depends on who was the first to run them.
at_hand()
{
	local program path
	for program; do
		path=$(command -v "$program")
		echo "$path"
		ldd "$path" 2>/dev/null | grep -o '/[^ ]*' || true
	done | sort -u | xargs realpath /etc/ld.so.cache | sort -u | xargs touch -c
}

sectors() { blockdev --getsz /dev/ram0; }

# The guest's clock, which counts its instructions: microseconds.
now_us() { echo $((${EPOCHREALTIME/./})); }
seconds() { printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000)); } # MICROSECONDS

# What is up for those that are changed into one another, in this order.
declare -A CHAIN=([linear]=linear [drbd-C]=drbd-C [drbd-A]="drbd-C drbd-A" [drbd-alone]="drbd-C drbd-alone"
	[mirsync-sync]=mirsync-sync [mirsync-async]="mirsync-sync mirsync-async" [mirsync-alone]="mirsync-sync mirsync-alone")

# chain_up CANDIDATE: from nothing.
chain_up()
{
	local candidate
	for candidate in ${CHAIN[$1]}; do
		"up_$candidate"
	done
}

# Disks in memory of DATA_MIB; the pages that such a disk has to be given cost the first who writes there.
fresh_disks()
{
	local n
	modprobe brd rd_nr=4 rd_size=$((DATA_MIB * 1024)) max_part=0
	for n in 0 2; do
		dd if=/dev/zero of="/dev/ram$n" bs=1M count="$DATA_MIB" oflag=direct status=none
	done
}

up_linear()
{
	dmsetup create linear --table "0 $(sectors) linear /dev/ram0 0"
	DEV=/dev/mapper/linear
}

down_linear() { dmsetup remove --retry linear; }

# DRBD 8.4 as its users tune it for throughput: the largest activity log, large buffers, no limits of the
# resync rate, crc32c for its checksums.
drbd_site() # NUMBER
{
	drbdmeta --force "$1" v08 "/dev/ram$((2 * $1 + 1))" flex-external create-md >/dev/null
	"$DRBD" new-resource "r$1"
	"$DRBD" new-minor "r$1" "$1" 0
	"$DRBD" attach "$1" "${DISK[$1]}" "/dev/ram$((2 * $1 + 1))" flexible --al-extents=1237 \
		--c-plan-ahead=0 --resync-rate=4194304 --c-max-rate=4194304 --c-min-rate=0
}

drbd_connect() # NUMBER PROTOCOL
{
	"$DRBD" connect "r$1" "ipv4:127.0.0.1:700$1" "ipv4:127.0.0.1:700$((1 - $1))" --protocol="$2" \
		--max-buffers=8000 --sndbuf-size=10485760 --csums-alg=crc32c --verify-alg=crc32c
}

drbd_disconnect() # NUMBER
{
	"$DRBD" disconnect "ipv4:127.0.0.1:700$1" "ipv4:127.0.0.1:700$((1 - $1))"
}

# Without a program: a verify that was looked at by drbdsetup took longer for that.
drbd_is() # cs|ds WORD
{
	local line
	while read -r line; do
		[[ $line != 0:* ]] || break
	done </proc/drbd
	[[ " $line " == *" $1:$2 "* ]]
}

drbd_pair() # PROTOCOL
{
	drbd_connect 0 "$1"
	drbd_connect 1 "$1"
	until_true drbd_is cs Connected
}

drbd_begin()
{
	modprobe drbd usermode_helper=disabled minor_count=2
	drbd_site 0
	drbd_site 1
}

# Both hold the same, which they are told.
drbd_in_sync()
{
	drbd_pair C
	"$DRBD" new-current-uuid 0 --clear-bitmap
	until_true drbd_is ds UpToDate/UpToDate
	"$DRBD" primary 0
}

up_drbd-C()
{
	drbd_begin
	drbd_in_sync
	DEV=/dev/drbd0
}

up_drbd-A()
{
	drbd_disconnect 0 || true
	drbd_disconnect 1 || true
	drbd_pair A
	until_true drbd_is ds UpToDate/UpToDate
}

up_drbd-alone()
{
	drbd_disconnect 0
	until_true drbd_is cs StandAlone
}

down_drbd()
{
	"$DRBD" down r0
	"$DRBD" down r1
	rmmod drbd
}

# As its users have it: with a key, codes for every segment, private copies of what is written.
mirsync_format()
{
	local n
	for n in 0 1; do
		"$MIRSYNC" format --force --segment-size "$SEGMENT" ${MAX_HOT:+--max-hot "$MAX_HOT"} \
			"/dev/ram$((2 * n + 1))" "${DISK[n]}" >/dev/null
	done
}

mirsync_create() # NAME NUMBER ROLE
{
	local peer=$((1 - $2))
	dmsetup create "$1" --table "0 $(sectors) mirsync $3 ${DISK[$2]} /dev/ram$((2 * $2 + 1)) \
127.0.0.1:710$2 127.0.0.1:710$peer 2 key :32:logon:mirsync:bench"
}

says() # VOLUME PATTERN: a word of its status
{
	local pattern="* $2 *"
	# shellcheck disable=SC2053 # a pattern
	[[ " $(dmsetup status --noflush "$1") " == $pattern ]]
}

mirsync_begin()
{
	head -c 32 /dev/urandom | keyctl padd logon mirsync:bench @u >/dev/null
	insmod "$MODULE"
}

mirsync_first()
{
	mirsync_create vola 0 primary
	mirsync_create volb 1 secondary
	"$MIRSYNC" wait vola in-sync
}

up_mirsync-sync()
{
	mirsync_begin
	mirsync_format
	mirsync_first
	"$MIRSYNC" wait vola codes
	"$MIRSYNC" wait volb codes
	DEV=/dev/mapper/vola
}

up_mirsync-async() { dmsetup message vola 0 set mode async; }

up_mirsync-alone()
{
	until_true says vola queued_bytes=0
	dmsetup message vola 0 disconnect
	until_true says vola disconnected
}

down_mirsync()
{
	dmsetup remove --retry vola
	dmsetup remove --retry volb
	rmmod dm_mirsync
}
