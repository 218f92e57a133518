#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The power of either site fails during a failback. When it has begun: nothing was copied, and the sites are to
# each other what they were. During the copy: that goes on by itself, from where it was. At the switch, before
# the new primary's promotion is durable, after it, and before the old one's demotion is: never two primaries,
# and the roles are those that are durable. What B was told is written is at both sites in the end.
# scenario: 10
# timeout: 500
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

written=1024	# segments, at B, which A has not got
seed=1

claims() # A B
{
	[ "$(field a claim) $(field b claim)" = "$*" ]
}

# A is lost, B goes on alone; A is back.
away()
{
	vol_remove a
	"$MIRSYNC" promote volb --alone
	seed=$((seed + 1))
	put /dev/mapper/volb 4096 $((written * 4)) "$seed"
	want=$(sum /dev/mapper/volb 4096 $((written * 4)))
	vol_create a primary timeout 3000
	apart
}

apart()
{
	wait_field a meeting outdated
	wait_field b meeting peer-outdated
}

back() # SITE ROLE: the power is back
{
	power_on "$1"
	vol_create "$1" "$2" timeout 3000
	heal_link
}

# Whoever is primary, A is now.
home()
{
	wait_insync a
	[ "$(field a claim)" = active ] || "$MIRSYNC" switchover volb
	wait_field a claim active
	wait_insync a
	[ "$(sum /dev/mapper/vola 4096 $((written * 4)))" = "$want" ] || fail "not what was written at B"
	compare_disks
}

helper_ends()
{
	kill -KILL "$helper" 2>/dev/null || true
	wait "$helper" 2>/dev/null || true
}

judged() { grep -q . "$LAB/said"; }

when_begun() # SITE: with verdicts that the kernel has taken
{
	local before
	note "begun, and $1 fails"
	away
	before=$(sum "${DATA[a]}" 0 16384)
	"$(dirname "$0")/failback.py" /dev/mapper/volb begin equal hold >"$LAB/said" &
	helper=$!
	wait_field b failback 1
	wait_until judged
	power_cut "$1"
	helper_ends
	back "$1" primary
	apart
	[ "$(field b failback)" = 0 ] || fail "it goes on"
	[ $((0x$(field b flags) & 8)) = 0 ] || fail "flags: $(field b flags)"
	expect_fail "$MIRSYNC" promote vola
	[ "$(sum "${DATA[a]}" 0 16384)" = "$before" ] || fail "copied"
	# It was the only active primary, and waits for the operator's word all the same.
	[ "$1" = a ] || "$MIRSYNC" promote volb
	wait_until "$MIRSYNC" failback volb --yes
	home
}

when_copying() # SITE
{
	local copied
	note "copying, and $1 fails"
	away
	"$MIRSYNC" failback volb --rate 1024 --yes &
	helper=$!
	wait_field b sync resync-source		# what it says of copies is of this one from here on
	wait_field b rs_copied '@([3-9]??|1???)'
	power_cut "$1"
	copied=$(field b rs_copied)
	[ "$copied" -lt "$written" ] || fail "it was over before"
	helper_ends
	power_on "$1"
	vol_create "$1" primary timeout 3000
	[ "$(field a disk)" = inconsistent ] || fail "the target is $(field a disk)"
	heal_link
	wait_insync b
	copied=$((copied + $(field b rs_copied)))
	note "copied: $copied"
	# What was not confirmed is copied again.
	[[ $copied -ge $written && $copied -le $((written + 512)) ]] || fail "copied: $copied"
	home
}

in_kernel() { grep -q dm_mirsync "/proc/$helper/stack"; }

# The command is the one that failback --switch gives in the end.
at_switch() # DEVICE (that hangs until then, or "none") SITE ROLE (in its table, when it is back) CLAIM CLAIM
{
	note "the switch, $1 hangs, and $2 fails"
	away
	"$MIRSYNC" failback volb --yes
	wait_insync b
	[ "$1" = none ] || dmsetup suspend --nolockfs "$1"
	"$MIRSYNC" switchover volb >"$LAB/said" 2>&1 &
	helper=$!
	case $1 in
	b.meta) wait_until in_kernel ;;
	a.meta) wait_field b claim none ;;
	none) wait "$helper" ;;
	esac
	power_cut "$2"
	[ "$1" = none ] || dmsetup resume "$1"
	wait "$helper" || note "$(<"$LAB/said")"
	back "$2" "$3"
	wait_field a link connected
	wait_until claims "$4" "$5"
	[ "$4 $5" != "none none" ] || "$MIRSYNC" promote volb
	home
}

lab_sites
power_stack
format_both
vol_create b secondary timeout 3000
vol_create a primary timeout 3000
wait_insync a
put /dev/mapper/vola 0 16384 1
for site in a b; do
	when_begun "$site"
	when_copying "$site"
done
at_switch a.meta a secondary none none
at_switch a.meta b primary active none
at_switch none a primary active none
at_switch none b primary active none
at_switch b.meta b primary none active
at_switch b.meta a secondary none none
