#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A flush of the data device that fails, at either site, is no end: once the disk is healed
# the site takes writes again without being made anew, and the sites become equal. A write that was in flight
# meanwhile may be lost: the application is told by its next flush, once. A demotion that fails is told each time
# it does.
# scenario: 18
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

put_one() { dd if=/dev/urandom of=/dev/mapper/vola bs=4k seek=3000 count=1 oflag=direct conv=notrunc status=none; }
written_at_a() { [ "$(sum "${DATA[a]}" 12000 4)" != "$before" ]; }
is_suspect() { [ "$(field a marked)" != 0 ]; }

# Between two moments at which everything is cool. To cool, b needs a flush of its own, which would fail as well: so
# it is all done in less than the time after which that begins. Its disk cannot be read either: the sites meet again
# at once, and what is found equal is marked no more.
fua_fails_at_b()
{
	put /dev/mapper/vola 0 4096 5
	wait_field a hot '0/*'
	wait_field b hot '0/*'
	dmsetup reload datab --table "0 $(blockdev --getsz /dev/mapper/datab) error"
	# One process: programs are slow to start on a slow kernel.
	python3 - <<-END
	import mmap, os, subprocess
	data = mmap.mmap(-1, 256 << 10)
	data.write(os.urandom(256 << 10))
	plain, fua = (os.open("/dev/mapper/vola", os.O_WRONLY | os.O_DIRECT | more) for more in (0, os.O_DSYNC))
	os.pwrite(plain, data, 0)
	subprocess.run(["dmsetup", "resume", "--noudevsync", "datab"], check=True)
	os.pwrite(fua, memoryview(data)[:4096], 2000 << 12)
	END
	msg a disconnect
	wait_field a link disconnected
	change_table datab "${GOOD[b]}"
	marked=$(field b marked)
	msg a connect
	wait_insync a 60
}

lab_sites
can_fail data
format_both
vol_create b secondary
vol_create a primary
wait_insync a
for site in b a; do
	note "errors at $site"
	put /dev/mapper/vola 0 4096 1
	change_table "data$site" "${BAD[$site]}"
	put /dev/mapper/vola 2048 64 2 || [ "$site" = a ] || fail "an error of b reached the application"
	# Idle extents are cooled after 3 seconds.
	sleep 8
	change_table "data$site" "${GOOD[$site]}"
	msg a disconnect
	wait_field a link disconnected
	msg a connect
	wait_insync a 60
	put /dev/mapper/vola 4096 4096 3
done

note "a flush fails while a write waits for the peer: that one is told by the next flush"
wait_field a hot '0/*'
wait_field b hot '0/*'
before=$(sum "${DATA[a]}" 12000 4)
dmsetup suspend --nolockfs datab
put_one &
writer=$!
wait_field a inflight 1
wait_field a unacked 1
wait_until written_at_a
change_table dataa "${BAD[a]}"
sync -d /dev/mapper/vola &
first=$!
wait_until is_suspect
change_table dataa "${GOOD[a]}"
dmsetup resume datab
wait "$writer" || fail "the write has failed"
r=0
wait "$first" || r=$?
[ "$r" != 0 ] || fail "the flush has not failed"
expect_fail sync -d /dev/mapper/vola
sync -d /dev/mapper/vola
msg a disconnect
wait_field a link disconnected
msg a connect
wait_insync a 60

note "so is a write with FUA, which may be a write and a flush: what b had confirmed is suspect"
for _ in 1 2 3 4 5; do		# on a slow machine some of it may be cooled too soon
	fua_fails_at_b
	[ "$marked" -lt 64 ] || break
done
[ "$marked" -ge 64 ] || fail "marked at b: $marked"

note "a demotion that fails, and fails again for the same reason"
change_table dataa "${BAD[a]}"
for _ in 1 2; do
	expect_fail "$MIRSYNC" demote vola
	[[ $REASON == *"is not secondary: "*" cannot be flushed" ]] || fail "$REASON"
	[ "$(field a claim)" = active ] || fail "the role was given up"
done
change_table dataa "${GOOD[a]}"
"$MIRSYNC" demote vola
wait_field b meeting no-primary
"$MIRSYNC" promote vola
wait_insync a
