# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# What the others do not show: a link of 50 ms and 1 Gbit/s, and writes whose working set no
# activity record holds. Sourced by guest.

WAN_RATE=1gbit
WAN_DELAY=25ms		# one way
WAN_MIB=${WAN_MIB:-2048}	# 17 s, of which TCP takes the first to find out how fast it may be
COLD_GIB=${COLD_GIB:-64}
# As many bytes may be hot at DRBD, with 1237 extents of 4 MiB, as here with so many of 480 segments of 4 KiB.
COLD_HOT=2638

drbd-A_empty()
{
	local line
	while read -r line; do
		[[ " $line" != *" "[pa][pe]:[1-9]* ]] || return 1
	done </proc/drbd
}
mirsync-async_empty() { says vola queued_bytes=0; }

# The loopback device carries both directions: each has its rate and its delay, by who called whom.
far_link()
{
	local port direction
	sysctl -qw net.ipv4.tcp_wmem="4096 65536 33554432" net.ipv4.tcp_rmem="4096 131072 33554432"
	ip tcp_metrics flush	# what connections on the spot have found out
	tc qdisc add dev lo root handle 1: prio bands 2 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
	for direction in 1 2; do
		tc qdisc add dev lo parent 1:$direction netem delay "$WAN_DELAY" rate "$WAN_RATE" limit 100000
	done
	for port in 7000 7100; do # and the one after each
		tc filter add dev lo parent 1: protocol ip u32 match ip sport $port 0xfffe flowid 1:2
	done
}

no_far_link()
{
	tc qdisc del dev lo root
	ip tcp_metrics flush
}

# When the load began, by fio's own clock: its preparations move no data.
fio_began() # FILE
{
	awk -F '[:,]' '/"timestamp_ms"/ { end = $2 } /"runtime"/ && $2 > most { most = $2 }
		END { printf "%.0f\n", (end - most) * 1000 }' "$1"
}

# Until the peer has all of it.
wan_measure() # CANDIDATE
{
	local us result=$RESULTS/$1.wan64k-d32.fio
	fio --name=wan --filename="$DEV" --rw=randwrite --bs=64k --iodepth=32 --ioengine=libaio --direct=1 \
		--randseed=11 --norandommap --size="${DATA_MIB}m" --io_size="${WAN_MIB}m" \
		--output-format=json --output="$result"
	until_true "$1_empty"
	us=$(($(now_us) - $(fio_began "$result")))
	printf '{"name": "%s", "mib": %s, "seconds": %s}\n' "$1" "$WAN_MIB" "$(seconds "$us")" >>"$RESULTS/wan.jsonl"
	tail -n 1 "$RESULTS/wan.jsonl"
}

wan()
{
	local candidate
	fresh_disks
	for candidate in drbd-A mirsync-async; do
		# First the link: what TCP learns of it, and when it ends its slow start, it learns from its first round trips.
		far_link
		chain_up "$candidate"
		wan_measure "$candidate"
		"down_${candidate%%-*}"
		no_far_link
	done
	rmmod brd
}

# The same copies as on the spot, of the smallest volume.
far_copies()
{
	local COPY_MIB=${COPY_MIB%% *} COPY_ROWS=far_copies
	far_link
	copies
	no_far_link
}

# Over a sparse device; each write to another extent, as a rule.
cold_measure() # CANDIDATE
{
	fio --name=cold --filename="$DEV" --rw=randwrite --bs=4k --iodepth=32 --ioengine=libaio --direct=1 \
		--randseed=11 --norandommap --size="${COLD_GIB}g" --io_size=64m \
		--output-format=json --output="$RESULTS/$1.cold4k-d32.json"
}

cold()
{
	local candidate
	modprobe brd rd_nr=4 rd_size=$((COLD_GIB << 20)) max_part=0
	for candidate in drbd-C mirsync-sync; do
		MAX_HOT=$COLD_HOT chain_up "$candidate"
		cold_measure "$candidate"
		"down_${candidate%%-*}"
	done
	rmmod brd
}
