#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Calls of /dev/mirsync that make little sense, from three processes at both sites' volumes, one of
# which dies again and again in the middle, while the primary is written to: what is wrong is
# refused, nothing is written where it should not be, and whatever the others brought about, an operator
# gets the pair in sync again. Who lacks CAP_SYS_ADMIN is refused everything.
# processors: 2
# timeout: 400
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# The fuzz is of no use if nothing gets through.
calls() # SECONDS SEED
{
	python3 "$(dirname "$0")/ioctls.py" "$1" "$2" /dev/mapper/vola /dev/mapper/volb
}

idle() # SITE
{
	[ "$(field "$1" cmd)" = 0 ]
}

# A failback where one is needed; where a plain resync follows, one that is refused.
restored()
{
	[ "$(field a sync)" != in-sync ] || return 0
	"$MIRSYNC" failback vola --yes --force >"$LAB/failback" 2>&1 && [ "$(field a sync)" = in-sync ]
}

no_copy()
{
	[[ "$(field a sync) $(field b sync)" != *resync* ]]
}

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a

setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
	python3 "$(dirname "$0")/ioctls.py" 1 1 /dev/mapper/vola >"$LAB/refused"
[ -s "$LAB/refused" ] || fail "no call was made"
if grep -v ': EPERM ' "$LAB/refused"; then fail "not refused"; fi

seed=${SEED:-$RANDOM}
note "seed $seed"
( while :; do put /dev/mapper/vola $((RANDOM % 512 * 64)) 64 "$RANDOM" 2>/dev/null || sleep 0.1; done ) &
writer=$!
calls 20 "$seed" >"$LAB/one" &
one=$!
calls 20 $((seed + 1)) >"$LAB/two" &
two=$!
for i in {1..12}; do
	r=0
	command timeout -s KILL "$(limit 2)" python3 "$(dirname "$0")/ioctls.py" 6000 $((seed + 1 + i)) \
		/dev/mapper/vola /dev/mapper/volb >/dev/null 2>"$LAB/died" || r=$?
	[ "$r" = 137 ] || fail "it was to die, and ended with status $r: $(tail -n 1 "$LAB/died")"
done
wait "$one" "$two"
kill "$writer"
wait "$writer" || true
cat "$LAB/one"
for nr in 0 1 2 3 5 7 10; do
	grep -q "^call $nr: 0 " "$LAB/one" "$LAB/two" || fail "no call $nr got through"
done

note "back in order"
wait_until no_copy
for site in a b; do
	wait_until idle "$site"
	[ "$(field "$site" claim)" = none ] || wait_until msg "$site" demote
	wait_until idle "$site"
done
wait_until msg a promote alone force
wait_field a claim active
wait_until restored
