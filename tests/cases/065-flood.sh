#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Ten thousand connections from the peer's host: the session goes on under them, with writes;
# sites that are not connected find each other beside them; a peer that accepts and says nothing
# is given up, and does not keep a volume from being removed.
# scenario: 20
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"
. "$(dirname "$0")/lib-crook.sh"

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
sessions=$(counter a sessions)
crook b flood 10000 &
flood=$!
for i in {1..8}; do
	put /dev/mapper/vola $((i * 512)) 512 "$i"
done
wait "$flood" || fail "the flood ended badly"
[ "$(field a sync)" = in-sync ] || fail "not in sync"
[ "$(counter a sessions)" = "$sessions" ] || fail "the session was cut"

note "without a session"
vol_remove b
wait_field a link connecting
(while crook b flood 500; do :; done) &
flood=$!
vol_create b secondary
wait_insync a 120
kill "$flood"
wait "$flood" || true

note "a peer that says nothing"
vol_remove b
wait_field a link connecting
crook b mute >"$LAB/mute" &
mute=$!
failed=$(counter a handshakes_failed)
wait_line "$LAB/mute" accepted
for ((i = 0; i < 100; i++)); do
	[ "$(counter a handshakes_failed)" = "$failed" ] || break
	sleep 0.5
done
[ "$i" -lt 100 ] || fail "a waits for ever"
vol_remove a
kill "$mute"
wait "$mute" || true
vol_create b secondary
vol_create a primary
wait_insync a
