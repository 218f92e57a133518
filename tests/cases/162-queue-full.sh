#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A fast writer and a link that stalls: memory stays bounded. With queue_full throttle the
# writer waits; with detach it goes on, nothing is shipped for a while, and then the sites come
# together by themselves. So it is with a link that only is slow.
# processors: 2
# scenario: 21
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# What is free on the lists of the processors ("count:") is not in MemFree.
used_kib()
{
	awk '/^MemFree|^Buffers|^Cached/ { n -= $2 } /^MemTotal/ { n += $2 } $1 == "count:" { n -= 4 * $2 }
		END { print n }' /proc/meminfo /proc/zoneinfo
}
slab_kib() { awk '/^Slab/ { print $2 }' /proc/meminfo; }

lab_sites
format_both
vol_create b secondary timeout 60000
vol_create a primary timeout 60000 mode async async_queue 4096
wait_insync a
put /dev/mapper/vola 0 $((DATA_MIB * 1024)) 1	# the files below have all their pages
wait_field a queued_bytes 0

# steady WHAT [KIB]: memory in use, sampled for a while, is no more in the end than at the beginning, but for so much.
steady()
{
	local i first last
	sleep 2
	first=$(used_kib)
	for i in {1..6}; do
		sleep 2
		last=$(used_kib)
		note "$1: $last KiB used, $(slab_kib) KiB slab, $(field a queued_bytes) bytes queued, $(field a writes) writes"
		[ "$(field a queued_bytes)" -le $((4352 << 10)) ] || fail "queued: $(field a queued_bytes)"
		[ $((last - before)) -lt 65536 ] || fail "memory grows"
	done
	figure "$1, memory in KiB: $((first - before)) more than without, $((last - first)) more after 12 s"
	[ $((last - first)) -lt "${2:-4096}" ] || fail "memory grows"
}

before=$(used_kib)
note "before: $before KiB used, $(slab_kib) KiB slab"
cut_link
fio_load_start /dev/mapper/vola
steady "a stalled link and a fast writer"
[ "$(field a link) $(field a detached)" = "connected 0" ] || fail "$(dmsetup status vola)"
writes=$(field a writes)

msg a set queue_full detach
wait_field a detached 1
wait_field a link '!(connected)'
steady "detached"
[ "$(field a writes)" -gt $((writes + 16)) ] || fail "the writer does not go on"
fio_load_stop
heal_link
wait_field a detached 0
wait_insync a
[ "$(field a rs_copied)" -gt 0 ] || fail "nothing was copied"

note "a link that works, and is slower than the writer"
slower=$((${MS_SLOW:-1} * ${MS_SLOW:-1}))	# so is the writer
tc -n sitea qdisc add dev veth0 root netem rate $((8000 / slower))kbit limit 2000
writes=$(field a writes) began=$SECONDS
fio_load_start /dev/mapper/vola
wait_field a detached 1
# The queue is full at one time and empty at another, and so are the sockets' buffers.
steady "a slow link, with detach" 16384
# 250 of 4 KiB in a second is what the link can take, if it is not slower.
[ "$(field a writes)" -gt $((writes + 500 * (SECONDS - began) / slower)) ] ||
	fail "$(($(field a writes) - writes)) writes in $((SECONDS - began)) s: the writer goes at the pace of the link"
msg a set queue_full throttle
wait_field a detached 0
steady "a slow link, with throttle" 16384
[ "$(field a link)" = connected ] || fail "$(dmsetup status vola)"
fio_load_stop
tc -n sitea qdisc del dev veth0 root
wait_insync a
