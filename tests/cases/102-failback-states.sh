#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Site A is lost, B goes on and is written to all the time; A comes back in each state that it, or B,
# may be in by then: rebooted, with its disk altered behind its metadata, from an older snapshot of disk
# and metadata, with writes that B never saw, without its metadata, with nothing; or both have lost their
# metadata, B first. A failback brings A home each time, and copies little where little differs.
# processors: 2
# scenario: 8 9
# timeout: 700
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

# Segments that are written at B: some once, which have to be copied, others all the time, which a writer may
# spare the copy.
once=32 written=$((once + 256)) seed=100
writer()
{
	seed=$((seed + 1))
	put /dev/mapper/volb 12288 $((once * 4)) "$seed"
	fio_load_start /dev/mapper/volb --offset=24m --size=$(((written - once) * 4))k --iodepth=4 --rate_iops=100 --randseed="$seed"
}

format_of() { "$MIRSYNC" format --force "${META[$1]}" "${DATA[$1]}"; }

# A is lost, and B goes on.
fail_over()
{
	vol_remove a
	"$MIRSYNC" promote volb --alone
	writer
}

# A comes back while B is written to, all is as B has it, and the roles go home.
come_home() # AT_MOST (segments copied) [OPTION... of failback]
{
	local most=$1
	shift
	vol_create a primary timeout 8000
	wait_field a meeting outdated
	expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct
	wait_until "$MIRSYNC" failback volb --yes "$@"
	wait_insync b
	note "copied: $(field b rs_copied)"
	[[ $(field b rs_copied) -ge $once && $(field b rs_copied) -le $most ]] ||
		fail "copied: $(field b rs_copied), not $once to $most"
	fio_load_stop
	"$MIRSYNC" verify volb
	"$MIRSYNC" switchover volb
	wait_insync a
	compare_disks
}

lab_sites
power_stack
format_both
vol_create b secondary timeout 8000
vol_create a primary timeout 60000
wait_insync a
put /dev/mapper/vola 0 32768 1
wait_field a hot '0/*'
vol_remove a
keep a old
vol_create a primary timeout 60000
wait_insync a
put /dev/mapper/vola 0 256 2

note "A was rebooted"
fail_over
come_home "$written"

note "A's disk was altered, its metadata was not"
fail_over
put "${DATA[a]}" 8196 4 3
come_home $((written + 1)) --regenerate

note "A is an older snapshot of disk and metadata"
fail_over
for kind in data meta; do
	dd if="$LAB/old.$kind" of="/dev/mapper/a.$kind" bs=1M oflag=direct status=none
done
come_home $((written + 64))

note "A has writes that B never saw"
vol_remove a
vol_create a primary timeout 60000 mode async
wait_insync a
cut_link
put /dev/mapper/vola 4096 64 4
[ "$(field a queued_bytes)" -ge 65536 ] || fail "queued: $(field a queued_bytes)"
power_cut a
power_on a
[ "$(sum "${DATA[a]}" 4096 64)" != "$(sum "${DATA[b]}" 4096 64)" ] || fail "B saw them"
msg b disconnect
"$MIRSYNC" promote volb --alone
heal_link
msg b connect
writer
come_home $((written + 16))

note "A's metadata is lost"
fail_over
format_of a
come_home "$written"

note "A has nothing left"
fail_over
blkdiscard -z "${DATA[a]}"
format_of a
come_home 8192

note "B's metadata is lost: its data counts, and A's metadata is that of another volume then"
fail_over
fio_load_stop
vol_remove b
format_of b
vol_create b primary timeout 8000
"$MIRSYNC" promote volb --alone
writer
log_mark
vol_create a primary timeout 8000
refused() { [ "$(kernel_log | grep -c 'vol[ab]: the sites do not accept each other: .*another volume')" = 2 ]; }
wait_until refused
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct
vol_remove a

note "so the metadata of both is made anew"
format_of a
come_home "$written"
