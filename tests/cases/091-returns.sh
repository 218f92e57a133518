#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# After a failover site A comes back with its metadata lost and its data intact: only what
# differs is shipped; with a blank disk and blank metadata: all that is not zero is; with a
# stale copy of both: what differs is. Each time the roles go home by failback --switch.
# scenario: 9
# timeout: 360
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

fail_over() # SEED: a is lost, b goes on and writes 1024 segments that differ
{
	vol_remove a
	"$MIRSYNC" promote volb --alone
	put /dev/mapper/volb 4096 4096 "$1"
}

go_home() # SEGMENTS: copied
{
	vol_create a primary
	wait_field a meeting '@(outdated|unrelated)' 30
	if put /dev/mapper/vola 0 4 9 2>/dev/null; then fail "a serves writes although b went on"; fi
	"$MIRSYNC" failback volb --dry-run
	"$MIRSYNC" failback volb --yes --switch
	note "$(dmsetup status volb)"
	[ "$(field b rs_copied)" = "$1" ] || fail "copied: $(field b rs_copied), not $1"
	wait_field a role primary
	wait_insync a
	put /dev/mapper/vola 20480 64 "$1"
}

lab_sites
format_both >/dev/null
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 16384 1
vol_remove a
cp "$LAB/a.data" "$LAB/old.data"
cp "$LAB/a.meta" "$LAB/old.meta"
vol_create a primary
wait_insync a

note "metadata lost"
fail_over 2
"$MIRSYNC" format --force "${META[a]}" "${DATA[a]}"
go_home 1024

note "all lost"
fail_over 3
used=$("$TOP/tests/cases/count-blocks.py" "$LAB/b.data")
dd if=/dev/zero of="${DATA[a]}" bs=1M count="$DATA_MIB" conv=fsync status=none
"$MIRSYNC" format --force "${META[a]}" "${DATA[a]}"
go_home "$used"

note "a stale copy of data and metadata"
fail_over 4
dd if="$LAB/old.data" of="${DATA[a]}" bs=1M conv=fsync status=none
dd if="$LAB/old.meta" of="${META[a]}" bs=1M conv=fsync status=none
differ=$("$TOP/tests/cases/count-blocks.py" "$LAB/b.data" "$LAB/a.data")
go_home "$differ"
