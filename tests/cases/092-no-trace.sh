#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What was begun and not started leaves no trace: a rehearsed, a cancelled and an abandoned (by who goes)
# failback change no superblock at either site, also when it was forced in a split brain; its
# verdicts count for nothing in the next session. A forced promotion is refused while the peer
# is an active primary in session, and changes nothing.
# scenario: 11
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=8 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

steps() { "$TOP/tests/cases/failback.py" /dev/mapper/volb "$@"; }

# What is on stable storage about role, disk, generations and flags.
identity()
{
	local site
	for site in a b; do
		"$MIRSYNC" dump "${META[$site]}" | sed -nE 's/.* (flags .*)/\1/p; /^  (role|generation) /p'
	done
}

unchanged() # WHAT
{
	[ "$(identity)" = "$before" ] || fail "after $1: $(identity), before: $before"
	[ "$(sha256sum "$LAB/a.data" "$LAB/b.data")" = "$data" ] || fail "data changed by $1"
}

# Two operators: the verdicts of the one have no say in what the other starts.
another_is_refused() # BEGIN_STEP
{
	local first
	"$TOP/tests/cases/failback.py" /dev/mapper/volb "$1" hold &
	first=$!
	wait_field b failback 1
	expect_fail steps "$1"
	[[ $REASON == *"another failback was begun"* ]] || fail "$REASON"
	[ "$(field b failback)" = 1 ] || fail "the first one is gone"
	kill "$first"
	wait "$first" || true
	wait_field b failback 0
}

# A failback from b, in all the ways that end before its start.
not_started() # MEETING_AT_B BEGIN_STEP
{
	wait_field b meeting "$1"
	# An extent that cools between its version and its verdict has none.
	wait_field a hot 0/1024
	wait_field b hot 0/1024
	before=$(identity)
	data=$(sha256sum "$LAB/a.data" "$LAB/b.data")
	"$MIRSYNC" failback volb --dry-run
	unchanged "a rehearsal"
	held=$(steps "$2" equal cancel)
	[ "$held" -gt 0 ] || fail "no verdict was taken: $held"
	wait_field b meeting "$1"
	unchanged "cancel"
	[ "$(steps "$2" equal)" = "$held" ] || fail "other verdicts the second time"
	wait_field b failback 0	# who began it is gone
	another_is_refused "$2"
	wait_field b meeting "$1"
	unchanged "begin"
	msg b disconnect
	wait_field b link disconnected
	wait_field a link connecting
	msg b connect
	wait_field b meeting "$1"
	expect_fail steps start
	unchanged "the next session"
}

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 4096 1
wait_insync a

before=$(identity)
data=$(sha256sum "$LAB/a.data" "$LAB/b.data")
for force in '' --force '--force --alone'; do
	# shellcheck disable=SC2086 # words
	expect_fail "$MIRSYNC" promote volb $force
	[[ $REASON == *"peer is primary"* ]] || fail "$REASON"
done
unchanged "refused promotions"
[ "$(field a role) $(field b role)" = 'primary secondary' ] || fail "roles"
wait_insync a

vol_remove a
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 2048 2048 2
vol_create a primary
not_started peer-outdated begin

note "split brain"
"$MIRSYNC" demote volb
msg b disconnect
wait_field b link disconnected
"$MIRSYNC" promote vola --alone --force
put /dev/mapper/vola 6144 1024 3
"$MIRSYNC" demote vola
"$MIRSYNC" promote volb
put /dev/mapper/volb 512 1024 4
msg b connect
not_started split-brain force

# The verdicts were wrong, and are given up: all that differs is copied.
steps force start
wait_insync b
[ "$(field b rs_copied)" = 1024 ] || fail "copied: $(field b rs_copied)"
