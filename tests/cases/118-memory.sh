#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Somebody takes nearly all memory, and there is no swap: what is written to the volume through
# the page cache, more than is left, gets to both sites and is read back, without an error, a
# hang or a process killed for its memory.
# processors: 2
# timeout: 400
# shellcheck disable=SC2034,SC2153 # read, and set, by lib.sh
DATA_MIB=128 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

lab_sites
swapoff -a
# The files below the disks have all of their pages now.
for site in a b; do
	dd if=/dev/zero of="$LAB/$site.data" bs=1M count="$DATA_MIB" conv=notrunc status=none
	dd if=/dev/zero of="$LAB/$site.meta" bs=1M count="$META_MIB" conv=notrunc status=none
done
format_both
vol_create b secondary
vol_create a primary
wait_insync a
log_mark
python3 "$TOP/tests/cases/hog.py" 40 >"$LAB/hog" &
hog=$!
(wait_line "$LAB/hog" full 150) || { cat /proc/meminfo; exit 1; }
cat "$LAB/hog"
fio_run /dev/mapper/vola randwrite --ioengine=psync --direct=0 --bs=32k --size="${DATA_MIB}m" \
	--io_size=96m --end_fsync=1
note "$(grep -E 'MemFree|MemAvailable|^Dirty' /proc/meminfo | xargs)"
kill -0 "$hog" || fail "the hog is gone"
! log_says 'oom-kill|page allocation failure' || fail "no memory"
[ "$(field a sync) $(field a marked)" = "in-sync 0" ] || fail "$(dmsetup status --noflush vola)"
kill "$hog"
wait "$hog" || true
