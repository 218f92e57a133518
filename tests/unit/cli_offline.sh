#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The CLI without a kernel module: format, check, dump and repair on files, damage planted on
# purpose, every kind of bad input, configuration files. The CLI is built with sanitizers
# for it; CLI=PATH tests another one. Prints TAP, as tests/unit-run takes it, and exits
# non-zero when a test failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
TOP=$PWD
OUT=$TOP/build/unit/cli
SANITIZE='-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
mkdir -p "$OUT"

if [ -z "${CLI-}" ]; then
	make --no-print-directory -s cli BUILD="build/unit/cli" CFLAGS="$SANITIZE" \
		LDFLAGS="$SANITIZE" >"$OUT/build.log" 2>&1 ||
		{ cat "$OUT/build.log"; echo "not ok 1 - build"; exit 1; }
	CLI=$OUT/mirsync
fi
# shellcheck disable=SC2046,SC2086 # words
gcc -Wall -Wextra -Werror -D_GNU_SOURCE $SANITIZE -Idm-mirsync -o "$OUT/plant" \
	tests/unit/cli/plant.c \
	$(find dm-mirsync/shared -name '*.c' ! -name '*_kernel.c') \
	$(pkg-config --cflags --libs libxxhash) ||
	{ echo "not ok 1 - plant"; exit 1; }
# A report of a sanitizer has a status of its own, which no test expects.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=halt_on_error=1:exitcode=99

# In memory if possible: format waits for the disk, and does so often.
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0
failed=0

plant() { "$OUT/plant" "$@" || problems+=("plant $*"); }

# it NAME: begin a test; done_ [WHY_SKIPPED]: its verdict.
it()
{
	name=$1
	number=$((number + 1))
	problems=()
}

