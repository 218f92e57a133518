#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A peer of a later protocol version is refused and told so; what is no handshake, damaged,
# cut off or of absurd length ends its connection and nothing else; the real peer gets
# through beside strangers that say nothing, and a session outlives all of them.
# scenario: 20
# timeout: 360
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

stranger() # KIND...
{
	site_b timeout "$(limit 120)" python3 "$TOP/tests/cases/stranger.py" \
		10.77.0.2 10.77.0.1 "$PORT" "$@" || fail "the last of these strangers: status $?"
}

# Three that say nothing, from now on.
mute()
{
	: >"$LAB/mute"
	stranger mute mute mute >>"$LAB/mute" &
	wait_line "$LAB/mute" 'all are there'
}

kinds=(garbage truncated half-head bad-head-crc bad-body-crc huge huge-data wrong-order unknown-type ping-first)
lab_sites
format_both
vol_create a primary
text=$(stranger newer)
[[ $text == *version* ]] || fail "the newer peer was told '$text'"
kernel_log | grep 'mirsync: vola: .*version' || fail "the kernel log does not name the version"
stranger "${kinds[@]}"
mute
vol_create b secondary
wait_insync a 60
lost=$(kernel_log | grep -c 'vola: connection .* lost' || true)
stranger "${kinds[@]}"
mute
put /dev/mapper/vola 0 4096
[ "$(field a sync)" = in-sync ] || fail "the session did not outlive strangers"
[ "$(kernel_log | grep -c 'vola: connection .* lost' || true)" = "$lost" ] || fail "the session was cut"
