#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As 156, for what an operator asks in a session: each call by which the module asks for an object in
# a verify, a scrub, both with their repair, a regeneration, a demotion, a failback by digests, one that waits
# for a snapshot, and a resolve is refused once. None tells of a difference that there is not, each
# works when it is asked again, and the sites are in sync in the end.
# kernel: debug
# allocations: fail
# timeout: 900
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"
. "$(dirname "$0")/lib-crook.sh"
. "$(dirname "$0")/lib-faults.sh"
KIND=failslab
BEFORE=(before_target 60000)

# may_fail COMMAND...: but it does not find a difference (5).
may_fail()
{
	local r=0
	"$MIRSYNC" "$@" >"$LAB/said" 2>&1 || r=$?
	[ "$r" != 5 ] || { cat "$LAB/said"; fail "$*: a difference that there is not"; }
	[ "$r" = 0 ] || tail -n 2 "$LAB/said" >&2
}

verify_round()
{
	may_fail verify vola
}

scrub_round()
{
	may_fail scrub vola --rate 0
	may_fail scrub volb --rate 0
}

flip() # SITE SEGMENT: below the target
{
	dd if=/dev/urandom of="${DATA[$1]}" bs=4k count=1 seek="$2" oflag=direct conv=notrunc status=none
}

# What is refused may leave the segment as it is. Asked again it is repaired.
repair_round()
{
	local site
	for site in a b; do
		flip "$site" 3000
		repaired "$site" || tail -n 2 "$LAB/said" >&2
		wait_until repaired "$site"
	done
	wait_until is a sync in-sync
}

repaired() # SITE
{
	"$MIRSYNC" scrub "vol$1" --rate 0 --repair >"$LAB/said" 2>&1 && "$MIRSYNC" scrub "vol$1" --rate 0 >>"$LAB/said" 2>&1
}

# Below b, in a part of a segment that is not written then: the code is made anew of what is there.
verify_repair_round()
{
	dd if=/dev/urandom of="$LAB/b.data" bs=512 count=3 seek=$((3100 * 8 + 4)) conv=notrunc status=none
	dd if=/dev/urandom of=/dev/mapper/vola bs=512 count=1 seek=$((3100 * 8)) oflag=direct conv=notrunc status=none
	wait_until is b valid 4096
	"$MIRSYNC" verify vola --repair local >"$LAB/said" 2>&1 || tail -n 2 "$LAB/said" >&2
	wait_until verified
	wait_until is a sync in-sync
}

verified()
{
	"$MIRSYNC" verify vola --repair local >"$LAB/said" 2>&1 && "$MIRSYNC" verify vola >>"$LAB/said" 2>&1
}

demote_round()
{
	wait_until udevadm settle
	"$MIRSYNC" demote vola >"$LAB/said" 2>&1 || tail -n 1 "$LAB/said" >&2
	wait_until promoted
	wait_until is a sync in-sync
}

promoted() { is a claim active || "$MIRSYNC" promote vola >"$LAB/said" 2>&1; }

regenerate_round()
{
	local which
	for which in local peer; do
		"$MIRSYNC" regenerate vola "$which" >"$LAB/said" 2>&1 || tail -n 2 "$LAB/said" >&2
	done
	wait_until is a valid 4096
	wait_until is b valid 4096
}

# The other site becomes primary, and has something that this one has not.
fail_over() # SITE
{
	local o=${OTHER[$1]}
	wait_until msg "$1" disconnect
	wait_until is "$1" link disconnected
	wait_until is "$o" link connecting
	wait_until msg "$o" promote
	wait_until is "$o" claim active
	seed=$((seed + 1))
	put "/dev/mapper/vol$o" 4096 256 "$seed" || fail "a write failed"
	wait_until msg "$1" connect
}

# The status may be what is refused: then it is asked for again.
primary()
{
	local claim
	until claim=$(field a claim 2>/dev/null); do
		nap 0.1
	done
	[ "$claim" = active ] && echo a || echo b
}

digest_round()
{
	local p o
	o=$(primary) p=${OTHER[$o]}
	fail_over "$o"
	wait_until is "$p" meeting peer-outdated
	"$MIRSYNC" failback "vol$p" --digest --yes >"$LAB/said" 2>&1 || tail -n 2 "$LAB/said" >&2
	wait_until in_sync "$p" --digest
}

