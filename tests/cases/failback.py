#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0
"""failback.py DEVICE STEP...: a failback by single steps, as a helper could do it that dies between them.

begin, force (a begin that is forced), changed (one of what is marked), start, copy (a start that copies what
has no verdict), cancel, hold (wait to be killed); "equal" hands over the verdict that all
extents are equal, with the versions of now, and prints how many held. Exits with status 1, and
says why, at the first step that is refused.

"look" keeps the versions of now, which are the old ones in "judge=EXTENT,old,new": the verdict that this extent
is equal, by its old version here and its new one at the peer; prints whether it held. "write=EXTENT" changes
the extent's first block through DEVICE."""
import array
import fcntl
import mmap
import os
import signal
import struct
import sys

BLOCK, EXTENT = 4096, 480	# bytes of a segment, and segments of an extent


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


def look():
    return {"here": versions(0), "peer": versions(1)}


def equal(judged):
    """Verdicts, by extent: the version here and that at the peer."""
    verdicts = b"".join(struct.pack("=QQQ60sI", extent, *pair, b"", 0) for extent, pair in judged.items())
    buffer = array.array("B", verdicts)
    answer = ioctl(4, bytearray(struct.pack("=QIIQ", dev, len(judged), 0, buffer.buffer_info()[0])))
    print(struct.unpack_from("=I", answer, 12)[0], flush=True)


def judge(extent, here, peer):
    at = {"old": kept, "new": look()}
    equal({int(extent): (at[here]["here"][int(extent)], at[peer]["peer"][int(extent)])})


def write(extent):
    buffer = mmap.mmap(-1, BLOCK)
    buffer[:] = os.urandom(BLOCK)
    device = os.open(sys.argv[1], os.O_WRONLY | os.O_DIRECT)
    os.pwrite(device, buffer, int(extent) * EXTENT * BLOCK)
    os.close(device)


number = os.stat(sys.argv[1]).st_rdev
dev = os.major(number) << 32 | os.minor(number)
control = os.open("/dev/mirsync", os.O_RDWR)
kept = None
steps = {"begin": (1, 0), "force": (1, 1), "changed": (1, 2), "start": (2, 0), "copy": (2, 4), "cancel": (3, 0)}
for step in sys.argv[2:]:
    word, _, arguments = step.partition("=")
    if word == "equal":
        equal(dict(enumerate(zip(*look().values()))))
    elif word == "look":
        kept = look()
    elif word == "judge":
        judge(*arguments.split(","))
    elif word == "write":
        write(arguments)
    elif word == "hold":
        signal.pause()
    else:
        ioctl(5, bytearray(struct.pack("=QII120sII", dev, *steps[word], b"", 0, 0)))
