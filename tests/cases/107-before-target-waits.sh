#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# While a site waits for the word before it is copied to: writes that were frozen at the source wait with
# it; the power of the target fails, and the source is suspended, and each time it is asked anew and
# nothing has changed; a resolved split brain waits too, for the loser's word, and both sites answer meanwhile.
# scenario: 8 16 23
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

sum_of() { dd if="${DATA[$1]}" bs=1M iflag=direct status=none | sha256sum; }

waits() # SITE SUM: for the word, and is whole
{
	wait_field "$1" preparing waiting
	[ "$(field "$1" disk)" != inconsistent ] || fail "the disk of $1 is inconsistent"
	[ "$(sum_of "$1")" = "$2" ] || fail "the disk of $1 has changed"
}

lab_sites
power_stack
format_both
vol_create b secondary timeout 3000 before_target 60000
vol_create a primary timeout 3000 link_lost freeze
wait_field b preparing waiting
msg b go
wait_insync a
put /dev/mapper/vola 0 8192 1
before=$(sum_of b)

note "writes that wait for the peer"
cut_link
put /dev/mapper/vola 1024 512 2 &
writer=$!
wait_field a frozen 1
heal_link
waits b "$before"
sleep 1
kill -0 "$writer" || fail "the write did not wait"
msg b go
wait "$writer" || fail "the write failed"
wait_insync a

note "the power of the target"
msg a set link_lost continue
msg b disconnect
put /dev/mapper/vola 2048 512 3
before=$(sum_of b)
msg b connect
waits b "$before"
power_cut b
power_on b
vol_create b secondary timeout 3000 before_target 60000
heal_link
waits b "$before"

note "a suspend of the source"
timeout 60 dmsetup suspend vola
dmsetup resume vola
wait_field a link connected
waits b "$before"
msg b go
wait_insync a
compare_disks

note "a resolved split brain"
cut_link
put /dev/mapper/vola 4096 512 4
wait_field a link connecting
wait_field b link connecting
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 4352 512 5
msg a set before_target 60000
heal_link
wait_field b meeting split-brain
"$MIRSYNC" demote vola
wait_field b peer none
wait_field b meeting split-brain
before=$(sum_of a)
"$MIRSYNC" resolve volb --keep local --yes >"$LAB/said" 2>&1 &
resolving=$!
waits a "$before"
put /dev/mapper/volb 8192 64 6
"$MIRSYNC" status vola >/dev/null
"$MIRSYNC" status volb >/dev/null
msg b disconnect
! wait "$resolving" || fail "it did not fail: $(<"$LAB/said")"
waits_no_more() { [ "$(field a preparing)" = no ]; }
wait_until waits_no_more
[ "$(sum_of a)" = "$before" ] || fail "the disk of a has changed"
msg b connect
wait_field b meeting split-brain
"$MIRSYNC" resolve volb --keep local --yes >"$LAB/said" 2>&1 &
resolving=$!
waits a "$before"
msg a go
wait "$resolving" || fail "$(<"$LAB/said")"
wait_insync b
[ "$(field a claim) $(field b claim)" = "none active" ] || fail "claims: $(field a claim) $(field b claim)"
compare_disks
