# SPDX-License-Identifier: GPL-2.0
"""Stands between two sites, forwards whole frames, and cuts the connection at one of them.

A connection is one from a site to here and one from here to the other site. A Trap names a
frame; the connection on which it comes is reset, both halves at once, before the frame is
forwarded or when the other site has it. Connections that are made later pass.

One thread, in which everything happens; the only calls for others are arm() and deny().
Imported by cuts.py."""
import fcntl
import selectors
import socket
import struct
import threading
import time
import traceback

HEAD = struct.Struct("<4sHHIIQQII")	# struct ms_frame
MAGIC = b"MSF1"
RESYNC = 2		# MS_W_RESYNC
TIOCOUTQ = 0x5411
MOMENT = 0.03		# in which the other site deals with what it has got, unheard
CONFIRMED = {"WRITE", "ZERO", "FLUSH"}
ANSWERS = {"CMP_REPLY", "SUMMARY", "TABLE", "DIGEST", "READ_DATA", "RESULT"}
NO_QUESTIONS = {"HELLO", "AUTH", "READY", "REFUSE", "PING", "PONG", "STATE", "ANNOUNCE", "PROGRESS", "MARKS_END"}


class Trap:
    """The nth frame of that name that the site sends; after: not before the other one has it.

    An answer also has a name with what it answers, "RESULT to GO", and the copy of a resync is
    called "WRITE copy"."""

    def __init__(self, name, sender, after, nth=1):
        self.name, self.sender, self.after, self.nth = name, sender, after, nth
        self.sprung = threading.Event()
        self.met = 0		# how often the sites had met by then
        self.at = 0

    def catches(self, sender, names):
        if sender != self.sender or self.name not in names:
            return False
        self.nth -= 1
        return self.nth <= 0

    def __str__(self):
        return f"{'after' if self.after else 'before'} {self.name} of {self.sender}"


class Way:
    """One direction of a connection."""

    def __init__(self, sender, source, drain):
        self.sender, self.source, self.drain = sender, source, drain
        self.received, self.waiting = bytearray(), bytearray()
        self.ended = self.passed_on = False
        self.asked = {}		# name of a question by its kind and handle

    def flush(self):
        """Return: whether all has been handed over."""
        while self.waiting:
            try:
                del self.waiting[:self.drain.send(self.waiting)]
            except BlockingIOError:
                return False
        if self.ended and not self.passed_on:
            self.passed_on = True
            self.drain.shutdown(socket.SHUT_WR)
        return True

    def arrived(self):
        """Return: whether the other site has all of it, as far as TCP knows."""
        raw = bytearray(4)
        fcntl.ioctl(self.drain, TIOCOUTQ, raw)
        return not self.waiting and not struct.unpack("=i", raw)[0]