done_()
{
	local p verdict=ok
	if [ ${#problems[@]} -gt 0 ]; then
		verdict='not ok'
		failed=1
	fi
	echo "$verdict $number - $name${1:+ # SKIP $1}"
	for p in "${problems[@]}"; do
		echo "#    $p"
	done
}

# gives STATUS COMMAND...: run the CLI; its output is in $out, its errors in $err.
gives()
{
	local want=$1 got
	shift
	"$CLI" "$@" >out 2>err
	got=$?
	out=$(cat out)
	err=$(cat err)
	[ "$got" = "$want" ] ||
		problems+=("mirsync $*: status $got, not $want: $(head -c 300 err out)")
}

# refuses STATUS PATTERN COMMAND...: that status, one line that begins with "mirsync: " and
# matches, nothing on standard output.
refuses()
{
	local want=$1 pattern=$2
	shift 2
	gives "$want" "$@"
	# shellcheck disable=SC2053 # a pattern
	[[ $err == mirsync:\ *:\ $pattern ]] || problems+=("mirsync $*: said '$err'")
	[ "$(wc -l <err)" = 1 ] || problems+=("mirsync $*: $(wc -l <err) lines of error")
	[ -z "$out" ] || problems+=("mirsync $*: printed '$out'")
}

says()
{
	# shellcheck disable=SC2053 # a pattern
	[[ $out == $1 ]] || problems+=("'$out' is not like '$1'")
}

same()
{
	cmp -s "$1" "$2" || problems+=("$1 and $2 differ")
}

# json EXPRESSION: python, with the JSON printed last as j; must be true.
json()
{
	printf '%s' "$out" | python3 -c "import json, sys; j = json.load(sys.stdin)
sys.exit(0 if ($1) else 1)" || problems+=("not so: $1")
}

# flip FILE OFFSET: invert a byte.
flip()
{
	python3 - "$1" "$2" <<-'PY'
	import sys
	with open(sys.argv[1], "r+b") as f:
	    f.seek(int(sys.argv[2]))
	    b = f.read(1)
	    f.seek(int(sys.argv[2]))
	    f.write(bytes([b[0] ^ 0xff]))
	PY
}

zero_block() { dd if=/dev/zero of="$1" bs=4096 seek="$2" count=1 conv=notrunc status=none; }

# A volume of 5 extents, the last one and its last segment short; tables from block 26 on
# (2 * 5 blocks of records), their blocks from 42 on.
TABLE=26
fresh()
{
	rm -f meta data
	truncate -s 1M meta
	head -c $((8 << 20)) /dev/urandom >data
	head -c 1536 /dev/urandom >>data
	gives 0 format meta data
}
# The same with codes of everything, as activation 1 left it.
with_codes()
{
	local e
	fresh
	plant meta super 3 activation 1
	for e in 0 1 2 3 4; do
		plant meta table data "$e" 1
	done
}
block_of() { echo $((TABLE + 16 + $1)); }

it format
fresh
says 'Formatted meta for data: 8.0 MiB, 2,049 segments of 4 KiB*volume: ????????????????????????????????'
gives 0 check meta
says 'meta: clean; 0 of 2,049 segments*'
cp data data.before
gives 0 check --data data meta
same data data.before
done_

it format-options
for size in 4K 64K 1M 8192 512k; do
	gives 0 format --force --segment-size "$size" meta data
	gives 0 check meta
done
json_size=$("$CLI" dump --json meta | python3 -c 'import json, sys; print(json.load(sys.stdin)["superblocks"][1]["segment_bytes"])')
[ "$json_size" = 524288 ] || problems+=("segment size recorded: $json_size")
for size in 3K 2K 2M 0 4Q 4KK -4K '' 99999999999999999999; do
	refuses 2 '*' format --segment-size "$size" meta data
done
for hot in 16 4096; do
	gives 0 format --force --max-hot=$hot meta data
	gives 0 check meta
done
for hot in 15 4097 x 16K ''; do
	refuses 2 '--max-hot*' format --max-hot "$hot" meta data
done
done_

it format-sizes
for size in 512 4096 4608 $((480 * 4096)) $((480 * 4096 + 512)) $((168 * 480 * 4096)); do
	rm -f d m
	truncate -s "$size" d
	truncate -s 1M m
	gives 0 format m d
	gives 0 check m
done
rm -f d m
truncate -s 1T d
truncate -s 64M m
gives 0 format --segment-size 1M m d
gives 0 check m
done_

it format-block-size
rm -f d m
truncate -s $((64 * 4096 + 512)) d
truncate -s 1M m
for size in 256 1536 8K 0x; do
	refuses 2 '*' format --block-size "$size" m d
done
refuses 1 '*not a multiple of blocks of 4096*' format --block-size 4K m d
truncate -s $((64 * 4096)) d
gives 0 format --block-size 4K m d
gives 0 dump m
says '*logical block 4096*'
gives 0 check m
done_

it format-exact-size
rm -f m
truncate -s $(((26 + 16 + 5) * 4096 - 1)) m
refuses 1 'too small: 192512 bytes (188 KiB) are needed, it has 192511 (188.0 KiB)' format m data
truncate -s $(((26 + 16 + 5) * 4096)) m
gives 0 format m data
gives 0 check m
truncate -s $(((26 + 16 + 5) * 4096 - 1)) m
refuses 2 'the device is smaller than the metadata area on it' check m
done_

it format-refuses
fresh
cp meta before
refuses 1 'holds dm-mirsync metadata; --force overwrites it' format meta data
flip meta 100
refuses 1 'holds dm-mirsync metadata; --force overwrites it' format meta data
zero_block meta 0
refuses 1 'holds dm-mirsync metadata; --force overwrites it' format meta data
cp before meta
refuses 1 'is the data device data too*' format data data
ln data data.link
refuses 1 'is the data device data.link too*' format --force data data.link
ln -s data data.symlink
refuses 1 'is the data device data.symlink too*' format --force data data.symlink
rm data.link data.symlink
cp data data.before
refuses 1 'holds dm-mirsync metadata, so it is not the data device*' format --force data meta
same data data.before
rm data.before
refuses 1 'No such file or directory' format nothing data
refuses 1 'No such file or directory' format meta nothing
refuses 1 'not a block device or regular file' format . data
refuses 1 'not a block device or regular file' format /dev/null data
: >empty
refuses 1 'is empty' format --force meta empty
refuses 1 'too small: *' format empty data
same meta before
gives 0 format --force meta data
if cmp -s meta before; then problems+=("--force changed nothing"); fi
done_

it format-signatures
for make in "mkfs.ext4 -q -F" "mkswap -q" "mkfs.xfs -q -f"; do
	command -v "${make%% *}" >/dev/null || continue
	rm -f m
	truncate -s 400M m
	$make m >/dev/null 2>&1 || { problems+=("$make"); continue; }
	refuses 1 'holds *; --force overwrites it' format m data
	gives 0 format --force m data
	gives 0 check m
	[ -z "$(blkid -p m)" ] || problems+=("after $make: $(blkid -p m)")
done
rm -f m
truncate -s 4M m
echo 'start=2048, size=2048' | sfdisk -q m >/dev/null 2>&1
refuses 1 'holds dos partition table; --force overwrites it' format m data
# A signature where no block of ours comes to lie: btrfs has it at 64 KiB + 64.
rm -f m
truncate -s 400M m
printf '_BHRfS_M' | dd of=m bs=1 seek=$((65536 + 64)) conv=notrunc status=none
gives 0 format --force m data
[ -z "$(blkid -p m)" ] || problems+=("after btrfs: $(blkid -p m)")
done_

it format-dry-run
fresh
rm -f m
truncate -s 1M m
cp m m.before
gives 0 format --dry-run m data
says 'Would format m for data: 8.0 MiB*'
same m m.before
cp meta before
refuses 1 'holds dm-mirsync metadata*' format --dry-run meta data
gives 0 format --dry-run --force meta data
same meta before
done_

it format-ids-are-random
fresh
gives 0 dump --json meta
json 'j["superblocks"][0]["flags"] == ["clean", "all-candidates", "never-met"]'
json 'j["superblocks"][0]["role"] == "secondary" and j["superblocks"][0]["disk"] == "consistent"'
json 'j["superblocks"][0]["generations"]["current"] == "0" * 16'
cp out one
gives 0 format --force meta data
gives 0 dump --json meta
python3 - one out <<'PY' || problems+=("ids are repeated")
import json, sys
a, b = (json.load(open(n))["superblocks"][0] for n in sys.argv[1:])
sys.exit(any(a[k] == b[k] for k in ("volume_id", "node_id", "format_id", "code_seed")))
PY
done_

it usage
refuses 2 'no command given*' 
refuses 2 'unknown command*' nonsense
refuses 2 'unknown option --nonsense*' --nonsense
for c in format dump up down status promote demote connect disconnect release failback resolve switchover grow wait; do
	refuses 2 'unknown option --nonsense*' "$c" --nonsense
	gives 0 "$c" --help
	says "Usage: mirsync $c *Options:*--help*"
done
refuses 3 'unknown option*' check --nonsense meta
refuses 3 'too few arguments*' check
refuses 3 'unknown option*' repair --nonsense meta
refuses 3 'too few arguments*' repair
gives 0 repair --help
refuses 3 'b: one argument too many*' check a b
refuses 2 'too few arguments*' format meta
refuses 2 '--force takes no value' format --force=1 meta data
refuses 2 '--max-hot needs a value: N' format meta data --max-hot
gives 0 --help
says '*format*check*dump*up*failback*'
gives 0 --version
says 'mirsync [0-9]*metadata format 1*'
done_

it check-not-a-device
refuses 3 'No such file or directory' check nothing
refuses 3 'not a dm-mirsync metadata device (no superblock)' check data
refuses 3 'not a dm-mirsync metadata device (no superblock)' check empty
refuses 1 'not a dm-mirsync metadata device (no superblock)' dump data
done_

it check-superblocks
for at in 0 8; do
	fresh
	zero_block meta $at
	gives 2 check meta
	says 'superblock: copy ? is bad: no magic number*meta: damaged*'
	fresh
	flip meta $((at * 4096 + 200))
	gives 2 check meta
	says 'superblock: copy ? is bad: wrong checksum*'
	gives 0 dump meta
done
flip meta 200
refuses 2 'both superblocks are bad' check meta
gives 2 check --json meta
json 'j["result"] == "damaged"'
fresh
# The first copy in the place of the second.
dd if=meta of=meta bs=4096 skip=0 seek=8 count=1 conv=notrunc status=none
gives 2 check meta
says 'superblock: copy 1 is bad: belongs elsewhere*'
fresh
plant meta super 1 sequence 2
gives 1 check meta
says 'superblock: copy 1 is one commit behind or more (2, 1)*meta: needs recovery*'
fresh
plant meta super 2 activation 7
gives 2 check meta
says '*the copies differ under the same sequence number*'
done_

it check-stop
fresh
plant meta super 3 flags 6
gives 1 check meta
says 'stop: the volume was not stopped in order*meta: needs recovery*'
gives 1 check --json meta
json 'j["result"] == "recovery" and not j["stopped_in_order"] and j["problems"][0]["kind"] == "stop"'
done_

it check-record
fresh
plant meta record 1 2 3:1
gives 2 check meta
says 'record: 1 extents are active although the volume was stopped in order*'
plant meta super 3 flags 6
gives 1 check meta
says '*1 extents active'
gives 0 dump meta
says '*copy 1 holds, sequence 2, 1 active extents*extent 3 mask 000000000000001*'
plant meta record 0 3 9:1
gives 2 check meta
says '*record: damaged*'
fresh
zero_block meta 16
gives 2 check meta
says 'record: damaged*'
# A torn one: two sectors, of which only the first has reached the disk.
fresh
hot=()
for e in $(seq 0 39); do hot+=("$e:1"); done
rm -f big.data big
truncate -s 200M big.data
truncate -s 2M big
gives 0 format big big.data
plant big super 3 flags 6
dd if=big of=sector bs=512 skip=$((21 * 8 + 1)) count=1 status=none
plant big record 1 2 "${hot[@]}"
gives 1 check big
says '*40 extents active'
dd if=sector of=big bs=512 seek=$((21 * 8 + 1)) conv=notrunc status=none
gives 1 check big
says '*record: copy 1 is torn; the older one holds*0 extents active'
done_

it check-tables
with_codes
gives 0 check meta
says 'meta: clean; 2,049 of 2,049 segments with a valid code, 0 marked, 0 extents active'
cp meta good
flip meta $(($(block_of 3) * 4096 + 300))
gives 2 check meta
says 'table: extent 3: wrong checksum*1,569 of 2,049*'
cp good meta
dd if=good of=meta bs=4096 skip="$(block_of 1)" seek="$(block_of 2)" count=1 conv=notrunc status=none
gives 2 check meta
says 'table: extent 2: belongs elsewhere*'
cp good meta
plant meta super 3 activation 2
cp meta good
plant meta table data 2 2
dd if=good of=meta bs=4096 skip="$(block_of 2)" seek="$(block_of 2)" count=1 conv=notrunc status=none
gives 2 check meta
says 'table: extent 2: not the version its summary names*'
# The same in an active extent is what a crash leaves.
plant meta super 3 flags 6
plant meta record 1 2 2:0
gives 1 check meta
plant meta record 1 3 1:0
gives 2 check meta
cp good meta
plant meta table data 4 3
gives 2 check meta
says 'summary: extent 4: of activation 3, the superblock knows of 2*'
cp good meta
plant meta summary 1 0xffffffffffffffff
gives 2 check meta
says 'summary: extent 1: its entry was lost*'
cp good meta
zero_block meta $TABLE
gives 2 check meta
says 'summary: block 0 (extents 0 to 4): wrong checksum*'
gives 0 dump meta
done_

it check-summary-counts
with_codes
plant meta table data 0 1 5
gives 0 check meta
says '*5 marked*'
python3 - meta $TABLE <<'PY'
# Change the counts and the digest of extent 0's entry and seal the block again, in an
# implementation of its own.
import struct, sys
def crc32c(data, crc):
    for b in data:
        crc ^= b
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc
f = open(sys.argv[1], "r+b")
sb = f.read(4096)
format_id = sb[64:72]
at = int(sys.argv[2]) * 4096
f.seek(at)
b = bytearray(f.read(4096))
crc, = struct.unpack_from("<I", b, 0)
def seal(b):
    b[0:4] = bytes(4)
    return ~crc32c(b, crc32c(format_id, 0xffffffff)) & 0xffffffff
assert seal(b) == crc, "the checksum is not what the format says"
sequence, digest, valid, marked, flags = struct.unpack_from("<QQHHI", b, 64)
assert (valid, marked, flags) == (480, 5, 0)
struct.pack_into("<QQHHI", b, 64, sequence, digest ^ 1, valid - 1, marked + 1, flags)
struct.pack_into("<I", b, 0, seal(b))
f.seek(at)
f.write(b)
PY
gives 2 check meta
says '*extent 0: 480 valid codes, its summary says 479*'
says '*extent 0: 5 marks, its summary says 6*'
says "*extent 0: its summary's digest is not that of its codes*"
done_

it check-void-codes
with_codes
plant meta super 3 codes_since $(((1 << 40) + 3))
gives 0 check meta
says 'meta: clean; 1,089 of 2,049 segments with a valid code*'
flip data 0
gives 0 check meta --data data
says '*1,089 segments of data read and compared'
done_

it check-data
with_codes
gives 0 check meta --data data
says '*2,049 segments of data read and compared'
flip data $((500 * 4096 + 17))
flip data $((8 << 20))
gives 2 check meta --data data
says '*data: segment 500 (extent 1, sector 4000): its code is *, the data'"'"'s *'
says '*data: segment 2048 (extent 4, sector 16384): *'
gives 2 check --json --data data meta
json 'j["problem_counts"]["data"] == 2 and j["data_compared"] == 2049 and j["result"] == "damaged"'
# What an active extent's mask covers may differ, the rest of it may not.
plant meta super 3 flags 6
plant meta record 1 2 1:0x4 4:0x10000
gives 1 check meta --data data
plant meta record 1 2 1:0x8 4:0x10000
gives 2 check meta --data data
truncate -s 1M short
refuses 3 'smaller than the volume: 1048576 bytes of 8390144' check meta --data short
refuses 3 'No such file or directory' check meta --data nothing
head -c $(((8 << 20) + 1536)) /dev/zero >zeroes
gives 2 check meta --data zeroes --limit 3
[ "$(grep -c '^data: segment' out)" = 3 ] || problems+=("--limit 3 printed $(grep -c '^data: segment' out)")
done_

it dump
with_codes
gives 0 dump meta
says '*superblock copy 1: good*tables: 5 of 5 extents written*codes: 2,049 of 2,049 segments valid, 0 marked'
gives 0 dump meta --codes
[ "$(grep -c ' v- [0-9a-f]\{16\}$' out)" = 2049 ] || problems+=("$(grep -c ' v- ' out) codes")
gives 0 dump meta --extent 4
says 'extent 4: sectors from 15360, 129 segments, *table good*'
refuses 1 'there is no extent 5, the last one is 4' dump meta --extent 5
gives 0 dump meta --extent 4 --json
json 'j["segments"] == 129 and len(j["codes"]) == 129 and all(c["valid"] for c in j["codes"])'
gives 0 dump meta --codes --json
json 'len(j["table"]) == 5 and j["tables"]["valid"] == 2049 and len(j["superblocks"]) == 2'
done_

# mended STATUS PATTERN [FILE]: damaged, says check; a dry run writes nothing; repair says
# PATTERN; then repair and check give STATUS, and another repair has nothing to do.
mended()
{
	local status=$1 pattern=$2 file=${3:-meta}
	cp "$file" damaged.image
	gives 2 check "$file"
	gives 2 repair --dry-run "$file"
	same "$file" damaged.image
	gives "$status" repair --yes "$file"
	says "$pattern"
	says '*before: damaged; *after: *'
	gives "$status" check "$file"
	gives "$status" repair "$file"
	says 'nothing to repair: *'
}

it repair-nothing
with_codes
cp meta good
gives 0 repair meta
says 'nothing to repair: clean; 2,049 of 2,049 segments with a valid code, 0 marked or suspect*'
plant meta super 3 flags 6
cp meta crashed
gives 1 repair --yes meta
says 'nothing to repair: needs recovery; *'
same meta crashed
gives 0 repair --json good
json 'j["before"]["result"] == "clean" and not j["written"] and "after" not in j'
done_

it repair-superblock
for at in 0 8; do
	with_codes
	cp meta good
	zero_block meta $at
	mended 0 "superblock: copy $((at / 8)) is bad (no magic number): written anew from copy $((1 - at / 8))*"
	same meta good
	flip meta $((at * 4096 + 3000))
	mended 0 "superblock: copy $((at / 8)) is bad (wrong checksum)*; 2,049 of 2,049 segments*"
	same meta good
done
dd if=meta of=meta bs=4096 skip=0 seek=8 count=1 conv=notrunc status=none
mended 0 'superblock: copy 1 is bad (belongs elsewhere)*'
plant meta super 2 activation 7
mended 0 '*the superblocks contradict each other: no code is valid any more*after: *; 0 of 2,049*all are compared*'
done_

it repair-refuses
fresh
zero_block meta 0
flip meta $((8 * 4096 + 30))
cp meta before
refuses 2 'both superblocks are bad: cannot be repaired, and the site*' repair --yes meta
refuses 2 'both superblocks are bad*' repair --dry-run meta
gives 2 check meta
same meta before
gives 0 format --force meta data
gives 0 check meta
dd if=meta of=second bs=4096 skip=8 count=1 status=none
gives 0 format --force meta data
dd if=second of=meta bs=4096 seek=8 conv=notrunc status=none
cp meta before
refuses 2 'the two superblocks are of different formats*cannot be repaired*' repair --yes meta
refuses 2 'the two superblocks are of different formats*' check meta
same meta before
refuses 3 'not a dm-mirsync metadata device*' repair data
refuses 3 'No such file or directory' repair nothing
fresh
truncate -s $((46 * 4096)) meta
refuses 2 'the device is smaller than the metadata area on it' repair meta
# Something else since: what is left of the metadata is not brought back over it.
fresh
zero_block meta 0
mkswap -q meta 2>/dev/null || printf 'SWAPSPACE2' | dd of=meta bs=1 seek=4086 conv=notrunc status=none
cp meta before
refuses 3 'holds *: only an old copy of a superblock is left on it*' repair --yes meta
same meta before
# Of a later version: nothing is touched, also beside a good copy.
fresh
python3 - meta <<'PY'
import struct, sys
def crc32c(data, crc=0xffffffff):
    for b in data:
        crc ^= b
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc
f = open(sys.argv[1], "r+b")
b = bytearray(f.read(4096))
struct.pack_into("<I", b, 20, 2)
b[16:20] = bytes(4)
struct.pack_into("<I", b, 16, ~crc32c(b) & 0xffffffff)
f.seek(0)
f.write(b)
PY
cp meta before
gives 2 check meta
refuses 2 'of a format version or with a feature that is not known here' repair --yes meta
same meta before
done_

it repair-record
for damage in "16 *" "21 *" "16 21"; do
	with_codes
	for at in ${damage/\*/}; do zero_block meta "$at"; done
	mended 0 '*the activity record is damaged: no code is valid any more*record: both copies are made empty*after: clean; 0 of 2,049 segments with a valid code*all are compared*'
	gives 0 dump --json meta
	json '"all-candidates" in j["superblocks"][0]["flags"] and not j["record"]["damaged"]'
	json 'all(j["superblocks"][0][k] == v for k, v in j["superblocks"][1].items() if k != "holds")'
done
# Bad sectors that the record in force does not need.
with_codes
flip meta $((16 * 4096 + 20 * 512))
flip meta $((21 * 4096 + 30 * 512))
mended 0 'record: 1 bad sectors of copy 0 are written anew*copy 1 are written anew; copy 0 holds*after: clean; 2,049 of 2,049*'
# Stopped in order, with active extents: does not fit, so it was not.
plant meta record 1 2 3:1
mended 1 'superblock: 1 extents are active*after: needs recovery; 2,049 of 2,049*'
# A torn one is no damage.
cp big torn
gives 1 check torn
gives 1 repair --yes torn
same big torn
zero_block torn 8
mended 1 'superblock: copy 1 is bad*after: needs recovery*' torn
gives 1 check torn
says '*record: copy 1 is torn; the older one holds*0 extents active'
done_

it repair-tables
with_codes
cp meta good
flip meta $(($(block_of 3) * 4096 + 300))
mended 0 'table: 1 extents become suspect: 480 segments without a code and marked*after: clean; 1,569 of 2,049 segments with a valid code, 480 marked or suspect*'
gives 0 check meta --data data
says '*1,569 segments of data read and compared'
gives 0 dump --extent 3 --json meta
json 'all(c["marked"] and not c["valid"] for c in j["codes"]) and j["sequence"] >> 40 == 2'
cp good meta
dd if=good of=meta bs=4096 skip="$(block_of 1)" seek="$(block_of 2)" count=1 conv=notrunc status=none
dd if=good of=meta bs=4096 skip="$(block_of 2)" seek="$(block_of 1)" count=1 conv=notrunc status=none
mended 0 'table: 2 extents become suspect: 960 segments*'
# An older version put back.
cp good meta
plant meta super 3 activation 2
plant meta table data 2 2
dd if=good of=meta bs=4096 skip="$(block_of 2)" seek="$(block_of 2)" count=1 conv=notrunc status=none
mended 0 'table: 1 extents become suspect: 480 segments*'
# The volume's last extent, and its last segment, are short.
zero_block meta "$(block_of 4)"
mended 0 'table: 1 extents become suspect: 129 segments*after: clean; 1,440 of 2,049*609 marked or suspect*'
# In an active extent it is what a crash leaves.
cp good meta
plant meta super 3 flags 6
plant meta record 1 2 2:0
zero_block meta "$(block_of 2)"
gives 1 repair meta
zero_block meta "$(block_of 1)"
mended 1 'table: 1 extents become suspect: 480 segments*'
plant meta table data 0 9
mended 1 '*the superblock is older than the tables: no code is valid*'
gives 0 dump --json meta
json 'j["superblocks"][0]["activation"] == 10'
done_

it repair-summary
with_codes
zero_block meta $TABLE
mended 0 'summary: 1 blocks are built anew*table: 5 extents become suspect: 2,049 segments*after: clean; 0 of 2,049 segments with a valid code, 2,049 marked or suspect*'
gives 0 repair --json meta
json 'j["before"]["marked"] == 2049'
# The first version of a summary block put back: "never written", and marks forgotten.
fresh
dd if=meta of=summary bs=4096 skip=$TABLE count=1 status=none
plant meta super 3 activation 1
for e in 0 1 2 3; do plant meta table data $e 1 7; done
dd if=summary of=meta bs=4096 seek=$TABLE conv=notrunc status=none
gives 2 check meta
says 'summary: extent 0: never written, says its entry, but it has a table block*'
mended 0 '*blocks are not those of the activity record: no code is valid*table: 4 extents become suspect: 1,920 segments*'
# The same with its table blocks: only the sums in the record tell.
fresh
cp meta first
plant meta super 3 activation 1
for e in 0 1 2 3; do plant meta table data $e 1 7; done
gives 0 check meta
gives 0 dump meta
says '*sums of the other extents*'
for e in 0 1 2 3; do
	dd if=first of=meta bs=4096 skip="$(block_of $e)" seek="$(block_of $e)" count=1 conv=notrunc status=none
done
dd if=first of=meta bs=4096 skip=$TABLE seek=$TABLE count=1 conv=notrunc status=none
gives 2 check meta
says 'record: its sums are not those of the summary blocks*'
gives 2 repair --dry-run --json meta
json 'j["sums"] and j["codes_void"] and not j["extents"] and not j["written"]'
mended 0 '*blocks are not those of the activity record*record: written anew*after: clean; 0 of 2,049 segments*all are compared*'
gives 0 dump meta
says '*without sums*'
with_codes
plant meta summary 1 0xffffffffffffffff
mended 0 '*table: 1 extents become suspect*'
with_codes
flip meta $(($(block_of 3) * 4096 + 300))
flip meta 50
gives 0 repair --yes --json meta
json 'j["written"] and j["superblock_copy"] and j["extents"] == 1 and j["suspect"] == 480'
json 'j["before"]["result"] == "damaged" and j["after"]["result"] == "clean"'
json 'j["after"]["valid"] == 1569 and j["after"]["marked"] == 480'
done_

# Every block of the area damaged in turn, at a random place: never a crash, and never a
# clean verdict on what is in use (the first sector of the record copy that holds, the
# summary in use, the tables; superblocks are above).
it damage-everywhere
with_codes
cp meta good
RANDOM=4711
for block in $(seq 0 $((TABLE + 16 + 4))); do
	cp good meta
	flip meta $((block * 4096 + RANDOM % 4096))
	"$CLI" check meta --data data >out 2>err
	r=$?
	case $block in
	0 | 8 | "$TABLE" | 4[2-6]) [ "$r" = 2 ] || problems+=("block $block: status $r") ;;
	*) [ "$r" = 0 ] || [ "$r" = 2 ] || problems+=("block $block: status $r: $(head -c 300 err)") ;;
	esac
	"$CLI" dump --codes meta >out 2>err || problems+=("dump, block $block: $(head -c 300 err)")
	[ "$r" = 0 ] || gives 0 repair meta
	gives 0 check meta --data data
