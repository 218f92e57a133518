#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A flush of the data device that fails, at either site, is no end: once the disk is healed
# the site takes writes again without being made anew, and the sites become equal. A demotion
# that fails is told each time it does.
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

note "a demotion that fails, and fails again for the same reason"
change_table dataa "${BAD[a]}"
for _ in 1 2; do
	expect_fail "$MIRSYNC" demote vola
	[[ $REASON == *"is not secondary: "*" cannot be flushed" ]] || fail "$REASON"
	[ "$(field a claim)" = active ] || fail "the role was given up"
done
change_table dataa "${GOOD[a]}"
"$MIRSYNC" demote vola
wait_field b meeting no-primary
"$MIRSYNC" promote vola
wait_insync a