in_sync() # SITE [OPTION...]
{
	local p=$1
	shift
	is "$p" sync in-sync || { "$MIRSYNC" failback "vol$p" --yes "$@" >"$LAB/said" 2>&1; is "$p" sync in-sync; }
}

# The one that is to be overwritten waits until it is told to go on.
before_round()
{
	local p o asked
	o=$(primary) p=${OTHER[$o]}
	fail_over "$o"
	wait_until is "$p" meeting peer-outdated
	"$MIRSYNC" failback "vol$p" --yes >"$LAB/said" 2>&1 &
	asked=$!
	let_go "$o" "$asked"
	wait "$asked" || tail -n 2 "$LAB/said" >&2
	let_go "$o" ''
	wait_until in_sync_let "$p" "$o"
}

# What they agree on when they meet is asked for as well.
in_sync_with_word()
{
	let_go a ''
	let_go b ''
	is a sync in-sync
}

let_go() # SITE PID: as long as that runs
{
	while :; do
		! is "$1" preparing waiting || msg "$1" go 2>/dev/null || true
		if [ -z "$2" ] || ! kill -0 "$2" 2>/dev/null; then
			break
		fi
		sleep 0.2
	done
}

in_sync_let() # SITE ITS_PEER
{
	local asked
	! is "$1" sync in-sync || return 0
	"$MIRSYNC" failback "vol$1" --yes >"$LAB/said" 2>&1 &
	asked=$!
	let_go "$2" "$asked"
	wait "$asked" || true
	let_go "$2" ''
	is "$1" sync in-sync
}

resolve_round()
{
	local p o
	p=$(primary) o=${OTHER[$p]}
	fail_over_split "$p" "$o"
	wait_until is "$p" meeting split-brain
	wait_until is "$o" meeting split-brain
	"$MIRSYNC" resolve "vol$o" --keep peer --yes >"$LAB/said" 2>&1 || tail -n 2 "$LAB/said" >&2
	wait_until resolved "$p" "$o"
}

fail_over_split() # PRIMARY OTHER
{
	wait_until msg "$2" disconnect
	wait_until is "$2" link disconnected
	wait_until is "$1" link connecting
	seed=$((seed + 1))
	put "/dev/mapper/vol$1" 4096 256 "$seed" || fail "a write failed"
	wait_until msg "$2" promote
	wait_until is "$2" claim active
	put "/dev/mapper/vol$2" 4224 256 "1$seed" || fail "a write failed"
	wait_until msg "$2" connect
}

resolved() # WINNER LOSER
{
	! is "$1" sync in-sync || return 0
	if is "$1" meeting split-brain; then
		"$MIRSYNC" resolve "vol$2" --keep peer --yes >"$LAB/said" 2>&1 || true
	fi
	is "$1" sync in-sync
}

# each ROUND AT_LEAST: were refused
each()
{
	note "$1"
	refuse_new "$1"
	[ "$came" -ge "$2" ] || fail "too few to prove anything"
	wait_until is "$(primary)" sync in-sync
}

seed=0
lab_sites
keyctl add logon mirsync:crook "$KEY" @u >/dev/null
format_both >/dev/null
vol_create b secondary "${AUTH[@]}"
vol_create a primary "${AUTH[@]}"
wait_insync a 120
put /dev/mapper/vola 0 16384 9
touch "$LAB/refused"
for round in verify scrub repair verify_repair regenerate demote; do
	wait_until is a hot 0/1024
	wait_until is b hot 0/1024
	each "${round}_round" 1
done
each digest_round 3
each resolve_round 1
vol_remove a b
vol_create b secondary "${AUTH[@]}" "${BEFORE[@]}"
vol_create a primary "${AUTH[@]}" "${BEFORE[@]}"
wait_until in_sync_with_word
# All of its calls, also those that were refused before: what they are for goes another way here.
note before_round
refuse_each before_round
[ "$came" -ge 5 ] || fail "too few to prove anything"
wait_until is "$(primary)" sync in-sync