done
head -c $((47 * 4096)) /dev/urandom >noise
dd if=good of=noise bs=4096 count=1 conv=notrunc status=none
gives 2 check noise
gives 0 dump noise --codes
gives 0 repair noise
gives 0 check noise
done_

it block-device
loop=
if [ "$(id -u)" = 0 ]; then
	with_codes
	loop=$(losetup --find --show meta 2>/dev/null) || loop=
fi
if [ -n "$loop" ]; then
	gives 0 check "$loop"
	gives 0 dump "$loop"
	zero_block "$loop" 26
	flip "$loop" 77
	mended 0 '*' "$loop"
	refuses 1 'holds dm-mirsync metadata*' format "$loop" data
	gives 0 format --force "$loop" data
	gives 0 check "$loop"
	refuses 1 "is the data device $loop too*" format --force "$loop" "$loop"
	# Held exclusively by another process.
	python3 - "$loop" >held <<-'PY' &
	import os, sys, time
	os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL)
	print("held", flush=True)
	time.sleep(600)
	PY
	holder=$!
	for _ in $(seq 100); do
		[ -s held ] && break
		sleep 0.1
	done
	cp meta before
	refuses 1 'in use by the kernel*' format --force "$loop" data
	refuses 3 'in use by the kernel*' check "$loop"
	refuses 3 'in use by the kernel*' repair --yes "$loop"
	refuses 3 'in use by the kernel*' repair --dry-run "$loop"
	gives 0 dump "$loop"
	same meta before
	kill "$holder"
	wait "$holder" 2>/dev/null
	losetup -d "$loop"
	done_
