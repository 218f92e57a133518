#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Site A is restored from an older snapshot of disk and metadata together. Its marks say
# that nothing differs, its codes are those of its data; but B has seen a later state of it:
# A is outdated, writes nothing, and a failback brings it home while B is written to. So it is when all that was
# written since belongs to extents that were hot all the time. The same when A was told to
# go on alone from the snapshot before they met: a split brain, and B stays untouched. Last,
# the operator wants the snapshot: A is promoted by force and B overwritten by force. And B is restored, and goes
# on alone, while A is primary and writes nothing: by its generation B is the newer one, and it takes force to
# overwrite it.
# scenario: 9
# timeout: 360
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

# A promotion has the sites meet again: just then they are not connected.
failback() # VOLUME OPTION...
{
	wait_until "$MIRSYNC" failback "$@"
}

written_record() { [ "$(field a record_writes)" -gt "$1" ]; }

lab_sites
format_both
vol_create b secondary timeout 6000
vol_create a primary timeout 6000
wait_insync a
put /dev/mapper/vola 0 8192 1
vol_remove a
keep a old

note "A is restored, and meets B"
vol_create a primary timeout 6000
wait_insync a
put /dev/mapper/vola 4096 2048 2
wait_field a hot '0/*'
wait_field b hot '0/*'
vol_remove a
late=$(sum "${DATA[b]}" 0 12288)
put_back a old
vol_create a primary timeout 6000
wait_field a meeting outdated
[ "$(field a role)" = secondary ] || [ "$(field a claim)" != active ] || fail "A serves"
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct
[ "$(sum "${DATA[b]}" 0 12288)" = "$late" ] || fail "B was changed"
# The peer forgets nothing: a restart of either makes no difference.
vol_remove b
vol_create b secondary timeout 6000
wait_field a meeting outdated
vol_remove a
vol_create a primary timeout 6000
wait_field b meeting peer-outdated
"$MIRSYNC" promote volb
fio_load_start /dev/mapper/volb --offset=12m --size=1m --rate_iops=100
failback volb --yes
[[ $(field b rs_copied) -ge 512 && $(field b rs_copied) -le 768 ]] || fail "copied: $(field b rs_copied)"
fio_load_stop
compare_disks
[ "$(sum "${DATA[b]}" 0 12288)" = "$late" ] || fail "B was changed by the failback"
"$MIRSYNC" switchover volb
wait_insync a
put /dev/mapper/vola 8192 1024 3
wait_field b hot '0/*'

note "A is put back to a moment of a load under which nothing cools: it has begun no generation since"
fio_load_start /dev/mapper/vola --offset=4m --size=256k --rate_iops=100
nap "$(limit 4)"
keep a hot
# Once more, for the first may be due to what came before.
for _ in 1 2; do
	records=$(field a record_writes)
	wait_until written_record "$records"
done
put /dev/mapper/vola 4096 64 6
nap 3
fio_load_stop
cut_link
wait_field b link connecting
vol_remove a
late=$(sum "${DATA[b]}" 0 16384)
put_back a hot
vol_create a primary timeout 6000
heal_link
wait_field a meeting outdated
[ "$(sum "${DATA[b]}" 0 16384)" = "$late" ] || fail "B was changed"
"$MIRSYNC" promote volb
failback volb --yes
wait_insync b
compare_disks
"$MIRSYNC" switchover volb
wait_insync a
wait_field a hot '0/*'
wait_field b hot '0/*'

note "A is restored, and goes on alone before it meets B"
vol_remove a
late=$(sum "${DATA[b]}" 0 16384)
put_back a old
cut_link
vol_create a primary timeout 6000
"$MIRSYNC" promote vola --alone
put /dev/mapper/vola 0 4096 4
put /dev/mapper/vola 0 4096 5
heal_link
wait_field a meeting '@(split-brain|unrelated|outdated)'
note "$(dmsetup status vola)"
sleep 2
[ "$(sum "${DATA[b]}" 0 16384)" = "$late" ] || fail "B was changed"
[ "$(field b role)" = secondary ] || fail "B is not secondary"

note "the operator wants what A has"
"$MIRSYNC" promote vola --force
wait_field a role primary
wait_field a meeting '@(split-brain|unrelated)'
expect_fail "$MIRSYNC" failback vola --yes
[[ $REASON == *"--force throws away"* ]] || fail "$REASON"
failback vola --force --yes
wait_insync a
compare_disks
vol_remove a
vol_create a primary timeout 6000
wait_insync a

note "B is restored, and goes on alone; A has begun no generation meanwhile"
vol_remove b
keep b old
vol_create b secondary timeout 6000
wait_insync a
put /dev/mapper/vola 4096 1024 6
wait_field a hot '0/*'
wait_field b hot '0/*'
vol_remove b
put_back b old
cut_link
vol_create b primary timeout 6000
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 0 1024 7
heal_link
wait_field a meeting peer-outdated
wait_field b meeting outdated
wait_field b claim waiting
"$MIRSYNC" failback vola --dry-run --json >"$LAB/json"
grep -q 'refusal": *"the peer has gone back in time' "$LAB/json" || fail "$(<"$LAB/json")"
expect_fail "$MIRSYNC" failback vola --yes
[[ $REASON == *"gone back in time"* ]] || fail "$REASON"
failback vola --force --yes
wait_insync a
compare_disks
