#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Proves the two-machine harness: both boot and reach one another, a command's output and
# status come back, its time limit holds, and a killed machine returns with what it had
# written to its disk, while the other one stays up.
# where: machines
# kernels: one
# stock: it proves the harness, not the module
# timeout: 300
set -euo pipefail
. "$(dirname "$0")/../qemu/machines.sh"
# shellcheck disable=SC2034 # read by machines.sh
DATA_MIB=64 META_MIB=8

fail()
{
	echo "FAILED: $*"
	exit 1
}

mkdir -p "$OUT"
rm -f "$OUT"/{A,B}.{data,meta}
vm_boot A
vm_boot B
vm_wait A
vm_wait B

r=0
text=$(vm_exec A 'echo out; echo err >&2; exit 7') || r=$?
[ "$r $text" = $'7 out\nerr' ] || fail "status and output: $r $text"
r=0
EXEC_LIMIT=2 vm_exec A 'sleep 30' || r=$?
[ "$r" = 124 ] || fail "the time limit of a command: $r"
[ "$(vm_exec A 'seq 100000' | cksum)" = "$(seq 100000 | cksum)" ] || fail "much output"

vm_exec A 'busybox ping -c 2 -W 30 10.77.0.2'
vm_exec B 'busybox ping -c 2 -W 30 10.77.0.1'
vm_cut
if vm_exec B 'busybox ping -c 1 -W 1 10.77.0.1'; then fail "not cut"; fi
vm_heal

vm_exec B 'echo alive >/run/witness'
vm_exec A "echo streamed >$guest_stream; echo kept | dd of=/dev/vda bs=512 conv=sync oflag=direct status=none"
vm_kill A
grep -q streamed "$(vm_stream A)" || fail "nothing in the stream"
if vm_exec A true 2>/dev/null; then fail "A answers after its death"; fi
vm_start A
[ "$(vm_exec A 'head -c 4 /dev/vda')" = kept ] || fail "the disk lost what was written"
[ "$(vm_exec A 'blockdev --getsize64 /dev/vda /dev/vdb')" = $'67108864\n8388608' ] || fail "sizes"
vm_exec A 'busybox ping -c 2 -W 30 10.77.0.2'
[ "$(vm_exec B 'cat /run/witness')" = alive ] || fail "B was not the same all the time"
vm_stop A
vm_stop B
