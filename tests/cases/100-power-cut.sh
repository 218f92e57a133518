#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The state of a site's disks at an instant under load, as a power cut leaves it: mirsync
# check says that it needs recovery (1); created from it the volume comes up unclean, with
# suspects and no more than those, and resyncs; the primary and the secondary likewise.
# scenario: 13
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

lab_sites
power_stack
format_both
vol_create b secondary timeout 3000
vol_create a primary timeout 3000
wait_insync a
for site in a b a; do
	note "power cut at $site"
	put /dev/mapper/vola 0 4096 1
	# The other half is idle, and soon cold.
	fio_load_start /dev/mapper/vola --size=16m
	power_cut "$site"
	fio_load_stop
	power_on "$site"
	log_mark
	role=primary
	[ "$site" = a ] || role=secondary
	vol_create "$site" "$role" timeout 3000
	kernel_log | grep "vol$site: activated as .* unclean stop" || fail "$site came up clean"
	note "$(dmsetup status "vol$site")"
	[ "$(field "$site" marked)" -gt 0 ] || fail "no suspects"
	[ "$(field "$site" marked)" -lt "$(field "$site" segments)" ] || fail "everything is suspect"
	if [ "$site" = a ] && dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct 2>/dev/null; then
		fail "a serves writes before it has met its peer"
	fi
	heal_link
	wait_insync a
done