class Connection:
    def __init__(self, proxy, dialler, sock, other_sock):
        other = "b" if dialler == "a" else "a"
        self.proxy, self.socks = proxy, (sock, other_sock)
        self.ways = (Way(dialler, sock, other_sock), Way(other, other_sock, sock))
        self.ready = set()
        self.trap, self.reset_at = None, 0
        for one in self.socks:
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.watch()

    def watch(self):
        for way in self.ways:
            reverse = self.ways[way is self.ways[0]]
            events = 0
            if not self.trap and not way.ended:
                events |= selectors.EVENT_READ
            if reverse.waiting:
                events |= selectors.EVENT_WRITE
            self.proxy.watch(way.source, events, self.happens)

    def happens(self, sock, events):
        try:
            for way in self.ways:
                if sock is way.source and events & selectors.EVENT_READ and not self.trap:
                    self.receive(way)
                way.flush()
        except OSError:
            self.reset()
            return
        if all(way.passed_on for way in self.ways):
            self.reset()
        else:
            self.watch()

    def receive(self, way):
        try:
            data = way.source.recv(1 << 16)
        except BlockingIOError:
            return
        way.received += data
        while not self.trap and self.take_frame(way):
            pass
        way.ended = not data

    def take_frame(self, way):
        """Return: whether there was a whole one."""
        if len(way.received) < HEAD.size:
            return False
        magic, kind, _, body_len, data_len, handle, _, _, _ = HEAD.unpack_from(way.received)
        if magic != MAGIC:
            raise ValueError("not a frame: %r" % bytes(way.received[:HEAD.size]))
        size = HEAD.size + body_len + data_len
        if len(way.received) < size:
            return False
        names = self.names(way, kind, handle, way.received[HEAD.size:HEAD.size + body_len])
        self.trap = self.proxy.caught(way.sender, names)
        if not self.trap or self.trap.after:
            way.waiting += way.received[:size]
            if "READY" in names:
                self.said_ready(way)
        del way.received[:size]
        return True

    def said_ready(self, way):
        self.ready.add(way.sender)
        self.proxy.met += len(self.ready) == 2

    def names(self, way, kind, handle, body):
        name = self.proxy.types.get(kind, str(kind))
        asked = self.ways[way is self.ways[0]].asked
        if name == "ACK":
            handles = (handle for handle, _, _ in struct.iter_unpack("<QII", body))
            return {name} | {f"ACK to {asked.get((True, handle))}" for handle in handles}
        if name in ANSWERS:
            return {name, f"{name} to {asked.get((False, handle))}"}
        if name not in NO_QUESTIONS:
            way.asked[name in CONFIRMED, handle] = name
        if name == "WRITE":
            flags = struct.unpack_from("<QIHH", body)[3]
            return {name, "WRITE copy" if flags & RESYNC else "WRITE new"}
        return {name}

    def go_on_dying(self):
        """What was forwarded arrives, and a moment passes if the trap is to be after it."""
        now = time.monotonic()
        try:
            if not self.reset_at and all(way.flush() and way.arrived() for way in self.ways):
                self.reset_at = now + (MOMENT if self.trap.after else 0)
        except OSError:
            self.reset_at = now
        if self.reset_at and now >= self.reset_at:
            self.reset()

    def reset(self):
        for sock in self.socks:
            self.proxy.watch(sock, 0, None)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))
            sock.close()
        self.proxy.over(self)


class Proxy(threading.Thread):
    """doors: by site, the address here that it dials, and that of the other site."""

    def __init__(self, types, doors):
        super().__init__(daemon=True)
        self.types, self.doors = types, doors
        self.traps, self.connections, self.denied = [], [], None
        self.met = 0		# connections on which both have said READY
        self.failure = None
        self.selector, self.watched = selectors.DefaultSelector(), {}
        for site, (address, _) in doors.items():
            listener = socket.create_server(address, backlog=16)
            listener.setblocking(False)
            self.watch(listener, selectors.EVENT_READ, lambda sock, _, site=site: self.accept(site, sock))
        self.start()

    def arm(self, *traps):
        """One after the other."""
        self.traps = list(traps)

    def deny(self, site):
        """Connections of this site's are reset; None: of nobody's."""
        self.denied = site

    def watch(self, sock, events, call):
        before = self.watched.pop(sock, None)
        if events:
            self.watched[sock] = events
        if before and events:
            if before != events:
                self.selector.modify(sock, events, call)
        elif events:
            self.selector.register(sock, events, call)
        elif before:
            self.selector.unregister(sock)

    def accept(self, site, listener):
        address, target = self.doors[site]
        sock, _ = listener.accept()
        other = None
        try:
            if site != self.denied:
                other = socket.create_connection(target, 5, (address[0], 0))
        except OSError:
            pass
        if other:
            self.connections.append(Connection(self, site, sock, other))
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))
            sock.close()

    def caught(self, sender, names):
        if self.traps and self.traps[0].catches(sender, names):
            return self.traps.pop(0)
        return None

    def over(self, connection):
        self.connections.remove(connection)
        trap = connection.trap
        if trap:
            trap.met, trap.at = self.met, time.monotonic()
            trap.sprung.set()

    def run(self):
        try:
            while True:
                dying = [one for one in self.connections if one.trap]
                for one in dying:
                    one.go_on_dying()
                for key, events in self.selector.select(0.002 if dying else 1):
                    if key.fileobj in self.watched:
                        key.data(key.fileobj, events)
        except Exception:	# for the main thread to see
            self.failure = traceback.format_exc()
