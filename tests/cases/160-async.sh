#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Mode async: writes and flushes end without the peer, as many as the queue takes; a stalled
# link delays and loses nothing. The mode is changed under writes that wait. A session that
# ends with writes on their way leaves marks and a new generation; a removal ends it in order.
# processors: 2
# scenario: 21
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

queued() { field a queued_bytes; }
still_writing() { kill -0 "$writer" || fail "the writer did not wait: $*"; }

lab_sites
format_both
vol_create b secondary timeout 60000
vol_create a primary timeout 60000 mode async
wait_insync a
gen=$(field a gen)

# The link stalls: the application does not notice.
cut_link
put /dev/mapper/vola 0 512 1
[ "$(queued)" -ge $((512 << 10)) ] || fail "queued: $(queued)"
heal_link
wait_field a queued_bytes 0
[ "$(field a sync) $(field a gen) $(field a rs_copied)" = "in-sync $gen 0" ] || fail "$(dmsetup status vola)"

# Sync waits, and does not any more when that is changed.
msg a set mode sync
put /dev/mapper/vola 1024 64 2
[ "$(queued)" = 0 ] || fail "ended without the peer in mode sync"
cut_link
put /dev/mapper/vola 2048 64 3 &
writer=$!
wait_field a unacked '[1-9]*'
sleep 1
still_writing "mode sync"
msg a set mode async
wait "$writer" || fail "the write failed"
[ "$(queued)" -gt 0 ] || fail "nothing is queued"

# The queue is full: the writer waits for room in it.
msg a set async_queue 256
put /dev/mapper/vola 4096 2048 4 &
writer=$!
queue_full() { [ "$(queued)" -ge $((256 << 10)) ]; }
wait_until queue_full
sleep 1
still_writing "queue full"
[ "$(queued)" -le $((384 << 10)) ] || fail "more than the queue takes: $(queued)"
heal_link
wait "$writer" || fail "the write failed"
wait_field a queued_bytes 0
[ "$(field a epochs)" -gt 0 ] || fail "no epoch began"

# So do those that all wait for their extents to be recorded first: none is shipped beyond it.
wait_field a hot '0/*'
cut_link
msg a set async_queue 64
fio_run /dev/mapper/vola randwrite --bs=64k --iodepth=32 --size=16m --io_size=4m --do_verify=0 &
writer=$!
queue_full64() { [ "$(queued)" -ge $((64 << 10)) ]; }
wait_until queue_full64
sleep 3
still_writing "queue full"
[ "$(queued)" -le $((132 << 10)) ] || fail "more than the queue takes: $(queued)"
msg a set async_queue 16384
heal_link
wait "$writer" || fail "the write failed"
wait_field a queued_bytes 0

# The session ends with writes on their way.
cut_link
put /dev/mapper/vola 8192 128 5
msg a disconnect
wait_field a link disconnected
wait_field a gen '!('"$gen"')'
[ "$(field a marked)" = 32 ] || fail "marked: $(field a marked)"
heal_link
msg a connect
wait_insync a

# A removal waits for the queue.
site_a tc qdisc add dev veth0 root netem delay 300ms
put /dev/mapper/vola 12288 128 6
vol_remove a b
compare_disks
check_meta
