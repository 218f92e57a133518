#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The last message of a resync is lost, or the answer to it: the source does not take the pair
# for in sync, nothing is copied again, and the next meeting ends it. What the source writes
# alone in between is all that is copied then.
# scenario: 5
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# What is sent to that site gets lost.
deafen() { tc -n "site${OTHER[$1]}" qdisc add dev veth0 root netem loss 100%; }
hear() { tc -n "site${OTHER[$1]}" qdisc del dev veth0 root; }

# almost SEED: a resync that lacks nothing but the confirmations of b's disk, which hangs. Not
# before b has cooled all: it would wait for a flush of that disk.
almost()
{
	msg a disconnect
	wait_field a link disconnected
	put /dev/mapper/vola 0 256 "$1"
	wait_field b hot '0/*'
	dmsetup suspend --nolockfs datab
	msg a connect
	wait_field a unacked '[1-9]*'
	[ "$(field a marked) $(field a sync)" = "64 resync-source" ] || fail "$(dmsetup status --noflush vola)"
}

lab_sites
dmsetup create datab --table "0 32768 linear ${DATA[b]} 0"
dmsetup create metab --table "0 $(blockdev --getsz "${META[b]}") linear ${META[b]} 0"
DATA[b]=/dev/mapper/datab META[b]=/dev/mapper/metab
format_both
vol_create b secondary timeout 8000
vol_create a primary timeout 8000
wait_insync a
put /dev/mapper/vola 0 1024 1

note "DONE is lost"
almost 2
deafen b
dmsetup resume datab
wait_field a marked 0
wait_field a link connecting
[ "$(field b disk) $(field a sync)" = "inconsistent out-of-sync" ] || fail "b $(field b disk), a $(field a sync)"
hear b
wait_insync a
[ "$(field a rs_copied) $(field b disk)" = "0 consistent" ] || fail "$(dmsetup status --noflush vola)"

note "the answer to DONE is lost"
almost 3
dmsetup suspend --nolockfs metab
dmsetup resume datab
wait_field a marked 0
deafen a
dmsetup resume metab
wait_field b disk consistent
wait_field a link connecting
[ "$(field a sync)" = out-of-sync ] || fail "a: $(field a sync)"
[ "$(field a gen)" = "$(field b gen)" ] || fail "b has not adopted the generation"
[ "$(field a gen)" != "$(field a base)" ] || fail "a takes it for agreed"
put /dev/mapper/vola 2048 64 4
hear a
wait_insync a
[ "$(field a rs_copied)" = 16 ] || fail "copied: $(field a rs_copied)"
