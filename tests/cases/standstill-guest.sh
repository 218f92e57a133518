#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What 169-standstill.sh runs in its guest.
# timeout: 200
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

port=/dev/$(basename "$(dirname "$(grep -lx stream /sys/class/virtio-ports/*/name)")")

uptime_s() { local up; read -r up _ </proc/uptime; echo "${up%%.*}"; }

# Ask for the Nth standstill, and see it.
stand_still() # N
{
	local was now
	now=$(uptime_s)
	echo "stop $1" >"$port"		# may take effect before the next line
	for _ in {1..200}; do
		was=$now
		nap 0.2
		now=$(uptime_s)
		[ $((now - was)) -lt 8 ] || break
	done
	[ $((now - was)) -ge 8 ] || fail "it did not stand still"
	note "stood still for $((now - was)) s"
	nap 2
	for site in a b; do
		[ "$(field "$site" link) $(counter "$site" sessions)" = "connected 1" ] ||
			fail "$site: $(field "$site" link), session $(counter "$site" sessions)"
	done
}

lab_sites
format_both
vol_create b secondary timeout 3000
vol_create a primary timeout 3000
wait_insync a
stand_still 1
stand_still 2
fio_load_start /dev/mapper/vola --rate_iops=100
stand_still 3
stand_still 4
fio_load_stop
[ "$(field a sync) $(field a marked)" = "in-sync 0" ] || fail "$(field a sync), marked: $(field a marked)"

cut_link
wait_field a link connecting 30
wait_field b link connecting 30
[ "$(counter a cut_silent)" = 1 ] || fail "ended for another reason"
heal_link
wait_insync a
