#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A write with FUA is one at both sites, or is followed by a flush there, before the application hears that
# it is done; seen in the order in which the block layer has got and ended them.
# scenario: 22
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# number DEVICE: as the trace has it, MAJOR,MINOR.
number()
{
	echo $((0x$(stat -Lc %t "$1"))),$((0x$(stat -Lc %T "$1")))
}

# unsafe DEVICE: the writes with FUA of the volume that ended before they were safe on that device, and how many there were.
unsafe()
{
	awk -v volume="$(number /dev/mapper/vola)" -v disk="$(number "$1")" '
		!sub(/^.*: block_bio_/, "") { next }
		$1 == "queue:" && $2 == volume && $3 ~ /^F?WF/ { waits[$4]; n++ }
		$1 == "queue:" && $2 == disk && $3 ~ /^F/ { for (sector in written) safe[sector] }
		$1 == "queue:" && $2 == disk && $3 ~ /^F?W/ && $4 in waits { written[$4] }
		$1 == "queue:" && $2 == disk && $3 ~ /^F?WF/ && $4 in waits { safe[$4] }
		$1 == "complete:" && $2 == volume && $4 in waits {
			bad += !($4 in safe)
			delete waits[$4]; delete written[$4]; delete safe[$4]
		}
		END { print bad + 0, n + 0 }' "$LAB/trace"
}

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 64 1
trace=/sys/kernel/tracing/instances/fua
mkdir "$trace"
echo 8192 >"$trace/buffer_size_kb"
for event in queue complete; do
	echo 1 >"$trace/events/block/block_bio_$event/enable"
done
# The kernel sends a flush behind each, which comes too late to be what makes it safe.
dd if=/dev/urandom of=/dev/mapper/vola bs=4k count=32 oflag=direct,dsync conv=notrunc status=none
echo 0 >"$trace/tracing_on"
cp "$trace/trace" "$LAB/trace"
rmdir "$trace"
for site in a b; do
	result=$(unsafe "${DATA[$site]}")
	[ "$result" = "0 32" ] || fail "at $site: unsafe, of writes with FUA: $result"
done
