#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A volume can be removed in limited time while its peer is cut off, or while the peer's
# disk hangs; a write that waits for such a peer ends when the operator disconnects.
# processors: 2
# scenario: 23
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

remove_within() # SECONDS SITE
{
	timeout "$1" dmsetup remove --retry "vol$2" || fail "vol$2 is not removed after $1 s"
}

pair()
{
	vol_create b secondary timeout 10000
	vol_create a primary timeout 10000
	wait_insync a
}

lab_sites
below=${DATA[b]}
dmsetup create slow --table "0 $(blockdev --getsz "$below") linear $below 0"
DATA[b]=/dev/mapper/slow
format_both
pair

# The link goes down and nobody has noticed yet; writes are on their way.
put /dev/mapper/vola 0 1024 1
put /dev/mapper/vola 0 4096 2 &
cut_link
remove_within 30 b
wait $!
remove_within 30 a
heal_link
pair

# The disk of b hangs: the write waits for it, as sync mode wants.
dmsetup suspend --nolockfs slow
put /dev/mapper/vola 8192 1024 3 &
writer=$!
sleep 5
kill -0 "$writer" || fail "the write did not wait for the peer"
msg a disconnect
wait "$writer" || fail "the write failed"
put /dev/mapper/vola 8192 1024 4
remove_within 30 a
dmsetup resume slow
remove_within 30 b
pair

# A command that waits for such a peer keeps other commands away, but not the disconnect that ends
# it; nor does one disconnect keep the next connect away.
remove_within 30 a
vol_create a primary timeout 60000
wait_insync a
cut_link
msg a regenerate peer
! msg a regenerate local 2>/dev/null || fail "no command waits for the peer"
msg a disconnect
msg a connect
heal_link
wait_insync a
msg a regenerate local
