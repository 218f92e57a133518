#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A data or metadata device that hangs for a while, at either site, under a writer and during
# a resync: what needs it waits, status answers, nothing fails, and all goes on when the
# device does.
# processors: 2
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

lab_sites
power_stack
format_both
vol_create b secondary
vol_create a primary
wait_insync a
at=0
for device in a.data a.meta b.data b.meta; do
	note "$device hangs under a writer"
	# Of what was not written to before: each site has to record it.
	dmsetup suspend --nolockfs "$device"
	put /dev/mapper/vola "$at" 1024 1 &
	writer=$!
	sleep 1
	kill -0 "$writer" || fail "the write did not wait for $device"
	[ "$(field a role) $(field a link)" = "primary connected" ] || fail "a: $(dmsetup status --noflush vola)"
	dmsetup resume "$device"
	wait "$writer" || fail "the write failed"
	[ "$(field a marked)" = 0 ] || fail "$(field a marked) marks"

	note "$device hangs during a resync"
	msg a disconnect
	wait_field a link disconnected
	put /dev/mapper/vola $((at + 2048)) 4096 1
	dmsetup suspend --nolockfs "$device"
	msg a connect
	wait_field a link connected
	sleep 1
	[ "$(field a sync)" != in-sync ] || fail "in sync without $device"
	dmsetup resume "$device"
	wait_insync a
	at=$((at + 8192))
done
