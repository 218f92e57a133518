#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Plays the peer against a site, with the key in hand or without, and breaks one rule.

crook.py FROM_IP IP PORT KEY HELLO COMMAND [ARGUMENT]: HELLO is a file with the body of a
HELLO of the site that is played; COMMAND is a function below whose name begins with do_.
Each ends with status 0 when the site did what it has to, and prints how often.
"""
import errno
import hmac
import os
import random
import socket
import struct
import sys
import time

from stranger import AUTH, HELLO, PING, READY, REFUSE, WRITE, frame, head, hello

ZERO, FLUSH, ANNOUNCE, MARKS, GO, CMP_EXTENTS, CMP_CODES, CMP_VERSIONS = 17, 18, 19, 32, 34, 35, 36, 37
DONE, SUMMARY_REQ, TABLE_REQ, FAILBACK_BEGIN, SWITCH, RESULT, STATE, RESOLVE, PREPARE = 39, 48, 50, 64, 65, 66, 67, 68, 69
PONG, ACK, CMP_REPLY, SUMMARY, TABLE, READ_REQ, READ_DATA = 9, 10, 38, 49, 51, 52, 53
MARKS_END, PROGRESS, REGENERATE, DIGEST_REQ, DIGEST = 33, 41, 54, 56, 57
STATUS_AT = {RESULT: 0, CMP_REPLY: 4, SUMMARY: 12, TABLE: 12, DIGEST: 136}	# in the bodies of answers
NONCE, INITIATOR, FIELDS = 216, 248, {
    "proto_min": 0, "proto_max": 2, "auth": 4, "features": 8, "volume_id": 16, "node_id": 32,
    "sectors": 48, "logical_block": 56, "seg_shift": 60, "code_algo": 64, "claim": 68,
    "code_seed": 72, "disk": 80, "flags": 84, "gens": 88, "base": 96, "offered": 104,
    "history": 112, "activation": 176, "activation_id": 184, "commits": 192,
    "seen_activation_id": 200, "seen_commits": 208, "nonce": 216, "nonce's end": 247,
    "initiator": 248, "reserved": 249, "seen_node_id": 256, "past": 272, "past's end": 783,
    "reserved2": 815}
HELLO_LEN = 816
source, ip, port, key, hello_file = sys.argv[1:6]
key = key.encode()


def fail(text):
    print("crook: " + text)
    sys.exit(1)


class Closed(Exception):
    pass


def receive(sock, length):
    data = b""
    while len(data) < length:
        try:
            more = sock.recv(length - len(data))
        except ConnectionError:
            more = b""
        if not more:
            raise Closed
        data += more
    return data


def receive_frame(sock):
    raw = receive(sock, 40)
    kind, _, body_len, data_len = struct.unpack_from("<HHII", raw, 4)
    return kind, receive(sock, body_len), receive(sock, data_len)


def send(sock, data):
    try:
        sock.sendall(data)
    except ConnectionError:
        raise Closed from None


def connect():
    sock = socket.create_connection((ip, int(port)), 20, (source, 0))
    sock.settimeout(30)
    return sock


def listen():
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((source, int(port)))
    sock.listen(8)
    sock.settimeout(30)
    return sock


def accept(listener):
    sock, _ = listener.accept()
    sock.settimeout(30)
    return sock


def my_hello(initiator):
    with open(hello_file, "rb") as file:
        body = bytearray(file.read())
    body[NONCE:NONCE + 32] = os.urandom(32)
    body[INITIATOR] = initiator
    return body


def mac(initiator, own, other, with_key=None):
    label = b"mirsync-I\0" if initiator else b"mirsync-R\0"
    return hmac.digest(with_key or key, label + bytes(own) + bytes(other), "sha256")


def ready():
    return frame(READY, struct.pack("<IIIIQ", 1, 1, 1, 0, 0))


def refused(kind, body):
    """How the site ended it; a READY or an AUTH is not among the ways."""
    if kind == REFUSE:
        return body[8:128].split(b"\0")[0].decode()
    return None


def shake(sock, sent=None, signed=None, auth=None):
    """The opener's handshake. Return: None at READY, or the words of the refusal."""
    signed = signed or my_hello(1)
    try:
        send(sock, frame(HELLO, bytes(sent or signed)))
        kind, other, _ = receive_frame(sock)
        if kind != HELLO:
            return refused(kind, other)
        send(sock, auth or frame(AUTH, mac(1, signed, other)))
        kind, body, _ = receive_frame(sock)
        if kind != AUTH:
            return refused(kind, body) or fail("frame %d instead of AUTH" % kind)
        if body != mac(0, other, signed):
            fail("the site's own AUTH is wrong")
        kind, body, _ = receive_frame(sock)
        if kind != READY:
            return refused(kind, body) or fail("frame %d instead of READY" % kind)
        return None
    except Closed:
        return "closed"


