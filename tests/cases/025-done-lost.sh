#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The last message of a resync, or the answer to it, is lost: the sites meet again, with
# nothing left to copy, and agree.
# scenario: 5
# timeout: 240
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# Drop what SITE sends in a segment that begins with this frame, or has it behind a PING or a
# PROGRESS.
drop_frame() # SITE TYPE
{
	local at
	tc -n "site$1" qdisc add dev veth0 clsact
	for at in 52 92 116; do	# behind the headers of IP and TCP, with a time stamp
		tc -n "site$1" filter add dev veth0 egress protocol ip u32 \
			match ip protocol 6 0xff match u32 0x4d534631 0xffffffff at $at \
			match u16 "$(printf '0x%02x00' "$2")" 0xffff at $((at + 4)) action drop
	done
}

dropped() # SITE
{
	tc -n "site$1" -s filter show dev veth0 egress | grep -o 'dropped [0-9]*' | sort -u | tail -n 1
}

lab_sites
modprobe -a sch_ingress cls_u32 act_gact
format_both
vol_create b secondary timeout 2000
vol_create a primary timeout 2000
wait_insync a

for lost in a:39 b:66; do
	note "lost: frame ${lost#*:} of site ${lost%:*}"
	cut_link
	put /dev/mapper/vola 0 4096 "${lost#*:}"
	wait_field a link connecting
	msg a set resync_rate_max 64
	heal_link
	wait_field a rs_copied '[1-9]*'
	drop_frame "${lost%:*}" "${lost#*:}"
	msg a set resync_rate_max 0
	wait_field a rs_copied 1024
	wait_field a link connecting
	note "$(dropped "${lost%:*}")"
	[ "$(dropped "${lost%:*}")" != "dropped 0" ] || fail "nothing was dropped"
	[[ $(field a sync) != in-sync && $(field a marked) = 0 ]] || fail "$(dmsetup status vola)"
	disk=inconsistent
	[ "$lost" = a:39 ] || disk=consistent
	[ "$(field b disk)" = "$disk" ] || fail "the target is $(field b disk)"
	tc -n "site${lost%:*}" qdisc del dev veth0 clsact
	wait_insync a
	[ "$(field a rs_copied) $(field a rs_equal)" = '0 0' ] || fail "$(dmsetup status vola)"
	[ "$(field b disk) $(field b sync)" = 'consistent in-sync' ] || fail "$(dmsetup status volb)"
	[ "$(field a gen)" = "$(field b gen)" ] || fail "generations"
done
