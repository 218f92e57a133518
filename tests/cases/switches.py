#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0
"""switches.py COUNT DEVICE DEVICE DIRECTORY: the primary role goes from one site to the other and back, COUNT times.

In between, the site that has it reads all stamps, which have to be the latest ones, and writes new ones,
several at a time; then a process that writes without end is killed, and the role goes on as soon as the kernel has
closed the device for it. What that one was told is written has to be there, and of what it was not told one
write a thread may be. Prints how long there was no primary, at most. Each device is opened by a node of
its own in DIRECTORY, which no udev watches."""
import fcntl
import mmap
import os
import random
import signal
import struct
import sys
import threading
import time

BLOCK, BLOCKS, THREADS, WRITES = 4096, 64, 4, 6
STATUS, SWITCH = (1, 408), (6, 136)
ACTIVE = 3


def ioctl(what, dev, fill=b""):
    number, size = what
    data = bytearray((struct.pack("=Q", dev) + fill).ljust(size, b"\0"))
    fcntl.ioctl(control, 3 << 30 | size << 16 | 0xC7 << 8 | number, data)
    return data


class Site:
    def __init__(self, path):
        rdev = os.stat(path).st_rdev
        self.path = path
        self.dev = os.major(rdev) << 32 | os.minor(rdev)
        self.node = os.path.join(nodes, os.path.basename(path))
        os.mknod(self.node, 0o600 | 0o060000, rdev)

    def state(self):
        """Role, claim, in sync."""
        data = ioctl(STATUS, self.dev)
        return tuple(struct.unpack_from("=I", data, at)[0] for at in (40, 44, 68))

    def open(self):
        return os.open(self.node, os.O_RDWR | os.O_DIRECT)


def check(fd, latest, asked=()):
    """asked: for each thread the write that it was not told of, block and stamp, or None."""
    buffer = mmap.mmap(-1, BLOCK * BLOCKS)
    if os.preadv(fd, [buffer], 0) != len(buffer):
        sys.exit("a short read")
    for block, stamp in enumerate(latest):
        found = {struct.unpack_from("<Q", buffer, block * BLOCK + at)[0] for at in range(0, BLOCK, 512)}
        if found != {stamp} and (len(found) != 1 or (block, *found) not in asked):
            sys.exit(f"block {block} has {sorted(found)}, not {stamp}")
        latest[block] = min(found)


def write_some(fd, latest, thread, stamp):
    """The blocks of one thread, so that the last write of each is known."""
    buffer = mmap.mmap(-1, BLOCK)
    for n in range(WRITES):
        block = random.randrange(BLOCKS // THREADS) * THREADS + thread
        value = stamp * 1000 + thread * 100 + n
        for at in range(0, BLOCK, 512):
            struct.pack_into("<Q", buffer, at, value)
        os.pwritev(fd, [buffer], block * BLOCK)
        latest[block] = value


def load(site, pipes, stamp):
    """Until it is killed. Each thread says what it is about to write, then that it is written."""
    fd = site.open()

    def thread_load(thread):
        buffer = mmap.mmap(-1, BLOCK)
        n = 0
        while True:
            block = random.randrange(BLOCKS // THREADS) * THREADS + thread
            value = (stamp * 1000 + 500 + thread * 100) << 32 | n
            n += 1
            for at in range(0, BLOCK, 512):
                struct.pack_into("<Q", buffer, at, value)
            os.write(pipes[thread], struct.pack("=QQ", block, value))
            os.pwritev(fd, [buffer], block * BLOCK)
            os.write(pipes[thread], struct.pack("=QQ", BLOCKS, 0))

    for i in range(THREADS):
        threading.Thread(target=thread_load, args=(i,), daemon=True).start()
    signal.pause()


def killed_load(site, latest, stamp):
    """Return: for each thread what it had asked for and was not told of."""
    pipes = [os.pipe() for _ in range(THREADS)]
    pid = os.fork()
    if not pid:
        try:
            load(site, [end[1] for end in pipes], stamp)
        finally:
            os._exit(1)
    asked, told = [None] * THREADS, 0
    for _, end in pipes:
        os.close(end)
    while told < 2 * THREADS:
        told += take_told(pipes, asked, latest)
    os.kill(pid, signal.SIGKILL)
    while take_told(pipes, asked, latest):	# until nobody holds the other end
        pass
    os.waitpid(pid, 0)
    for end, _ in pipes:
        os.close(end)
    return asked


def take_told(pipes, asked, latest):
    """The next word of each thread. Return: how many had one; 0: the end."""
    n = 0
    for thread, (end, _) in enumerate(pipes):
        data = os.read(end, 16)
        if not data:
            continue
        n += 1
        block, value = struct.unpack("=QQ", data)
        if block < BLOCKS:
            asked[thread] = block, value
        else:
            latest[asked[thread][0]] = asked[thread][1]
            asked[thread] = None
    return n


def work(site, latest, stamp, asked):
    fd = site.open()
    check(fd, latest, asked)
    threads = [threading.Thread(target=write_some, args=(fd, latest, i, stamp)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if stamp % 2:
        os.fsync(fd)
    os.close(fd)


def one_primary(old, new):
    states = old.state(), new.state()
    if all(claim == ACTIVE for _, claim, _ in states):
        sys.exit("two primaries")
    return states


def switch(old, new):
    """Return: milliseconds without a primary, as the kernel says."""
    end = time.monotonic() + 60 * slow
    while True:
        try:
            ms = struct.unpack_from("=I", ioctl(SWITCH, old.dev), 12)[0]
            break
        except OSError as error:        # busy: the last close is not over yet
            if error.errno != 16 or time.monotonic() > end:
                sys.exit(f"{old.path}: {error}")
            time.sleep(0.02)
    while True:
        (_, old_claim, _), (_, new_claim, in_sync) = one_primary(old, new)
        if new_claim == ACTIVE and in_sync and old_claim == 0:
            return ms
        if time.monotonic() > end:
            sys.exit(f"not in sync again: {old.state()} {new.state()}")
        time.sleep(0.01)


slow = int(os.environ.get("MS_SLOW", 1))
control = os.open("/dev/mirsync", os.O_RDWR)
nodes = sys.argv[4]
site = [Site(path) for path in sys.argv[2:4]]
latest, asked, longest, all_ms = [0] * BLOCKS, [], 0, 0
for i in range(int(sys.argv[1])):
    work(site[i % 2], latest, i + 1, asked)
    asked = killed_load(site[i % 2], latest, i + 1)
    ms = switch(site[i % 2], site[1 - i % 2])
    longest, all_ms = max(longest, ms), all_ms + ms
last = site[int(sys.argv[1]) % 2]
fd = last.open()
check(fd, latest, asked)
os.close(fd)
print(f"{sys.argv[1]} switchovers; without a primary for {longest} ms at most, "
      f"{all_ms // int(sys.argv[1])} ms on average; {last.path} is primary")
