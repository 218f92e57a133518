#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A write fails at the primary's disk; the disk is healed, and the application writes everything again before
# the copy of what was marked begins: the pair is in sync again by itself, in the same session, and the
# roles can be changed.
# scenario: 18
# timeout: 200
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=8 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
can_fail data
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
put /dev/mapper/vola 0 8192 1

change_table dataa "${BAD[a]}"
if put /dev/mapper/vola 1024 64 2 2>/dev/null; then fail "a write error was hidden"; fi
[ "$(field a sync)" = out-of-sync ] || fail "$(field a sync)"
change_table dataa "${GOOD[a]}"
put /dev/mapper/vola 0 8192 3
note "marked: $(field a marked), $(field a link)"
wait_insync a
"$MIRSYNC" switchover vola
wait_insync b
