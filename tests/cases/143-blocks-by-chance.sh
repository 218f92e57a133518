#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Requests to one disk after the other fail by chance, reads, writes and flushes alike. At the secondary, its
# data or its metadata, no write of the application fails for that; at the primary those that it was told of as done are
# at both sites in the end, or with the policy that goes on through the peer none fails. Once
# the disks work the sites are in sync again.
# kernel: debug
# timeout: 500
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-faults.sh"

seed=0
# All over the device, so that extents get hot and cold.
load()
{
	local i
	for i in {0..11}; do
		seed=$((seed + 1))
		put /dev/mapper/vola $((i * 1024)) 128 "$seed" || fail "a write failed"
	done
}

# Writes of which some may fail; keeps what was acknowledged.
stamp() # SECONDS
{
	seed=$((seed + 1))
	command timeout "$(limit "$1")" "$TOP/tests/cases/stamps.py" write /dev/mapper/vola "$seed" errors >>"$LAB/stamps" || true
}

stamped()
{
	"$TOP/tests/cases/stamps.py" verify "$LAB/stamps" "$LAB/a.data" "$LAB/b.data"
}

met_again()
{
	wait_until msg a disconnect
	wait_until is a link disconnected
	wait_until msg a connect
	wait_until is a sync in-sync
}

lab_sites
format_both >/dev/null
vol_create b secondary
vol_create a primary
wait_insync a 120

for mode in sync async; do
	msg a set mode "$mode"
	requests_fail 5 "${DATA[b]}"
	load
	requests_work
	wait_until is a sync in-sync
	wait_until is b disk consistent
done
msg a set mode sync

requests_fail 20 "${META[b]}"
load
requests_work
vol_remove b
vol_create b secondary
wait_until is a sync in-sync

for percent in 1 10; do
	requests_fail "$percent" "${DATA[a]}"
	stamp 3
	requests_work
	met_again
	stamped
done

requests_fail 3 "${META[a]}"
stamp 3
requests_work
vol_remove a
vol_create a primary
wait_until is a sync in-sync
stamped

# With the other policy.
vol_remove a
vol_create a primary disk_error peer
wait_until is a sync in-sync
requests_fail 10 "${DATA[a]}"
load
requests_work
wait_until is a disk inconsistent
vol_remove a
"$MIRSYNC" promote volb --alone
wait_field b claim active
vol_create a secondary
wait_insync b 120