def must_refuse(what, said, words=None):
    if said is None:
        fail("%s: the site is READY" % what)
    if words and words not in said:
        fail("%s: the site says '%s'" % (what, said))


def do_fetch():
    """Keep the HELLO of the site, told to anybody who says one."""
    sock = connect()
    body = bytearray(hello(1, 1)[40:])
    body[4] = 1 if key else 0
    send(sock, frame(HELLO, bytes(body)))
    kind, body, _ = receive_frame(sock)
    if kind != HELLO:
        fail("no HELLO: %s" % refused(kind, body))
    with open(hello_file, "wb") as file:
        file.write(body)


def do_good():
    """Otherwise nothing below says anything: in order, the site is READY."""
    said = shake(connect())
    if said is not None:
        fail("the site says '%s'" % said)


def do_altered():
    """One bit of each field, signed as it was before; and with a checksum that tells it."""
    failed = 0
    for name, offset in FIELDS.items():
        signed = my_hello(1)
        sent = bytearray(signed)
        sent[offset] ^= 1
        said = shake(connect(), sent, signed)
        must_refuse(name, said)
        failed += said.startswith("authentication failed")
    for offset in random.sample(range(40 + HELLO_LEN), 12):
        raw = bytearray(frame(HELLO, bytes(my_hello(1))))
        raw[offset] ^= 0x10
        sock = connect()
        try:
            send(sock, raw)
            kind, body, _ = receive_frame(sock)
            must_refuse("byte %d" % offset, refused(kind, body))
        except Closed:
            pass
    if failed < 20:
        fail("only %d failed by their AUTH" % failed)
    print("%d altered fields, %d found out by AUTH" % (len(FIELDS), failed))


def do_no_key():
    signed = my_hello(1)
    wrong = bytearray(signed)
    wrong[4] = 0
    must_refuse("no key", shake(connect(), wrong, wrong), "a key is needed")
    must_refuse("zeroes for an AUTH", shake(connect(), auth=frame(AUTH, bytes(32))), "authentication failed")
    for what, raw in (("READY", ready()), ("WRITE", head(WRITE, 24, 4096, 0)), ("short", frame(AUTH, bytes(31))),
                      ("GO", frame(GO, bytes(96))), ("HELLO twice", frame(HELLO, bytes(signed))),
                      ("nothing", frame(REFUSE, bytes(128)))):
        must_refuse("%s for an AUTH" % what, shake(connect(), signed, signed, raw))
    for offset in (0, 15, 31):
        sock = connect()
        send(sock, frame(HELLO, bytes(signed)))
        _, other, _ = receive_frame(sock)
        wrong = bytearray(mac(1, signed, other))
        wrong[offset] ^= 0x80
        send(sock, frame(AUTH, bytes(wrong)))
        kind, body, _ = receive_frame(sock)
        must_refuse("AUTH, byte %d" % offset, refused(kind, body), "authentication failed")


