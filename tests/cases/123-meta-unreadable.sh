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

TABLES=42	# block of the first one: see doc/format.md

# unreadable SITE EXTENT COUNT: they are in no memory, as the last one used is a summary, and the site cannot read their table blocks.
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
scsi_metadata
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
