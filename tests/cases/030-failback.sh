#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Site A is lost, B is promoted and written to, A comes back with its stale disk: it is
# outdated and refuses writes, the failback ships only what differs, the roles go home.
# scenario: 8
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 32768 1
vol_remove a
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 4096 4096 2

vol_create a primary
wait_field a meeting outdated
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct
"$MIRSYNC" failback volb --dry-run
"$MIRSYNC" failback volb --yes
note "$(dmsetup status volb)"
[ "$(field b rs_copied)" = 1024 ] || fail "copied: $(field b rs_copied)"
put /dev/mapper/volb 20480 4096 3
wait_insync b
"$MIRSYNC" switchover volb
wait_field a role primary
wait_insync a
put /dev/mapper/vola 24576 4096 4
