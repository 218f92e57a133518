#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0
"""failback.py DEVICE STEP...: a failback by single steps, as a helper could do it that dies between them.

begin, force (a begin that is forced), changed (one of what is marked), start, copy (a start that copies what
has no verdict), cancel, hold (wait to be killed); "equal" hands over the verdict that all
extents are equal, with the versions of now, and prints how many held. Exits with status 1, and
says why, at the first step that is refused."""
import array
import fcntl
import os
import signal
import struct
import sys


def ioctl(number, data):
    request = 3 << 30 | len(data) << 16 | 0xC7 << 8 | number
    try:
        fcntl.ioctl(control, request, data)
    except OSError as error:
        said = data[16:].split(b"\0")[0].decode() if number == 5 else ""
        sys.exit(f"{step}: {said or error.strerror}")
    return data


def versions(site):
    """Of all extents, in the order of their numbers (there are few)."""
    entries = array.array("B", bytes(24 * 1024))
    ranges = ioctl(2, bytearray(struct.pack("=QQIIQ", dev, 0, 1024, site, entries.buffer_info()[0])))
    count = struct.unpack_from("=I", ranges, 16)[0]
    return [struct.unpack_from("<Q", entries, 24 * i)[0] for i in range(count)]


def equal():
    verdicts = b"".join(struct.pack("=QQQ60sI", extent, local, peer, b"", 0)
                        for extent, (local, peer) in enumerate(zip(versions(0), versions(1))))
    buffer = array.array("B", verdicts)
    answer = ioctl(4, bytearray(struct.pack("=QIIQ", dev, len(verdicts) // 88, 0, buffer.buffer_info()[0])))
    print(struct.unpack_from("=I", answer, 12)[0])


number = os.stat(sys.argv[1]).st_rdev
dev = os.major(number) << 32 | os.minor(number)
control = os.open("/dev/mirsync", os.O_RDWR)
steps = {"begin": (1, 0), "force": (1, 1), "changed": (1, 2), "start": (2, 0), "copy": (2, 4), "cancel": (3, 0)}
for step in sys.argv[2:]:
    if step == "equal":
        equal()
    elif step == "hold":
        signal.pause()
    else:
        ioctl(5, bytearray(struct.pack("=QII120sII", dev, *steps[step], b"", 0, 0)))
