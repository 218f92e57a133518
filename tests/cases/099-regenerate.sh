#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A segment of A's disk was altered while its metadata stayed, and the sample does not look there:
# a failback takes A's code for true and copies nothing; with --regenerate it finds the segment, and
# the disks are equal. In a pair in sync, verify finds what was altered at the secondary when its codes
# were made anew, by command or by message, also under a load. Refused while there is no peer.
# scenario: 9
# timeout: 400
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=64 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# alter SITE: some bytes of segment 16000, below the target, in an extent that was not written last.
alter()
{
	dd if=/dev/urandom of="$LAB/$1.data" bs=512 count=1 seek=128003 conv=notrunc status=none
}

# A sample of one segment in each of 48 extents may look there all the same: then all is compared
# already, and there is nothing left to show.
by_chance()
{
	if kernel_log | grep 'written to behind this target'; then
		note "the sample has found it, by chance"
		exit 0
	fi
}

codes()
{
	"$MIRSYNC" wait vola codes --timeout "$(limit 60)"
	"$MIRSYNC" wait volb codes --timeout "$(limit 60)"
}

# verify STATUS
verify()
{
	local r=0
	"$MIRSYNC" verify vola || r=$?
	[ "$r" = "$1" ] || fail "status $r, not $1"
}

lab_sites
format_both
vol_create a primary
expect_fail "$MIRSYNC" regenerate vola local
expect_fail "$MIRSYNC" regenerate vola peer
vol_create b secondary
wait_insync a
put /dev/mapper/vola 0 32768 1
codes
expect_fail "$MIRSYNC" regenerate vola both
expect_fail "$MIRSYNC" failback vola --dry-run --regenerate

note "a segment of A is altered while it is down"
vol_remove a
alter a
vol_create a secondary
"$MIRSYNC" promote volb
wait_insync b
by_chance
"$MIRSYNC" failback volb --yes
wait_insync b
by_chance
[ "$(field b rs_copied)" = 0 ] || fail "copied: $(field b rs_copied)"
if compare_disks; then fail "the disks are equal"; fi
"$MIRSYNC" failback volb --yes --regenerate
wait_insync b
[ "$(field b rs_copied)" = 1 ] || fail "copied: $(field b rs_copied)"
compare_disks
"$MIRSYNC" switchover volb
wait_insync a
codes

note "a segment of B is altered while it is in use"
alter b
verify 0
read_before=$(field b gen_read)
"$MIRSYNC" regenerate vola peer
codes
[ $(($(field b gen_read) - read_before)) = 131072 ] || fail "read: $read_before, $(field b gen_read)"
[ "$(field a sync) $(field b marked)" = "in-sync 0" ] || fail "$(dmsetup status vola)"
verify 5
put /dev/mapper/vola 64000 4 3
verify 0

note "by message, under a load"
fio_load_start /dev/mapper/vola --size=8m
for site in local peer; do
	msg a regenerate "$site"
	wait_field a cmd 0
done
verify 0
fio_load_stop
codes
verify 0
expect_fail dmsetup message vola 0 regenerate both

note "at the target, between two sessions of a copy"
vol_remove a
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 32768 4096 5
vol_create a primary
wait_field b meeting peer-outdated
wait_field a hot '0/*'
wait_field b hot '0/*'
msg b set resync_rate_max 128
"$MIRSYNC" failback volb --yes >"$LAB/said" 2>&1 &
wait_field b rs_copied '@([1-9]??|????*)'
# In the first extent, which was found equal: only what differs is copied.
dd if=/dev/urandom of="$LAB/a.data" bs=4k count=1 seek=100 conv=notrunc status=none
msg b disconnect
wait_field b link disconnected
wait_field a link connecting
wait_until "$MIRSYNC" regenerate vola local
"$MIRSYNC" wait vola codes --timeout "$(limit 60)" || true
msg b set resync_rate_max 0
msg b connect
wait_insync b
wait || true
compare_disks
"$MIRSYNC" switchover volb
wait_insync a
codes

note "cut in the middle, and a restart"
msg b set generator_rate 64
"$MIRSYNC" regenerate vola peer
[ "$(field b valid)" -lt "$(field b segments)" ] || fail "all codes are there"
vol_remove b
vol_create b secondary
wait_insync a
codes
verify 0
