#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Sites that do not belong together refuse each other, say why on both sides, serve no
# writes and leave both disks and identities as they are: another volume, another size,
# another segment size, a copy of one's own metadata.
# scenario: 9
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 COMPARE=no
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

identity() # SITE
{
	"$MIRSYNC" dump --json "${META[$1]}" | grep -E 'volume_id|code_seed|"current"'
}

refuse_each_other() # PATTERN
{
	local site before after
	before=$(cat "$LAB"/?.data | sha256sum; identity a; identity b)
	log_mark
	vol_create b secondary
	vol_create a primary
	for site in a b; do
		wait_log "mirsync: vol$site: .*not accept each other: .*($1)"
	done
	[ "$(field a link)" != connected ] || fail "connected"
	if dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct 2>/dev/null; then fail "a serves writes"; fi
	vol_remove a b
	after=$(cat "$LAB"/?.data | sha256sum; identity a; identity b)
	[ "$before" = "$after" ] || fail "something was written: $before, now $after"
	note "refused: $1"
}

lab_sites
for volume in 1 2; do
	format_both >/dev/null
	vol_create b secondary
	vol_create a primary
	wait_insync a
	put /dev/mapper/vola 0 4096 "$volume"
	vol_remove a b
	cp "$LAB/a.meta" "$LAB/a.meta.$volume"
done
dd if="$LAB/a.meta.1" of="${META[a]}" bs=1M conv=fsync status=none
refuse_each_other 'another volume'

dd if="$LAB/b.meta" of="${META[a]}" bs=1M conv=fsync status=none
refuse_each_other 'same node id|this site itself'

format_both --segment-size 4K >/dev/null
"$MIRSYNC" format --force --segment-size 64K "${META[b]}" "${DATA[b]}" >/dev/null
refuse_each_other 'segment size'

format_both >/dev/null
DATA[b]=$(lab_disk larger.data 24)
"$MIRSYNC" format --force "${META[b]}" "${DATA[b]}" >/dev/null
refuse_each_other '32768 sectors at one site, 49152 at the other'
