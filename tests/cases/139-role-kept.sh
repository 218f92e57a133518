#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A volume that is suspended and resumed keeps the role that it has come to, whatever its table says: one that
# was created as the secondary, was promoted and is outdated is not overwritten without a command; one that was
# created as the primary and demoted does not take the role back.
# scenario: 23
# timeout: 240
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

again() # SITE
{
	local sessions
	sessions=$(sessions)
	timeout 60 dmsetup suspend "vol$1"
	timeout 60 dmsetup resume "vol$1"
	wait_until met_since "$sessions"
}

sessions() { echo $(($(counter a sessions) + $(counter b sessions))); }
met_since() { [ "$(sessions)" -ge $(($1 + 2)) ] && [ "$(field a link) $(field b link)" = "connected connected" ]; }

lab_sites
format_both
vol_create a secondary
vol_create b primary
wait_insync b
put /dev/mapper/volb 0 8192 1

note "outdated"
"$MIRSYNC" switchover volb
wait_insync a
put /dev/mapper/vola 0 64 2
msg b disconnect
wait_field b link disconnected
wait_field a link connecting
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 4096 64 3
msg b connect
wait_field a meeting outdated
again a
[ "$(field a meeting) $(field a claim)" = "outdated waiting" ] || fail "$(dmsetup status vola)"
[ "$(field b meeting)" = peer-outdated ] || fail "$(dmsetup status volb)"
"$MIRSYNC" failback volb --yes
wait_insync b
compare_disks

note "demoted"
"$MIRSYNC" demote volb
wait_field a meeting no-primary
again b
[ "$(field a meeting) $(field a claim) $(field b claim)" = "no-primary none none" ] || fail "$(dmsetup status vola) $(dmsetup status volb)"
"$MIRSYNC" promote volb
wait_insync b
