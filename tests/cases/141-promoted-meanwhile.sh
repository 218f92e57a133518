#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The secondary is being promoted, which takes as long as its disk takes to flush, when the primary comes back and
# they meet: that one is not given its role, and is outdated. Only one site has ever served, so there is no split brain.
# scenario: 8
# timeout: 240
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

lab_sites
below=${DATA[b]}
quick="0 32768 linear $below 0"
slow="0 32768 delay $below 0 0 $below 0 0 $below 0 600000"
dmsetup create disk --table "$quick"
DATA[b]=/dev/mapper/disk
format_both
vol_create b secondary timeout 60000
vol_create a primary timeout 60000
wait_insync a
put /dev/mapper/vola 0 8192 1
vol_remove a
wait_field b link connecting
wait_field b hot '0/*'
change_table disk "$slow"
log_mark
msg b promote
vol_create a primary timeout 60000
wait_log 'vola: connected: '
[ "$(field b claim)" = none ] || fail "the promotion was over before: $(field b claim)"
change_table disk "$quick"	# what waits there is let go
wait_field b claim active
wait_field a meeting outdated
if log_says 'vola: primary: the application is served'; then
	fail "both sites had the role"
fi
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct
put /dev/mapper/volb 4096 64 2
"$MIRSYNC" failback volb --yes
wait_insync b
