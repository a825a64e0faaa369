#!/usr/bin/env python3
"""query.py RESOLVER NAME TYPE [do] [cd] [tcp]: puts one question and prints RCODE, "ad" or "-", and the types of the answer.

For tests of the lab itself; what gate25 makes of an answer is asked of gate25.
"""
import socket
import struct
import sys

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28, "DNAME": 39, "DS": 43, "RRSIG": 46,
         "NSEC": 47, "DNSKEY": 48, "NSEC3": 50, "TLSA": 52}
RCODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


def skip_name(data, at):
    while data[at] and data[at] < 192:
        at += 1 + data[at]
    return at + (1 if data[at] == 0 else 2)


def exchange(resolver, message, tcp):
    family = socket.AF_INET6 if ":" in resolver else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((resolver, 53))
        if not tcp:
            sock.send(message)
            return sock.recv(65535)
        sock.sendall(struct.pack("!H", len(message)) + message)
        stream = sock.makefile("rb")
        return stream.read(struct.unpack("!H", stream.read(2))[0])


def main():
    resolver, name, kind = sys.argv[1:4]
    options = sys.argv[4:]
    flags = 0x0100 | (0x0010 if "cd" in options else 0) | 0x0020
    labels = [label for label in name.rstrip(".").split(".") if label]
    message = struct.pack("!6H", 0x6C61, flags, 1, 0, 0, 1)
    message += b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    message += struct.pack("!2H", TYPES[kind], 1)
    message += b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000 if "do" in options else 0, 0)
    try:
        answer = exchange(resolver, message, "tcp" in options)
    except OSError as error:
        print(f"NOTHING ({error})")
        return
    _, flags, questions, answers = struct.unpack("!4H", answer[:8])
    at = 12
    for _ in range(questions):
        at = skip_name(answer, at) + 4
    types = []
    for _ in range(answers):
        at = skip_name(answer, at)
        number, _, _, length = struct.unpack("!HHIH", answer[at:at + 10])
        types.append(next((word for word, n in TYPES.items() if n == number), str(number)))
        at += 10 + length
    print(RCODES.get(flags & 15, flags & 15), "tc" if flags & 0x0200 else "ad" if flags & 0x0020 else "-", *types)


if __name__ == "__main__":
    main()
