#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Ten thousand attempts to connect from the peer's host, and as many connections as the site
# takes: the session goes on under them, with writes, without a key and with one; sites that are not
# connected find each other beside them; a peer that accepts and says nothing is given up, also in the middle
# of a session, and does not keep a volume from being removed; one that closes at once is called less and
# less often. However many of them there are, few lines about it are in the kernel log.
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

# few_lines: since log_mark. Of each volume 20 about sessions and 5 about strangers in a minute.
few_lines()
{
	local lines
	lines=$(kernel_log | grep -c ' vol[ab]: ') || true
	figure "lines in the kernel log: $lines"
	[ "$lines" -le 100 ] || { kernel_log | tail -n 50; fail "too many lines"; }
}

# under_a_flood ATTEMPTS WHAT: the pair, which is in sync, stays so.
under_a_flood()
{
	local i sessions
	sessions=$(counter a sessions)
	log_mark
	crook b flood "$1" >"$LAB/flood" &
	flood=$!
	for i in {1..8}; do
		put /dev/mapper/vola $((i * 512)) 512 "$i"
	done
	wait "$flood" || fail "the flood ended badly"
	figure "$2: $(<"$LAB/flood") connections of $1 attempts"
	[ "$(<"$LAB/flood")" -ge 8 ] || fail "no flood"	# what the backlog takes
	few_lines
	[ "$(field a sync)" = in-sync ] || fail "not in sync"
	[ "$(counter a sessions)" = "$sessions" ] || fail "the session was cut"
}

lab_sites
keyctl add logon mirsync:crook "$KEY" @u >/dev/null
format_both
vol_create b secondary
vol_create a primary
wait_insync a

under_a_flood 10000 "in a session"
vol_remove a b
vol_create b secondary "${AUTH[@]}"
vol_create a primary "${AUTH[@]}"
wait_insync a
under_a_flood 3000 "in a session with a key"

note "without a session"
log_mark
vol_remove b
wait_field a link connecting
(until [ -e "$LAB/enough" ]; do crook b flood 500; done) >"$LAB/flood" &
flood=$!
vol_create b secondary "${AUTH[@]}"
wait_insync a
touch "$LAB/enough"
wait "$flood" || fail "the flood ended badly"
few_lines
figure "without a session: $(awk '{ n += $1 } END { print n + 0 }' "$LAB/flood") connections"

note "a peer that is dead"
vol_remove b
wait_field a link connecting
read -r calls longest < <(crook b dead 15)
figure "a peer that closes at once: $calls calls in 15 s, one after $longest ms"
# At first after 100 ms, later after 2 to 3 s.
[[ $calls -ge 2 && $calls -le 15 && $longest -ge 1500 ]] || fail "no back-off"
vol_create b secondary "${AUTH[@]}"
wait_insync a

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

note "a peer that says nothing any more, in a session"
vol_create b secondary "${AUTH[@]}"
crook_hello b
vol_remove b
vol_create a primary "${AUTH[@]}" timeout 4000
crook b silent >"$LAB/silent" &
silent=$!
wait_line "$LAB/silent" session
wait_field a role primary
# TCP takes all of it, and b confirms none.
put /dev/mapper/vola 0 64 9
wait "$silent" || fail "the session has not ended"
[ "$(counter a cut_silent) $(counter a cut_unconfirmed)" = "1 0" ] || fail "$(grep cut_ "$(debug_file a counters)")"
vol_remove a
vol_create b secondary
vol_create a primary
wait_insync a
