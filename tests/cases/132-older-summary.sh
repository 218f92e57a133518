#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A summary block of the primary's metadata is put back from an older time, whole and in its
# place, with it the knowledge of marks that only this site has: after a clean stop, as a
# crash left it, and as format left it ("never written"). The activation notices, no code is
# valid any more, everything is compared, and the sites get equal. check calls it damage,
# repair draws the same conclusion. Metadata that was left alone is not accused.
# scenario: 14
# timeout: 400
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

accused() { kernel_log | grep -c 'vola: the summary blocks, .*, are not those' || true; }

lab_sites
format_both --max-hot 16 >/dev/null
cp "$LAB/a.meta" "$LAB/format.meta"
summary=$("$MIRSYNC" dump --json "${META[a]}" | sed -nE '0,/"table_start"/s/.*"table_start": *([0-9]+).*/\1/p' | head -n 1)
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 16384 1
vol_remove a
cp "$LAB/a.meta" "$LAB/old.meta"

seed=1 before=$(accused)
for round in clean-old crash-old clean-format repair-old; do
	how=${round%-*} file=$LAB/${round#*-}.meta
	vol_create a primary
	wait_insync a
	[ "$(accused)" = "$before" ] || fail "$round: accused without a reason"
	msg a disconnect
	wait_field a link disconnected
	put /dev/mapper/vola 2048 1024 $((++seed))
	wait_field a hot '0/*'
	put /dev/mapper/vola 10240 128 $((++seed))
	[ "$how" != crash ] || cp "$LAB/a.meta" "$LAB/crash.meta"
	vol_remove a
	[ "$how" != crash ] || dd if="$LAB/crash.meta" of="$LAB/a.meta" bs=1M conv=notrunc status=none
	blockdev --flushbufs "${META[a]}"
	"$MIRSYNC" check "${META[a]}" >"$LAB/check.out" || [ "$how" = crash ] || fail "$round: $(cat "$LAB/check.out")"
	dd if="$file" of="$LAB/a.meta" bs=4096 skip="$summary" seek="$summary" count=1 conv=notrunc status=none
	blockdev --flushbufs "${META[a]}"
	r=0
	"$MIRSYNC" check "${META[a]}" >"$LAB/check.out" || r=$?
	[ "$r" = 2 ] || fail "$round: check says $r"
	grep '^record: its sums' "$LAB/check.out" || fail "$round: $(cat "$LAB/check.out")"
	if [ "$how" = repair ]; then
		r=0
		"$MIRSYNC" repair --yes "${META[a]}" || r=$?
		[ "$r" = 0 ] || fail "repair says $r"
	else
		before=$((before + 1))
	fi
	vol_create a primary
	[ "$(accused)" = "$before" ] || fail "$round: accused $(accused) times, not $before"
	wait_insync a
	compare_disks || fail "$round: the sites differ"
	vol_remove a
done
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 16384 9
