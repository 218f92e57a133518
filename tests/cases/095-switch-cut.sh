#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A switchover of which the question, or the answer, or only the next meeting gets lost: never
# two primaries; the sites meet with one primary and no split brain, except where both were
# made to write alone, which is seen. A promotion while a session comes up is refused or
# counts, and never leaves a site that writes unmirrored in sync.
# scenario: 16
# timeout: 360
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# What is sent to that site gets lost, in a session that stands.
deafen() { tc -n "site${OTHER[$1]}" qdisc add dev veth0 root netem loss 100%; }
hear() { tc -n "site${OTHER[$1]}" qdisc del dev veth0 root; }

# The same, but TCP there still hears of what has arrived. Otherwise it sends nothing new after its
# first retransmission, about a second later.
deafen_data()
{
	local site=site${OTHER[$1]}
	tc -n "$site" qdisc add dev veth0 clsact
	tc -n "$site" filter add dev veth0 egress prio 1 protocol ip u32 match ip protocol 6 0xff \
		match u16 0 0xffc0 at 2 action ok	# shorter than 64 bytes: no frame
	tc -n "$site" filter add dev veth0 egress prio 2 protocol ip u32 match ip protocol 6 0xff action drop
}
hear_data() { tc -n "site${OTHER[$1]}" qdisc del dev veth0 clsact; }

# Sessions stay, and none comes up: packets with SYN are dropped.
no_new_session()
{
	local site
	for site in a b; do
		tc -n "site$site" qdisc add dev veth0 clsact
		tc -n "site$site" filter add dev veth0 egress protocol ip u32 \
			match ip protocol 6 0xff match u8 2 2 at 33 action drop
	done
}

new_sessions()
{
	local site
	for site in a b; do
		tc -n "site$site" qdisc del dev veth0 clsact
	done
}

# The switchover waits for who probes the device, and the session that has to carry it ends in 5 s.
closed() # SITE
{
	udevadm settle
	until [ "$(dmsetup info -c --noheadings -o open "vol$1")" = 0 ]; do
		nap 0.2
	done
}

primaries() # A B: the claims
{
	[ "$(field a claim) $(field b claim)" = "$*" ] || fail "claims: $(field a claim) $(field b claim), not $*"
}

lab_sites
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
put /dev/mapper/vola 0 4096 1

note "the question is lost"
closed a
deafen b
expect_fail "$MIRSYNC" switchover vola
[[ $REASON == *"not known"* ]] || fail "$REASON"
primaries none none
hear b
wait_field a meeting no-primary
"$MIRSYNC" promote vola
wait_insync a
[ "$(field a rs_copied)" = 0 ] || fail "copied: $(field a rs_copied)"

note "the answer is lost"
closed a
deafen_data a
expect_fail "$MIRSYNC" switchover vola
[[ $REASON == *"not known"* ]] || fail "$REASON"
primaries none active
put /dev/mapper/volb 1024 64 2
hear_data a
wait_insync b
primaries none active
[ "$(field b rs_copied)" = 16 ] || fail "copied: $(field b rs_copied)"

note "the sites do not meet after the answer, and both write alone"
no_new_session
"$MIRSYNC" switchover volb
wait_field b link connecting
primaries active none
put /dev/mapper/vola 2048 64 3
"$MIRSYNC" promote volb
put /dev/mapper/volb 3072 64 4
new_sessions
wait_field a meeting split-brain
wait_field b meeting split-brain
"$MIRSYNC" demote volb
wait_field a peer none
wait_field a meeting split-brain
"$MIRSYNC" failback vola --force
wait_insync a

note "promotions while a session comes up, which takes several times the delay"
for site in a b; do
	tc -n "site$site" qdisc add dev veth0 root netem delay 200ms
done
for tenths in 0 3 6 9; do
	msg b disconnect
	wait_field b link disconnected
	wait_field a link connecting
	msg b connect
	sleep "0.$tenths"
	if said=$("$MIRSYNC" promote volb 2>&1); then
		note "after 0.$tenths s: promoted"
		wait_field a meeting outdated
		wait_field b meeting peer-outdated
		wait_field a claim waiting
		wait_field b claim active
		put /dev/mapper/volb 4096 64 "$tenths"
		"$MIRSYNC" failback volb --yes
		"$MIRSYNC" switchover volb
		# Not before they have met again: a switchover ends the session.
		line=$(dmsetup status --noflush vola)
		[[ $line != *' in-sync '*meeting=target* ]] || fail "in sync by a session that is over: $line"
	else
		note "after 0.$tenths s: $said"
	fi
	wait_field a meeting source
	wait_insync a
	primaries active none
done
