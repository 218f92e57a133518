#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Has the kernel recover from power cuts, inside a guest: for each point that replay left in
# /run/vm/points both sites' volumes are created from their disks; they get in sync by
# themselves, the disks are equal, that of the primary is what it was, every code is that of
# its data. Started by tests/crash/run like a case, with CRASH_MODULE.
# module: no
# timeout: 3600
# shellcheck disable=SC2034 # read by lib.sh
COMPARE=no CHECK=data
. "$(dirname "$0")/../cases/lib.sh"

POINTS=/run/vm/points

activate() # POINT
{
	local site kind
	for site in a b; do
		for kind in data meta; do
			# Into the file that the loop device is on.
			dd if="$POINTS/$1.$site.$kind" of="$LAB/$site.$kind" bs=1M conv=notrunc status=none
		done
		blockdev --flushbufs "${DATA[$site]}" "${META[$site]}"
	done
	# Not to be read from the host again, which is slow when the host is busy.
	cp "$LAB/a.data" "$LAB/before"
	vol_create b secondary
	vol_create a primary
	wait_insync a 120
	wait_field b disk consistent 5
	vol_remove a b
	check_meta >"$LAB/check.out" || { cat "$LAB/check.out"; return 1; }
	compare_disks
	cmp "$LAB/before" "$LAB/a.data" || { note "the primary's disk was changed"; return 1; }
}

dependencies=$(modinfo -F depends "$CRASH_MODULE")
# shellcheck disable=SC2086 # lists
{
	modprobe -a ${dependencies//,/ }
	insmod "$CRASH_MODULE" ${CRASH_PARAMETERS-}
}
# The size of the disks is that of the files.
lab_disk() # SITE.KIND
{
	local first
	first=$(find "$POINTS" -name "*.$1" | head -n 1)
	truncate -s "$(stat -c %s "$first")" "$LAB/$1"
	losetup --find --show "$LAB/$1"
}

lab_sites
n=0
for file in "$POINTS"/*.a.meta; do
	point=${file##*/}
	point=${point%%.*}
	note "point $point"
	activate "$point" || fail "point $point"
	n=$((n + 1))
done
[ "$n" != 0 ] || fail "no points"
note "activated: $n"
