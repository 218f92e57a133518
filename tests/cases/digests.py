#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0
"""digests.py DEVICE CALLS: digests of the volume's first 8 x CALLS extents, all at the same time.

Of every 40th segment, so that an extent takes several reads. Prints how many were given."""
import array
import fcntl
import os
import struct
import sys
import threading

BATCH, DIGEST = 8, struct.Struct("=QQII60s60s15360s")
SEGMENTS = bytes(1 if i % 5 == 0 else 0 for i in range(60))
given = []


def ask(first):
    memory = array.array("B", bytes(BATCH * DIGEST.size))
    for i in range(BATCH):
        DIGEST.pack_into(memory, i * DIGEST.size, first + i, 0, 0, 0, SEGMENTS, b"", b"")
    call = bytearray(struct.pack("=QIIQ", dev, BATCH, 0, memory.buffer_info()[0]))
    fcntl.ioctl(control, 3 << 30 | len(call) << 16 | 0xC7 << 8 | 10, call)
    for i in range(BATCH):
        _, _, _, status, segments, _, _ = DIGEST.unpack_from(memory, i * DIGEST.size)
        if status == 0:
            given.append(sum(byte.bit_count() for byte in segments))


rdev = os.stat(sys.argv[1]).st_rdev
dev = os.major(rdev) << 32 | os.minor(rdev)
control = os.open("/dev/mirsync", os.O_RDWR)
threads = [threading.Thread(target=ask, args=(i * BATCH,)) for i in range(int(sys.argv[2]))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"{len(given)} extents, {sum(given)} digests")
