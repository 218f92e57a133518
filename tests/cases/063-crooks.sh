#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# On the peer's host, without the key or with what was recorded: no key, a wrong one, any
# field of the HELLO altered on its way, to whom it calls and to who calls it, a handshake
# replayed, a site's own words sent back, another frame instead of the proof. All are refused,
# no session comes up, nothing is written; then the real peer is let in.
# scenario: 20
# timeout: 600
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"
. "$(dirname "$0")/lib-crook.sh"

lab_sites
keyctl add logon mirsync:crook "$KEY" @u >/dev/null
format_both
vol_create b secondary "${AUTH[@]}"
vol_create a primary "${AUTH[@]}"
wait_insync a
put /dev/mapper/vola 0 1024
vol_remove a
crook_hello b
vol_remove b
vol_create a primary "${AUTH[@]}"
wait_field a link connecting
before=$(sha256sum <"$LAB/a.data")
for command in altered no_key replay reflect altered_answer; do
	note "$command"
	crook b "$command" || fail "$command"
done
[ "$(counter a sessions)" = 0 ] || fail "$(counter a sessions) sessions"
[ "$(field a link) $(field a role)" = "connecting secondary" ] || fail "a: $(field a link) $(field a role)"
[ "$before" = "$(sha256sum <"$LAB/a.data")" ] || fail "the disk was written to"
if dmesg | grep "$KEY"; then fail "the key is in the log"; fi
crook b good
vol_create b secondary "${AUTH[@]}"
wait_insync a
[ "$(field a rs_copied)" = 0 ] || fail "copied: $(field a rs_copied)"
