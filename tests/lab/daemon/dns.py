#!/usr/bin/env python3
"""dns.py ZONE ADDRESS...: a resolver that knows one file and nothing else, for tests that need answers made to measure.

A line of ZONE is NAME TYPE VALUE: A, AAAA, or MX (preference and host); or
  NAME fail      SERVFAIL to every question about the name
  NAME silent    no answer at all
The file is read again for each question. Names that are not in it do not exist. Each question is a line of output.
"""
import socket
import struct
import sys
import threading

TYPES = {1: "A", 28: "AAAA", 15: "MX"}


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def records(path, name):
    with open(path, encoding="ascii") as file:
        rows = [line.split() for line in file if line.strip()]
    return [row[1:] for row in rows if row[0] == name]


def data_of(kind, value):
    if kind == "MX":
        return struct.pack(">H", int(value[0])) + wire_name(value[1])
    return socket.inet_pton(socket.AF_INET if kind == "A" else socket.AF_INET6, value[0])


def answer(path, query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii").lower())
        at += 1 + query[at]
    question, kind = query[12:at + 5], struct.unpack(">H", query[at + 1:at + 3])[0]
    name = ".".join(labels)
    print(f"{TYPES.get(kind, kind)} {name}", flush=True)
    found = records(path, name)
    words = [row[0] for row in found]
    if "silent" in words:
        return None
    code = 2 if "fail" in words else 0 if found else 3
    body = b""
    chosen = [row[1:] for row in found if row[0] == TYPES.get(kind)]
    for value in chosen:
        data = data_of(TYPES[kind], value)
        body += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
    return query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(chosen), 0, 0) + question + body


def serve(path, address):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 53))
    while True:
        query, peer = sock.recvfrom(4096)
        reply = answer(path, query)
        if reply is not None:
            sock.sendto(reply, peer)


def main():
    threads = [threading.Thread(target=serve, args=(sys.argv[1], address)) for address in sys.argv[2:]]
    for thread in threads:
        thread.start()
    print("ready", flush=True)


if __name__ == "__main__":
    main()
