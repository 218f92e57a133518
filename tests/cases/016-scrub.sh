#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# mirsync scrub compares the data of a site with its codes: at either site, connected or not, no
# false alarm under a load; what was altered below the target is found, with its place, and changes
# neither codes nor marks. With --repair it is written anew from the peer, at both sites; what is
# bad at both is left as it is. It can be stopped, and held to a part.
# timeout: 400
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=40 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# scrub SITE STATUS PATTERN [OPTION...]: ends so, and prints a line like that.
scrub()
{
	local site=$1 status=$2 pattern=$3 r=0
	shift 3
	note "scrub at $site $*"
	"$MIRSYNC" scrub "vol$site" --rate 0 "$@" >"$LAB/said" 2>"$LAB/error" || r=$?
	cat "$LAB/said" "$LAB/error"
	[ "$r" = "$status" ] || fail "status $r, not $status"
	grep -qE "$pattern" "$LAB/said" "$LAB/error" || fail "nothing like '$pattern'"
}

# found SITE SECTOR:STATE...: just these, a segment each.
found()
{
	local site=$1
	shift
	"$MIRSYNC" scrub "vol$site" --rate 0 --json >"$LAB/said" || true
	python3 - "$LAB/said" "$@" <<-'END'
	import json, sys
	j = json.load(open(sys.argv[1]))
	want = [(int(s), 8, w) for s, w in (a.split(":") for a in sys.argv[2:])]
	got = [(r["sector"], r["sectors"], r["state"]) for r in j["ranges"]]
	assert got == want and j["checked"] == 10240 and j["no_code"] == 0 and j["complete"], j
	END
}

# flip SITE SEGMENT: a part of it, below the target.
flip()
{
	dd if=/dev/urandom of="$LAB/$1.data" bs=512 count=1 seek=$(($2 * 8 + 3)) conv=notrunc status=none
}

all_valid()
{
	[ "$(field a valid) $(field b valid)" = "10240 10240" ]
}

# segment SITE NUMBER: what is on its disk.
segment()
{
	sum "${DATA[$1]}" $(($2 * 4)) 4
}

has_read()
{
	[ "$(disk_sectors "${DATA[a]}" read)" != "$1" ]
}

lab_sites
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
put /dev/mapper/vola 0 4096 1
wait_until all_valid

note "nothing is corrupt"
wait_field a hot '0/*'
wait_field b hot '0/*'
records=$(field a record_writes)/$(field b record_writes)
found a
found b
[ "$(field a record_writes)/$(field b record_writes)" = "$records" ] || fail "extents became hot"
for size in 4k 2k; do
	fio_load_start /dev/mapper/vola --size=8m --bs="$size"
	for _ in 1 2 3; do
		scrub a 0 '^nothing is corrupt$'
		scrub b 0 '^nothing is corrupt$'
	done
	fio_load_stop
done
wait_until all_valid

note "segment 9000 of a is altered, 9100 of b, 9200 of both"
was=$(segment a 9000)/$(segment b 9100)
flip a 9000
flip b 9100
flip a 9200
flip b 9200
both=$(segment a 9200)/$(segment b 9200)
found a 72000:differs 73600:differs
found b 72800:differs 73600:differs
scrub a 5 '^differs: 4 KiB at sector 72000$' --range 71999+2
scrub a 0 '^nothing is corrupt$' --range 0+72000
expect_fail "$MIRSYNC" scrub vola --range 81919+2
expect_fail "$MIRSYNC" scrub vola --range 8
fio_load_start /dev/mapper/vola --size=8m
scrub a 5 '^2 are not what their codes say'
scrub b 5 '^2 are not what their codes say'
fio_load_stop
wait_until all_valid
[ "$(field a marked)$(field b marked)" = 00 ] || fail "marks"
[ "$(field a sync)" = in-sync ] || fail "not in sync"

note "without a session"
msg a disconnect
wait_field a link disconnected
wait_field b link connecting
found a 72000:differs 73600:differs
found b 72800:differs 73600:differs
expect_fail "$MIRSYNC" scrub vola --repair
msg a connect
wait_insync a
found a 72000:differs 73600:differs

note "at a bounded rate"
# 8 MiB at 2 MiB/s, but for a first piece of it, take 3 s; a slow machine takes longer anyhow.
begun=${EPOCHREALTIME/./}
"$MIRSYNC" scrub vola --rate 2048 --range 0+16384
took=$((${EPOCHREALTIME/./} - begun))
note "8 MiB at 2 MiB/s: $((took / 1000)) ms"
[ "$took" -ge 3000000 ] || fail "8 MiB at 2 MiB/s took $((took / 1000)) ms"

note "it is stopped"
before=$(disk_sectors "${DATA[a]}" read)
"$MIRSYNC" scrub vola --rate 64 >"$LAB/said" 2>"$LAB/error" &
wait_until has_read "$before"
kill -TERM $!
r=0
wait $! || r=$?
cat "$LAB/said" "$LAB/error"
[ "$r" = 1 ] || fail "status $r"
grep -qE 'stopped; what is left: --range [0-9]+\+[0-9]+$' "$LAB/error" || fail "it does not say where"

note "repair"
scrub a 5 '^repaired: 4 KiB at sector 72000$' --repair
scrub b 5 '^repaired: 4 KiB at sector 72800$' --repair
[ "$(segment a 9000)/$(segment b 9100)" = "$was" ] || fail "not what it was"
[ "$(segment a 9200)/$(segment b 9200)" = "$both" ] || fail "what is bad at both sites was touched"
[ "$(field a repaired)$(field b repaired)" = 11 ] || fail "repaired: $(field a repaired), $(field b repaired)"
found a 73600:differs
found b 73600:differs
all_valid || fail "codes are gone"
[ "$(field a marked)$(field b marked)" = 00 ] || fail "marks"
[ "$(field a sync)" = in-sync ] || fail "not in sync"

note "written anew"
put /dev/mapper/vola 36800 4 2
found a
found b
