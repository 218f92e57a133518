#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Each call by which the module asks for memory on the way to a volume that is up is refused
# an object once: the volume is not there then, or it is up. Nothing is left of it, and the
# metadata is good.
# kernel: debug
# allocations: fail
# timeout: 400
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 COMPARE=no CHECK=no
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-crook.sh"
. "$(dirname "$0")/lib-faults.sh"

up_and_down()
{
	vol_create a primary "${AUTH[@]}"
	vol_remove a
}

# refuse ADDRESS CALLER CALLEE: that call, while the volume is made.
refuse()
{
	local r=0 what
	fault_at "$KIND" "$1"
	what=$(vol_create a primary "${AUTH[@]}" 2>&1) || r=$?
	if fault_came; then
		came=$((came + 1))
		[ "$r" = 0 ] || failed=$((failed + 1))
		note "$KIND: $3 by $2: ${what:-up}"
	elif [ "$r" != 0 ]; then
		fail "without a fault: $what"
	fi
	faults_off
	dmsetup remove --retry vola 2>/dev/null || [ "$r" != 0 ] || fail "vola cannot be removed"
}

KIND=${KIND:-failslab}
lab_sites
keyctl add logon mirsync:crook "$KEY" @u >/dev/null
format_both >/dev/null
calls_of up_and_down >"$LAB/calls"
came=0 failed=0
while read -r -u 9 address caller callee; do
	# Who asks for a small object hardly ever asks for a page.
	[[ $KIND = failslab || $callee != @(k*alloc|kmalloc_trace|kstrdup|sock*|kernel*|debugfs*) ]] || continue
	refuse "$address" "$caller" "$callee"
done 9<"$LAB/calls"
note "$KIND: $came of $(wc -l <"$LAB/calls") calls were refused, $failed times there was no volume"
[ "$failed" -ge 3 ] || fail "too few to prove anything"
up_and_down
"$MIRSYNC" check "${META[a]}"
