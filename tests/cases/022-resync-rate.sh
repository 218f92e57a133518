#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A resync keeps to its ceiling, beside an application to its floor, and goes on there; both
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

# What was copied took at least half of the time that the limit asks for.
held() # KIB_PER_SECOND
{
	local line copied ms
	line=$(dmsetup status --noflush vola)
	copied=$(sed -E 's/.* rs_copied=([0-9]+) .*/\1/' <<<"$line")
	ms=$(sed -E 's/.* rs_ms=([0-9]+) .*/\1/' <<<"$line")
	note "$((copied * 4)) KiB copied in $ms ms"
	[ "$((copied * 4 * 1000 / $1))" -le "$((2 * ms))" ] || fail "faster than $1 KiB/s"
	[ "$copied" -lt 4096 ] || fail "all was copied at $1 KiB/s"
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
copied=$(field a rs_copied)
wait_field a rs_copied "!($copied)"
[ "$(field a sync)" = resync-source ] || fail "it did not yield"
msg a set resync_rate_min 1048576
wait_insync a 60
fio_load_stop
[ "$(field a rs_limit)" = 0 ] || fail "limit: $(field a rs_limit)"
