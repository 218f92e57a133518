#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Writes while a resync runs and while it stands still: what is written whole needs no copy
# any more, what is written in part is copied, and only what differs is shipped, as counted
# on the wire.
# processors: 2
# scenario: 6 2 3
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
msg a set resync_rate_max 64
cut_link
put /dev/mapper/vola 0 4096 1
wait_field a link connecting
shipped=$(field a tx_data)

note "whole and partial writes to what waits for its copy"
heal_link
wait_field a sync resync-source
put /dev/mapper/vola 1024 512 2		# 128 segments, in the first extent's second half
dd if=/dev/urandom of=/dev/mapper/vola bs=512 seek=7001 count=1 oflag=direct conv=notrunc status=none
[ "$(field a sync)" = resync-source ] || fail "over too soon"

note "writes while it stands still"
msg a disconnect
wait_field a link disconnected
first=$(field a rs_copied)
put /dev/mapper/vola 3072 256 3		# marked already
put /dev/mapper/vola 8192 256 3		# 64 more
dd if=/dev/mapper/vola of=/dev/mapper/vola bs=64k count=8 skip=192 seek=192 iflag=direct oflag=direct conv=notrunc status=none	# 128 with the same content
msg a set resync_rate_max 0
msg a connect
wait_insync a
second=$(field a rs_copied)
shipped=$(($(field a tx_data) - shipped))
note "copied: $first and $second; shipped: $shipped"
note "$(dmsetup status vola)"
# 1024 + 64 differed; 128 of them need no copy, unless they were copied before that. One run of 16 may
# have been written at the peer, and is equal then, without an answer that came in time to be counted.
sum=$((first + second))
[[ $sum -ge 944 && $sum -lt 1060 ]] || fail "copied: $first and $second"
# Writes that reached the peer in the session: 512 KiB and a sector. What was on its way at the cut is shipped again.
extra=$((shipped - sum * 4096 - 512 * 1024 - 512))
[[ $extra -ge 0 && $extra -le 524288 ]] || fail "shipped $extra bytes that were not copied"
[ "$(field a rs_equal)" -ge 128 ] || fail "equal: $(field a rs_equal)"
