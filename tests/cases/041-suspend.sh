#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Either site can be suspended and resumed under load, with and without noflush: no write
# fails, the load goes on, and the sites come together again.
# processors: 2
# scenario: 23
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

writes() { field a writes; }

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
fio_load_start /dev/mapper/vola
for option in --noflush '' '--nolockfs --noflush'; do
	for site in a b; do
		# shellcheck disable=SC2086 # options
		timeout 60 dmsetup suspend $option "vol$site" || fail "suspend $option vol$site"
		if [ "$site" = a ]; then
			before=$(writes)
			nap 1
			[ "$(writes)" = "$before" ] || fail "writes of a suspended volume"
		fi
		timeout 60 dmsetup resume "vol$site" || fail "resume vol$site"
		wait_field a link connected 30
		wait_field a writes "!($(writes))" || fail "no writes after $option $site"
	done
done
fio_load_stop
wait_insync a
[ "$(field a role)" = primary ] || fail "lost its role"
fio_write /dev/mapper/vola --io_size=2m
