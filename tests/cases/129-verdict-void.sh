#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The verdict "equal" of an extent that has changed since it was looked at is void, whether its version at the source
# is another by now, or the one at the target, where a mirrored write has come; that of an untouched extent
# holds. What has no verdict is compared, or copied.
# scenario: 8
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# An extent that cools gets another version as well.
cold()
{
	wait_field a hot '0/*'
	wait_field b hot '0/*'
}

steps() # WANT (what the verdicts gave) STEP...
{
	local want=$1 held
	shift
	held=$("$TOP/tests/cases/failback.py" /dev/mapper/volb "$@")
	[ "${held//$'\n'/ }" = "$want" ] || fail "held: ${held//$'\n'/ }, not $want: $*"
}

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 16384 1
vol_remove a
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 7680 64 2		# in extent 4
vol_create a primary
wait_field a meeting outdated

note "a write at the source, which is not mirrored"
cold
steps "0 1" begin look write=2 judge=2,old,old judge=3,old,old start
wait_insync b
[ "$(field b rs_copied)/$(field b rs_equal)" = 17/4079 ] || fail "copied: $(field b rs_copied), equal: $(field b rs_equal)"
compare_disks

note "a write that is mirrored"
cold
# Each version once without the other: the same write has changed both.
steps "0 0 0 1" begin look write=2 judge=2,old,old judge=2,new,old judge=2,old,new judge=3,old,old copy
wait_insync b
[ "$(field b rs_copied)/$(field b rs_equal)" = 3616/480 ] ||
	fail "copied: $(field b rs_copied), equal: $(field b rs_equal)"
