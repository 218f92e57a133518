#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Each change of state wakes who waits by `dmsetup wait`, and is told by a uevent of the control
# device with the state in words, which udev's rules see; no change, no uevent, and none of the
# dm device, which udev would probe.
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 COMPARE=no CHECK=no
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

lab_sites
watch_uevents
size=$(blockdev --getsz "${META[a]}")
dmsetup create metaa --table "0 $size linear ${META[a]} 0"
META[a]=/dev/mapper/metaa
format_both
head -c 24M /dev/urandom | dd of="${DATA[a]}" bs=1M iflag=fullblock conv=fsync status=none
vol_create b secondary timeout 6000
vol_create a primary timeout 6000
event_field a role primary
event_field a sync in-sync
event_field b sync in-sync
told b ROLE=secondary CLAIM=none LINK=connecting SYNC=out-of-sync
told a ROLE=primary LINK=connected SYNC=resync-source MEETING=source
told b LINK=connected DISK=inconsistent SYNC=resync-target MEETING=target
told b ROLE=secondary LINK=connected DISK=consistent SYNC=in-sync

note "the link"
cut_link
event_field a link connecting
event_field b link connecting
put /dev/mapper/vola 0 64
heal_link
event_field a sync in-sync
event_field b sync in-sync
told a ROLE=primary LINK=connecting
msg b disconnect
event_field b link disconnected
event_field a link connecting
msg b connect
event_field b sync in-sync
told b LINK=disconnected

note "writes that wait"
msg a set link_lost freeze
msg b disconnect
told a FROZEN=1 LINK=connecting
msg a release
msg a set link_lost continue
msg b connect
event_field a sync in-sync
event_field b sync in-sync

note "roles"
"$MIRSYNC" demote vola
event_field a role secondary
event_field a meeting no-primary
event_field b meeting no-primary
event_field b peer none
"$MIRSYNC" promote volb
event_field b role primary
event_field a sync in-sync
told a ROLE=secondary SYNC=in-sync
vol_remove b
event_field a link connecting
"$MIRSYNC" promote vola
event_field a role primary
vol_create b primary timeout 6000
event_field b disk outdated
event_field b meeting outdated
event_field a meeting peer-outdated
told b DISK=outdated MEETING=outdated

note "failback"
"$MIRSYNC" failback vola --yes
event_field b disk consistent
event_field a failback 0
event_field a sync in-sync

note "suspend and resume"
dmsetup suspend vola
event_field b link connecting
dmsetup resume vola
event_field a sync in-sync

note "failed metadata"
wait_field a hot '0/*'
nr=$(dmsetup info -c --noheadings -o events vola)
change_table metaa "0 $size error"
if put /dev/mapper/vola 4096 64 2 2>/dev/null; then fail "a write without a record"; fi
timeout 60 dmsetup wait --noflush vola "$nr" >/dev/null || fail "no event of failed metadata"
told a METADATA=failed

uevents_sound
