#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# mirsync events prints the state of each volume and each change of it, one line each, as text and
# as JSON: volumes that come and go, the first sync, a cut link, a change of roles, a suspend.
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# told PATTERN [COUNT]: so many lines, or 1 at least, are like that.
told()
{
	[ "$(grep -cE "^[-0-9T:.+]+ $1" "$LAB/events")" -ge "${2:-1}" ]
}

by_command() # SITE
{
	"$MIRSYNC" status "vol$1" | grep -q 'link .*not connected .*by command'
}

lab_sites
format_both
expect_fail "$MIRSYNC" events vola
vol_create b secondary
"$MIRSYNC" events >"$LAB/events" &
text=$!
"$MIRSYNC" events --json >"$LAB/json" &
wait_until told 'volb secondary connecting .* claim=none$'
vol_create a primary
wait_until told 'vola primary connected consistent in-sync claim=active meeting=source peer=none peer_disk=consistent$'
wait_until told 'volb secondary connected consistent in-sync claim=none meeting=target peer=active peer_disk=consistent$'

msg b disconnect
wait_until told 'vola primary connecting .* claim=active$'
wait_until told 'volb secondary disconnected .* claim=none$'
wait_until by_command b
msg b connect
wait_until told 'vola primary connected consistent in-sync .*' 2
dmsetup suspend vola
wait_until told 'vola .* suspended$'
dmsetup resume vola
wait_insync
"$MIRSYNC" switchover vola
wait_until told 'volb primary connected .* claim=active'
wait_until told 'vola secondary connected consistent in-sync claim=none'

"$MIRSYNC" events vola >"$LAB/one" &
wait_until grep -q 'vola secondary' "$LAB/one"
vol_remove b
wait_until told 'volb gone$'
wait_until grep -q 'vola secondary connecting' "$LAB/one"
if grep -q volb "$LAB/one"; then fail "volb was not asked for"; fi
vol_create b primary
wait_until told 'volb primary connected consistent in-sync' 2
kill "$text"
awk '{ name = $2; $1 = ""; if (last[name] == $0) { print "twice:" $0; exit 1 } last[name] = $0 }' \
	"$LAB/events" || fail "a line without a change"
grep -q '"volume":"volb","up":false,.*"event":"gone"' "$LAB/json" || fail "JSON does not tell of volb's end"
python3 -c "
import json
lines = [json.loads(line) for line in open('$LAB/json')]
assert any(l['event'] == 'state' and l['volume'] == 'volb' and l['in_sync'] and l['role_name'] == 'primary' for l in lines)
assert all(l['time'] for l in lines)"
