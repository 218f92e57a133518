#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Is a disk what another one could have been after a crash?

order.py write DEVICE LOG    writes without end, direct, several in flight; the LOG says when each
                             write began and ended, of all such loads; a line may be the last
                             number alone, instead of what came before
order.py check LOG FILE      FILE is a legal state: no write is there without each write that had
                             ended before it began

The sectors of a write hold its number. A block belongs to one thread, so its writes follow one
another, and the number found in a sector tells of all of them which are there."""
import itertools
import mmap
import os
import random
import struct
import sys
import threading
import time

BLOCK, SECTOR, THREADS = 4096, 512, 6


def writer(device, log, number, thread, blocks):
    chance = random.Random(thread)
    buffer = mmap.mmap(-1, BLOCK)
    while True:
        block = chance.randrange(blocks // THREADS) * THREADS + thread
        n = next(number)
        for sector in range(BLOCK // SECTOR):
            struct.pack_into("<Q", buffer, sector * SECTOR, n)
        os.write(log, b"%d %d begins %d\n" % (n, block, time.monotonic_ns()))
        os.pwrite(device, buffer, block * BLOCK)
        os.write(log, b"%d %d ends %d\n" % (n, block, time.monotonic_ns()))


def write(path, log):
    device = os.open(path, os.O_RDWR | os.O_DIRECT)
    last = max((int(line.split()[0]) for line in open(log)), default=0) if os.path.exists(log) else 0
    log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    blocks = os.lseek(device, 0, os.SEEK_END) // BLOCK
    number = itertools.count(1 + last)
    for thread in range(THREADS):
        threading.Thread(target=writer, args=(device, log, number, thread, blocks), daemon=True).start()
    threading.Event().wait()


def check(log, path):
    begins, ends, block_of = {}, {}, {}
    for line in open(log):
        words = line.split()
        if len(words) == 4 and line.endswith("\n"):
            n = int(words[0])
            block_of[n] = int(words[1])
            (begins if words[2] == "begins" else ends)[n] = int(words[3])
    found = {}
    with open(path, "rb") as file:
        for block in set(block_of.values()):
            file.seek(block * BLOCK)
            data = file.read(BLOCK)
            found[block] = [struct.unpack_from("<Q", data, i * SECTOR)[0] for i in range(BLOCK // SECTOR)]
    # Of a block that this log knows nothing else of, a write from before it may be there.
    there = {n for numbers in found.values() for n in numbers if n in begins}
    missing = [n for n in ends if min(found[block_of[n]]) < n]
    youngest = max(there, key=lambda n: begins[n], default=None)
    oldest = min(missing, key=lambda n: ends[n], default=None)
    print(f"there {len(there)} {len(missing)} writes that had ended are missing")
    if youngest and oldest and begins[youngest] > ends[oldest]:
        wrong = [n for n in missing if ends[n] < begins[youngest]]
        print(f"write {youngest} is there, which began after {len(wrong)} others had ended that are missing: "
              f"{sorted(wrong)[:10]}")
        sys.exit(1)


if sys.argv[1] == "write":
    write(*sys.argv[2:])
else:
    check(*sys.argv[2:])
