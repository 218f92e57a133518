#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Writes of any shape - 512 bytes, odd sectors, megabytes, overlapping ones in flight
# together, with flushes between - leave equal disks and true codes at both sites, with
# segments of 4 KiB, 64 KiB and 1 MiB.
# processors: 2
# scenario: 22
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# As fio_run, for jobs whose writes overlap, so that none can be verified by itself.
jobs_write() # OPTION...
{
	fio --name=shapes --filename=/dev/mapper/vola --ioengine=libaio --direct=1 --rw=randwrite \
		--iodepth=8 --randseed=3 --blockalign=512 --output-format=terse "$@" >/dev/null
}

lab_sites
for size in 4K 64K 1M; do
	note "segments of $size"
	format_both --segment-size "$size" >/dev/null
	vol_create b secondary
	vol_create a primary
	wait_insync a
	jobs_write --bs=512 --size=16m --io_size=128k
	jobs_write --bsrange=512-64k --offset=5632 --size=1m --io_size=1m --numjobs=4 --fsync=16
	jobs_write --bs=1m --size=16m --io_size=8m
	jobs_write --bs=4m --size=16m --io_size=12m --iodepth=2 --numjobs=2
	jobs_write --bsrange=512-1536k --size=16m --io_size=12m --numjobs=3 --fdatasync=8
	# Through the page cache, and the very end of the device.
	dd if=/dev/urandom of=/dev/mapper/vola bs=1000 seek=3 count=2001 conv=notrunc,fsync status=none
	head -c 1536 /dev/urandom | dd of=/dev/mapper/vola bs=512 seek=$((32768 - 3)) oflag=direct conv=notrunc status=none
	cmp <(dd if=/dev/mapper/vola bs=1M iflag=direct status=none) "$LAB/a.data" || fail "what is read is not what is on the disk"
	wait_insync a
	vol_remove a b
	check_meta
	compare_disks
done
