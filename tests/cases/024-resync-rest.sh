#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A resync of everything, which is interrupted by a cut and by a disconnect, goes on with what
# is left; after a restart of the target everything is compared by codes, and what was copied
# is not copied again.
# scenario: 4
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

total=0

# Stop it after some segments; count what was copied so far.
interrupted() # COMMAND...
{
	wait_field a rs_copied '@([3-9]??|????*)' 60
	"$@"
	wait_field a link '@(connecting|disconnected)' 60
	total=$((total + $(field a rs_copied)))
	left=$(field a candidates)
	note "copied: $total, candidates left: $left, marked: $(field a marked)"
	[ "$total" -lt 4096 ] || fail "it was over before it was interrupted"
}

lab_sites
put "${DATA[a]}" 0 16384 1
format_both
vol_create b secondary timeout 6000
vol_create a primary timeout 6000 resync_rate_max 2048
interrupted cut_link
[ "$left" -lt "$(($(field a segments) / 480 + 1))" ] || fail "no candidate was settled"
heal_link
wait_field a sync resync-source
[ "$(field a candidates)" -le "$left" ] || fail "candidates: $(field a candidates), $left were left"
interrupted msg a disconnect
was=$left
vol_remove b
vol_create b secondary timeout 6000
msg a set resync_rate_max 0
msg a connect
wait_insync a
[ "$(field a rs_done)" = 18/18 ] || fail "a restarted target was not compared as a whole: $(field a rs_done), $was"
total=$((total + $(field a rs_copied)))
note "copied in all: $total"
# What was on its way at a cut may be copied again, or have arrived without being counted.
[[ $total -ge 3584 && $total -le 4608 ]] || fail "copied in all: $total"
