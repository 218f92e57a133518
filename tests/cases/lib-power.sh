# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Power cuts in one guest, and snapshots: the state of a site's disks at an instant, from which it
# comes up again. Sourced by a case after lib.sh.

# keep SITE NAME: data and metadata of a site that is stopped.
keep()
{
	local kind
	for kind in data meta; do
		cp "$LAB/$1.$kind" "$LAB/$2.$kind"
	done
}

# put_back SITE NAME: as they were then; below its volume are no other targets.
put_back()
{
	local kind
	for kind in data meta; do
		dd if="$LAB/$2.$kind" of="$LAB/$1.$kind" bs=1M conv=notrunc status=none
	done
	blockdev --flushbufs "${DATA[$1]}" "${META[$1]}"
}

# power_stack: both sites' disks on linear targets, so that they can be stopped at an instant.
power_stack()
{
	declare -gA disk=([a.data]=${DATA[a]} [a.meta]=${META[a]} [b.data]=${DATA[b]} [b.meta]=${META[b]})
	stack a
	stack b
}

stack() # SITE
{
	local kind
	for kind in data meta; do
		dmsetup create "$1.$kind" --table "0 $(blockdev --getsz "${disk[$1.$kind]}") linear ${disk[$1.$kind]} 0"
	done
	DATA[$1]=/dev/mapper/$1.data META[$1]=/dev/mapper/$1.meta
}

# power_cut SITE: keep its disks as they are now, and cut the link. The data first: what the
# metadata says after it needs nothing that is younger.
power_cut()
{
	local kind
	for kind in data meta; do
		dmsetup suspend --nolockfs "$1.$kind"
	done
	cut_link
	for kind in data meta; do
		cp "$LAB/$1.$kind" "$LAB/copy.$kind"
		dmsetup resume "$1.$kind"
	done
}

# power_on SITE: what the site did after the power cut never happened. Its volume is gone, and
# to be created anew. The other site has noticed by then: what the kernel still holds for its connection (in
# the queue of an address that is not resolved) would be news from that life.
power_on()
{
	local kind r=0
	! vol_exists "$1" || vol_remove "$1"
	! vol_exists "${OTHER[$1]}" || wait_field "${OTHER[$1]}" link '!(connected)'
	for kind in data meta; do
		dmsetup remove --retry "$1.$kind"
		losetup -d "${disk[$1.$kind]}"
		mv "$LAB/copy.$kind" "$LAB/$1.$kind"
		disk[$1.$kind]=$(losetup --find --show "$LAB/$1.$kind")
	done
	"$MIRSYNC" check "${disk[$1.meta]}" --data "${disk[$1.data]}" || r=$?
	[ "$r" = 1 ] || fail "check of an unclean stop: $r"
	stack "$1"
}
