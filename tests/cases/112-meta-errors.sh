#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A metadata device that cannot be written: at the primary the application gets errors
# instead of completions that no record covers; at the secondary the primary goes on and
# keeps marks. With the device healed the site is made anew and the sites become equal.
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
can_fail meta
format_both
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 4096 1
wait_field a hot '0/*'

note "b cannot record"
change_table metab "${BAD[b]}"
put /dev/mapper/vola 8192 1024 2
[ "$(field a role)" = primary ] || fail "a is not primary"
[ "$(field a marked)" -gt 0 ] || fail "no marks at a"
expect_fail "$MIRSYNC" switchover vola
change_table metab "${GOOD[b]}"
vol_remove b
vol_create b secondary
wait_insync a
compare_disks
wait_field a hot '0/*'

note "a cannot record"
"$MIRSYNC" events vola >"$LAB/events" &
events=$!
wait_until grep -q 'vola primary connected' "$LAB/events"
change_table metaa "${BAD[a]}"
if put /dev/mapper/vola 12288 1024 3 2>/dev/null; then fail "a write completed that no record covers"; fi
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct
[ "$(field a metadata)" = failed ] || fail "the status does not tell: $(dmsetup status vola)"
"$MIRSYNC" status vola | grep 'metadata.*failed' || fail "mirsync status does not tell"
wait_until grep -q 'vola primary .* metadata-failed' "$LAB/events"
kill "$events"
expect_fail in_site a dmsetup reload vola --table "$(SECTORS=16384 vol_table a primary)"
[[ $REASON == *"metadata of this site has failed"* ]] || fail "$REASON"
# Nobody waits for ever at a device that cannot be resumed.
dmsetup suspend vola
dmsetup resume vola
expect_fail timeout 60 dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct
expect_fail timeout 60 dd if=/dev/mapper/vola of=/dev/null bs=4k count=1 iflag=direct
change_table metaa "${GOOD[a]}"
vol_remove a
vol_create a primary
wait_insync a
put /dev/mapper/vola 4096 4096 4
