#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# With disk_error peer a primary whose disk fails keeps it in use, and the application gets the
# error, where the peer may lack anything: when the site is alone; when the link is cut before the
# peer has confirmed what the disk has failed, whereupon reads go on, whatever the policy; and when
# the disk lost what the application was told of, and the peer was given what was left of it. A read that
# has failed is done again then as it was asked for.
# scenario: 18
# timeout: 400
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# not_flushed: a has said so, since the mark.
not_flushed()
{
	kernel_log | grep 'vola: data device cannot be flushed' >/dev/null
}

not_left()
{
	[ "$(field a role) $(field a disk)" = "primary consistent" ] || fail "a is $(field a role) $(field a disk)"
}

# A table with a MiB from sector 12288 on, where udev hardly looks, that is split into eight: "bad", its reads fail
# when the table is changed, and writes of the block at 20480 at once.
pieces() # good|bad
{
	local at
	echo "0 12288 linear $below 0"
	for at in {12288..14335..256}; do
		if [ "$1" = good ]; then
			echo "$at 256 linear $below $at"
		else
			echo "$at 256 delay /dev/mapper/broken $at 600000"
		fi
	done
	echo "14336 6144 linear $below 14336"
	if [ "$1" = good ]; then echo "20480 8 linear $below 20480"; else echo "20480 8 error"; fi
	echo "20488 12280 linear $below 20488"
}

# The read is in the disk: each of its pieces waits there.
in_flight() { [ "$(dmsetup status dataa | awk '$3 == "delay" { n += $4 > 0 } END { print n }')" = 8 ]; }

lab_sites
can_fail data
format_both
vol_create b secondary timeout 3000
vol_create a primary timeout 3000 disk_error peer
wait_insync a
put /dev/mapper/vola 0 1024 1

note "a loses what it had confirmed, while it is alone"
msg a disconnect
wait_field a link disconnected
below=$(cut -d' ' -f4 <<<"${GOOD[a]}")
change_table dataa "0 32704 linear $below 0
32704 64 flakey $below 32704 0 3600 1 error_writes"
log_mark
dd if=/dev/urandom of=/dev/mapper/vola bs=4k seek=16 count=1 oflag=direct status=none
wait_until not_flushed
change_table dataa "${BAD[a]}"
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k seek=32 count=1 oflag=direct
not_left
change_table dataa "${GOOD[a]}"
msg a connect
wait_insync a
expect_fail dd if=/dev/zero of=/dev/mapper/vola bs=4k seek=48 count=1 oflag=direct conv=fsync
not_left
wait_insync a
put /dev/mapper/vola 1024 64 2

for policy in continue freeze; do
	note "the link is cut before b has confirmed: $policy"
	msg a set link_lost "$policy"
	# Nothing left to cool, whose flush would fail before the write does.
	wait_field a hot '0/*'
	change_table dataa "${BAD[a]}"
	cut_link
	dd if=/dev/zero of=/dev/mapper/vola bs=4k seek=300 count=1 oflag=direct status=none 2>/dev/null &
	writer=$!
	nap 1
	timeout 120 dd if=/dev/mapper/vola of=/dev/null bs=4k count=1 iflag=direct status=none ||
		fail "a read failed, or waits"
	if wait "$writer"; then fail "a write that is nowhere was completed"; fi
	not_left
	change_table dataa "${GOOD[a]}"
	heal_link
	wait_insync a
done

note "a read that the disk has split, and failed, is done again when the peer is lost as well"
put /dev/mapper/vola 6144 1024 7
vol_remove a b
vol_create b secondary timeout 20000
vol_create a primary timeout 20000 disk_error peer
wait_insync a
wait_field a hot '0/*'
dmsetup create broken --table '0 32768 error'
change_table dataa "$(pieces bad)"
timeout "$(limit 120)" dd if=/dev/mapper/vola of="$LAB/read" bs=1M skip=6 count=1 iflag=direct status=none &
reader=$!
wait_until in_flight
# The write is lost before the session is: the disk is about to be left, and the read waits for that.
cut_link
dd if=/dev/zero of=/dev/mapper/vola bs=4k seek=2560 count=1 oflag=direct status=none 2>/dev/null &
writer=$!
nap 1
change_table dataa "$(pieces good)"
wait "$reader" || fail "the read failed"
cmp "$LAB/read" <(head -c 1M < <(pattern 7)) || fail "something else was read"
wait "$writer" || true
change_table dataa "${GOOD[a]}"
heal_link
wait_insync a
