#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""count-blocks.py FILE [OTHER]: blocks of 4 KiB in which FILE differs from OTHER (or zeroes)."""
import sys

count = 0
other = open(sys.argv[2], "rb") if len(sys.argv) > 2 else None
with open(sys.argv[1], "rb") as file:
    while block := file.read(4096):
        count += block != (other.read(4096) if other else bytes(len(block)))
print(count)
