#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A summary block that cannot be read, at either site, after its entries had been counted: when a cold
# extent of it is written to, and when a resync compares; and one that could not be read when the site was
# activated, and can be later. No write fails, the sites are equal when they say so, and no segment stays marked.
# scenario: 18
# timeout: 400
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

SUMMARY=26	# the only one: see doc/format.md

# unreadable SITE: its summary block is in no memory, since the last one used is a table, and cannot be read.
unreadable()
{
	local site
	for site in a b; do
		wait_field "$site" hot '0/*'
		"$MIRSYNC" scrub "vol$site" --rate 0 >/dev/null
	done
	wait_until hardly_cached
	medium_errors $((offset[$1] + SUMMARY * 8)) 8
	log_mark
}

# settled SITE: it was noticed there, and is settled.
settled()
{
	local site
	wait_log "vol$1: summary block 0 is bad"
	[ "${2-}" ] || medium_errors 0 0
	wait_insync a 120
	for site in a b; do
		wait_field "$site" marked 0
		[ "$(field "$site" disk)" = consistent ] || fail "$site is $(field "$site" disk)"
		wait_field "$site" hot '0/*'
	done
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
	unreadable "$site"
	put /dev/mapper/vola 6144 64 $((seed += 1))
	settled "$site" yes

	note "$site, during a resync"
	msg a disconnect
	wait_field a link disconnected
	put /dev/mapper/vola 0 2048 $((seed += 1))
	unreadable "$site"
	msg a connect
	settled "$site"

	note "$site, at its activation alone"
	vol_remove "$site"
	# shellcheck disable=SC2004 # its keys are words
	medium_errors $((offset[$site] + SUMMARY * 8)) 8
	log_mark
	vol_create "$site" "$([ "$site" = a ] && echo primary || echo secondary)"
	settled "$site"
done
