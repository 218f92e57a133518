#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0
"""cuts.py LOG A_IP B_IP GROUP...: cuts the connection of vola and volb at one frame after the other.

Runs at site b, with the proxy through which both sites dial. Each round brings a frame about, has
it cut, demands that it came, and that both sites are in sync again by themselves, or by the
command that an operator gives where nobody is primary any more, or where they were not in sync
before. After each group both disks have to hold all that was written. The groups are the functions below whose names begin with group_;
"coverage" looks into LOG, where each cut leaves a line, for types of wire.h that are missing."""
import array
import errno
import fcntl
import itertools
import mmap
import os
import re
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from proxy import Proxy, Trap	# noqa: E402

BLOCK = 4096
SLOW = int(os.environ.get("MS_SLOW", "1"))
BLKDISCARD = 0x1277
MEDIUM = "/sys/module/scsi_debug/parameters/"
DISKS = {"a": "/dev/mapper/dataa", "b": "/dev/mapper/datab"}
DM_DEV_SUSPEND, DM_TABLE_LOAD, DM_TABLE_STATUS, DM_TARGET_MSG = 6, 9, 12, 14
DM_SUSPEND, DM_TABLE, DM_SKIP_LOCKFS, DM_NOFLUSH = 1 << 1, 1 << 4, 1 << 10, 1 << 11
DM_STRUCT, DM_SPEC = struct.Struct("=3IIIIiIIIQ128s129s7x"), struct.Struct("=QQiI16s")
SUMMARY, TABLE, VERDICTS, FAILBACK, SWITCH, REGENERATE, DIGEST = 2, 3, 4, 5, 6, 8, 10	# of /dev/mirsync
BEGIN, START, GIVE_UP = 1, 2, 4
EXTENT = 480		# blocks of an extent
now = "nothing yet"


def fail(text):
    print(f"cuts.py: {now}: {text}")
    for site in sites.values():
        print(f"cuts.py: {site.name}: {site.line()}")
    sys.exit(1)


def wait(what, condition, seconds=40):
    end = time.monotonic() + seconds * SLOW
    while not condition():
        if proxy.failure:
            fail(proxy.failure)
        if time.monotonic() > end:
            fail("in vain: " + what)
        time.sleep(0.005)


def dm(command, name, flags=0, data=b"", targets=0):
    raw = bytearray(DM_STRUCT.pack(4, 0, 0, DM_STRUCT.size + 8192, DM_STRUCT.size, targets, 0, flags,
                                   0, 0, 0, name.encode(), b"") + data.ljust(8192, b"\0"))
    fcntl.ioctl(dm_control, 3 << 30 | DM_STRUCT.size << 16 | 0xFD << 8 | command, raw)
    return raw


def dm_text(name, flags):
    raw = dm(DM_TABLE_STATUS, name, flags)
    at = struct.unpack_from("=I", raw, 16)[0]
    return bytes(raw[at + DM_SPEC.size:]).split(b"\0")[0].decode()


def change_table(name, *targets):
    """Each target: its first sector, sectors, type, arguments."""
    data = b""
    for first, sectors, target, text in targets:
        text = text.encode() + b"\0"
        size = (DM_SPEC.size + len(text) + 7) & ~7
        data += (DM_SPEC.pack(first, sectors, 0, size, target) + text).ljust(size, b"\0")
    dm(DM_TABLE_LOAD, name, 0, data, len(targets))
    dm(DM_DEV_SUSPEND, name, DM_SUSPEND | DM_SKIP_LOCKFS)
    dm(DM_DEV_SUSPEND, name)


def table_of_b():
    """Return: sectors, and the disk below."""
    raw = dm(DM_TABLE_STATUS, "datab", DM_TABLE)
    at = struct.unpack_from("=I", raw, 16)[0]
    return DM_SPEC.unpack_from(raw, at)[1], dm_text("datab", DM_TABLE).split()[0]


class Site:
    def __init__(self, name):
        self.name, self.volume = name, "vol" + name
        number = os.stat("/dev/mapper/" + self.volume).st_rdev
        self.dev = os.major(number) << 32 | os.minor(number)

    def line(self):
        return dm_text(self.volume, DM_NOFLUSH)

    def field(self, key):
        words = self.line().split()
        if key in ("role", "link", "disk", "sync"):
            return words[("role", "link", "disk", "sync").index(key)]
        return dict(word.split("=", 1) for word in words[4:])[key]

    def wait(self, key, *values):
        wait(f"{self.name}: {key} {' or '.join(values)}", lambda: self.field(key) in values)

    def message(self, text):
        self.wait("cmd", "0")
        dm(DM_TARGET_MSG, self.volume, 0, struct.pack("=Q", 0) + text.encode() + b"\0")

    def ioctl(self, number, body):
        """Return: errno, and what came back."""
        body = bytearray(struct.pack("=Q", self.dev) + body)
        try:
            fcntl.ioctl(control, 3 << 30 | len(body) << 16 | 0xC7 << 8 | number, body)
        except OSError as error:
            return error.errno, body
        return 0, body