else
	done_ "no loop device"
fi

mkdir conf
export MIRSYNC_CONFDIR=$work/conf
good_conf()
{
	cat >conf/vol.conf <<-END
	# a comment
	data  = $work/data
	meta  = $work/meta

	role  = secondary
	local = 192.0.2.1:7788
	peer  = [2001:db8::2]:7789
	auth  = none
	END
}

it conf
with_codes
good_conf
gives 0 up --dry-run vol
says "0 16387 mirsync secondary $work/data $work/meta 192.0.2.1:7788 \[2001:db8::2\]:7789 1 noauth"
sed -i 's/auth.*/auth = key   :32:logon:mirsync:vol/' conf/vol.conf
echo 'timeout=2000' >>conf/vol.conf
gives 0 up --dry-run vol
says '*:7789 4 key :32:logon:mirsync:vol timeout 2000'
printf 'option = one 2\noption = three' >>conf/vol.conf
gives 0 up --dry-run vol
says '*:7789 7 key :32:logon:mirsync:vol timeout 2000 one 2 three'
gives 0 up --dry-run --all
says '0 16387 mirsync*'
mkdir other
MIRSYNC_CONFDIR=$work/other refuses 3 'No such file or directory' up --dry-run vol
gives 0 --config-dir conf up --dry-run vol
refuses 2 'not a name for a volume' up ../vol
refuses 2 'name a volume, or give --all' up
refuses 2 'name a volume, or give --all' up --all vol
done_

