#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# With disk_error peer, also if it was set while the volume was up, a primary whose disk fails
# writes under a load, while the pair is in sync, goes on through its peer, without an error, and
# neither reads nor writes that disk any more; also when each extent that the record holds has a
# write that failed, and more wait for one. It cannot be a source again, also when it is made
# anew; the peer is promoted without force and has every write. With a disk that works the site
# is brought up to date and gets its role back.
# scenario: 18
# timeout: 400
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=48 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# has FILE KIB SEED: the bytes that put wrote there.
has()
{
	[ "$(sum "$1" "$2" 512)" = "$(head -c 512K < <(pattern "$3") | sha256sum | cut -d' ' -f1)" ] ||
		fail "$1 does not have what was written at $2"
}

lab_sites
can_fail data
format_both --max-hot 16
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 45056 512 1
msg a set disk_error peer

note "a fails writes"
before=$(disk_sectors /dev/mapper/vola write)
fio_run /dev/mapper/vola randwrite --size=40m --io_size=2m --iodepth=64 --verify_backlog=256 &
load=$!
began() { [ "$(disk_sectors /dev/mapper/vola write)" != "$before" ]; }
wait_until began
change_table dataa "${BAD[a]}"
put /dev/mapper/vola 43008 512 2
wait_field a disk inconsistent
wait "$load" || fail "an error of the disk reached the application"
[ "$(field a role)" = primary ] || fail "a is $(field a role)"
msg a set disk_error fail
change_table dataa "0 98304 error"
put /dev/mapper/vola 46080 512 3
has /dev/mapper/vola 45056 1
has /dev/mapper/vola 43008 2
has "${DATA[b]}" 46080 3
[ "$(field a reads_from_peer)" -gt 0 ] || fail "the peer was not asked"
expect_fail "$MIRSYNC" switchover vola
before=$(sha256sum <"$LAB/b.data")

note "a is made anew, with a disk that works"
vol_remove a
change_table dataa "${GOOD[a]}"
vol_create a primary disk_error peer
wait_field b meeting no-source
[ "$(field a role) $(field a disk)" = "secondary inconsistent" ] || fail "a is $(field a role) $(field a disk)"
msg b promote
wait_field b role primary
[ "$(sha256sum <"$LAB/b.data")" = "$before" ] || fail "b's data has changed"
wait_insync b
compare_disks
"$MIRSYNC" switchover volb
wait_field a role primary
wait_insync a
