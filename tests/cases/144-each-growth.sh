#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Each call by which the module asks for an object, or for a page, while a volume grows at both sites
# is refused once; but those that any new table comes to, which 154 and 155 have. The growth is done then, or
# is done when it is asked for again; the sites are in sync, and the new part can be written.
# kernel: debug
# allocations: fail
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-crook.sh"
. "$(dirname "$0")/lib-faults.sh"

mib=$DATA_MIB
growth_round()
{
	local site
	mib=$((mib + 1))
	for site in b a; do
		truncate -s "${mib}M" "$LAB/$site.data"
		losetup -c "${DATA[$site]}"
		grown "$site" || tail -n 1 "$LAB/said" >&2
		wait_until grown "$site"
	done
	wait_until all_there
	put /dev/mapper/vola $((mib * 1024 - 64)) 64 "$mib" || fail "a write to the new part failed"
}

# Goes on from whatever the attempt before has left.
grown() # SITE
{
	{ dmsetup resume "vol$1" && "$MIRSYNC" grow "vol$1" &&
		[ "$(blockdev --getsize64 "/dev/mapper/vol$1")" = $((mib << 20)) ]; } >"$LAB/said" 2>&1
}

all_there()
{
	is a sync in-sync && is a valid $((mib * 256)) && is b valid $((mib * 256))
}

another_table()
{
	local table
	table=$(dmsetup table --showkeys vola)
	dmsetup reload vola --table "$table"
	dmsetup suspend vola
	dmsetup resume vola
	wait_until is a sync in-sync
}

lab_sites
keyctl add logon mirsync:crook "$KEY" @u >/dev/null
format_both >/dev/null
vol_create b secondary "${AUTH[@]}"
vol_create a primary "${AUTH[@]}"
wait_insync a 120
put /dev/mapper/vola 0 16384 9
calls_of another_table >"$LAB/common"
declare -A least=([failslab]=5 [fail_page_alloc]=1)
for KIND in failslab fail_page_alloc; do
	cut -d' ' -f1 "$LAB/common" >"$LAB/refused"
	refuse_new growth_round
	[ "$came" -ge "${least[$KIND]}" ] || fail "too few to prove anything"
done
faults_told
