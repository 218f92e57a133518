#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Site A gets new metadata, comes home, and B is written to. Then A's old disk is put back, metadata and all, and is
# to be primary: its generation is B's, but B has met another one in its place since. So it is outdated, whoever
# restarts, and a failback brings it home; then it is the new one that is not let in any more. Who only was met, and
# given nothing, takes nobody's place. Last, the operator wants what the old disk has, and gets it by force.
# scenario: 9
# timeout: 400
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

# It asks to be primary, and neither it nor a restart of either site makes it one.
let_in_outdated()
{
	local late
	late=$(sum "${DATA[b]}" 0 32768)
	vol_create a primary timeout 6000
	wait_field a meeting outdated
	wait_field b meeting peer-outdated
	[ "$(field a claim)" != active ] || fail "A serves"
	expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct
	vol_remove b
	vol_create b secondary timeout 6000
	wait_field a meeting outdated
	vol_remove a
	vol_create a primary timeout 6000
	wait_field b meeting peer-outdated
	[ "$(field a claim)" != active ] || fail "A serves after a restart"
	[ "$(sum "${DATA[b]}" 0 32768)" = "$late" ] || fail "B was changed"
}

come_home()
{
	"$MIRSYNC" promote volb
	wait_until "$MIRSYNC" failback volb --yes
	"$MIRSYNC" switchover volb
	wait_insync a
	compare_disks
}

lab_sites
format_both
vol_create a secondary timeout 6000
vol_create b primary timeout 6000
wait_insync b
put /dev/mapper/volb 0 8192 1
wait_field b hot '0/*'
wait_field a hot '0/*'
vol_remove a
keep a old

note "A gets new metadata, comes home, and B is written to: all within one generation"
"$MIRSYNC" format --force "${META[a]}" "${DATA[a]}"
vol_create a secondary timeout 6000
wait_until "$MIRSYNC" failback volb --yes
wait_insync b
put /dev/mapper/volb 4096 2048 2
wait_field b hot '0/*'
wait_field a hot '0/*'
vol_remove a
keep a new
vol_remove b
vol_create b secondary timeout 6000

note "new metadata by mistake, that B meets: the site that was there is welcome after that"
"$MIRSYNC" format --force "${META[a]}" "${DATA[a]}"
vol_create a primary timeout 6000
wait_field b meeting peer-outdated
vol_remove a
put_back a new
vol_create a secondary timeout 6000
wait_field b meeting no-primary
vol_remove a

note "the old disk is put back"
put_back a old
let_in_outdated
come_home
wait_field a hot '0/*'
vol_remove a

note "the newer one is put back after that"
put_back a new
let_in_outdated
come_home
vol_remove a

note "the operator wants the old disk"
put_back a old
vol_create a primary timeout 6000
wait_field a meeting outdated
"$MIRSYNC" promote vola --force
wait_field a role primary
wait_field a meeting '@(split-brain|unrelated)'
expect_fail "$MIRSYNC" failback vola --yes
[[ $REASON == *"--force throws away"* ]] || fail "$REASON"
wait_until "$MIRSYNC" failback vola --force --yes
wait_insync a
compare_disks
vol_remove a
vol_create a primary timeout 6000
wait_insync a
