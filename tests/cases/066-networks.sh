#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Networks as they are: segments of less than 100 bytes; delay, loss and reordering; a site that went
# away without a word and comes back while the other one still holds the old connection.
# scenario: 19
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

# From here on nothing of the connections that exist arrives at either end.
bury()
{
	local site number side numbers
	numbers=$(in_site a ss -tnH state established | awk '{ sub(/.*:/, "", $3); sub(/.*:/, "", $4); print $3; print $4 }' | grep -vx "$PORT")
	for site in a b; do
		tc -n "site$site" qdisc add dev veth0 clsact
		for number in $numbers; do
			for side in sport dport; do
				tc -n "site$site" filter add dev veth0 egress protocol ip u32 match ip "$side" "$number" 0xffff action drop
			done
		done
	done
}

lab_sites
for site in a b; do
	ip -n "site$site" route change 10.77.0.0/24 dev veth0 src "${ADDRESS[$site]}" advmss 64
done
format_both
vol_create b secondary timeout 600000
vol_create a primary timeout 600000
wait_insync a
in_site a ss -tniH state established | grep ' mss:[4-8][0-9] ' || fail "$(in_site a ss -tniH)"
put /dev/mapper/vola 0 512 1
for site in a b; do
	ip -n "site$site" route change 10.77.0.0/24 dev veth0 src "${ADDRESS[$site]}"
done

note "half-open"
bury
vol_remove b
[ "$(field a link)" = connected ] || fail "a knows already"
vol_create b secondary timeout 600000
wait_insync b
wait_insync a
[ "$(counter a cut_replaced)" = 1 ] || fail "a: $(grep cut_ "$(debug_file a counters)")"
for site in a b; do
	tc -n "site$site" qdisc del dev veth0 clsact
done

note "delay, loss, reordering"
for site in a b; do
	tc -n "site$site" qdisc add dev veth0 root netem delay 15ms 5ms loss 2% reorder 10%
done
put /dev/mapper/vola 1024 1024 2
msg a disconnect
wait_field a link disconnected
put /dev/mapper/vola 4096 1024 3
msg a connect
wait_insync a
