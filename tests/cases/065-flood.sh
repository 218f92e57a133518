#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Ten thousand connections from the peer's host: the session goes on under them, with writes;
# sites that are not connected find each other beside them; a peer that accepts and says nothing
# is given up, and does not keep a volume from being removed.
# processors: 2
# scenario: 20
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"
. "$(dirname "$0")/lib-crook.sh"

gave_up() { [ "$(counter a handshakes_failed)" != "$failed" ]; }

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
(until [ -e "$LAB/enough" ]; do crook b flood 500 >/dev/null; done) &
flood=$!
vol_create b secondary
wait_insync a
touch "$LAB/enough"
wait "$flood" || fail "the flood ended badly"

note "a peer that says nothing"
vol_remove b
wait_field a link connecting
failed=$(counter a handshakes_failed)
crook b mute >"$LAB/mute" &
mute=$!
wait_line "$LAB/mute" accepted
wait_until gave_up
vol_remove a
pkill -P "$mute"
wait "$mute" || true
vol_create b secondary
vol_create a primary
wait_insync a
