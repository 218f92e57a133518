#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Both sites wrote alone, and the operator says whose data stays, at either site. A rehearsal tells
# what would be copied and lost, and changes nothing. Refused while the loser's device is open; the
# winner's writer goes on. A cut while the copy runs: it goes on by itself. The same by message,
# also when neither site is primary.
# processors: 2
# scenario: 16
# timeout: 800
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

split() # PRIMARY SEED: it and the other site write 1024 segments each alone, half of them the same, and meet
{
	local p=$1 o=${OTHER[$1]} site
	note "split brain, $p was primary"
	msg "$o" disconnect
	wait_field "$o" link disconnected
	wait_field "$p" link connecting
	put "/dev/mapper/vol$p" 4096 4096 "$2"
	"$MIRSYNC" promote "vol$o"
	put "/dev/mapper/vol$o" 6144 4096 "$2$2"
	msg "$o" connect
	for site in a b; do
		wait_field "$site" meeting split-brain
		wait_field "$site" peer active
		wait_field "$site" valid 8192
	done
}

# What must not change before the loser is named.
state()
{
	local site key
	for site in a b; do
		for key in role claim disk sync meeting peer marked candidates gen base flags failback; do
			echo "$site $key $(field "$site" "$key")"
		done
	done
	sha256sum "$LAB/a.data" "$LAB/b.data"
}

rehearse() # SITE KEEP
{
	"$MIRSYNC" resolve "vol$1" --keep "$2" --dry-run
	"$MIRSYNC" resolve "vol$1" --keep "$2" --dry-run --json >"$LAB/said"
	python3 -c "
import json
j = json.load(open('$LAB/said'))
lost = j['local_marked_lost' if '$2' == 'peer' else 'peer_marked_lost']
assert j['dry_run'] and j['keep'] == '$2', j
assert j['compare_differ'] == 1536 and j['differ_bytes'] == 1536 * 4096 and lost == 1024, j
assert j['refusal'] is None if '$2' == 'peer' else 'demote it first' in j['refusal'], j"
}

kept() # WINNER SUM: its data is at both; it is primary, the other one is not
{
	local w=$1 l=${OTHER[$1]}
	wait_insync "$w" 120
	wait_insync "$l"
	[ "$(field "$w" claim) $(field "$l" claim)" = "active none" ] || fail "claims: $(field "$w" claim) $(field "$l" claim)"
	[ "$(field "$l" disk)" = consistent ] || fail "the loser is $(field "$l" disk)"
	[ "$(sum "${DATA[$w]}" 4096 6144)" = "$2" ] || fail "the winner's data was changed"
	[ "$(sum "${DATA[$l]}" 4096 6144)" = "$2" ] || fail "the loser has not got the winner's data"
}

demote_both()
{
	local site
	for site in a b; do
		"$MIRSYNC" demote "vol$site"
	done
	for site in a b; do
		wait_field "$site" peer none
		wait_field "$site" meeting split-brain
	done
}

written() # SITE: a checksum of all that either wrote alone, as it has it
{
	sum "${DATA[$1]}" 4096 6144
}

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
expect_fail "$MIRSYNC" resolve vola --keep peer --yes
[[ $REASON == *"nothing to resolve"* ]] || fail "$REASON"
put /dev/mapper/vola 0 16384

split a 2
before=$(state)
for site in a b; do
	rehearse "$site" local
	rehearse "$site" peer
	expect_fail "$MIRSYNC" resolve "vol$site" --keep local --yes
	[[ $REASON == *"demote it first"* ]] || fail "$REASON"
done
expect_fail "$MIRSYNC" failback vola --yes
[[ $REASON == *"mirsync resolve"* ]] || fail "$REASON"
expect_fail "$MIRSYNC" resolve vola --keep both
expect_fail "$MIRSYNC" resolve vola --yes
exec {held}</dev/mapper/vola
expect_fail "$MIRSYNC" resolve vola --keep peer --yes
[[ $REASON == *"is open"* ]] || fail "$REASON"
expect_fail dmsetup message vola 0 resolve peer
[[ $REASON == *"is open"* ]] || fail "$REASON"
exec {held}<&-
expect_fail dmsetup message vola 0 resolve
expect_fail dmsetup message vola 0 resolve local
[ "$(state)" = "$before" ] || fail "changed: $(diff <(echo "$before") <(state) || true)"

note "at the loser, while the winner's application writes"
keep=$(written b)
fio_load_start /dev/mapper/volb --offset=16m --size=8m --bsrange=4k-64k
timeout 120 "$MIRSYNC" resolve vola --keep peer --yes
[ "$(field a role)" = secondary ] || fail "a is $(field a role)"
kept b "$keep"
writes=$(field b writes)
more_writes() { [ "$(field b writes)" -gt "$writes" ]; }
wait_until more_writes
fio_load_stop
wait_insync b
compare_disks

split b 3
note "at the winner, the loser was demoted"
keep=$(written b)
"$MIRSYNC" demote vola
wait_field b peer none
wait_field b meeting split-brain
"$MIRSYNC" resolve volb --keep local --yes --json >"$LAB/said"
python3 -c "
import json
j = json.load(open('$LAB/said'))
assert j['ok'] and j['in_sync'] and j['copied'] == 1536 and j['peer_marked_lost'] == 1024, j"
kept b "$keep"

split b 4
note "at the loser, and the link is cut while the copy runs"
keep=$(written a)
msg a set resync_rate_max 128
"$MIRSYNC" resolve volb --keep peer --yes >"$LAB/said" 2>&1 &
resolving=$!
wait_field b sync resync-target
wait_field b rs_copied '[1-9]*'
cut_link
wait_field a link connecting 30
wait_field b link connecting 30
r=0
wait "$resolving" || r=$?
[ "$r" = 1 ] || fail "status $r: $(<"$LAB/said")"
grep "goes on when the sites meet again" "$LAB/said"
[ "$(field b disk) $(field b claim) $(field a claim)" = "inconsistent none active" ] || fail "$(dmsetup status)"
expect_fail "$MIRSYNC" promote volb --alone
msg a set resync_rate_max 0
heal_link
kept a "$keep"

split a 5
note "by message, at the loser"
keep=$(written b)
wait_until msg a resolve peer
wait_field a cmd 0
kept b "$keep"

split b 6
note "by message, at the winner; neither is primary"
keep=$(written a)
demote_both
before=$(field a gen)
wait_until msg a resolve local
wait_field a cmd 0
kept a "$keep"
[ "$(field a gen)" != "$before" ] || fail "promoted, and no new generation"

split a 7
note "the same at the loser"
keep=$(written b)
demote_both
wait_until "$MIRSYNC" resolve vola --keep peer --yes
kept b "$keep"
put /dev/mapper/volb 0 4096 8

note "a returns outdated: whose data is older is known, so only that is given up"
cut_link
wait_field a link connecting 30
"$MIRSYNC" promote vola
put /dev/mapper/vola 20480 1024 9
vol_remove b
heal_link
vol_create b primary
wait_field b meeting outdated
expect_fail "$MIRSYNC" resolve volb --keep local --yes
expect_fail "$MIRSYNC" resolve vola --keep peer --yes
"$MIRSYNC" resolve volb --keep peer --yes
wait_insync a
[ "$(field b role)" = secondary ] || fail "b is $(field b role)"
