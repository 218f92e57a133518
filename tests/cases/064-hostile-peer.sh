#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A peer that has the key and sends what it may not: frames out of place, of impossible length,
# damaged, about what is not there, writes that do not fit their codes, the volume or an extent, a copy
# to a site that waits for the word before it; last, frames with right checksums that chance has made.
# Each costs it the session, as do questions whose answers it does not read, or gets a refusal; the
# target's disk stays as it is, and with the real peer it is in sync at once.
# scenario: 20
# timeout: 360
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
put /dev/mapper/vola 0 4096
vol_remove b
crook_hello a
vol_remove a
vol_create b secondary "${AUTH[@]}"
before=$(sha256sum <"$LAB/b.data")
crook a hostile | tee "$LAB/crimes"
msg b set before_target 60000
crook a early | tee -a "$LAB/crimes"
msg b set before_target 0
cut=$(grep -c ^cut "$LAB/crimes")
[ "$(counter b cut_protocol)" = "$cut" ] || fail "$cut sessions cut, b: $(grep cut_ "$(debug_file b counters)")"
crook a greedy
[ "$(counter b cut_protocol)" = $((cut + 1)) ] || fail "b: $(grep cut_ "$(debug_file b counters)")"
seed=${SEED:-$RANDOM}
note "by chance, seed $seed"
crook a chance 15 "$seed"
[ "$(counter b peer_writes) $(counter b peer_zeroes)" = "0 0" ] || fail "writes were taken"
[ "$before" = "$(sha256sum <"$LAB/b.data")" ] || fail "the disk was written to"
[ "$(field b disk) $(field b role)" = "consistent secondary" ] || fail "b: $(field b disk) $(field b role)"
vol_create a primary "${AUTH[@]}"
wait_insync a
[ "$(field a rs_copied)" = 0 ] || fail "copied: $(field a rs_copied)"
put /dev/mapper/vola 4096 1024 2
