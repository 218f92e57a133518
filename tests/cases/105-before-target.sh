#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The word before a site is copied to: a program that is run by `mirsync events --hook` sees the
# data as it was when it was whole, before a resync and before a failback; without its word, or
# against it, nothing is copied and nothing has changed. A cut and a signal end the waiting.
# scenario: 8
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# of SITE: what its disk holds, below the volume.
sum_of()
{
	dd if="${DATA[$1]}" bs=1M iflag=direct status=none | sha256sum
}

# watch SITE: the program is run there from now on; its word is the exit status in "word".
watch()
{
	cat >"$LAB/hook" <<-END
	#!/bin/bash
	[ "\$*" = "vol$1 before-target" ] || exit 9
	dd if=${DATA[$1]} bs=1M iflag=direct status=none | sha256sum >"$LAB/seen"
	exit \$(<"$LAB/word")
	END
	chmod +x "$LAB/hook"
	rm -f "$LAB/seen"
	"$MIRSYNC" events --hook "$LAB/hook" "vol$1" >"$LAB/events" 2>"$LAB/said" &
	watcher=$!
}

unwatch()
{
	kill "$watcher"
	wait "$watcher" || true
}

whole() # SITE SUM: nothing was copied there
{
	[ "$(field "$1" disk)" != inconsistent ] || fail "the disk of $1 is inconsistent"
	[ "$(sum_of "$1")" = "$2" ] || fail "the disk of $1 has changed"
}

# a is outdated, and both know.
met()
{
	wait_field a meeting outdated
	wait_field b meeting peer-outdated
}

lab_sites
format_both
vol_create b secondary timeout 5000 before_target 20000
vol_create a primary timeout 5000
wait_field b preparing waiting	# also before the first copy: who knows what is on that disk
msg b go
wait_insync a
put /dev/mapper/vola 0 8192 1
before=$(sum_of b)

note "a resync waits, and is refused"
expect_fail "$MIRSYNC" events --hook "$LAB/nothing"
echo 3 >"$LAB/word"
watch b
msg b disconnect
wait_field b link disconnected
put /dev/mapper/vola 4096 1024 2
msg b connect
wait_field b preparing refused
grep -q 'exit status 3: refused' "$LAB/said" || fail "$(<"$LAB/said")"
grep -q ' preparing' "$LAB/events" || fail "no event tells"
[ "$(<"$LAB/seen")" = "$before" ] || fail "it saw something else"
[ "$(field a sync)/$(field b link)" = out-of-sync/connected ] || fail "$(field a sync), $(field b link)"
whole b "$before"
put /dev/mapper/vola 12288 64 3
whole b "$before"

note "until somebody says go"
msg b go
wait_insync a
[ "$(field b preparing)" = no ] || fail "still $(field b preparing)"
expect_fail dmsetup message volb 0 go
compare_disks

note "the program says go"
echo 0 >"$LAB/word"
before=$(sum_of b)
msg b disconnect
wait_field b link disconnected
put /dev/mapper/vola 0 64 4
rm "$LAB/seen"
msg b connect
wait_insync a
[ "$(<"$LAB/seen")" = "$before" ] || fail "it saw something else"
unwatch

note "a failback without a word"
vol_remove a
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 4096 64 5
before=$(sum_of a)
vol_create a primary timeout 5000 before_target 2000
met
! "$MIRSYNC" failback volb --yes 2>"$LAB/error" || fail "it was begun"
grep -q 'at the peer: .*has not said go in time' "$LAB/error" || fail "$(<"$LAB/error")"
wait_field b failback 0
whole a "$before"

note "who waits for it is interrupted; the link is cut; the word that comes then is to nobody"
dmsetup message vola 0 set before_target 60000
met
"$MIRSYNC" failback volb --yes 2>"$LAB/error" &
failback=$!
wait_field a preparing waiting
kill -TERM "$failback"
! wait "$failback" || fail "it was not interrupted"
grep -q 'nothing has begun' "$LAB/error" || fail "$(<"$LAB/error")"
wait_field a preparing no
met
"$MIRSYNC" failback volb --yes 2>"$LAB/error" &
failback=$!
wait_field a preparing waiting
msg b disconnect
! wait "$failback" || fail "it did not fail"
grep -q 'nothing has begun' "$LAB/error" || fail "$(<"$LAB/error")"
wait_field a preparing no
expect_fail dmsetup message vola 0 go
whole a "$before"
[ $((0x$(field b flags) & 8)) = 0 ] || fail "flags $(field b flags)"

note "a word for another question is none, and the volume can be removed while it waits"
msg b connect
met
"$MIRSYNC" failback volb --yes 2>"$LAB/error" &
failback=$!
wait_field a preparing waiting
expect_fail dmsetup message vola 0 go 1
expect_fail dmsetup message vola 0 go x
[ "$(field a preparing)" = waiting ] || fail "a: $(field a preparing)"
timeout 30 dmsetup remove --retry vola
! wait "$failback" || fail "it did not fail"
whole_disk=$(sum_of a)
[ "$whole_disk" = "$before" ] || fail "the disk of a has changed"

note "nor is one for the first question of an earlier activation"
vol_create a primary timeout 5000 before_target 60000
met
"$MIRSYNC" failback volb --yes 2>"$LAB/error" &
failback=$!
wait_field a preparing waiting
expect_fail dmsetup message vola 0 go 1
[ "$(field a preparing)" = waiting ] || fail "a: $(field a preparing)"
msg b disconnect
! wait "$failback" || fail "it did not fail"
wait_field b link disconnected

note "with the word"
watch a
msg b connect
met
"$MIRSYNC" failback volb --yes
[ "$(<"$LAB/seen")" = "$before" ] || fail "it saw something else"
unwatch
