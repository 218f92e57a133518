#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Volumes that do not fit in memory, on sparse files: 16 TiB with segments of 4 KiB and 64 TiB
# with segments of 64 KiB are formatted, activated after a clean stop and after a crash in
# seconds (10 is the aim, 90 what a busy emulator may take), and use under 64 MiB of kernel
# memory beyond the cache of dm-bufio.
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
CHECK=no COMPARE=no
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

disk() # FILE SIZE
{
	truncate -s "$2" "$LAB/$1"
	losetup --find --show "$LAB/$1"
}

# Memory in use that is not the page cache, in KiB; the kernel's small caches, that count, are
# emptied. Not the page cache: all programs would have to be read from the host again.
memory()
{
	sync
	echo 2 >/proc/sys/vm/drop_caches
	awk '/^(MemTotal|MemFree|Buffers|Cached):/ { m[$1] = $2 }
		END { print m["MemTotal:"] - m["MemFree:"] - m["Buffers:"] - m["Cached:"] }' /proc/meminfo
}

bufio() # KiB in dm-bufio's caches
{
	echo $(($(cat /sys/module/dm_bufio/parameters/current_allocated_bytes) / 1024))
}

activate() # WHAT
{
	local begin end used cached
	used=$(memory)
	cached=$(bufio)
	begin=$(date +%s%N)
	vol_create a primary
	end=$(date +%s%N)
	cached=$(($(bufio) - cached))
	used=$(($(memory) - used - cached))
	note "$1: activated in $(((end - begin) / 1000000)) ms, $((used / 1024)) MiB of memory beside $((cached / 1024)) MiB of cache"
	[ $((end - begin)) -lt 90000000000 ] || fail "activation took $(((end - begin) / 1000000)) ms"
	[ "$used" -lt 65536 ] || fail "$used KiB of memory"
}

lab_sites
for volume in '16T 4K 40G' '64T 64K 12G'; do
	read -r size segment meta <<<"$volume"
	DATA[a]=$(disk big.data "$size") META[a]=$(disk big.meta "$meta")
	"$MIRSYNC" format --segment-size "$segment" "${META[a]}" "${DATA[a]}"
	activate "$size, segments of $segment, fresh"
	"$MIRSYNC" promote vola
	wait_field a role primary
	# Here and there, so that there is something to find.
	for i in 1 3 7 11 13; do
		dd if=/dev/urandom of=/dev/mapper/vola bs=1M count=2 seek=$((i * 1000003)) oflag=direct conv=notrunc status=none
	done
	wait_field a hot '0/*'
	vol_remove a
	activate "$size, segments of $segment, after a clean stop"
	"$MIRSYNC" promote vola --alone
	dd if=/dev/urandom of=/dev/mapper/vola bs=1M count=8 seek=5000011 oflag=direct conv=notrunc status=none
	# What a crash leaves: the files as they are now, the volume still up.
	cp --sparse=always "$LAB/big.meta" "$LAB/crash.meta"
	vol_remove a
	losetup -d "${META[a]}"
	mv "$LAB/crash.meta" "$LAB/big.meta"
	META[a]=$(losetup --find --show "$LAB/big.meta")
	activate "$size, segments of $segment, after a crash"
	[ "$(field a marked)" -gt 0 ] || fail "nothing is suspect after a crash"
	vol_remove a
	losetup -d "${META[a]}" "${DATA[a]}"
	rm "$LAB"/big.*
done
