#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A failback of what is marked only, which is refused when the marks do not cover all; one that copies
# everything, at a rate of its own: the rate goes on when its helper is killed, and after a cut; that all
# is copied holds on after a restart of the source, and until the end, no longer.
# scenario: 8
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

value()
{
	python3 -c "import json, sys; print(json.load(open('$LAB/json'))['$1'])"
}

copies_all()
{
	[ $((0x$(field b flags) & 64)) != 0 ]
}

# altered_below SITE MIB SEED COMMAND...: its disk, from there on, after a failover; COMMAND asks for a failback of
# what is marked.
altered_below()
{
	local site=$1 at=$2 seed=$3
	shift 3
	"$MIRSYNC" switchover volb
	wait_insync a
	vol_remove a
	"$MIRSYNC" promote volb --alone
	put /dev/mapper/volb 20480 64 "$seed"
	vol_create a primary timeout 5000
	wait_field a meeting outdated
	head -c 16M /dev/urandom | dd of="$LAB/$site.data" bs=1M seek="$at" iflag=fullblock conv=notrunc,fsync status=none
	blockdev --flushbufs "${DATA[$site]}"
	expect_fail "$@"
	[[ $REASON == *"may not cover all that differs"* ]] || fail "$REASON"
	"$MIRSYNC" failback volb --yes
	compare_disks
}

lab_sites
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
put /dev/mapper/vola 0 8192 1
vol_remove a
"$MIRSYNC" promote volb --alone
put /dev/mapper/volb 4096 1024 2
vol_create a primary timeout 5000
wait_field a meeting outdated

note "only what is marked"
"$MIRSYNC" failback volb --changed --dry-run --json >"$LAB/json"
[ "$(value compare_differ) $(value compare_not_marked) $(value method)" = "256 7936 changed" ] ||
	fail "$(<"$LAB/json")"
"$MIRSYNC" failback volb --changed --yes --json >"$LAB/json"
[ "$(value copied) $(value equal) $(value peer_marked_lost)" = "256 7936 0" ] || fail "$(<"$LAB/json")"
compare_disks

note "the disk was altered below the target since they met: the sample says so, and marks do not"
altered_below a 8 4 "$MIRSYNC" failback volb --changed --yes
note "the same at the source, whose altered content is what is to stay"
altered_below b 16 5 python3 "$(dirname "$0")/failback.py" /dev/mapper/volb changed

note "its metadata is lost: the marks cover nothing"
vol_remove a
"$MIRSYNC" format --force "${META[a]}" "${DATA[a]}"
vol_create a primary timeout 5000
wait_field b meeting peer-outdated
expect_fail "$MIRSYNC" failback volb --changed --yes
[[ $REASON == *"may not cover all that differs"* ]] || fail "$REASON"
# The kernel's own word on it, without the CLI's look before.
expect_fail python3 "$(dirname "$0")/failback.py" /dev/mapper/volb changed
[[ $REASON == *"may not cover all that differs"* ]] || fail "$REASON"

note "everything, slowly"
"$MIRSYNC" failback volb --full --rate 512 --yes &
helper=$!
wait_field b failback 2
wait_field b rs_copied '[1-9]*'
[ "$(field b rs_limit)" = 512 ] || fail "limit: $(field b rs_limit)"
copies_all || fail "flags: $(field b flags)"
kill -KILL "$helper"
wait "$helper" || true
msg b disconnect
wait_field b link disconnected
msg b connect
wait_field b sync resync-source
[ "$(field b rs_limit)" = 512 ] || fail "limit after a cut: $(field b rs_limit)"
copies_all || fail "flags after a cut: $(field b flags)"

note "the source restarts"
vol_remove b
vol_create b primary timeout 5000
wait_insync b 120
[ "$(field b rs_copied)/$(field b rs_equal)" = 8192/0 ] ||
	fail "copied: $(field b rs_copied), equal: $(field b rs_equal)"
if copies_all; then
	fail "flags at the end: $(field b flags)"
fi
compare_disks

note "by codes again"
put /dev/mapper/volb 8192 1024 3
"$MIRSYNC" failback volb --yes --json >"$LAB/json"
[ "$(value copied) $(value equal)" = "0 8192" ] || fail "$(<"$LAB/json")"

note "by message: refused where it must be, and then all are compared"
expect_fail dmsetup message vola 0 failback
expect_fail dmsetup message volb 0 failback now
vol_remove b
vol_create b primary timeout 5000
wait_insync b
[ "$(field b rs_equal)" != 8192 ] || fail "all were compared already"
msg b failback
wait_field b rs_equal 8192
wait_insync b