def do_replay():
    """What was right once, sent again."""
    signed = my_hello(1)
    sock = connect()
    send(sock, frame(HELLO, bytes(signed)))
    _, other, _ = receive_frame(sock)
    auth = frame(AUTH, mac(1, signed, other))
    send(sock, auth)
    kind, _, _ = receive_frame(sock)
    if kind != AUTH:
        fail("what was to be recorded was refused")
    sock.close()
    must_refuse("replay", shake(connect(), signed, signed, auth), "authentication failed")


def answer(listener, make_hello, make_auth):
    """The accepting side's handshake. Return: the words of the refusal, None at READY."""
    sock = accept(listener)
    try:
        kind, other, _ = receive_frame(sock)
        mine = make_hello(other)
        send(sock, frame(HELLO, bytes(mine)))
        kind, auth, _ = receive_frame(sock)
        if kind != AUTH:
            return refused(kind, auth) or fail("frame %d instead of AUTH" % kind)
        send(sock, frame(AUTH, make_auth(other, mine, auth)))
        kind, body, _ = receive_frame(sock)
        return None if kind == READY else refused(kind, body) or "frame %d" % kind
    except Closed:
        return "closed"


def swapped(other):
    """The site's own HELLO, made to look like another's."""
    body = bytearray(other)
    body[32:48] = os.urandom(16)
    body[NONCE:NONCE + 32] = os.urandom(32)
    body[INITIATOR] = 0
    return body


def do_reflect():
    """The site dials, and gets back what it says."""
    listener = listen()
    must_refuse("own HELLO", answer(listener, lambda other: other, None), "this site itself")
    must_refuse("own AUTH", answer(listener, swapped, lambda other, mine, auth: auth), "authentication failed")
    kept = []

    def keep(other, mine, _):
        kept.append((mine, mac(0, mine, other)))
        return kept[0][1]

    if answer(listener, lambda other: my_hello(0), keep) is not None:
        fail("what was to be recorded was refused")
    must_refuse("replayed answer", answer(listener, lambda other: kept[0][0], lambda *_: kept[0][1]),
                "authentication failed")
    must_refuse("wrong key", answer(listener, lambda other: my_hello(0),
                                    lambda other, mine, _: mac(0, mine, other, b"x" * 32)), "authentication failed")


def do_altered_answer():
    """The site dials, and what it is told is not what was signed; or that no key is asked for."""
    listener = listen()
    for name in ("proto_max", "auth", "volume_id", "node_id", "sectors", "claim", "gens", "activation_id", "nonce",
                 "initiator", "reserved", "past's end"):
        signed = my_hello(0)
        sent = bytearray(signed)
        sent[FIELDS[name]] ^= 1
        said = answer(listener, lambda other: sent, lambda other, mine, _: mac(0, signed, other))
        must_refuse(name, said, "a key is needed" if name == "auth" else None)
        print("%s: %s" % (name, said))
    wrong = my_hello(0)
    wrong[4] = 0
    sock = accept(listener)
    receive_frame(sock)
    try:
        send(sock, frame(HELLO, bytes(wrong)) + ready())
        while True:		# not even to one who goes on as if it had agreed
            kind, body, _ = receive_frame(sock)
            if kind in (AUTH, READY):
                fail("without a key the site goes on with frame %d" % kind)
            must_refuse("no key", refused(kind, body), "a key is needed")
    except Closed:
        pass


def do_dead():
    """Close each connection at once, for ARGUMENT seconds: how often the site calls, after how many ms at most."""
    listener = listen()
    calls, end = [], time.monotonic() + float(sys.argv[7])
    while time.monotonic() < end:
        listener.settimeout(max(end - time.monotonic(), 0.01))
        try:
            listener.accept()[0].close()
            calls.append(time.monotonic())
        except TimeoutError:
            pass
    print(len(calls), int(1000 * max((b - a for a, b in zip(calls, calls[1:])), default=0)))


def do_mute():
    """Accept, and say nothing, until killed."""
    listener = listen()
    held = []
    while True:
        try:
            held.append(accept(listener))
            print("accepted", flush=True)
        except TimeoutError:
            pass


