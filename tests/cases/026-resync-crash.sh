#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The power of the source, then that of the target, fails in the middle of a resync, then, under a
# writer, that of the target and that of the source: the next resync finds by codes what was copied,
# and copies the rest. The writer does not notice that the target is gone.
# scenario: 4
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

lab_sites
power_stack
format_both
vol_create b secondary timeout 6000
vol_create a primary timeout 6000
wait_insync a
cut_link
put /dev/mapper/vola 0 16384 1
wait_field a link connecting
total=0 round=0
# What is written to, to be copied in each round.
written=64
for site in a b b a; do
	round=$((round + 1))
	msg a set resync_rate_max $((768 / $(limit 1)))	# a slow kernel, or machine, looks less often
	[ "$round" != 3 ] ||
		fio_load_start /dev/mapper/vola --offset=20m --size=$((written * 4))k --iodepth=2 --rate_iops=40
	heal_link
	wait_field a sync resync-source		# what it says of copies is of this one from here on
	wait_field a rs_copied '@([4-9]??|????*)'
	power_cut "$site"
	total=$((total + $(field a rs_copied)))
	note "$round: power cut at $site, copied: $total"
	[ "$total" -lt 4096 ] || fail "it was over before"
	[ "$round" != 4 ] || fio_load_stop
	power_on "$site"
	role=primary
	[ "$site" = a ] || role=secondary
	vol_create "$site" "$role" timeout 6000
	[ "$(field b disk)" = inconsistent ] || fail "the target is $(field b disk)"
done
msg a set resync_rate_max 0
heal_link
wait_insync a
total=$((total + $(field a rs_copied)))
note "copied in all: $total"
# What was not confirmed at a cut is copied again.
[[ $total -ge 4096 && $total -le $((4096 + 4 * 512 + 2 * written)) ]] || fail "copied in all: $total"
