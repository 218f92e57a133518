#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Told as in 062: a failback that has begun, a site that waits for the word before it is copied to and is refused it,
# a queue that was full, disks that do not answer and do again, a primary whose disk has failed and that goes
# on through its peer.
# timeout: 500
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

lab_sites
can_fail data
watch_uevents
format_both
vol_create b secondary timeout 6000
vol_create a primary timeout 6000
wait_insync a
put /dev/mapper/vola 0 64 1

note "a failback has begun"
"$TOP/tests/cases/failback.py" /dev/mapper/vola begin hold &
helper=$!
event_field a sync failback
told a LINK=connected SYNC=failback
kill "$helper"
wait "$helper" || true
event_field a sync in-sync

note "the word before a copy"
msg b set before_target 60000
msg b disconnect
event_field b link disconnected
put /dev/mapper/vola 64 64 2
msg b connect
event_field b preparing waiting
told b LINK=connected PREPARING=waiting
msg b refuse
event_field b preparing refused
told b PREPARING=refused
msg b go
event_field b preparing no
event_field b sync in-sync
told b PREPARING=no SYNC=in-sync
msg b set before_target 0

note "a disk that does not answer"
for site in a b; do
	msg "$site" set disk_timeout 2000
	dmsetup suspend --nolockfs "data$site"
	put /dev/mapper/vola 128 64 3 2>/dev/null &
	writer=$!
	event_field "$site" hung 1
	told "$site" HUNG=1
	dmsetup resume "data$site"
	event_field "$site" hung 0
	wait "$writer" || [ "$site" = a ] || fail "the write failed"
	event_field a sync in-sync
	told "$site" HUNG=0 SYNC=in-sync
	msg "$site" set disk_timeout 0
done

note "a queue that was full"
vol_remove a
vol_create a primary timeout 60000 mode async async_queue 1024 queue_full detach
event_field a sync in-sync
cut_link
put /dev/mapper/vola 0 4096 4
event_field a detached 1
told a DETACHED=1
heal_link
event_field a detached 0
event_field a sync in-sync
told a DETACHED=0 SYNC=in-sync

note "a primary goes on through its peer"
vol_remove a
vol_create a primary timeout 6000 disk_error peer
event_field a sync in-sync
change_table dataa "${BAD[a]}"
put /dev/mapper/vola 8192 64 5
event_field a disk inconsistent
told a ROLE=primary DISK=inconsistent LINK=connected
uevents_sound

vol_remove a
change_table dataa "${GOOD[a]}"
vol_create a primary timeout 6000
wait_field b meeting no-source
"$MIRSYNC" promote volb
wait_insync b
