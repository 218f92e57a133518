#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Allocations of the module fail now and then, more and more of them, while volumes are
# created, written to, cut, resynchronised, failed over and removed. What was asked for may
# fail, but no write does and no site goes bad; afterwards the sites are equal.
# kernel: debug
# allocations: fail
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-faults.sh"

KIND=${KIND:-failslab}
lab_sites
format_both

# create SITE ROLE: until it works, without faults at last.
create()
{
	local try
	for try in 1 2 3 4 5 6; do
		[ "$try" != 6 ] || faults_off
		if vol_create "$1" "$2" timeout 4000 2>"$LAB/error"; then return 0; fi
		note "creation failed: $(head -n 1 "$LAB/error")"
		dmsetup remove --retry "vol$1" 2>/dev/null || true
	done
	fail "vol$1 cannot be created"
}

for percent in 2 10 30; do
	faults_on "$KIND" "$percent"
	create b secondary
	create a primary
	faults_off
	wait_insync a 120
	faults_on "$KIND" "$percent"
	put /dev/mapper/vola 0 8192 "$percent"
	blkdiscard -o 1M -l 4M /dev/mapper/vola
	cut_link
	put /dev/mapper/vola 2048 2048 "1$percent"
	heal_link
	sleep 10
	"$MIRSYNC" status vola >/dev/null || true
	put /dev/mapper/vola 8192 4096 "2$percent"
	faults_off
	wait_insync a 120
	compare_disks
	faults_on "$KIND" "$percent"
	"$MIRSYNC" switchover vola || note "no switchover"
	sleep 3
	vol_remove a b
	faults_off
	check_meta
	# After a switchover, or half of one, either may be the primary: begin anew.
	format_both >/dev/null
done
create b secondary
create a primary
faults_told
