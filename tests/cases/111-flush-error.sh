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
can_fail data
format_both
vol_create b secondary
vol_create a primary
wait_insync a
for site in b a; do
	note "errors at $site"
	put /dev/mapper/vola 0 4096 1
	change_table "data$site" "${BAD[$site]}"
	put /dev/mapper/vola 2048 64 2 || [ "$site" = a ] || fail "an error of b reached the application"
	# Idle extents are cooled after 3 seconds.
	sleep 8
	change_table "data$site" "${GOOD[$site]}"
	msg a disconnect
	wait_field a link disconnected
	msg a connect
	wait_insync a 60
	put /dev/mapper/vola 4096 4096 3
done
