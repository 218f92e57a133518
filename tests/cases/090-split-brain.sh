#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Both sites wrote alone: both report a split brain, neither disk is touched, a failback
# without force is refused; with force, after the loser was demoted, the winner's data is
# at both. Then the same with the other site as the winner.
# scenario: 16
# timeout: 360
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

split() # SEED: a is primary; both write alone, and meet
{
	msg b disconnect
	wait_field b link disconnected
	wait_field a link connecting
	put /dev/mapper/vola 4096 4096 "$1"
	"$MIRSYNC" promote volb
	put /dev/mapper/volb 6144 4096 "$1$1"
	sums=$(sha256sum "$LAB/a.data" "$LAB/b.data")
	msg b connect
	wait_field a meeting split-brain
	wait_field b meeting split-brain
}

nothing_overwritten()
{
	[ "$(sha256sum "$LAB/a.data" "$LAB/b.data")" = "$sums" ] || fail "something was overwritten"
}

win() # WINNER LOSER
{
	local w=$1 l=$2
	expect_fail "$MIRSYNC" failback "vol$w" --yes
	[[ $REASON == *split* ]] || fail "$REASON"
	expect_fail "$MIRSYNC" failback "vol$w" --yes --force
	[[ $REASON == *"demote it first"* ]] || fail "$REASON"
	expect_fail "$MIRSYNC" switchover "vol$w"
	"$MIRSYNC" failback "vol$w" --dry-run
	nothing_overwritten
	"$MIRSYNC" demote "vol$l"
	wait_field "$w" peer none
	wait_field "$w" meeting split-brain
	expect_fail "$MIRSYNC" failback "vol$w" --yes
	nothing_overwritten
	keep=$(sha256sum <"$LAB/$w.data")
	"$MIRSYNC" failback "vol$w" --yes --force
	wait_insync "$w"
	[ "$(sha256sum <"$LAB/$w.data")" = "$keep" ] || fail "the winner's data was changed"
	[ "$(sha256sum <"$LAB/$l.data")" = "$keep" ] || fail "the loser has not got the winner's data"
	[ "$(field "$l" role)" = secondary ] || fail "the loser is $(field "$l" role)"
}

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 16384
split 2
for site in a b; do
	kernel_log | grep "mirsync: vol$site: .*split brain" || fail "$site reports no split brain"
done
win b a
[ "$(field b rs_copied)" = 1536 ] || fail "copied: $(field b rs_copied)"
wait_insync b
"$MIRSYNC" switchover volb
wait_insync a
split 3
win a b
put /dev/mapper/vola 0 4096 5
