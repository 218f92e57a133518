#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The peer is asked to take over, and does not answer, as its disk hangs: who asked can be
# interrupted, and the question has a limit. No site is primary then; when the disk answers either can be
# promoted, and nothing is lost.
# scenario: 16 17
# timeout: 400
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

gone() { ! kill -0 "$1" 2>/dev/null; }

together()
{
	dmsetup resume datab
	wait_field b claim none 120
	wait_field a meeting no-primary 120
	"$MIRSYNC" promote vola
	wait_insync a 120
}

lab_sites
can_fail data
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 4096 1

note "interrupted"
dmsetup suspend --nolockfs datab
"$MIRSYNC" switchover vola >"$LAB/said" 2>&1 &
asking=$!
wait_field a claim none
nap 7
kill -TERM "$asking"
wait_until gone "$asking"
together

note "the limit"
dmsetup suspend --nolockfs datab
msg a switchover
wait_field a claim none
wait_field a cmd 0 120
[[ $(dmsetup message vola 0 explain) == "this site is demoted; whether the peer was promoted is not known"* ]] ||
	fail "$(dmsetup message vola 0 explain)"
together
compare_disks
