#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Each call by which the module asks for an object while a volume is written to, looked at, cut
# off and synchronised is refused once: no write fails, and the sites are in sync again by
# themselves. So is each while a failback is tried; then it succeeds. Calls that only growth or
# a bad disk come to: 144, 157.
# kernel: debug
# allocations: fail
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"
. "$(dirname "$0")/lib-crook.sh"
. "$(dirname "$0")/lib-faults.sh"
KIND=${KIND:-failslab}

seed=0
round()
{
	seed=$((seed + 1))
	put /dev/mapper/vola 0 128 "$seed" || fail "a write failed"
	blkdiscard -o 8M -l 64K /dev/mapper/vola || fail "a discard failed"
	wait_until msg a disconnect
	wait_until is a link disconnected
	put /dev/mapper/vola 64 192 "1$seed" || fail "a write failed"
	cat "$(debug_file a .)"/* >/dev/null 2>&1 || true
	"$MIRSYNC" status vola >/dev/null 2>&1 || true
	wait_until msg a connect
	wait_until is a sync in-sync
}

look_at_failback()
{
	wait_until is a meeting outdated
	wait_until is b meeting peer-outdated
	"$MIRSYNC" failback volb --dry-run >"$LAB/said" 2>&1 || head -n 1 "$LAB/said"
}

lab_sites
keyctl add logon mirsync:crook "$KEY" @u >/dev/null
format_both >/dev/null
vol_create b secondary "${AUTH[@]}"
vol_create a primary "${AUTH[@]}"
wait_insync a 120
refuse_each round
[ "$came" -gt "${ROUND_LEAST:-10}" ] || fail "too few to prove anything"

vol_remove a
"$MIRSYNC" promote volb --alone
wait_field b claim active
put /dev/mapper/volb 4096 2048 3
vol_create a primary "${AUTH[@]}"
refuse_each look_at_failback
[ "$came" -gt "${FAILBACK_LEAST:-5}" ] || fail "too few to prove anything"

# One that was begun and cannot be started has to be asked for again, as if the link had been cut.
calls >"$LAB/calls"
fault_at failslab "$(awk '$2 == "go" || $2 == "ms_resync_go" { print $1; exit }' "$LAB/calls")"
expect_fail "$MIRSYNC" failback volb --yes
KIND=failslab fault_came || fail "it was not refused for want of memory"
faults_off
wait_field b meeting peer-outdated
wait_until "$MIRSYNC" failback volb --yes
wait_insync b 120
