#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The CLI drives two sites through their life: up, wait, status, switchover, failover,
# failback --switch, split brain, down. What cannot be done is refused with the exit
# status of the manual and one line, and changes nothing.
# scenario: 8
# timeout: 360
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-cli.sh"

# status SITE EXPRESSION: python, with the object of status --json as j; must be true.
status()
{
	in_site "$1" "$MIRSYNC" status --json "vol$1" >"$LAB/status"
	python3 -c "import json, sys; j = json.load(open('$LAB/status')); sys.exit(not ($2))" ||
		fail "not so at $1: $2: $(<"$LAB/status")"
}

lab_sites
format_both
conf a primary none
conf b secondary none
gives 3 '*no such volume*' cli a status vola
gives 3 '*no such volume*' cli a down vola
gives 3 '*No such file*' cli b up vola
gives 0 '' cli a up --dry-run vola
if vol_exists a; then fail "a rehearsal made a device"; fi
gives 0 '' cli a up vola
gives 1 '*is up already' cli a up vola
gives 0 '' cli a up --all
gives 4 'vola: not connected after 1 s' cli a wait vola connected --timeout 1
gives 0 '' cli b up --all
gives 0 '' cli a wait vola in-sync --timeout "$(limit 120)"
gives 0 '' cli b wait volb in-sync --timeout "$(limit 60)"
gives 0 '' cli a wait vola primary --timeout "$(limit 10)"
gives 0 '' cli b wait volb secondary --timeout "$(limit 10)"
cli a status
status a 'j["role_name"] == "primary" and j["in_sync"] and j["connected"] and j["marked"] == 0'
status b 'j["role_name"] == "secondary" and j["peer_claim_name"] == "active"'
gives 1 '*the peer is primary*' cli b promote volb
gives 1 '*in use*' cli a format --force "${META[a]}" "${DATA[a]}"
gives 3 '*in use*' cli a check "${META[a]}"
gives 0 '' cli a dump "${META[a]}" >/dev/null

mkfs.ext4 -q /dev/mapper/vola
mkdir -p "$LAB/mnt"
mount /dev/mapper/vola "$LAB/mnt"
for command in demote down switchover 'failback --switch --yes'; do
	# shellcheck disable=SC2086 # words
	gives 1 "vola: *$LAB/mnt*" cli a $command vola
done
head -c 4M < <(pattern 1) >"$LAB/mnt/file"
umount "$LAB/mnt"
wait_insync a
gives 0 '' cli a switchover vola
gives 0 '' cli b wait volb primary --timeout "$(limit 10)"
gives 0 '' cli a wait vola secondary --timeout "$(limit 10)"
gives 0 '' cli b wait volb in-sync --timeout "$(limit 60)"
note "what it was counts, not what its file says"
gives 0 '' cli b down volb
gives 0 'volb: was primary, and waits*' cli b up volb
gives 0 '' cli b wait volb primary --timeout "$(limit 60)"
gives 0 '' cli b wait volb in-sync --timeout "$(limit 60)"
gives 0 '' cli b switchover volb
gives 0 '' cli a wait vola in-sync --timeout "$(limit 60)"

note "a is lost, b takes over; a returns, and the roles go home"
cut_link
wait_field b link connecting
gives 0 '' cli b promote volb
put /dev/mapper/volb 400 200 2
gives 0 '' cli a down vola
heal_link
gives 0 '' cli a up vola
gives 0 '' cli b wait volb connected --timeout "$(limit 60)"
wait_field b meeting peer-outdated
wait_field a disk outdated
status a 'j["disk_name"] == "outdated" and j["role_name"] == "secondary"'
cli b failback volb --dry-run
cli b failback volb --yes --switch
gives 0 '' cli a wait vola primary --timeout "$(limit 10)"
gives 0 '' cli a wait vola in-sync --timeout "$(limit 60)"
[ "$(sum "${DATA[a]}" 400 200)" = "$(sum "${DATA[b]}" 400 200)" ] || fail "b's writes are not at a"

note "split brain"
gives 0 '' cli a disconnect vola
wait_field b link connecting
gives 0 '' cli b promote volb
put /dev/mapper/volb 4000 20 3
put /dev/mapper/vola 8000 28 4
gives 0 '' cli a connect vola
wait_field a meeting split-brain
gives 1 '*split brain*--force*' cli a failback vola --yes
gives 1 '*demote it first*' cli a failback vola --force
gives 0 '' cli b demote volb
wait_field a peer none
wait_field a meeting split-brain
cli a failback vola --json --force
gives 0 '' cli a wait vola in-sync --timeout "$(limit 60)"

# It is opened again and again, as probers do: that is waited for, wherever it comes between.
for _ in {1..25}; do
	nap 0.1 </dev/mapper/vola
	nap 0.02
done &
gives 0 '' cli a demote vola
wait $!
gives 0 '' cli a promote vola
gives 0 '' cli a wait vola in-sync --timeout "$(limit 60)"
gives 0 '' cli a down vola
gives 0 '' cli b down volb
gives 3 '*no such volume*' cli b status volb
check_meta
compare_disks

note "what the kernel refuses is reported"
conf a primary 'key :32:logon:mirsync:none'
gives 1 '*the logon key mirsync:none is not to be had*' cli a up vola
conf a primary none
sed -i 's/^local.*/local = 10.99.0.1:7788/' "$LAB/confa/vola.conf"
r=0
cli a up vola || r=$?
[ "$r" = 1 ] || fail "an address that is not of this site: $r"
grep 'kernel: .*local address' "$LAB/error" || fail "no reason given"
if vol_exists a; then fail "a device is left"; fi
