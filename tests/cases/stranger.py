#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Speaks to a site as nobody should.

stranger.py FROM_IP IP PORT KIND...: one connection after another, and for each its kind in a
line when it stands; "newer" sends the HELLO of a protocol version that is
not there yet and prints the text of the refusal; the other kinds (see main) send what is
no handshake and end when the site has closed the connection. "mute" says nothing and stays:
then the program waits to be killed.
"""
import os
import socket
import struct
import sys
import time

MAGIC, HELLO, AUTH, READY, REFUSE, WRITE, PING = 0x3146534D, 1, 2, 3, 4, 16, 8


def crc_entry(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


CRC = [crc_entry(byte) for byte in range(256)]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def head(kind, body_len, data_len, body_crc):
    raw = struct.pack("<IHHIIQQI", MAGIC, kind, 0, body_len, data_len, 0, 0, body_crc)
    return raw + struct.pack("<I", crc32c(raw + bytes(4)))


def frame(kind, body):
    return head(kind, len(body), 0, crc32c(body) if body else 0) + body


def hello(low, high):
    """Good in everything but the versions, as far as a stranger can know."""
    body = struct.pack("<HHIQ16s16sQIIII", low, high, 0, 0, b"v" * 16, b"n" * 16,
                       32768, 512, 12, 1, 0)
    body += bytes(216 - len(body)) + os.urandom(32) + b"\1" + bytes(816 - 249)
    return frame(HELLO, body)


def refusal(sock):
    data = b""
    while len(data) < 40 + 128:
        more = sock.recv(4096)
        if not more:
            sys.exit("closed without a word after %d bytes" % len(data))
        data += more
    if struct.unpack_from("<H", data, 4)[0] != REFUSE:
        sys.exit("the answer is no refusal")
    print(data[48:168].split(b"\0")[0].decode())


def until_closed(sock):
    try:
        while sock.recv(4096):
            pass
    except ConnectionError:
        pass


def parts():
    return {
        "newer": hello(99, 99),
        "garbage": os.urandom(65536),
        "truncated": hello(1, 1)[:100],
        "half-head": hello(1, 1)[:20],
        "bad-head-crc": bytes([hello(1, 1)[0]]) + bytes(39),
        "bad-body-crc": hello(1, 1)[:-1] + b"\1",
        "huge": head(HELLO, 0xFFFFFFF0, 0, 0),
        "huge-data": head(WRITE, 24, 0x80000000, 0),
        "wrong-order": frame(AUTH, bytes(32)),
        "unknown-type": frame(999, b""),
        "ping-first": frame(PING, b""),
    }


def speak(sock, kind, text):
    try:
        sock.sendall(text)
        if kind in ("truncated", "half-head"):
            sock.shutdown(socket.SHUT_WR)
    except ConnectionError:
        return
    if kind == "newer":
        refusal(sock)
    else:
        until_closed(sock)


def connect(source, ip, port):
    """A connection; None: it was closed before it was there, which may be as soon as it is accepted."""
    try:
        sock = socket.create_connection((ip, int(port)), 10, (source, 0))
    except ConnectionResetError:
        return None
    sock.settimeout(30)
    return sock


def main():
    source, ip, port = sys.argv[1:4]
    texts = parts()
    mute = []
    for kind in sys.argv[4:]:
        sock = connect(source, ip, port)
        print(kind, flush=True)
        if not sock:
            if kind in ("mute", "newer"):
                sys.exit("closed without a word")
        elif kind == "mute":
            mute.append(sock)
        else:
            speak(sock, kind, texts[kind])
            sock.close()
    if mute:
        print("all are there", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
