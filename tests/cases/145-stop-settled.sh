#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A suspend that gives up waiting for a disk whose flushes take for ever leaves extents in the activity record,
# and nobody who goes on with them: once it has returned, nothing is written to the metadata, whatever the disk
# does then. With the next resume they are what they would be after a crash.
# scenario: 23
# kernels: one
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=1200 META_MIB=8 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

flushes_end() { change_table dataa "$slow"; }	# those on their way, not those to come

lab_sites
can_fail data
read -r _ size _ below _ <<<"${GOOD[a]}"
slow="0 $size delay $below 0 0 $below 0 0 $below 0 600000"
format_both
vol_create a primary
msg a promote alone
wait_field a claim active
wait_field a hot '0/*'
change_table dataa "$slow"
# A block of each of 600 extents, some batches of what cools at a time. Once the first of them cools, nothing more is
# recorded: many at once, to be through before that.
note "600 extents get hot"
fio_run /dev/mapper/vola write:1916k --size="${DATA_MIB}m" --number_ios=600 --iodepth=256 --do_verify=0
[[ $(field a hot) == 6??/* ]] || fail "hot: $(field a hot)"
# They are not written to any more, so that they are to leave the record one batch after the other.
nap 6
timeout 120 dmsetup suspend vola &
stop=$!
wait_log 'vola: .* extents stay in the activity record'
while kill -0 "$stop" 2>/dev/null; do
	flushes_end
	nap 0.5
done
wait "$stop" || fail "the suspend failed"
before=$(disk_sectors "${META[a]}" write)
change_table dataa "${GOOD[a]}"
nap 3
[ "$(disk_sectors "${META[a]}" write)" = "$before" ] || fail "the metadata is written to after the suspend"
dmsetup resume vola
wait_field a claim active
put /dev/mapper/vola 0 8192 1
wait_field a hot '0/*'
