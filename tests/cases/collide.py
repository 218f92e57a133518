#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0
"""collide.py SEED FILE FILE: two blocks of 4 KiB that differ and have the same code under SEED.

The last eight bytes of a block are varied by multiples of the polynomial of crc32c, which
leaves the crc32c as it is, until two of them have the same lower half of xxh64 as well: by
the paradox of birthdays some hundred thousand suffice."""
import os
import sys

BLOCK = 4096
MASK = (1 << 64) - 1
P1, P2, P3, P4 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63
CRC32C = 0x11EDC6F41


def rotl(x, n):
    return (x << n | x >> (64 - n)) & MASK


def one_round(lane, word):
    return rotl((lane + word * P2) & MASK, 31) * P1 & MASK


def lanes_of(data, seed):
    """The four lanes of xxh64 behind whole stripes of 32 bytes."""
    lanes = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
    for at in range(0, len(data), 32):
        for i in range(4):
            lanes[i] = one_round(lanes[i], int.from_bytes(data[at + 8 * i:at + 8 * i + 8], "little"))
    return lanes


def half_hashes(block, seed):
    """For each block that differs from @block in its last word by a multiple of the polynomial:
    that word, and the lower half of the hash."""
    lanes = lanes_of(block[:-32], seed)
    for i in range(3):
        lanes[i] = one_round(lanes[i], int.from_bytes(block[-32 + 8 * i:-24 + 8 * i], "little"))
    base = rotl(lanes[0], 1) + rotl(lanes[1], 7) + rotl(lanes[2], 12)
    merged = [one_round(0, lane) for lane in lanes[:3]]
    # Bit j of the word, as the crc takes them, is the coefficient of x to the 63 - j.
    steps = [int(format(CRC32C << i, "064b")[::-1], 2) for i in range(32)]
    word = int.from_bytes(block[-8:], "little")
    for n in range(1, 1 << 32):
        lane = one_round(lanes[3], word)
        h = (base + rotl(lane, 18)) & MASK
        for m in merged:
            h = ((h ^ m) * P1 + P4) & MASK
        h = ((h ^ one_round(0, lane)) * P1 + P4 + BLOCK) & MASK
        h = (h ^ h >> 33) * P2 & MASK
        h = (h ^ h >> 29) * P3 & MASK
        yield word, (h ^ h >> 32) & 0xFFFFFFFF
        word ^= steps[(n & -n).bit_length() - 1]


def collide(seed):
    block, seen = os.urandom(BLOCK), {}
    for word, half in half_hashes(block, seed):
        if half in seen:
            return [block[:-8] + w.to_bytes(8, "little") for w in (seen[half], word)]
        seen[half] = word


for path, block in zip(sys.argv[2:4], collide(int(sys.argv[1], 0))):
    with open(path, "wb") as file:
        file.write(block)
