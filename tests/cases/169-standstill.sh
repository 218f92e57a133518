#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A machine stands still, for a snapshot of it or its move to another host, for longer than the session's
# time-out. It takes that for no silence of the peer: the session goes on, idle or under a writer. A peer that is
# silent is noticed after that as before.
# where: host
# kernels: one
# stock: it needs a guest of its own, whose emulator is stopped
# timeout: 400
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=$OUT/vm

mkdir -p "$out"
rm -f "$out"/{qemu.pid,stream}
cd "$top"
tests/qemu/vm -k "$KVER" -n standstill -o "$out" -t 300 -m 1024 -c 1 -- \
	tests/qemu/run-cases "$top/build/$KVER/dm-mirsync.ko" "$here/standstill-guest.sh" &
guest=$!

# The guest asks for each standstill, and sees by its clock that there was one.
for i in 1 2 3 4; do
	until grep -qx "stop $i" "$out/stream" 2>/dev/null; do
		kill -0 "$guest" 2>/dev/null || break 2
		sleep 0.2
	done
	kill -STOP "$(<"$out/qemu.pid")"
	sleep 12
	kill -CONT "$(<"$out/qemu.pid")"
done
r=0
wait "$guest" || r=$?
cat "$out/standstill-guest.log" || true
exit "$r"
