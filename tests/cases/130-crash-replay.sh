#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A run with link cuts and resyncs is recorded below its disks; at 2000 instants of it both
# sites lose their power, their disks lose what was not flushed, and the invariants hold
# (tests/crash); the kernel recovers from some of them, and both disks become equal. Mode async with 6.1, sync with
# others: each kernel's writes go the same ways.
# scenario: 15
# where: host
# stock: nearly all of it needs no kernel; 026, 100 and 131 come up after power cuts there, too
# timeout: 1800
[[ $KVER != 6.1.* ]] || set -- -O "mode async"
exec "$(dirname "$0")/../crash/run" -k "$KVER" -o "$OUT/crash" -t 15 -n 2000 -e 600 "$@"
