#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A resync that is interrupted by a link cut, by disconnect, by removal of the target and
# by removal of the source is completed each time the sites meet again,
# from where it was: the marks only become fewer. An unfinished target refuses a promotion.
# scenario: 4
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=64 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
format_both
vol_create b secondary timeout 3000
vol_create a primary timeout 3000
wait_insync a
cut_link
put /dev/mapper/vola 0 57344 1
wait_field a link connecting 30
tc -n sitea qdisc add dev veth0 root netem rate 32mbit limit 2000

# In the middle of the copy, after at least 200 segments.
under_way()
{
	wait_field a sync resync-source 30
	wait_field a rs_copied '@([2-9]??|????*)' 60
	[ "$(field a sync)" = resync-source ] || fail "the resync was over before it was interrupted"
	wait_field b disk inconsistent 5
}

stopped()
{
	local now
	now=$(field a marked)
	note "copied: $(field a rs_copied), marked: $now"
	[ "$now" -lt "${left:-14336}" ] || fail "no progress: ${left-} were marked before, now $now"
	left=$now
}

heal_link
under_way
cut_link
wait_field a link connecting 30
stopped
wait_field b link connecting 30
expect_fail "$MIRSYNC" promote volb --alone
[[ $REASON == *inconsistent* ]] || fail "$REASON"
heal_link

under_way
msg a disconnect
wait_field a link disconnected 30
stopped
msg a connect

under_way
vol_remove b
wait_field a link connecting 30
stopped
vol_create b secondary timeout 3000

under_way
before=$(field a marked)
vol_remove a
vol_create a primary timeout 3000
wait_field a link connected 30
[ "$(field a marked)" -le "$before" ] || fail "marked: $(field a marked), $before before the removal"
[ "$(field a role)" = primary ] || fail "a is not primary"
wait_insync a 120
[ "$(field b disk)" = consistent ] || fail "b is $(field b disk)"
note "copied by the last resync: $(field a rs_copied)"
