#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0
"""same-crc.py alter FILE BLOCK...: other content in these blocks of 4 KiB, of the same crc32c.
same-crc.py compare FILE FILE: prints how many blocks differ, and how many of these have the same crc32c."""
import os
import sys

BLOCK = 4096
CRC32C, REVERSED = 0x11EDC6F41, 0x82F63B78
# Bit j of a word, as the crc takes them, is the coefficient of x to the 63 - j: this is the polynomial itself.
MULTIPLE = int(format(CRC32C, "064b")[::-1], 2).to_bytes(8, "little")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (REVERSED if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def alter(path, *numbers):
    """A multiple of the polynomial on top changes no remainder, wherever it is put."""
    with open(path, "r+b") as file:
        for number in numbers:
            at = int(number) * BLOCK + BLOCK // 2
            was = os.pread(file.fileno(), 8, at)
            os.pwrite(file.fileno(), bytes(a ^ b for a, b in zip(was, MULTIPLE)), at)


def compare(*paths):
    differ = same = 0
    files = [open(path, "rb") for path in paths]
    while blocks := [block for block in (file.read(BLOCK) for file in files) if block]:
        if blocks[0] != blocks[1]:
            differ += 1
            same += crc32c(blocks[0]) == crc32c(blocks[1])
    print(differ, same)


globals()[sys.argv[1]](*sys.argv[2:])