def opened():
    """A session with the site."""
    sock = connect()
    said = shake(sock)
    if said is not None:
        fail("no session: '%s'" % said)
    send(sock, ready())
    return sock


def drain(sock, until=None):
    """Read to the end of the session, or to a frame of that type. Return: its body."""
    try:
        while True:
            kind, body, _ = receive_frame(sock)
            if kind == until:
                return body
    except Closed:
        return None


def do_silent():
    """Conclude from the meeting what the site has, then read whatever comes and say nothing: the site ends it."""
    sock = opened()
    sock.sendall(frame(STATE, bytes(16) + bytes(my_hello(1)[88:176])))
    print("in session", flush=True)
    drain(sock)


def write_frame(sector, sectors, segs, codes, data, data_len=None, kind=WRITE):
    body = struct.pack("<QIHH", sector, sectors, segs, 0) + b"".join(codes)
    raw = frame(kind, body)
    length = len(data) if data_len is None else data_len
    return head(kind, len(body), length, struct.unpack_from("<I", raw, 32)[0]) + body + data


def sectors():
    """Of the volume."""
    return struct.unpack_from("<Q", my_hello(1), 48)[0]


def hostile_frames():
    """Before the site has agreed to be a target. Those with a type are answered by such a frame."""
    far = 1 << 62
    code = os.urandom(8)
    yield "WRITE", write_frame(0, 8, 1, [code], bytes(4096))
    yield "ZERO", write_frame(0, 8, 0, [], b"", kind=ZERO)
    yield "FLUSH", frame(FLUSH, b"")
    yield "DONE", frame(DONE, bytes(88)), RESULT
    yield "SWITCH", frame(SWITCH, bytes(88)), RESULT
    yield "RESOLVE", frame(RESOLVE, b""), RESULT
    yield "PREPARE", frame(PREPARE, b""), RESULT
    yield "HELLO", frame(HELLO, bytes(my_hello(1)))
    yield "READY", ready()
    yield "RESULT", frame(RESULT, bytes(216))
    yield "CMP_REPLY", frame(CMP_REPLY, bytes(144))
    yield "READ_DATA", write_frame(0, 8, 1, [code], bytes(4096), kind=READ_DATA)
    yield "SUMMARY", frame(SUMMARY, struct.pack("<QII", 0, 1, 0) + bytes(24))
    yield "TABLE", frame(TABLE, struct.pack("<QII", 0, 1, 0) + bytes(3976))
    yield "DIGEST", frame(DIGEST, bytes(144))
    yield "nonsense in STATE and PROGRESS", frame(STATE, b"\377" * 104) + frame(PROGRESS, b"\377" * 24) + frame(999, b"")
    yield "ACK", frame(ACK, struct.pack("<QII", 77, 0, 0))
    yield "unknown type", frame(999, b"")
    yield "odd length", frame(ACK, bytes(15))
    yield "long body", head(MARKS, 0x10001, 0, 0)
    yield "data with PING", head(PING, 0, 512, 0)
    yield "bad checksum", frame(STATE, bytes(104))[:-1] + b"\7"
    yield "bad head", bytes(40)
    yield "garbage", os.urandom(65536)
    yield "MARKS far away", frame(MARKS, struct.pack("<Q", far) + bytes(64)), RESULT
    yield "ANNOUNCE far away", frame(ANNOUNCE, struct.pack("<QQ", far, 1))
    yield "SUMMARY far away", frame(SUMMARY_REQ, struct.pack("<QII", far, 1024, 0)), SUMMARY
    yield "TABLE far away", frame(TABLE_REQ, struct.pack("<QII", far, 8, 0)), TABLE
    yield "CMP_EXTENTS far away", frame(CMP_EXTENTS, struct.pack("<QQ", far, 1) * 512), CMP_REPLY
    yield "CMP_VERSIONS far away", frame(CMP_VERSIONS, struct.pack("<QQ", far, 1) * 512), CMP_REPLY
    yield "CMP_CODES of all, without codes", frame(CMP_CODES, struct.pack("<Q", 0) + b"\377" * 60 + bytes(4)), CMP_REPLY
    yield "READ_REQ far away", frame(READ_REQ, struct.pack("<QII", far, 8, 0)), RESULT
    yield "FAILBACK_BEGIN with a flag that is none", frame(FAILBACK_BEGIN, struct.pack("<II", 4, 0) + bytes(88)), RESULT
    yield "READ_REQ by code, far away", frame(READ_REQ, struct.pack("<QII", far, 8, 1)), RESULT
    yield "DIGEST_REQ far away", frame(DIGEST_REQ, struct.pack("<Q", far) + b"\377" * 60 + bytes(4)), DIGEST
    yield "DIGEST_REQ of more than the last extent has", frame(
        DIGEST_REQ, struct.pack("<Q", (sectors() - 1) // (480 * 8)) + b"\377" * 60 + bytes(4)), DIGEST
    yield "READ_REQ of too much", frame(READ_REQ, struct.pack("<QII", 0, 3840, 0)), RESULT
    yield "READ_REQ by who is no source", frame(READ_REQ, struct.pack("<QII", 0, 8, 0)), RESULT
    yield "READ_REQ with a flag that is none", frame(READ_REQ, struct.pack("<QII", 0, 8, 2)), RESULT


def hostile_writes():
    """Of a source, as it were."""
    code = os.urandom(8)
    yield "payload that is not its code", write_frame(0, 8, 1, [code], os.urandom(4096))
    yield "beyond the end", write_frame(sectors(), 8, 1, [code], bytes(4096))
    yield "over the end", write_frame(sectors() - 8, 16, 2, [code] * 2, bytes(8192))
    yield "sector that wraps", write_frame((1 << 64) - 8, 16, 2, [code] * 2, bytes(8192))
    yield "over an extent's end", write_frame(480 * 8 - 8, 16, 2, [code] * 2, bytes(8192))
    yield "codes too few", write_frame(0, 16, 1, [code], bytes(8192))
    yield "codes too many", write_frame(0, 8, 400, [code] * 400, bytes(4096))
    yield "data too short", write_frame(0, 16, 2, [code] * 2, bytes(4096))
    yield "no sectors", write_frame(0, 0, 0, [], b"")
    yield "ZERO beyond the end", write_frame(sectors(), 8, 0, [], b"", kind=ZERO)
    yield "ZERO of everything", write_frame(0, 0xFFFFFFFF, 0, [], b"", kind=ZERO)
    yield "ANNOUNCE of a mask that is none", frame(ANNOUNCE, struct.pack("<QQ", 0, (1 << 64) - 1))
    yield "2 MiB of data", head(WRITE, 24, 1 << 21, 0)


def attack(what, raw, answer=None, before=None):
    """Return: whether the site ended the session; else it has refused in its answer."""
    sock = opened()
    try:
        if before:
            send(sock, before)
            if drain(sock, RESULT) is None:
                fail("%s: no answer to GO" % what)
        send(sock, raw)
    except Closed:
        pass
    body = drain(sock, answer)
    sock.close()
    if answer and (body is None or not struct.unpack_from("<I", body, STATUS_AT[answer])[0]):
        fail("%s: %s" % (what, "no refusal" if body else "no answer"))
    print("%s: %s" % ("refused" if answer else "cut", what), flush=True)


def do_hostile():
    for attempt in hostile_frames():
        attack(*attempt)
    go = frame(GO, struct.pack("<II", 0, 0) + bytes(my_hello(1)[88:176]))
    for attempt in hostile_writes():
        attack(*attempt, before=go)
    sock = opened()
    send(sock, go + write_frame(0, 2048, 256, [os.urandom(8)] * 256, bytes(65536), 1 << 20))
    sock.shutdown(socket.SHUT_WR)
    drain(sock)


def word():
    """Eight bytes out of limits and chance."""
    return struct.pack("<Q", random.choice((0, 1, 7, 8, 9, 479, 480, 512, sectors() - 8, sectors(), 1 << 32, (1 << 64) - 1,
                                            random.getrandbits(64), random.randrange(16))))


# Type, bytes of a body of fixed length, and of what may follow it again and again: questions, and answers to none.
# Not what a peer with the key may bring about as it likes, such as GO.
CHANCE = ((PING, 0, 0), (PONG, 0, 0), (ACK, 16, 16), (ANNOUNCE, 16, 16), (MARKS, 72, 72), (MARKS_END, 0, 0),
          (CMP_EXTENTS, 16, 16), (CMP_CODES, 72, 8), (CMP_VERSIONS, 16, 16), (CMP_REPLY, 144, 0), (DONE, 88, 0),
          (PROGRESS, 24, 0), (SUMMARY_REQ, 16, 0), (SUMMARY, 16, 24), (TABLE_REQ, 16, 0), (TABLE, 16, 3976), (READ_REQ, 16, 0),
          (READ_DATA, 16, 8), (DIGEST_REQ, 72, 0), (DIGEST, 144, 32), (FAILBACK_BEGIN, 96, 0), (PREPARE, 0, 0), (RESULT, 216, 0),
          (STATE, 104, 0))


def chance_frame():
    kind, fixed, more = random.choice(CHANCE)
    length = fixed + more * random.choice((0, 0, 1, 2, 8))
    body = b"".join(word() for _ in range(length // 8 + 1))[:length]
    if random.random() < 0.03:
        body += os.urandom(random.randrange(64))
    raw = bytearray(frame(kind, body))
    if random.random() < 0.03:
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    return bytes(raw)


def do_chance():
    """Frames made by chance, for ARGUMENT seconds, with the seed that follows; each session is ended by either side."""
    random.seed(int(sys.argv[8]))
    sessions, end = 0, time.monotonic() + float(sys.argv[7])
    while time.monotonic() < end:
        sock = opened()
        try:
            for _ in range(random.randrange(1, 30)):
                send(sock, chance_frame())
            sock.shutdown(socket.SHUT_WR)
        except (Closed, OSError):
            pass
        drain(sock)
        sock.close()
        sessions += 1
    print(f"{sessions} sessions")


def do_early():
    """The source's GO to a site that waits for the word before it is copied to."""
    for gap in 0, 1:
        attack("GO with gap %d before the word" % gap,
               frame(GO, struct.pack("<II", gap, 0) + bytes(my_hello(1)[88:176])))


def do_greedy():
    """Ask, and do not read: the site gives up, instead of keeping all the answers."""
    sock = opened()
    questions = frame(TABLE_REQ, struct.pack("<QII", 0, 8, 0)) * 50
    count = 2000
    try:
        for _ in range(count // 50):
            send(sock, questions)
            time.sleep(0.2)	# not so fast that they wait to be handled
    except Closed:
        print("cut: questions whose answers nobody reads")
        return
    fail("%d questions whose answers nobody reads are well" % count)


def was_established(sock, error):
    """Of one that was not waited for, and ended in that error; the site may have closed it by now."""
    state = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    error = error or sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return state in (1, 8) or error in (errno.ECONNRESET, errno.EPIPE)


def do_flood():
    """ARGUMENT connections, a few hundred at a time, that are closed again. Prints how many were more than tried."""
    count, batch, established = int(sys.argv[7]), 250, 0
    for _ in range(0, count, batch):
        socks = []
        for i in range(batch):
            sock = socket.socket()
            sock.setblocking(False)
            sock.bind((source, 0))
            sock.connect_ex((ip, int(port)))
            socks.append(sock)
        for i, sock in enumerate(socks):
            error = 0
            try:
                if i % 3 == 0:
                    sock.send(os.urandom(100) if i % 2 else bytes(hello(1, 1)))
            except OSError as said:
                error = said.errno
            established += was_established(sock, error)
            sock.close()
    print(established)


globals()["do_" + sys.argv[6]]()
