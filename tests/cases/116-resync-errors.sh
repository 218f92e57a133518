#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A resync during which the target's disk fails writes, or the source's does those of the application, the
# target's metadata cannot be written, or the source's cannot, does not end in sync and costs no mark: when the device
# is healed (and a site without metadata made anew) the sites become equal.
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

# outage SEED: a goes on alone; what it writes is to be copied.
outage()
{
	msg a disconnect
	wait_field a link disconnected
	put /dev/mapper/vola 0 8192 "$1"
}

# under_way SITE: a resync that does not end by itself soon; then SITE's metadata fails.
under_way()
{
	msg a set resync_rate_max 256
	msg a connect
	wait_field a sync resync-source
	wait_field b disk inconsistent
	log_mark
	change_table "meta$1" "${BAD[$1]}"
	msg a set resync_rate_max 0
	wait_log "vol$1: metadata cannot be kept"
	[ "$(field a sync)" != in-sync ] || fail "in sync"
}

# anew SITE ROLE
anew()
{
	change_table "meta$1" "${GOOD[$1]}"
	vol_remove "$1"
	vol_create "$1" "$2"
	wait_insync a
	compare_disks
}

lab_sites
source=${DATA[a]}
dmsetup create source --table "0 32768 linear $source 0"
DATA[a]=/dev/mapper/source
below=${DATA[b]}
good_disk="0 32768 linear $below 0"
dmsetup create disk --table "$good_disk"
DATA[b]=/dev/mapper/disk
can_fail meta
format_both
vol_create b secondary
vol_create a primary
wait_insync a

note "the target's disk"
outage 1
# Sectors 8192 to 16383 cannot be written.
change_table disk "0 8192 linear $below 0
8192 8192 flakey $below 8192 0 3600 1 error_writes
16384 16384 linear $below 16384"
log_mark
msg a connect
wait_log 'volb: the data device has failed'
wait_field b disk inconsistent
[ "$(field a marked)" -ge 1024 ] || fail "$(field a marked) marks at a"
expect_fail "$MIRSYNC" promote volb
change_table disk "$good_disk"
wait_insync a
compare_disks

for policy in fail peer; do
	note "the source's disk, disk_error $policy"
	msg a set disk_error "$policy"
	outage "5$policy"
	msg a set resync_rate_max 256
	msg a connect
	wait_field a sync resync-source
	wait_field b disk inconsistent
	change_table source "0 32768 flakey $source 0 0 3600 1 error_writes"
	# In what is to be copied, and elsewhere; the peer lacks too much to go on through it.
	for kib in 4096 12288; do
		expect_fail dd if=/dev/urandom of=/dev/mapper/vola bs=64k count=1 seek=$((kib * 1024)) \
			oflag=direct,seek_bytes conv=notrunc
	done
	[ "$(field a role) $(field a disk)" = "primary consistent" ] || fail "a is $(field a role), $(field a disk)"
	msg a set resync_rate_max 0
	dmsetup status vola
	change_table source "0 32768 linear $source 0"
	wait_insync a
	compare_disks
	# Extents that cooled meanwhile may have failed a flush: the application's next one tells that, once.
	dd if=/dev/null of=/dev/mapper/vola conv=notrunc,fsync status=none || true
done
msg a set disk_error fail

note "the target's metadata"
outage 2
under_way b
put /dev/mapper/vola 1024 64 3
[ "$(field a marked)" -ge 16 ] || fail "$(field a marked) marks at a"
anew b secondary

note "the source's metadata"
outage 4
under_way a
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k seek=3000 count=1 oflag=direct
anew a primary
