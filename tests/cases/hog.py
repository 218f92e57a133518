#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Takes memory until the system has no more than so many MiB to give, and keeps it so.

hog.py MIB: prints "full" when that point is reached; ends when killed. From twice as much on it is also reached when
memory comes slowly: what is counted as available may be what all programs are running from.
"""
import mmap
import sys
import time

STEP = 4 << 20
SLOW = 1.0
limit = int(sys.argv[1]) << 10
held = []


def available():
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1])
    return 0


def take():
    """Return: the seconds that it took."""
    began = time.monotonic()
    piece = mmap.mmap(-1, STEP)
    for at in range(0, STEP, mmap.PAGESIZE):
        piece[at] = 1
    held.append(piece)
    return time.monotonic() - began


with open("/proc/self/oom_score_adj", "w", encoding="ascii") as adj:
    adj.write("1000")
told = False
slow = False
while True:
    left = available()
    if left > (2 * limit if slow else limit):
        slow |= take() > SLOW and left <= 2 * limit
        continue
    if not told:
        print("full: %d MiB" % (len(held) * STEP >> 20), flush=True)
        told = True
    time.sleep(0.2)
