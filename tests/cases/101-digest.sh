#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Contents that differ and have the same code, all 64 bits of it, planted below the target at either
# site: a failback by codes takes them for equal, one by SHA-256 finds and copies them, also in an
# extent that is written to all the while, and when its helper dies as soon as the copy has begun.
# processors: 2
# scenario: 8
# timeout: 400
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=34 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# block FILE SEGMENT TO: write a block there, through a volume or below it.
block()
{
	local flags=
	[[ $3 == "$LAB"/* ]] || flags=oflag=direct
	# shellcheck disable=SC2086 # none or one
	dd if="$1" of="$3" bs=4k seek="$2" $flags conv=notrunc,fsync status=none
}

differing()
{
	cmp -l "$LAB/a.data" "$LAB/b.data" | awk '{ s[int(($1 - 1) / 4096)] } END { for (i in s) print i }' | sort -n | xargs || true
}

# value KEY: of the JSON that the last failback has printed.
value()
{
	python3 -c "import json, sys; print(json.load(open('$LAB/json'))['$1'])"
}

lab_sites
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
# Segment 100 will differ below a, 700 below b, 6250 below a, in an extent (from 6240 on) with a writer.
put /dev/mapper/vola 0 8192 1
vol_remove a
vol_remove b
"$MIRSYNC" dump "${META[a]}" >"$LAB/dump"
seed=$(grep -om1 'seed [0-9a-f]*' "$LAB/dump")
python3 "$(dirname "$0")/collide.py" "0x${seed#seed }" "$LAB/one" "$LAB/other"
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
for segment in 100 700 6250; do
	block "$LAB/one" "$segment" /dev/mapper/vola
done
vol_remove a
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 4096 1024 2
block "$LAB/other" 100 "$LAB/a.data"
block "$LAB/other" 700 "$LAB/b.data"
block "$LAB/other" 6250 "$LAB/a.data"
vol_create a primary timeout 5000
wait_field a meeting outdated

note "by codes"
"$MIRSYNC" failback volb --dry-run --json >"$LAB/json"
[ "$(value compare_differ)" = 256 ] || fail "differ by code: $(value compare_differ)"
"$MIRSYNC" failback volb --dry-run --digest --json >"$LAB/json"
[ "$(value compare_differ)" = 259 ] || fail "differ by digest: $(value compare_differ)"
[ "$(value method)" = digest ] || fail "method: $(value method)"
"$MIRSYNC" failback volb --yes
sync
[ "$(differing)" = "100 700 6250" ] || fail "differ behind the codes: $(differing)"

note "by digests, with a writer"
fio_load_start /dev/mapper/volb --offset=25m --size=2m --bsrange=4k-64k
"$MIRSYNC" failback volb --digest --yes --json >"$LAB/json"
cat "$LAB/json"
fio_load_stop
wait_insync b
[ "$(value in_sync)" = True ] || fail "not in sync"
[ "$(value equal_by_code)" = 0 ] || fail "judged by codes: $(value equal_by_code)"
# Extents 13 and 14 may have been copied whole, all others not.
copied=$(value copied)
[[ $copied -ge 3 && $copied -le 1500 ]] || fail "copied: $copied"
[ "$(value equal_by_digest)" -ge 7000 ] || fail "equal by digest: $(value equal_by_digest)"
sync
compare_disks
[ $((0x$(field b flags) & 64)) = 0 ] || fail "flags are left: $(field b flags)"

note "the helper dies when the copy has begun"
block "$LAB/one" 200 /dev/mapper/volb
wait_insync b
block "$LAB/other" 200 "$LAB/a.data"
python3 "$(dirname "$0")/failback.py" /dev/mapper/volb begin copy
wait_insync b
sync
compare_disks
[ "$(field b rs_copied)" = 8704 ] || fail "copied: $(field b rs_copied)"

note "refused"
expect_fail "$MIRSYNC" failback volb --digest --full
expect_fail "$MIRSYNC" failback volb --digest --rate 5
