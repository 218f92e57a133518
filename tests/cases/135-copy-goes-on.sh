#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A failback is cut while it copies, and goes on by itself, though its target has no lineage any more: when
# that comes back with a table line that asks for primary, after a split brain and with new metadata;
# and when its source has gone back in time and was chosen by force.
# scenario: 10
# timeout: 400
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

# copying SITE [OPTION...]: a failback from there, slow enough to be met half way.
copying()
{
	local site=$1
	shift
	wait_until "$MIRSYNC" failback "vol$site" --yes --rate 512 "$@" >"$LAB/said" 2>&1 &
	helper=$!
	wait_field "$site" sync resync-source
	wait_field "$site" rs_copied '@([1-9]??|????*)'
}

no_helper()
{
	pkill -KILL -P "$helper" 2>/dev/null || true
	kill -KILL "$helper" 2>/dev/null || true
	wait "$helper" 2>/dev/null || true
}

# again SITE OTHER: SITE, the target, is made anew in the middle, and nothing is commanded.
again()
{
	no_helper
	vol_remove "$1"
	vol_create "$1" primary timeout 6000
	[ "$(field "$1" disk)" = inconsistent ] || fail "the target is $(field "$1" disk)"
	goes_on "$2"
}

goes_on() # SOURCE
{
	wait_field "$1" sync 'resync-source'
	wait_insync "$1"
	compare_disks
}

alone() # SITE SEED: with writes, and the other one does not see them
{
	put "/dev/mapper/vol$1" 4096 4096 "$2"
}

lab_sites
format_both
vol_create b secondary timeout 6000
vol_create a primary timeout 6000
wait_insync a
put /dev/mapper/vola 0 16384 1

note "a split brain"
vol_remove a
"$MIRSYNC" promote volb --alone
alone b 2
cut_link
vol_create a primary timeout 6000
"$MIRSYNC" promote vola --alone
alone a 3
"$MIRSYNC" demote vola
heal_link
wait_field b meeting split-brain
copying b --force
again a b

note "new metadata"
vol_remove a
"$MIRSYNC" format --force "${META[a]}" "${DATA[a]}"
alone b 4
vol_create a primary timeout 6000
wait_field b meeting peer-outdated
copying b --full
again a b
"$MIRSYNC" switchover volb
wait_insync a

note "the source has gone back in time"
vol_remove a
keep a old
vol_create a primary timeout 6000
wait_insync a
alone a 5
wait_field a hot '0/*'
vol_remove a
put_back a old
vol_create a primary timeout 6000
wait_field a meeting outdated
"$MIRSYNC" promote vola --force
wait_field a claim active
wait_field a meeting '@(split-brain|unrelated)'
copying a --force
cut_link
no_helper
wait_field a link connecting
heal_link
goes_on a