# bad_line PATTERN LINE: it replaces the line with its key; the error names file and line.
bad_line()
{
	local pattern=$1 text=$2 key=${2%%[ =]*} line
	good_conf
	line=$(grep -n "^$key " conf/vol.conf | cut -d: -f1)
	if [ -n "$line" ]; then
		sed -i "${line}s|.*|$text|" conf/vol.conf
	else
		echo "$text" >>conf/vol.conf
		line=$(wc -l <conf/vol.conf)
	fi
	gives 1 up --dry-run vol
	# shellcheck disable=SC2053 # a pattern
	[[ $err == "mirsync: $work/conf/vol.conf:$line: "$pattern ]] ||
		problems+=("'$text': line $line: '$err'")
	[ "$(wc -l <err)" = 1 ] || problems+=("'$text': $(wc -l <err) lines")
}

it conf-bad-lines
bad_line 'data: sda1: not an absolute path' 'data = sda1'
bad_line 'meta: /a b: blanks*' 'meta = /a b'
bad_line 'data: /a*b: blanks*' $'data = /a\fb'
bad_line 'meta: *: blanks*' $'meta = /a\rb'
bad_line 'data: *: blanks*' $'data = /\xc3\xa0'
bad_line 'data: *: a backslash*' 'data = /a\\b'
bad_line 'auth: *: neither none nor key*' $'auth = key :32:logon:a\vb'
bad_line 'option: *: a backslash*' 'option = a\\ b'
bad_line 'role: both: neither primary nor secondary' 'role = both'
for address in 192.0.2.1 192.0.2.1: 192.0.2.1:0 192.0.2.1:70000 host:7788 2001:db8::1:7788 '[2001:db8::1]' '[192.0.2.1]:7788' :7788 ']:1'; do
	bad_line "local: *: not an IP address and a port*" "local = $address"
