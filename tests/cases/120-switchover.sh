#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The roles change ten times; each primary finds the files of all before it on the file
# system, and adds its own. A switchover of an open device is refused and changes nothing.
# processors: 2
# scenario: 17
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# SITE: as a message; whoever probes the device may have it open.
switch_by_message()
{
	[ "$(field "$1" role)" = secondary ] ||
		{ dmsetup message "vol$1" 0 switchover && wait_field "$1" role secondary 5; }
}

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
mkfs.ext4 -q /dev/mapper/vola
mkdir "$LAB/mnt"
now=a
for i in {1..10}; do
	mount "/dev/mapper/vol$now" "$LAB/mnt"
	[ "$i" = 1 ] || (cd "$LAB/mnt" && sha256sum --quiet --check "$LAB/sums") || fail "files are not right at $now, round $i"
	head -c "$((i * 100000))" < <(pattern "$i") >"$LAB/mnt/file$i"
	(cd "$LAB/mnt" && sha256sum "file$i" >>"$LAB/sums")
	[ "$i" != 1 ] || expect_fail "$MIRSYNC" switchover "vol$now"
	umount "$LAB/mnt"
	[ "$(field "$now" role)" = primary ] || fail "$now is not primary, round $i"
	if [ "$i" -lt 9 ]; then
		"$MIRSYNC" switchover "vol$now"
	else
		wait_until switch_by_message "$now"
	fi
	[ "$(field "$now" role)" = secondary ] || fail "$now is not secondary, round $i"
	now=${OTHER[$now]}
	wait_field "$now" role primary 10
	wait_insync "$now" 30
	[ "$(field "$now" rs_copied)" = 0 ] || fail "a switchover copied $(field "$now" rs_copied) segments"
done
e2fsck -fn "/dev/mapper/vol$now"
