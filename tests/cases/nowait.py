#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes that ask not to wait (RWF_NOWAIT).

nowait.py DEVICE SEED: writes 256 blocks of 4 KiB that way, then looks what is there: the new
content where a write said so, the old one where it was refused. With SEED 0 it only writes,
to a device that does not answer. Prints "DONE of 256".
"""
import errno
import mmap
import os
import sys

BLOCKS, SIZE = 256, 4096
REFUSALS = (errno.EAGAIN, errno.EOPNOTSUPP)
device, seed = sys.argv[1], int(sys.argv[2])
fd = os.open(device, os.O_RDWR | os.O_DIRECT)
page = mmap.mmap(-1, SIZE)


def read(no):
    os.preadv(fd, [page], no * SIZE)
    return bytes(page)


def content(no):
    return (b"%8d%8d" % (seed, no)) * (SIZE // 16)


def write(no):
    page[:] = content(no)
    try:
        return os.pwritev(fd, [page], no * SIZE, os.RWF_NOWAIT) == SIZE
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        return False


if seed:
    before = [read(no) for no in range(BLOCKS)]
done = [write(no) for no in range(BLOCKS)]
if seed:
    os.fsync(fd)
    for no in range(BLOCKS):
        if read(no) != (content(no) if done[no] else before[no]):
            sys.exit("block %d is not what its write said" % no)
print("%d of %d" % (sum(done), BLOCKS))