done
for auth in yes key 'key x' 'key :32:logon:' 'key :8:logon:x' 'key :32:rsa:x' 'key :32:logon:a b' 'key :129:user:x'; do
	bad_line 'auth: *: neither none nor key*' "auth = $auth"
done
bad_line 'timeout: 10: timeout must be *' 'timeout = 10'
bad_line 'timeout: 10s: timeout must be *' 'timeout = 10s'
bad_line 'generator_rate: 1: generator_rate must be *' 'generator_rate = 1'
bad_line 'peeer: unknown key' 'peeer = 1'
bad_line 'nothing: not "key = value"' 'nothing'
bad_line 'role: without a value' 'role ='
good_conf
echo 'role = primary' >>conf/vol.conf
refuses 1 'role: given twice' up --dry-run vol
for key in data meta role local peer auth; do
	good_conf
	sed -i "/^$key /d" conf/vol.conf
	refuses 1 "$key: not given" up --dry-run vol
done
good_conf
sed -i "s|^meta.*|meta = $work/data|" conf/vol.conf
refuses 1 'meta: the same device as data' up --dry-run vol
good_conf
sed -i 's|^peer.*|peer = 192.0.2.1:7788|' conf/vol.conf
refuses 1 'peer: the same address as local' up --dry-run vol
good_conf
head -c 3000 /dev/zero | tr '\0' x >>conf/vol.conf
refuses 1 '*too long' up --dry-run vol
head -c 3000 /dev/urandom >conf/vol.conf
gives 1 up --dry-run vol
good_conf
sed -i "s|^meta.*|meta = $work/zeroes|" conf/vol.conf
refuses 1 'not a dm-mirsync metadata device (no superblock)' up --dry-run vol
done_

# Where there is no device-mapper at all, or no such volume: one line, and a status.
it online-without-volume
for c in down promote demote connect disconnect release failback 'resolve --keep peer' switchover grow; do
	# shellcheck disable=SC2086 # words
	"$CLI" $c no-such-volume >out 2>err
	r=$?
	[ "$r" = 1 ] || [ "$r" = 3 ] || problems+=("$c: status $r")
	[ "$(wc -l <err)" = 1 ] || problems+=("$c: $(cat err)")
done
refuses 2 '--keep says*' resolve vol
refuses 2 'is neither*' resolve vol --keep both
refuses 2 'no such condition*' wait vol happy
refuses 2 '--timeout x*' wait vol connected --timeout x
refuses 2 '1000: not a multiple*' grow vol --size 1000
done_

echo "1..$number"
exit $failed
