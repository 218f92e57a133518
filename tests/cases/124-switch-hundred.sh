#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A hundred switchovers in a row, to and fro, each from under a load that is killed with its writes in flight:
# each primary finds what the one before it has written, nothing lost and nothing repeated, there are never two,
# and nothing is copied for it. The longest time without a primary is printed. SWITCHES (100) of them.
# scenario: 17
# timeout: 400
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=8 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
before=$SECONDS
timeout 300 python3 "$(dirname "$0")/switches.py" "${SWITCHES:-100}" \
	/dev/mapper/vola /dev/mapper/volb "$LAB" | tee "$LAB/said"
figure "$(<"$LAB/said")"
note "in $((SECONDS - before)) s"
for site in a b; do
	[ "$(field "$site" rs_copied)/$(field "$site" marked)" = 0/0 ] ||
		fail "$site copied $(field "$site" rs_copied), marked $(field "$site" marked)"
	[ "$(field "$site" sync)" = in-sync ] || fail "$site: $(field "$site" sync)"
done
