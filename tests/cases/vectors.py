#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""vectors.py DEVICE: direct writes, each of several vectors of odd numbers of sectors that begin at any
sector of a page, at odd sectors of the device, of one sector to two megabytes; what is read back, by
other vectors, is what was written."""
import mmap
import os
import random
import sys

SECTOR = 512
SIZES = (1, 3, 5, 7, 9, 15, 17, 31, 101, 255, 1921, 2049, 2999, 4095)   # sectors of a request
PIECES = (1, 1, 3, 5, 7, 9, 11, 63, 257)


def cut(memory, chance, sectors):
    """That many sectors of the memory, in pieces with gaps between them."""
    pieces, at = [], 0
    while sectors:
        at += chance.randrange(1, 9)
        n = min(sectors, chance.choice(PIECES))
        pieces.append(memory[at * SECTOR:(at + n) * SECTOR])
        at += n
        sectors -= n
    return pieces


def main(path):
    chance = random.Random(5)
    memory = memoryview(mmap.mmap(-1, 64 << 20))
    device = os.open(path, os.O_RDWR | os.O_DIRECT)
    size = os.lseek(device, 0, os.SEEK_END) // SECTOR
    content = bytearray(os.pread(os.open(path, os.O_RDONLY), size * SECTOR, 0))
    for n in SIZES * 2:
        pieces = cut(memory, chance, n)
        for piece in pieces:
            piece[:] = os.urandom(len(piece))
        at = chance.randrange((size - n) // 2) * 2 + 1
        if os.pwritev(device, pieces, at * SECTOR) != n * SECTOR:
            sys.exit(f"short write of {n} sectors at {at}")
        content[at * SECTOR:(at + n) * SECTOR] = b"".join(pieces)
        n = min(n + 2, size - at)
        pieces = cut(memory, chance, n)
        if os.preadv(device, pieces, at * SECTOR) != n * SECTOR:
            sys.exit(f"short read of {n} sectors at {at}")
        if b"".join(pieces) != content[at * SECTOR:(at + n) * SECTOR]:
            sys.exit(f"{n} sectors at {at} are not what was written")


main(sys.argv[1])
