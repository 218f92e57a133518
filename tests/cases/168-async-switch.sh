#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Mode async: a switchover while the queue is full and the link is slow. It waits until the peer has all of it, and
# the new primary has every write that was acknowledged, by a session that mirrors, not by a copy.
# processors: 2
# scenario: 17 21
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
format_both
vol_create b secondary timeout 30000
vol_create a primary timeout 30000 mode async async_queue 4096
wait_insync a
# 16 seconds for a queue that is full.
tc -n sitea qdisc add dev veth0 root netem rate 2mbit delay 50ms limit 20000
python3 "$(dirname "$0")/stamps.py" write /dev/mapper/vola 1 >"$LAB/stamps" &
writer=$!
wait_field a queued_bytes '@([3-4]??????)'
kill "$writer"
wait "$writer" || true
queued=$(field a queued_bytes)
[ "$queued" -ge 2000000 ] || fail "only $queued bytes are queued"
"$MIRSYNC" switchover vola &
switching=$!
while kill -0 "$switching" 2>/dev/null; do
	line=$(dmsetup status --noflush vola)
	[[ $line != *' claim=none '*' queued_bytes='[1-9]* ]] || fail "demoted before the peer has all of it"
done
wait "$switching" || fail "the switchover has failed"
tc -n sitea qdisc del dev veth0 root
[ "$(field b claim) $(field a claim)" = "active none" ] || fail "claims: $(field b claim) $(field a claim)"
python3 "$(dirname "$0")/stamps.py" verify "$LAB/stamps" "$LAB/b.data" /dev/mapper/volb
wait_insync b
[ "$(field b rs_copied)" = 0 ] || fail "copied: $(field b rs_copied)"
figure "$queued bytes were queued, of $(wc -l <"$LAB/stamps") writes"
