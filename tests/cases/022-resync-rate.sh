#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A resync keeps to its ceiling, beside an application to its floor, and does not fall behind it; both
# change while it runs. The target shows its progress too.
# scenario: 7
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

outage() # SEED
{
	cut_link
	put /dev/mapper/vola 0 16384 "$1"
	wait_field a link connecting
}

# Segments copied by this resync, and its milliseconds.
progress() { dmsetup status --noflush vola | sed -E 's/.* rs_copied=([0-9]+).* rs_ms=([0-9]+) .*/\1 \2/'; }

# What was copied took at least half of the time that the limit asks for.
held() # KIB_PER_SECOND
{
	local copied ms
	read -r copied ms < <(progress)
	note "$((copied * 4)) KiB copied in $ms ms"
	[ "$((copied * 4 * 1000 / $1))" -le "$((2 * ms))" ] || fail "faster than $1 KiB/s"
	[ "$copied" -lt 4096 ] || fail "all was copied at $1 KiB/s"
}

# In some seconds, more than a machine stands still for, it copies at least half of what the limit promises.
kept() # KIB_PER_SECOND
{
	local copied ms copied_then ms_then
	read -r copied_then ms_then < <(progress)
	sleep 20
	read -r copied ms < <(progress)
	copied=$((copied - copied_then)) ms=$((ms - ms_then))
	figure "beside an application $((copied * 4)) KiB are copied in $ms ms, with a floor of $1 KiB/s"
	[ "$((copied * 4 * 1000))" -ge "$(($1 * ms / 2))" ] || fail "slower than $1 KiB/s"
}

lab_sites
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a

note "ceiling"
outage 1
msg a set resync_rate_max 128
heal_link
wait_field a rs_copied '??+([0-9])' 60
wait_field b rs_copied '??+([0-9])' 60
[ "$(field b sync) $(field b rs_done)" = "resync-target 0/9" ] || fail "target: $(dmsetup status volb)"
held 128
[ "$(field a rs_limit)" = 128 ] || fail "limit: $(field a rs_limit)"
[[ $("$MIRSYNC" status volb) == *'being copied from the peer'*' copied, at '* ]] || fail "$("$MIRSYNC" status volb)"
msg a set resync_rate_max 0
wait_insync a 60	# 16 MiB at that ceiling would be 128 s
[ "$(field a rs_copied)" = 4096 ] || fail "copied: $(field a rs_copied)"
[ "$(field b rs_copied) $(field b rs_done)" = "4096 9/9" ] || fail "target: $(dmsetup status volb)"

note "floor"
msg a set resync_rate_min 128
outage 2
fio_load_start /dev/mapper/vola --offset=20m --size=8m --iodepth=1
heal_link
wait_field a sync resync-source
wait_field a rs_limit 128
kept 128
[ "$(field a sync) $(field a rs_limit)" = "resync-source 128" ] || fail "it did not yield"
msg a set resync_rate_min 1048576
wait_insync a 60
fio_load_stop
[ "$(field a rs_limit)" = 0 ] || fail "limit: $(field a rs_limit)"
