#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What an operator asks for while the module gets no memory, objects or pages: each command
# works, or fails and works when it is asked again later; a volume can always be removed. A
# volume with a key; status, debugfs; reads that the peer serves; suspend, growth, failback,
# switchover.
# kernel: debug
# allocations: fail
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"
. "$(dirname "$0")/lib-crook.sh"
. "$(dirname "$0")/lib-faults.sh"

# look COMMAND...: with fewer and fewer faults, and without.
look()
{
	local percent failed=
	for percent in 60 25 8; do
		faults_on "$KIND" "$percent" >/dev/null
		"$@" >"$LAB/said" 2>&1 || failed+=" $percent"
		faults_off
	done
	note "$KIND: $*${failed:+: failed at$failed %}"
	wait_until "$@" >/dev/null
}

# ask COMMAND...: the same until it works.
ask()
{
	local percent
	for percent in 60 25 8 3; do
		faults_on "$KIND" "$percent" >/dev/null
		"$@" >"$LAB/said" 2>&1 && { faults_off; note "$KIND: $*: done at $percent %"; return 0; }
		faults_off
		note "$KIND: $*: $percent %: $(head -n 1 "$LAB/said")"
	done
	wait_until "$@"
}

up() # SITE ROLE
{
	vol_create "$@" "${AUTH[@]}" timeout 4000 && return 0
	dmsetup remove --retry "vol$1" 2>/dev/null
	return 1
}

# What follows goes on from whatever the attempt before has left.
grown() # SITE
{
	dmsetup resume "vol$1" && "$MIRSYNC" grow "vol$1"
}
promoted()
{
	[ "$(field b claim)" = active ] || { "$MIRSYNC" promote volb --alone && wait_field b claim active 5; }
}
brought_back()
{
	[ "$(field b sync)" = in-sync ] || "$MIRSYNC" failback volb --yes
}
switched()
{
	[ "$(field a claim)" = active ] || { "$MIRSYNC" switchover volb && wait_field a claim active 5; }
}
all_files() { cat "$(debug_file a .)"/*; }
read_there() { dd if=/dev/mapper/vola of=/dev/null bs=32k skip=128 count=1 iflag=direct status=none; }

lab_sites
declare -A loop=([a]=${DATA[a]} [b]=${DATA[b]})
can_fail data
keyctl add logon mirsync:crook "$KEY" @u >/dev/null
mib=$DATA_MIB
for KIND in failslab fail_page_alloc; do
	format_both >/dev/null
	ask up b secondary
	ask up a primary
	wait_insync a
	put /dev/mapper/vola 0 8192 1

	look dmsetup status --noflush vola
	look dmsetup table vola
	look dmsetup message vola 0 explain
	look dmsetup message vola 0 set generator_rate 4096
	look "$MIRSYNC" status vola --json
	look all_files

	change_table dataa "0 8192 linear ${loop[a]} 0
8192 64 error
8256 $((mib * 2048 - 8256)) linear ${loop[a]} 8256"
	look read_there
	change_table dataa "${GOOD[a]}"

	ask dmsetup suspend vola
	ask dmsetup resume vola
	wait_insync a

	mib=$((mib + 8))
	for site in b a; do
		truncate -s "${mib}M" "$LAB/$site.data"
		losetup -c "${loop[$site]}"
		GOOD["$site"]="0 $((mib * 2048)) linear ${loop[$site]} 0"
		change_table "data$site" "${GOOD[$site]}"
		ask grown "$site"
	done
	wait_insync a 120
	put /dev/mapper/vola $((mib * 1024 - 64)) 64 2

	faults_on "$KIND" 50
	vol_remove a
	faults_off
	ask promoted
	put /dev/mapper/volb 4096 2048 3
	ask up a primary
	wait_field a meeting outdated
	look "$MIRSYNC" failback volb --dry-run
	ask brought_back
	wait_insync b 120
	ask switched
	wait_insync a 120
	compare_disks
	faults_on "$KIND" 50
	vol_remove b a
	faults_off
	check_meta
done
faults_told
