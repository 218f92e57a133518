#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# An application that changes its buffer while a direct write of it is in flight gets one
# state of it on both disks, and codes that are true of that state.
# processors: 2
# scenario: 22
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
format_both
vol_create b secondary
vol_create a primary
wait_insync a
python3 - <<'EOF'
import mmap, os, threading, time

buffer = mmap.mmap(-1, 1 << 20)
end = time.monotonic() + 10
device = os.open("/dev/mapper/vola", os.O_RDWR | os.O_DIRECT)

def scribble():
    i = 0
    while time.monotonic() < end:
        i += 1
        buffer[:] = bytes([i & 255]) * len(buffer)

thread = threading.Thread(target=scribble)
thread.start()
written = 0
while time.monotonic() < end:
    written += os.pwrite(device, buffer, written % (12 << 20))
thread.join()
os.fsync(device)
print("written:", written >> 20, "MiB")
EOF
wait_insync a
