#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# mirsync failback at a terminal asks, and takes no for an answer; when it is interrupted
# while the kernel copies, the copy goes on. mirsync status has a bar there meanwhile. The volumes have a
# key from the keyring.
# scenario: 8
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-cli.sh"

# answer STATUS WORD ARGUMENT...: mirsync at site b on a terminal, where WORD is typed; what
# it says is in $LAB/said.
answer()
{
	local want=$1 word=$2 r=0
	shift 2
	printf '%s\n' "$word" | script -qec "ip netns exec siteb $MIRSYNC $*" /dev/null >"$LAB/said" || r=$?
	cat "$LAB/said"
	[ "$r" = "$want" ] || fail "answer $word: status $r, not $want"
}

says_how_long() { in_site b "$MIRSYNC" status volb | grep -E ', at [0-9.]+ [KM]iB/s, [0-9.:]+ (s|min) left'; }

lab_sites
keyctl new_session >/dev/null
keyctl link @u @s
printf %032d 7 | keyctl padd logon mirsync:lab @u >/dev/null
format_both
for site in a b; do
	role=secondary
	[ "$site" = b ] || role=primary
	conf "$site" "$role" 'key :32:logon:mirsync:lab'
	gives 0 '' cli "$site" up "vol$site"
done
gives 0 '' cli a wait vola in-sync --timeout "$(limit 120)"
gives 0 '' cli b disconnect volb
gives 0 '' cli a down vola
gives 0 '' cli b promote volb --alone
put /dev/mapper/volb 0 24576
gives 0 '' cli b connect volb
gives 0 '' cli a up vola
wait_field b meeting peer-outdated

for word in n '' nonsense; do
	answer 1 "$word" failback volb
	grep 'overwrite up to 6,144 segments' "$LAB/said" || fail "no question"
	grep 'cancelled, nothing was copied' "$LAB/said" || fail "does not say that nothing was copied"
	wait_field b meeting peer-outdated
	[ "$(field b sync) $(field b failback)" = 'out-of-sync 0' ] || fail "it goes on: $(field b sync)"
done

# Copying the 24 MiB takes most of a minute then.
msg b set resync_rate_max 512
ip netns exec siteb "$MIRSYNC" failback volb --yes 2>"$LAB/error" &
pid=$!
wait_field b rs_copied '@([2-9]??|????*)'
kill -TERM "$pid"
r=0
wait "$pid" || r=$?
[ "$r" = 1 ] || fail "status $r after SIGTERM"
grep 'the copy goes on in the kernel' "$LAB/error" || fail "$(<"$LAB/error")"
[ "$(field b sync)" = resync-source ] || fail "the copy was over or stopped: $(field b sync)"
answer 0 '' status volb
grep -E 'copying to the peer \[#* *\] [0-9.]+ % of [0-9]+ extents done' "$LAB/said" || fail "no bar"
grep $'\033\\[' "$LAB/said" >/dev/null || fail "no colours"
in_site b "$MIRSYNC" status volb >"$LAB/said"
grep 'copying to the peer, ' "$LAB/said" || fail "a bar without a terminal"
if grep $'\033' "$LAB/said"; then fail "colours without a terminal"; fi
wait_until says_how_long
msg b set resync_rate_max 0
gives 0 '' cli b wait volb in-sync --timeout "$(limit 120)"
cli b failback volb --dry-run
answer 0 y failback volb --switch
gives 0 '' cli a wait vola in-sync --timeout "$(limit 60)"
[ "$(field a role)" = primary ] || fail "a is $(field a role)"
