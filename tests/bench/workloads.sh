# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# The workloads of the bench: fio with libaio and O_DIRECT, a fixed number of operations each, so that
# two runs do the same. Sourced by guest; the report reads what fio writes.

# Name, then fio's options. QUICK divides the amounts.
workload() # NAME
{
	local k=${QUICK:+4}
	k=$((1024 / ${k:-1}))
	case $1 in
	w4k-d1) echo "--rw=randwrite --bs=4k --iodepth=1 --io_size=$((8 * k))k" ;;
	w4k-d1-fsync) echo "--rw=randwrite --bs=4k --iodepth=1 --fsync=1 --io_size=$((4 * k))k" ;;
	w4k-d32) echo "--rw=randwrite --bs=4k --iodepth=32 --io_size=$((64 * k))k" ;;
	w4k-d32-fsync) echo "--rw=randwrite --bs=4k --iodepth=32 --fsync=32 --io_size=$((32 * k))k" ;;
	w64k-d8) echo "--rw=randwrite --bs=64k --iodepth=8 --io_size=$((128 * k))k" ;;
	w1m-d4) echo "--rw=write --bs=1m --iodepth=4 --io_size=$((256 * k))k" ;;
	r4k-d32) echo "--rw=randread --bs=4k --iodepth=32 --io_size=$((128 * k))k" ;;
	mix70-d32) echo "--rw=randrw --rwmixread=70 --bs=4k --iodepth=32 --io_size=$((64 * k))k" ;;
	esac
}

WORKLOADS=(w4k-d1 w4k-d1-fsync w4k-d32 w4k-d32-fsync w64k-d8 w1m-d4 r4k-d32 mix70-d32)
[ -z "${QUICK-}" ] || WORKLOADS=(w4k-d1 w4k-d32 w64k-d8 w1m-d4 r4k-d32)

measure() # CANDIDATE WORKLOAD
{
	settle
	# shellcheck disable=SC2046 # options
	fio --name="$2" --filename="$DEV" --ioengine=libaio --direct=1 --randseed=11 --norandommap \
		--clocksource=clock_gettime --randrepeat=1 --refill_buffers=0 --size="${DATA_MIB}m" \
		--output-format=json --output="$RESULTS/$1.$2.json" $(workload "$2")
}
