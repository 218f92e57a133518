#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The power goes while a volume grows, first at the secondary, then at the primary, at some
# instant: the site comes up with the size from before or the new one, needs recovery and gets
# it, and when both have grown they are made equal, whatever the new parts hold. ROUNDS (2), up to 6.
# scenario: 24
# timeout: 400
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=64 META_MIB=1 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-power.sh"

# grow SITE ROLE
grow()
{
	in_site "$1" dmsetup reload "vol$1" --table "$(vol_table "$1" "$2" timeout 3000)"
	dmsetup resume "vol$1"
}

sectors_of() # SITE: by its superblock
{
	"$MIRSYNC" dump --json "${META[$1]}" | sed -n 's/.*"sectors": *\([0-9]*\).*/\1/p' | head -n 1
}

# cut_growing SITE ROLE: from SMALL to LARGE sectors.
cut_growing()
{
	local now grower
	SECTORS=$large grow "$1" "$2" &
	grower=$!
	nap "$((RANDOM % 2)).$((RANDOM % 900 + 100))"
	power_cut "$1"
	wait "$grower" || true
	[ "$1" = b ] || fio_load_stop
	power_on "$1"
	now=$(sectors_of "$1")
	note "site $1 comes up with $now sectors"
	[ "$now" = "$small" ] || [ "$now" = "$large" ] || fail "$now sectors, not $small or $large"
	SECTORS=$now vol_create "$1" "$2" timeout 3000
	[ "$now" = "$large" ] || SECTORS=$large grow "$1" "$2"
}

ROUNDS=${ROUNDS:-2}
lab_sites
for site in a b; do
	dmsetup create part --table "0 32768 linear ${DATA[$site]} 0"
	"$MIRSYNC" format "${META[$site]}" /dev/mapper/part
	dmsetup remove --retry part
	head -c "$((ROUNDS * 8))M" < <(pattern "$site") |
		dd of="${DATA[$site]}" bs=64k iflag=fullblock oflag=seek_bytes seek=16M status=none
done
power_stack
small=32768
SECTORS=$small vol_create b secondary timeout 3000
SECTORS=$small vol_create a primary timeout 3000
wait_insync a
put /dev/mapper/vola 0 8192 1
for ((i = 0; i < ROUNDS; i++)); do
	large=$((small + 16384))
	fio_load_start /dev/mapper/vola --size=15m
	cut_growing b secondary
	heal_link
	cut_growing a primary
	heal_link
	wait_insync a 120
	put /dev/mapper/vola $((large / 2 - 4096)) 4096 "$i"
	[ "$(field a candidates)" = 0 ] || fail "candidates: $(field a candidates)"
	small=$large
done
