#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A resync that is interrupted by a link cut, by disconnect, by removal of the target and
# by removal of the source, most of them under a writer, is completed each time the sites meet again,
# from where it was: the marks only become fewer. An unfinished target refuses a promotion. The
# writer meets no error before its volume is taken away.
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
msg a set resync_rate_max 512		# nearly two minutes for all

# It writes to what is not to be copied: these may be marked besides.
written=64
writer_start() { fio_load_start /dev/mapper/vola --offset=60m --size=$((written * 4))k --iodepth=2 --rate_iops=40; }

# In the middle of the copy, after at least 200 segments.
under_way()
{
	wait_field a sync resync-source 30
	wait_field a rs_copied '@([2-9]??|????*)' 60
	[ "$(field a sync)" = resync-source ] || fail "the resync was over before it was interrupted"
	wait_field b disk inconsistent 5
}

volume_gone() { dmsetup remove vola; }

stopped()
{
	local now
	now=$(field a marked)
	note "copied: $(field a rs_copied), marked: $now"
	[ "$now" -lt "${left:-14336}" ] || fail "no progress: ${left-} were marked before, now $now"
	left=$now
}

note "cut, under a writer"
writer_start
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
fio_load_stop
note "disconnect"
msg a disconnect
wait_field a link disconnected 30
stopped
writer_start
msg a connect

under_way
note "the target is removed, under a writer"
vol_remove b
wait_field a link connecting 30
stopped
vol_create b secondary timeout 3000

under_way
note "the source is removed, under a writer"
before=$(field a marked)
kill -0 "$FIO_LOAD" || fail "the writer has met an error"
# It is open: errors take its place, and it goes when the writer has.
dmsetup remove --force --retry vola || wait_until volume_gone
if wait "$FIO_LOAD" 2>/dev/null; then fail "the writer has met no error"; fi
vol_create a primary timeout 3000
wait_field a link connected 30
[ "$(field a marked)" -le $((before + written)) ] || fail "marked: $(field a marked), $before before the removal"
[ "$(field a role)" = primary ] || fail "a is not primary"
wait_insync a 120
[ "$(field b disk)" = consistent ] || fail "b is $(field b disk)"
note "copied by the last resync: $(field a rs_copied)"