class Image:
    """What was written to the volume, and is to be on both disks."""

    def __init__(self):
        self.blocks, self.count = {}, time.time_ns()
        self.buffer = mmap.mmap(-1, BLOCK)
        self.fd = None
        # Not soon the same again, as what got lost would be written over; apart, as neighbours are one copy.
        self.last, self.spots = None, itertools.cycle(range(64, 4 * EXTENT, 2))

    def open(self, site):
        self.fd = os.open("/dev/mapper/vol" + site.name, os.O_RDWR | os.O_DIRECT)

    def close(self):
        os.close(self.fd)
        self.fd = None

    def write(self, block, same=False):
        if not same or block not in self.blocks:
            self.count += 1
            self.blocks[block] = struct.pack("<QQ", block, self.count) * (BLOCK // 16)
        self.buffer[:] = self.blocks[block]
        os.pwrite(self.fd, self.buffer, block * BLOCK)

    def add(self):
        """Return: the block that was written."""
        self.last = next(self.spots)
        self.write(self.last)
        return self.last

    def zero(self):
        """What was written last."""
        block = self.last
        self.blocks[block] = bytes(BLOCK)
        fcntl.ioctl(self.fd, BLKDISCARD, struct.pack("=QQ", block * BLOCK, BLOCK))

    def read(self, block):
        """Return: errno; what is read is compared."""
        try:
            os.preadv(self.fd, [self.buffer], block * BLOCK)
        except OSError as error:
            return error.errno
        if self.buffer[:] != self.blocks[block]:
            fail(f"block {block} is not what was written")
        return 0

    def compare(self):
        disks = [whole(path) for path in DISKS.values()]
        for block, data in self.blocks.items():
            for disk, path in zip(disks, DISKS.values()):
                if disk[block * BLOCK:(block + 1) * BLOCK] != data:
                    fail(f"block {block} of {path} is not what was written")
        if disks[0] != disks[1]:
            fail("the disks differ")


def whole(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    buffer = mmap.mmap(-1, os.lseek(fd, 0, os.SEEK_END))
    os.preadv(fd, [buffer], 0)
    os.close(fd)
    return buffer[:]


def met_since(met):
    """The sites have met since, and are in sync."""
    return lambda: proxy.met > met and all(
        site.field("sync") == "in-sync" and site.field("unacked") == "0" for site in sites.values())


def apart(site=None):
    """The next session, and the one after it, are made soon: the time between attempts is short again."""
    site = sites[site or source]
    site.message("disconnect")
    site.wait("link", "disconnected")


def fresh():
    met = proxy.met
    apart()
    sites[source].message("connect")
    wait("in sync before the round", met_since(met))


def sprung(trap):
    wait(f"a cut {trap}", trap.sprung.is_set, 20)
    log.write(f"{trap.name.split()[0]} {'source' if trap.sender == source else 'target'} {'after' if trap.after else 'before'}\n")
    log.flush()


def traps(name, role, nth=1):
    """One before it and one after it, and say so."""
    global now
    for after in (False, True):
        sender = source if role == "source" else other(source)
        trap = Trap(name, sender, after, nth)
        now = str(trap)
        yield trap


def other(site):
    return "b" if site == "a" else "a"


def settled(trap):
    wait("in sync again", met_since(trap.met))
    taken.append((time.monotonic() - trap.at, now))


def write_alone():
    """Some that differ at the other site then, some that do not."""
    for block in before:
        image.write(block, same=True)
    before[:] = [image.add() for _ in range(4)]


def meeting(name, role, nth=1):
    """A frame that comes when the sites meet, and one of them lacks something."""
    for trap in traps(name, role, nth):
        apart()
        write_alone()
        proxy.arm(trap)
        sites[source].message("connect")
        sprung(trap)
        image.add()
        settled(trap)


def mirroring(name, role, bring):
    """A frame that bring() brings about, or nothing but time, when the sites are in sync."""
    for trap in traps(name, role):
        fresh()
        proxy.arm(trap)
        bring()
        sprung(trap)
        image.add()
        settled(trap)


def group_refuse():
    """One of the sites has no key: each sends REFUSE to who calls it."""
    for dialler, refuses in ("a", "target"), ("b", "source"):
        proxy.deny(other(dialler))
        for trap in traps("REFUSE", refuses):
            apart(dialler)
            proxy.arm(trap)
            sites[dialler].message("connect")
            sprung(trap)
            sites[dialler].wait("link", "connecting")


def group_handshake():
    for role in "source", "target":
        for name in "HELLO", "AUTH", "READY", "STATE":
            meeting(name, role)


def group_called():
    """The handshake once more, when it is the target that has called."""
    for role in "source", "target":
        for name in "HELLO", "AUTH", "READY":
            for trap in traps(name, role):
                proxy.deny(source)
                apart(other(source))
                apart(source)
                image.add()
                proxy.arm(trap)
                for site in sites.values():
                    site.message("connect")
                sprung(trap)
                proxy.deny(None)
                settled(trap)


def group_resync():
    meeting("MARKS_END", "target")
    meeting("GO", "source")
    meeting("RESULT to GO", "target")
    meeting("CMP_CODES", "source")
    meeting("CMP_REPLY to CMP_CODES", "target")
    meeting("WRITE copy", "source", 2)
    meeting("ACK to WRITE", "target")
    meeting("PROGRESS", "source")
    meeting("DONE", "source")
    meeting("RESULT to DONE", "target")


def group_marks():
    """A write that the target's disk refuses leaves a mark there."""
    global now
    cold = iter(range(4 * EXTENT, 8 * EXTENT, EXTENT))
    now = "marks at the target"
    sectors, disk = table_of_b()
    change_table("datab", (0, sectors, b"flakey", f"{disk} 0 0 3600 1 error_writes"))
    image.write(next(cold))
    sites["b"].wait("disk", "inconsistent")
    apart()
    change_table("datab", (0, sectors, b"linear", f"{disk} 0"))
    chain = [*traps("MARKS", "target"), *traps("RESULT to MARKS", "source")]
    proxy.arm(*chain)
    sites[source].message("connect")
    for trap in chain:
        now = str(trap)
        sprung(trap)
    settled(trap)


def group_mirror():
    cold = iter(range(6 * EXTENT, 8 * EXTENT, EXTENT))
    mirroring("WRITE new", "source", image.add)
    mirroring("ACK to WRITE", "target", image.add)
    mirroring("ZERO", "source", image.zero)
    mirroring("ACK to ZERO", "target", image.zero)
    mirroring("FLUSH", "source", flush)
    mirroring("ACK to FLUSH", "target", flush)
    mirroring("ANNOUNCE", "source", lambda: image.write(next(cold)))
    for name in "PING", "PONG":
        for role in "source", "target":
            mirroring(name, role, lambda: None)


def flush():
    image.add()
    os.fsync(image.fd)


def group_tables():
    """A reader at either site; it is told when it gets no answer."""
    for number, name, limit in (SUMMARY, "SUMMARY", 8), (TABLE, "TABLE", 2):
        for asker, answerer in ("source", "target"), ("target", "source"):
            mirroring(name + "_REQ", asker, lambda: ask_range(asker, number, limit, True))
            mirroring(name, answerer, lambda: ask_range(asker, number, limit, True))


def ask_range(asker, number, count, lost=False):
    """Return: the elements."""
    return range_of(asked(asker), 1, number, count, (0, errno.ENOTCONN) if lost else (0,))


def range_of(site, where, number, count, allowed):
    room = array.array("B", bytes(1 << 16))
    r, body = site.ioctl(number, struct.pack("=QIIQ", 0, count, where, room.buffer_info()[0]))
    if r not in allowed:
        fail(f"the reader is told {errno.errorcode.get(r, r)}")
    return room, struct.unpack_from("=I", body, 16)[0]


def group_contents():
    """Digests of what the other site holds, and codes that are to be made anew there."""
    for asker, answerer in ("source", "target"), ("target", "source"):
        mirroring("DIGEST_REQ", asker, lambda: ask_digest(asker))
        mirroring("DIGEST", answerer, lambda: ask_digest(asker))
        mirroring("REGENERATE", asker, lambda: ask_codes(asker))


def asked(asker):
    return sites[source if asker == "source" else other(source)]


def ask_digest(asker):
    room = array.array("B", struct.pack("=QQII60s60s15360x", 0, 0, 1, 0, b"\xff", b""))
    r, _ = asked(asker).ioctl(DIGEST, struct.pack("=IIQ", 1, 0, room.buffer_info()[0]))
    if r not in (0, errno.ENOTCONN):
        fail(f"the reader is told {errno.errorcode.get(r, r)}")


def ask_codes(asker):
    r, body = asked(asker).ioctl(REGENERATE, struct.pack("=II120s", 1, 0, b""))
    if r not in (0, errno.ENOTCONN):
        fail(f"told {errno.errorcode.get(r, r)}: {bytes(body[16:]).split(bytes(1))[0].decode()}")


def group_read():
    """What the source's disk cannot read is the target's to send; or neither can read it."""
    image.write(30)
    medium_error(30)
    mirroring("READ_REQ", "source", lambda: image.read(30))
    mirroring("READ_DATA", "target", lambda: image.read(30))
    if image.read(30):
        fail("the peer does not help")
    sectors, disk = table_of_b()
    change_table("datab", (0, 240, b"linear", f"{disk} 0"), (240, 8, b"error", ""),
                 (248, sectors - 248, b"linear", f"{disk} 248"))
    for trap in traps("RESULT to READ_REQ", "target"):
        fresh()
        proxy.arm(trap)
        if not image.read(30):
            fail("data that nobody can read")
        sprung(trap)
        wait("in sync again", met_since(trap.met))
    change_table("datab", (0, sectors, b"linear", f"{disk} 0"))
    if image.read(30):
        fail("the peer does not help any more")
    medium_error(None)


def medium_error(block):
    for name, value in ("medium_error_start", (block or 0) * 8), ("medium_error_count", 8 if block else 0), \
                       ("opts", 2 if block else 0):
        with open(MEDIUM + name, "w", encoding="ascii") as file:
            file.write(str(value))


def step(number, site=None):
    """Of a failback, which may be told that the session is over."""
    return sites[site or source].ioctl(FAILBACK, struct.pack("=II120sII", number, 0, b"", 0, 0))[0]


def judge(lost=False):
    """The verdict that all is equal; lost: the session may be over."""
    versions = []
    for where in 0, 1:
        room, count = range_of(sites[source], where, SUMMARY, 1024, (0, errno.ENOTCONN) if lost else (0,))
        versions.append([struct.unpack_from("<Q", room, 24 * i)[0] for i in range(count)])
    if lost and not all(versions):
        return errno.ENOTCONN
    verdicts = array.array("B", b"".join(struct.pack("=QQQ60sI", extent, *pair, b"", 0)
                                         for extent, pair in enumerate(zip(*versions))))
    return sites[source].ioctl(VERDICTS, struct.pack("=IIQ", len(versions[0]), 0, verdicts.buffer_info()[0]))[0]


def group_failback():
    """Before its start a failback is over with the session; from then on it goes on by itself."""
    failback("FAILBACK_BEGIN", "source", None)
    failback("RESULT to FAILBACK_BEGIN", "target", None)
    failback("CMP_VERSIONS", "source", judge)
    failback("CMP_REPLY to CMP_VERSIONS", "target", judge)
    for name, role in (("PREPARE", "source"), ("RESULT to PREPARE", "target"),
                       ("GO", "source"), ("RESULT to GO", "target"), ("CMP_EXTENTS", "source"),
                       ("CMP_REPLY to CMP_EXTENTS", "target"), ("DONE", "source"), ("RESULT to DONE", "target")):
        failback(name, role, lambda: step(START))


def failback(name, role, then):
    def bring():
        r = step(BEGIN)
        if then and r:
            fail(f"the failback does not begin: {errno.errorcode[r]}")
        if then:
            then()
    mirroring(name, role, bring)


def group_switch():
    """Whose demotion is durable and who hears no answer stays demoted: at most one is primary."""
    image.close()
    for name, role in ("SWITCH", "source"), ("RESULT to SWITCH", "target"):
        for trap in traps(name, role):
            fresh()
            proxy.arm(trap)
            switch(trap)
    if source == "b":
        switch(None)
    image.open(sites[source])


def switch(trap):
    """Cut, or not; whoever is primary then gets writes."""
    global source
    old, new = source, other(source)
    wait("a switchover", lambda: switched(old) != errno.EBUSY)	# who looks at the device has it open
    if trap:
        sprung(trap)
        wait("a meeting", lambda: proxy.met > trap.met and all(site.field("link") == "connected" for site in sites.values()))
    claims = [site.field("claim") for site in (sites[old], sites[new])]
    if claims == ["none", "none"] and trap and trap.name == "SWITCH":
        sites[old].message("promote")
    elif claims != ["none", "active"]:
        fail(f"claims: {claims}")
    else:
        source = new
    wait("a primary", lambda: sites[source].field("claim") == "active")
    image.open(sites[source])
    image.add()
    image.close()
    wait("in sync again", met_since(trap.met if trap else -1))


def switched(site):
    return sites[site].ioctl(SWITCH, struct.pack("=II120s", 0, 0, b""))[0]


def group_outdated():
    """A failback over a site that was replaced as primary while it was away, and what a helper asks meanwhile."""
    for name, role in ASKED:
        overwriting(name, role, replaced, "peer-outdated", judged if "SUMMARY" in name else looked)
    for name, role in OVERWRITING:
        overwriting(name, role, replaced, "peer-outdated", judged if "CMP_VERSIONS" in name else unjudged)


def group_blank():
    """The same over one that has lost its metadata, and is to be primary by its table."""
    for name, role in OVERWRITING:
        overwriting(name, role, blank, "peer-outdated", judged if "CMP_VERSIONS" in name else unjudged)


def group_back():
    """From GO on the same over one that has gone back in time."""
    for name, role in OVERWRITING[6:]:
        overwriting(name, role, back, "peer-outdated", unjudged)


def group_resolve():
    """In a split brain the loser gives up, at its own site."""
    for name, role in (("RESOLVE", "target"), ("RESULT to RESOLVE", "source"), ("GO", "source"), ("RESULT to GO", "target"),
                       ("DONE", "source"), ("RESULT to DONE", "target")):
        overwriting(name, role, lambda: replaced(split=True), "split-brain", give_up)


# Of the target: until it has GO nothing has changed, and behind its answer to that it needs no command.
OVERWRITING = (("FAILBACK_BEGIN", "source"), ("RESULT to FAILBACK_BEGIN", "target"), ("CMP_VERSIONS", "source"),
               ("CMP_REPLY to CMP_VERSIONS", "target"), ("PREPARE", "source"), ("RESULT to PREPARE", "target"),
               ("GO", "source"), ("RESULT to GO", "target"), ("CMP_EXTENTS", "source"),
               ("CMP_REPLY to CMP_EXTENTS", "target"), ("DONE", "source"), ("RESULT to DONE", "target"))
ASKED = (("SUMMARY_REQ", "source"), ("SUMMARY", "target"), ("TABLE_REQ", "source"), ("TABLE", "target"),
         ("DIGEST_REQ", "source"), ("DIGEST", "target"))
BY_COMMAND = {name for name, _ in OVERWRITING[:6] + ASKED}
BY_ITSELF = {name for name, _ in OVERWRITING[7:]}


def overwriting(name, role, bring, meeting, command):
    """bring() makes the sites meet so that nothing is copied without the command."""
    global now
    for after in False, True:
        bring()
        trap = Trap(name, source if role == "source" else other(source), after)
        now = f"{trap}, {meeting}"
        sites[source].wait("meeting", meeting)
        proxy.arm(trap)
        # The peer may still call itself an active primary when they have just met.
        wait("the command", lambda: command() == 0 or trap.sprung.is_set())
        sprung(trap)
        wait("a meeting", lambda: proxy.met > trap.met and came_to(meeting) in (meeting, "in-sync"))
        came = came_to(meeting)
        if came == "in-sync" and (name in BY_COMMAND or (name in ("GO", "RESOLVE") and not after)):
            fail("in sync without a command")
        if came == meeting:
            if name in BY_ITSELF:
                fail("it does not go on")
            if sites[other(source)].field("disk") == "inconsistent":
                fail("something was copied")
            wait("the command again", lambda: command() == 0 or came_to(meeting) == "in-sync")
        image.add()
        settled(trap)


def came_to(meeting):
    """Return: meeting, "in-sync", or None as long as neither is settled."""
    here, there = sites[source], sites[other(source)]
    if any(site.field("link") != "connected" or site.field("cmd") != "0" for site in (here, there)):
        return None
    if here.field("sync") == "in-sync" and there.field("sync") == "in-sync":
        return "in-sync"
    return meeting if here.field("meeting") == meeting and here.field("failback") == "0" else None


def replaced(split=False):
    """The target becomes the source, away from the other one; split: which has written as well."""
    global source
    fresh()
    old, new = source, other(source)
    apart(old)
    image.close()
    sites[new].wait("link", "connecting")	# or it knows of an active primary
    sites[new].message("promote")
    sites[new].wait("claim", "active")
    source = new
    image.open(sites[source])
    for _ in range(4):
        image.add()
    if split:
        lost = os.open("/dev/mapper/vol" + old, os.O_RDWR | os.O_DIRECT)
        os.pwrite(lost, image.buffer, (image.last + 2) * BLOCK)
        os.close(lost)
    sites[old].message("connect")


def blank():
    fresh()
    table = remove()
    image.add()
    run(TOP + "/build/mirsync", "format", "--force", *disks_of(table))
    create(table, "primary")


def back():
    fresh()
    table = remove()
    old = [whole(path) for path in disks_of(table)]
    create(table, "secondary")
    fresh()
    image.add()
    remove()
    for path, data in zip(disks_of(table), old):
        with open(path, "r+b") as disk:
            disk.write(data)
            disk.flush()
            os.fsync(disk.fileno())
    create(table, "primary")


def remove():
    """The target. Return: its table."""
    name = "vol" + other(source)
    table = run("dmsetup", "table", name).split()
    run("dmsetup", "remove", "--retry", name)
    return table


def disks_of(table):
    """Return: that of the metadata, that of the data."""
    return "/dev/block/" + table[5], "/dev/block/" + table[4]


def create(table, role):
    name = other(source)
    table = " ".join([*table[:3], role, *table[4:]])
    run("nsenter", "--net=/run/netns/site" + name, "dmsetup", "create", "vol" + name, "--table", table)
    sites[name] = Site(name)


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def judged():
    """Return: 0, or why not."""
    return step(BEGIN) or judge(lost=True) or step(START)


def looked():
    """The same, of a helper that reads the peer's codes and digests before."""
    r = step(BEGIN)
    if r:
        return r
    ask_range("source", TABLE, 2, True)
    ask_digest("source")
    return step(START)


def unjudged():
    return step(BEGIN) or step(START)


def give_up():
    """Return: 0, or why not; EBUSY while somebody looks at the device."""
    return step(GIVE_UP, other(source))


def group_coverage():
    """Each type of wire.h, from each site that sends it, was there, and was cut before and after it."""
    with open(log.name, encoding="ascii") as file:
        cut = set(file.read().split("\n"))
    with open(TOP + "/doc/protocol.md", encoding="utf-8") as file:
        senders = dict(re.findall(r"^\| `MS_F_(\w+)` \| \d+ \| ([^|]+) \|", file.read(), re.M))
    missing = []
    for name in types.values():
        if name == "RESOLVE":	# where it comes from there is no pair in sync before: 134
            continue
        who = {"both": ("source", "target"), "target": ("target",)}.get(re.match(r"\w*", senders.get(name, "")).group(), ("source",))
        missing += [f"{name} {role} {when}" for role in who for when in ("before", "after")
                    if f"{name} {role} {when}" not in cut]
    if missing:
        fail("never cut: " + ", ".join(missing))
    print(f"{len(types)} types of frames")


with open(TOP + "/dm-mirsync/shared/wire.h", encoding="utf-8") as header:
    types = {int(number): name for name, number in re.findall(r"^\tMS_F_(\w+) = (\d+),", header.read(), re.M)}
log = open(sys.argv[1], "a", encoding="ascii")
dm_control = os.open("/dev/mapper/control", os.O_RDWR)
control = os.open("/dev/mirsync", os.O_RDWR)
a_ip, b_ip = sys.argv[2:4]
proxy = Proxy(types, {"a": ((b_ip, 7789), (b_ip, 7788)), "b": ((b_ip, 7787), (a_ip, 7788))})
sites = {name: Site(name) for name in "ab"}
source, image, taken, before = "a", Image(), [], []
for group in sys.argv[4:]:
    began = time.monotonic()
    if group not in ("refuse", "coverage"):
        fresh()
        if image.fd is None:
            image.open(sites[source])
    globals()["group_" + group]()
    if group not in ("refuse", "coverage"):
        now = "behind " + group
        wait("nothing to do", lambda: all(site.field("inflight") == "0" for site in sites.values()))
        image.compare()
    print(f"{group}: {time.monotonic() - began:.1f} s", flush=True)
if taken:
    longest, where = max(taken)
    print(f"{len(taken)} cuts, in sync again after {sum(span for span, _ in taken) / len(taken):.2f} s, "
          f"{longest:.2f} s at most ({where})")
