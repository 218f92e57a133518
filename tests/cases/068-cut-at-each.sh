#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The connection is cut at each type of frame, from each site that sends it, before the other
# one has it and after: in the handshake, in a resync, under writes, flushes and discards,
# reads of tables and digests, reads that the peer serves, a failback, a switchover. Each time the sites are
# in sync again, and all that was written is on both disks.
# scenario: 19
# timeout: 800
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-crook.sh"

# The proxy is at site b, so each site is called by its peer's host.
PEER=([a]="${ADDRESS[b]}:7789" [b]="${ADDRESS[b]}:7787")

cuts() # GROUP...
{
	in_site b "$TOP/tests/cases/cuts.py" "$LAB/cuts" "${ADDRESS[a]}" "${ADDRESS[b]}" "$@" || fail "see above"
}

lab_sites
rm "$LAB/a.data"		# not the disk of this case
scsi_disk "$DATA_MIB"
medium_errors 0 0
DATA[a]=$SCSI_DISK
can_fail data
keyctl add logon mirsync:crook "$KEY" @u >/dev/null
format_both
vol_create b secondary
vol_create a primary "${AUTH[@]}"
cuts refuse
vol_remove b
vol_create b secondary "${AUTH[@]}"
cuts handshake called resync marks mirror tables contents read failback switch coverage | tee "$LAB/said"
figure "$(tail -n 1 "$LAB/said")"

note "without the proxy"
vol_remove a b
PEER=()
vol_create b secondary "${AUTH[@]}"
vol_create a primary "${AUTH[@]}"
