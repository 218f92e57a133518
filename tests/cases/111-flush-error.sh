#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A flush of the data device that fails, at either site, is no end: once the disk is healed
# the site takes writes again without being made anew, and the sites become equal.
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
declare -A good=() bad=()
for site in a b; do
	good["$site"]="0 32768 linear ${DATA[$site]} 0"
	bad["$site"]="0 32768 flakey ${DATA[$site]} 0 0 3600 1 error_writes"
	dmsetup create "disk$site" --table "${good[$site]}"
	DATA["$site"]="/dev/mapper/disk$site"
done
format_both
vol_create b secondary timeout 3000
vol_create a primary timeout 3000
wait_insync a
for site in b a; do
	note "errors at $site"
	put /dev/mapper/vola 0 4096 1
	change_table "disk$site" "${bad[$site]}"
	put /dev/mapper/vola 2048 64 2 || [ "$site" = a ] || fail "an error of b reached the application"
	# Idle extents are cooled after 3 seconds.
	sleep 8
	change_table "disk$site" "${good[$site]}"
	msg a disconnect
	wait_field a link disconnected
	msg a connect
	wait_insync a 60
	put /dev/mapper/vola 4096 4096 3
done
