#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes whose acknowledgement is kept outside of the machine that may die.

stamps.py write DEVICE ROUND [errors]   writes without end, direct, several in flight; prints "BLOCK
                                COUNT STAMP" when a write of COUNT blocks has been acknowledged, and with
                                "errors" goes on after one that failed
stamps.py verify LOG FILE...    each sector of each FILE holds the last stamp that the LOG has
                                for it, or a later one

A stamp is a number that grows with each write of a thread; each thread has blocks of its own, so
that the writes of a block follow one another."""
import mmap
import os
import random
import struct
import sys
import threading

BLOCK, SECTOR, THREADS = 4096, 512, 6


def writer(device, out, first, blocks, stamp, errors):
    chance = random.Random(first + stamp)
    buffer = mmap.mmap(-1, 16 * BLOCK)
    while True:
        stamp += 1
        count = chance.choice((1, 1, 1, 2, 5, 16))
        block = first + chance.randrange(blocks - count)
        for sector in range(count * BLOCK // SECTOR):
            struct.pack_into("<QQ", buffer, sector * SECTOR, stamp, block * BLOCK // SECTOR + sector)
        try:
            os.pwrite(device, memoryview(buffer)[: count * BLOCK], block * BLOCK)
        except OSError:
            if not errors:
                raise
            continue
        os.write(out, b"%d %d %d\n" % (block, count, stamp))


def write(path, number, errors):
    device = os.open(path, os.O_RDWR | os.O_DIRECT)
    blocks = os.lseek(device, 0, os.SEEK_END) // BLOCK // THREADS
    for thread in range(THREADS):
        threading.Thread(target=writer, args=(device, 1, thread * blocks, blocks, int(number) << 32, errors)).start()


def verify(log, paths):
    stamps = {}
    for line in open(log):
        words = line.split()
        if len(words) == 3 and line.endswith("\n"):
            block, count, stamp = map(int, words)
            stamps.update((b, max(stamp, stamps.get(b, 0))) for b in range(block, block + count))
    bad = 0
    for path in paths:
        with open(path, "rb") as file:
            for block, stamp in stamps.items():
                file.seek(block * BLOCK)
                data = file.read(BLOCK)
                for i in range(BLOCK // SECTOR):
                    found, sector = struct.unpack_from("<QQ", data, i * SECTOR)
                    if found < stamp or sector != block * BLOCK // SECTOR + i:
                        bad += 1
                        if bad < 10:
                            print(f"{path}: sector {block * BLOCK // SECTOR + i}: stamp {found:#x} of sector "
                                  f"{sector}, acknowledged was {stamp:#x}")
    print(f"{len(stamps)} blocks with an acknowledged stamp, {bad} sectors without it")
    sys.exit(bad > 0)


if sys.argv[1] == "write":
    write(sys.argv[2], sys.argv[3], sys.argv[4:] == ["errors"])
else:
    verify(sys.argv[2], sys.argv[3:])
