#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The first sync of a secondary that was seeded by other means ships codes only. The first
# sync of one that was not, while the primary writes, yields to that and ends beside it.
# scenario: 1
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=24 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
put "${DATA[a]}" 0 20480 1
put "${DATA[b]}" 0 20480 1
put "${DATA[b]}" 8192 64 2
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
note "$(dmsetup status vola)"
[ "$(field a rs_copied) $(field a tx_data)" = "16 65536" ] || fail "shipped more than what differs"
[ "$(field a rs_equal)" = "$(($(field a segments) - 16))" ] || fail "equal: $(field a rs_equal)"

vol_remove a b
format_both
vol_create a primary timeout 5000 resync_rate_min 2048
"$MIRSYNC" promote vola
fio_load_start /dev/mapper/vola --iodepth=4
dd if=/dev/urandom of="${DATA[b]}" bs=1M count=24 oflag=direct status=none
vol_create b secondary timeout 5000
wait_field a rs_limit '[1-9]*' 60	# it yields
wait_field b rs_copied '[1-9]*' 60	# and the target shows how far it has come
wait_insync a 120
fio_load_stop
note "$(dmsetup status vola)"
