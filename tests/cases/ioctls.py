#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0
"""ioctls.py SECONDS SEED DEVICE...: calls of /dev/mirsync that make little sense, for so long.

Right numbers and wrong ones, fields from limits and chance, buffers that are too short, read-only,
not there, or the kernel's own. What they do to the volumes is theirs, but nothing is written behind
a buffer. Prints how many calls of each number ended how."""
import array
import collections
import errno
import fcntl
import os
import random
import struct
import sys
import time

SIZES = {0: 4, 1: 408, 2: 32, 3: 32, 4: 24, 5: 144, 6: 136, 7: 336, 8: 136, 9: 208, 10: 24}
TABLES = (2, 3)
VERDICTS, FAILBACK, SCRUB, REPAIR, DIGESTS = 4, 5, 7, 9, 10
DIGEST = struct.Struct("=QQII60s60s15360s")
VERDICT = struct.Struct("=QQQ60sI")
ROOM = 1 << 17		# bytes: more than any of them fills
GUARD = bytes([0xA5]) * 4096


def number():
    return random.choice((0, 1, 2, 3, 7, 8, 9, 511, 512, 513, 1023, 1024, 1025, 1 << 31, (1 << 32) - 1,
                          1 << 63, (1 << 64) - 1, random.getrandbits(64), random.randrange(64)))


def small(*usual):
    return random.choice(usual * 4 + (number() & 0xFFFFFFFF,))


def address():
    return random.choice((good,) * 8 + (good + 1, good + 8, readonly, hole - 8, hole, 0, 1, 0xFFFF888000000000,
                                        0xFFFFFFFF81000000, 1 << 63, (1 << 64) - 1))


def argument(nr):
    body = bytearray(SIZES[nr])
    if nr == 0 or random.random() < 0.1:
        body[:] = random.randbytes(len(body))
        return body
    struct.pack_into("=Q", body, 0, random.choice(devices * 4 + [number()]))
    if nr in TABLES:
        struct.pack_into("=QIIQ", body, 8, number(), small(1, 8, 1024), small(0, 1), address())
    elif nr == VERDICTS:
        struct.pack_into("=IIQ", body, 8, small(1, 2, 512), 0, address())
        for at in range(0, 512 * VERDICT.size, VERDICT.size):
            VERDICT.pack_into(memory, at, number(), number(), number(), random.randbytes(60), 0)
    elif nr == DIGESTS:
        struct.pack_into("=IIQ", body, 8, small(1, 2, 8), 0, address())
        for at in range(0, 8 * DIGEST.size, DIGEST.size):
            DIGEST.pack_into(memory, at, number(), 0, small(0, 1), 0, random.randbytes(60), b"", b"")
    elif nr == SCRUB:
        struct.pack_into("=QII", body, 8, number(), small(0, 1), 0)
        body[32:92] = random.randbytes(60)
    elif nr == REPAIR:
        struct.pack_into("=QI", body, 8, number(), small(0, 1))
        body[24:84] = random.choice((bytes(60), b"\1" + bytes(59), random.randbytes(60)))
    elif nr > VERDICTS:
        struct.pack_into("=II", body, 8, small(0, 1, 2, 3), small(0, 1))
        if nr == FAILBACK:		# not so slow that the case waits for its end in vain
            struct.pack_into("=I", body, 136, random.choice((0, 1 << 14, 1 << 20, (1 << 32) - 1)))
    return body


def request(nr):
    if random.random() < 0.03:
        return random.getrandbits(32)
    size = SIZES[nr] if random.random() < 0.97 else random.getrandbits(14)
    return (2 if nr == 0 else 3) << 30 | size << 16 | 0xC7 << 8 | nr


def call(nr):
    """Return: its name for the count, and how it ended."""
    body, number_of_it = argument(nr), request(nr)
    try:
        # As a number it is an int, sign extended: the first page, or the kernel's last ones.
        fcntl.ioctl(control, number_of_it, random.choice((0, 1, 4000, -1, -4096)) if random.random() < 0.05 else body)
    except OSError as error:
        return nr, errno.errorcode[error.errno]
    return nr, "0"


def read_only_and_hole():
    """Addresses: of a mapping that cannot be written, and behind one with nothing after it."""
    found, last = 0, 0
    with open("/proc/self/maps", encoding="ascii") as maps:
        for line in maps:
            begin, end = (int(word, 16) for word in line.split()[0].split("-"))
            if not found and line.split()[1].startswith("r--"):
                found = begin
            if last and begin - last > 1 << 30:
                return found, last
            last = end
    sys.exit("no hole in the address space")


random.seed(int(sys.argv[2]))
devices = []
for name in sys.argv[3:]:
    rdev = os.stat(name).st_rdev
    devices.append(os.major(rdev) << 32 | os.minor(rdev))
control = os.open("/dev/mirsync", os.O_RDWR)
memory = array.array("B", bytes(ROOM) + GUARD)
good = memory.buffer_info()[0]
readonly, hole = read_only_and_hole()

ends = collections.Counter()
until = time.monotonic() + float(sys.argv[1])
while time.monotonic() < until:
    ends[call(random.choice(list(SIZES)))] += 1
    if memory[ROOM:].tobytes() != GUARD:
        sys.exit("written behind the buffer")
for (nr, how), times in sorted(ends.items()):
    print(f"call {nr}: {how} {times}")
