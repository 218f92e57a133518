#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Each block of the primary's metadata in turn is zeroed, has a bit flipped, is swapped with
# another, torn, or put back from an older time, after a clean stop or as a crash left it,
# while the site has marks that its peer does not know of. It never comes up with a valid
# code that lies or without a mark that is needed: the sites get equal by themselves, or, if
# the metadata has gone back in time as a whole, by a failback that an operator asks for.
#
#   ROUNDS=5    damages; SEED chooses them and is printed; ROUNDS=all: each kind on each block
# scenario: 14
# timeout: 3000
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

ROUNDS=${ROUNDS:-5}
SEED=${SEED:-$RANDOM}
RANDOM=$SEED

# The blocks that are in use, a number each.
used_blocks()
{
	python3 - "$LAB/a.meta" <<-'END'
	import sys
	with open(sys.argv[1], "rb") as f:
	    for n, block in enumerate(iter(lambda: f.read(4096), b"")):
	        if any(block):
	            print(n)
	END
}

damage() # KIND BLOCK OTHER
{
	python3 - "$LAB/a.meta" "$LAB/old.meta" "$@" "$RANDOM" <<-'END'
	import sys
	path, old, kind, block, other, rand = sys.argv[1:3] + [sys.argv[3]] + [int(a) for a in sys.argv[4:]]
	with open(path, "r+b") as f, open(old, "rb") as o:
	    def get(file, n):
	        file.seek(n * 4096)
	        return bytearray(file.read(4096))
	    def put(n, data):
	        f.seek(n * 4096)
	        f.write(data)
	    data = get(f, block)
	    if kind == "zero":
	        put(block, bytes(4096))
	    elif kind == "flip":
	        for sector in range(8):
	            if rand >> sector & 1 or rand & 0xff == 0:
	                data[sector * 512 + rand * 7 % 512] ^= 1 << rand % 8
	        put(block, data)
	    elif kind == "swap":
	        there = get(f, other)
	        put(block, there)
	        put(other, data)
	    elif kind == "torn":
	        put(block, get(o, block)[:2048] + data[2048:])
	    elif kind == "older":
	        put(block, get(o, block))
	END
	blockdev --flushbufs "${META[a]}"
}

lab_sites
format_both --max-hot 16 >/dev/null
vol_create b secondary
vol_create a primary
wait_insync a
put /dev/mapper/vola 0 16384 1
kinds=(zero flip swap torn older)
vol_remove a
cp "$LAB/a.meta" "$LAB/old.meta"
mapfile -t blocks < <(used_blocks)
note "seed $SEED, ${#blocks[@]} blocks in use"
all=$((${#blocks[@]} * ${#kinds[@]}))
[ "$ROUNDS" != all ] || ROUNDS=$all
vol_create a primary
wait_insync a

home=0
for ((i = 0; i < ROUNDS; i++)); do
	n=$((ROUNDS == all ? i : RANDOM % all))
	kind=${kinds[n % 5]} block=${blocks[n / 5]} other=${blocks[RANDOM % ${#blocks[@]}]}
	put /dev/mapper/vola $((RANDOM % 240 * 64)) 512 $((i + 2))
	msg a disconnect
	wait_field a link disconnected
	put /dev/mapper/vola $((RANDOM % 240 * 64)) 256 $((i + 1000))
	how=clean
	if [ $((RANDOM % 2)) = 0 ]; then
		how=crash
		cp "$LAB/a.meta" "$LAB/crash.meta"
	fi
	vol_remove a
	r=0
	"$MIRSYNC" check "${META[a]}" --data "${DATA[a]}" >"$LAB/check.out" || r=$?
	# A damaged table block is noticed when its extent is used next; its summary still holds.
	if [ "$r" != 0 ] && grep -v '^table: \|^/dev' "$LAB/check.out"; then
		cat "$LAB/check.out"
		fail "metadata before damage $i: $r"
	fi
	if [ "$how" = crash ]; then
		dd if="$LAB/crash.meta" of="$LAB/a.meta" bs=1M conv=notrunc status=none
		blockdev --flushbufs "${META[a]}"
	fi
	cp "$LAB/a.meta" "$LAB/before.meta"
	note "$i: $kind block $block (other $other), after a $how stop"
	damage "$kind" "$block" "$other"
	cp "$LAB/before.meta" "$LAB/old.meta"
	vol_create a primary
	wait_field a meeting '@(source|outdated|split-brain|unrelated|no-source)'
	if [ "$(field a meeting)" != source ]; then
		# What an operator does who wants the data of A.
		note "$(dmsetup status vola | cut -c1-120)"
		home=$((home + 1))
		"$MIRSYNC" promote vola --force
		wait_field a meeting '@(source|outdated|split-brain|unrelated|peer-outdated)'
		wait_until "$MIRSYNC" failback vola --force --yes >/dev/null
	fi
	wait_insync a
	compare_disks || fail "after $kind of block $block"
done
put /dev/mapper/vola 0 16384 9
note "$ROUNDS damages, $home of them needed an operator"
