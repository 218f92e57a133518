#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A peer of a later protocol version is refused and told so; what is no handshake, damaged,
# cut off or of absurd length ends its connection and nothing else; the real peer gets
# through beside strangers that say nothing, and a session outlives all of them.
# scenario: 20
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

stranger() # KIND
{
	timeout 40 ip netns exec siteb python3 "$TOP/tests/cases/stranger.py" \
		10.77.0.2 10.77.0.1 "$PORT" "$1" || fail "stranger $1: status $?"
}

mute() # HOW_MANY
{
	local i
	for ((i = 0; i < $1; i++)); do
		site_b python3 "$TOP/tests/cases/stranger.py" 10.77.0.2 10.77.0.1 "$PORT" mute &
	done
}

kinds='garbage truncated half-head bad-head-crc bad-body-crc huge huge-data wrong-order unknown-type ping-first'
lab_sites
format_both
vol_create a primary
text=$(stranger newer)
[[ $text == *version* ]] || fail "the newer peer was told '$text'"
dmesg | grep 'mirsync: vola: .*version' || fail "the kernel log does not name the version"
for kind in $kinds; do
	note "$kind"
	stranger "$kind"
done
mute 3
sleep 1
vol_create b secondary
wait_insync a 60
lost=$(dmesg | grep -c 'vola: connection .* lost' || true)
for kind in $kinds; do
	stranger "$kind"
done
mute 3
put /dev/mapper/vola 0 4096
[ "$(field a sync)" = in-sync ] || fail "the session did not outlive strangers"
[ "$(dmesg | grep -c 'vola: connection .* lost' || true)" = "$lost" ] || fail "the session was cut"
