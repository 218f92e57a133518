#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A failback with a writer at B all the time, and resyncs after outages with a writer at
# the primary: they end while the writer goes on, and both disks and all codes are right. Before that the helper of
# the failback is killed again and again, later each time, and leaves nothing that the next one could not do.
# processors: 2
# scenario: 8
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# Its programs are slower by as much as the machine is.
seconds_of() # MILLISECONDS
{
	local ms=$(($1 * ${MS_SLOW:-1}))
	printf '%d.%03d' $((ms / 1000)) $((ms % 1000))
}

lab_sites
format_both
vol_create b secondary timeout 6000
vol_create a primary timeout 6000
wait_insync a
put /dev/mapper/vola 0 16384 1
vol_remove a
"$MIRSYNC" promote volb --alone
fio_load_start /dev/mapper/volb --bsrange=4k-64k
vol_create a primary timeout 6000
wait_field a meeting outdated
killed=0
for ms in 20 40 80 160 320 640 1280; do
	for way in --digest --full --codes; do
		[ "$(field b meeting) $(field b sync)" = "peer-outdated out-of-sync" ] || break 2
		r=0
		# shellcheck disable=SC2046 # none, or one
		command timeout -s KILL "$(seconds_of "$ms")" "$MIRSYNC" failback volb --yes \
			$([ "$way" = --codes ] || echo "$way") >/dev/null 2>&1 || r=$?
		[ "$r" != 137 ] || killed=$((killed + 1))
		[ "$(field a role)" = secondary ] || fail "a serves"
	done
done
note "killed $killed times; b: $(field b meeting), $(field b sync)"
[ "$killed" -ge 3 ] || fail "too few to prove anything"
[ "$(field b sync)" != out-of-sync ] || timeout "$(limit 120)" "$MIRSYNC" failback volb --yes
wait_insync b
sleep 2

for i in 1 2 3; do
	cut_link
	wait_field b link connecting 30
	sleep 1
	heal_link
	wait_insync b 60
done
writes=$(field b writes)
more_writes() { [ "$(field b writes)" -gt "$writes" ]; }
wait_until more_writes
fio_load_stop
wait_insync b
"$MIRSYNC" switchover volb
wait_insync a
