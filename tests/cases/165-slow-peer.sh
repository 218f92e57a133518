#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A secondary whose disk takes its time, behind a long queue of mode async: a write in mode sync
# waits longer than the limit for a confirmation, and as confirmations come all the time, the
# session goes on, and so it does when that disk stands still for longer than the peer may be silent. When
# confirmations stop coming for longer than the limit it ends.
# scenario: 21
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

LATE=45		# ms a write
LIMIT=30	# s, for a confirmation
TIMEOUT=5	# s, of silence

lab_sites
modprobe dm-delay
below=${DATA[b]}
dmsetup create slow --table "0 $(blockdev --getsz "$below") delay $below 0 0 $below 0 $LATE"
DATA[b]=/dev/mapper/slow
format_both
vol_create b secondary timeout $((TIMEOUT * 1000))
vol_create a primary mode async async_queue 16384 timeout $((TIMEOUT * 1000))
wait_insync a 120

# One after the other: each write is an epoch of its own.
dd if=/dev/urandom of=/dev/mapper/vola bs=4k count=1500 oflag=direct conv=notrunc status=none
msg a set mode sync
waiting=$(field a unacked)
began=$SECONDS
put /dev/mapper/vola 16384 4 1
waited=$((SECONDS - began))
figure "behind $waiting others it took $waited s"
[ "$waited" -gt $((LIMIT + 2)) ] || fail "too short to prove anything"
[ "$(field a link)" = connected ] || fail "the session has ended"
[ "$(counter a cut_unconfirmed)" = 0 ] || fail "the session had ended"
wait_insync a

note "its disk stands still for longer than a time-out, with more on the way than it takes in"
log_mark
msg a set mode async
msg a set async_queue 65536
dmsetup suspend --nolockfs slow
fio_run /dev/mapper/vola write --bs=256k --size="${DATA_MIB}m" --io_size=48m --do_verify=0
nap $((TIMEOUT + 4))
dmsetup reload slow --table "0 $(blockdev --getsz "$below") linear $below 0"
dmsetup resume slow
wait_field a queued_bytes 0 120
! log_says 'connection with .* lost' || fail "the session has ended"
[ "$(counter a cut_unconfirmed)" = 0 ] || fail "the session has ended"
msg a set mode sync
wait_insync a

dmsetup suspend --nolockfs slow
put /dev/mapper/vola 16400 4 2
[ "$(counter a cut_unconfirmed)" = 1 ] || fail "it was not the limit that ended the session"
dmsetup resume slow
wait_insync a 120
