#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Each wrong argument of a table line is refused with one line that names it; there is no
# dm device then, and nothing was written to the metadata.
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=no COMPARE=no
. "$(dirname "$0")/lib.sh"

refused() # PATTERN LINE: "D M" in LINE are the good devices, "T" is the good table line
{
	local table=${2//T/0 S mirsync secondary D M A noauth}
	table=${table//A/10.77.0.1:7788 10.77.0.2:7788 ${COUNT-1}}
	table=${table//D/${DATA[a]}}
	table=${table//M/${META[a]}}
	table=${table//S/$sectors}
	expect_fail in_site a dmsetup create bad --table "$table"
	# shellcheck disable=SC2053 # a pattern
	[[ $REASON == mirsync:\ *$1* ]] || fail "'$REASON' of: $table"
	if dmsetup info bad >/dev/null 2>&1; then fail "a device is left"; fi
	cmp -s "$LAB/a.meta" "$LAB/before" || fail "metadata was changed by: $table"
}

lab_sites
format_both
sectors=$(blockdev --getsz "${DATA[a]}")
cp "$LAB/a.meta" "$LAB/before"
a=10.77.0.1:7788 b=10.77.0.2:7788

refused 'role' "0 S mirsync master D M $a $b 1 noauth"
refused 'too few arguments' "0 S mirsync"
refused 'too few arguments' "0 S mirsync primary D M $a"
refused 'noauth or key' "0 S mirsync primary D M $a $b"
refused 'data device cannot be opened' "0 S mirsync primary /dev/none M $a $b 1 noauth"
refused 'metadata device cannot be opened' "0 S mirsync primary D /dev/none $a $b 1 noauth"
refused 'the same' "0 S mirsync primary D D $a $b 1 noauth"
for bad in 10.77.0.1 10.77.0.1: 10.77.0.1:0 10.77.0.1:x 10.77.0.1:70000 fe80::1:7788 '[fe80::1]' '[fe80::1:7788' \
	300.1.1.1:7788 "$(printf '1%.0s' {1..200})"; do
	refused 'local address' "0 S mirsync primary D M $bad $b 1 noauth"
	refused 'peer address' "0 S mirsync primary D M $a $bad 1 noauth"
done
refused 'different families' "0 S mirsync primary D M $a [fd00::2]:7788 1 noauth"
refused 'same' "0 S mirsync primary D M $a $a 1 noauth"
refused 'not one of this machine' "0 S mirsync primary D M 10.77.0.9:7788 $b 1 noauth"
refused 'exactly one' "0 S mirsync primary D M $a $b 0"
refused 'unknown option' "0 S mirsync primary D M $a $b 2 noauth fast"
refused 'without its value' "0 S mirsync primary D M $a $b 2 noauth timeout"
refused 'number of options' "0 S mirsync primary D M $a $b 2 noauth"
refused 'number of options' "0 S mirsync primary D M $a $b 9 noauth"
refused 'number of options' "0 S mirsync primary D M $a $b noauth"
for bad in 63 1073741825 -1 x ''; do
	refused 'generator_rate' "0 S mirsync primary D M $a $b 3 noauth generator_rate ${bad:-1}"
done
refused 'more options' "0 S mirsync primary D M $a $b 1 noauth timeout 5000"
for bad in 999 600001 -1 fast 4294968296; do
	refused 'timeout' "0 S mirsync primary D M $a $b 3 noauth timeout $bad"
done

keyctl add logon mirsync:key 0123456789abcdef0123456789abcdef @u >/dev/null
for bad in x 32:logon:mirsync:key :32:logon : :x:logon:mirsync:key :32:logon:; do
	refused 'key must be' "0 S mirsync primary D M $a $b 2 key $bad"
done
refused 'key size' "0 S mirsync primary D M $a $b 2 key :8:logon:mirsync:key"
refused 'another size' "0 S mirsync primary D M $a $b 2 key :16:logon:mirsync:key"
refused 'type' "0 S mirsync primary D M $a $b 2 key :32:trusted:mirsync:key"
refused 'not in the kernel keyring' "0 S mirsync primary D M $a $b 2 key :32:user:mirsync:key"
refused 'not in the kernel keyring' "0 S mirsync primary D M $a $b 2 key :32:logon:mirsync:none"
refused 'exactly one' "0 S mirsync primary D M $a $b 3 noauth key :32:logon:mirsync:key"

refused 'smaller than the volume' "0 $((sectors + 8)) mirsync primary D M $a $b 1 noauth"
refused 'another size' "0 $((sectors - 8)) mirsync primary D M $a $b 1 noauth"
refused 'ap in table' "8 $((sectors - 8)) mirsync primary D M $a $b 1 noauth"
refused 'alone in table' "0 8 linear D 0
8 $((sectors - 8)) mirsync primary D M $a $b 1 noauth"
