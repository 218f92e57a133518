#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A table block that cannot be read, at either site, when its cold extent is written to and when a
# resync compares it: no write fails, all of the extent's segments are suspect, the sites meet anew and
# settle that by codes, and the block is written anew.
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

BUFIO=/sys/module/dm_bufio/parameters
TABLES=42	# block of the first one: see doc/format.md

# All but the last one used at each site, which is a summary: a kernel 6.1 counts requests that it has
# no more blocks for against the next ones, unless it is to retain something.
hardly_cached()
{
	local retain
	for retain in 4096 0; do
		echo "$retain" >"$BUFIO/retain_bytes"
		echo 2 >/proc/sys/vm/drop_caches
		nap 0.1
	done
	[ "$(<$BUFIO/current_allocated_bytes)" -le 8192 ]
}

# unreadable SITE EXTENT COUNT: they are in no memory, and the site cannot read their table blocks.
unreadable()
{
	wait_field a hot '0/*'
	wait_field b hot '0/*'
	wait_until hardly_cached
	medium_errors $((offset[$1] + (TABLES + $2) * 8)) $(($3 * 8))
	log_mark
}

# settled SITE EXTENT: it was noticed there, and is settled.
settled()
{
	wait_log "vol$1: cannot read the table block of extent $2"
	wait_log 'vola: resync done'
	wait_insync a
	note "equal: $(field a rs_equal), copied: $(field a rs_copied)"
	[ "$(field b disk)" = consistent ] || fail "b is $(field b disk)"
	wait_field "$1" hot '0/*'
	medium_errors 0 0
	compare_disks
}

lab_sites
scsi_disk 32
medium_errors 0 0
declare -A offset=([a]=0 [b]=8192)
for site in a b; do
	dmsetup create "meta$site" --table "0 8192 linear $SCSI_DISK ${offset[$site]}"
	META["$site"]=/dev/mapper/meta$site
done
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 16384 1
seed=1
for site in a b; do
	note "$site, an extent that is written to"
	unreadable "$site" 3 1
	put /dev/mapper/vola 6144 64 $((seed += 1))
	settled "$site" 3
	[ "$(field a rs_equal)" -ge 400 ] || fail "the others were not compared by codes"

	note "$site, during a resync"
	msg a disconnect
	wait_field a link disconnected
	put /dev/mapper/vola 0 2048 $((seed += 1))
	unreadable "$site" 0 2
	msg a connect
	settled "$site" 0
done
