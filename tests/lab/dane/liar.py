#!/usr/bin/env python3
"""liar.py RESOLVER ADDRESS=HOW...: resolvers that lie, one at each address (port 53, UDP and TCP), in front of an honest
one. HOW may be @FILE: the word that stands in the file at that moment. With an address of its own (HOW,via=ADDRESS) a
liar asks that resolver instead.

    honest     passes everything on
    forge-ad   other data for A and TLSA, no signatures, and the AD bit
    forge      other data for A and TLSA under the signatures that were for the right ones
    strip      no RRSIG, NSEC or NSEC3 anywhere, no AD: as if nothing were signed
    no-proof   "no such record" instead of TLSA records, with the AD bit and no proof
    no-ad      passes everything on without the AD bit
    question   answers another question
    other-id   the answer of another question's id
    garbage    octets that are no message, after the right id
    short      five octets
    half       the answer, cut in the middle
    silent     nothing
    servfail, refused
    truncated  TC over UDP and nothing over TCP
    slow       honest, a third of a second late
What is honest lies about names with a label lie-HOW, and about the TLSA records of those with tlsalie-HOW. Each
question is a line of output.
"""
import os
import socket
import struct
import sys
import threading
import time

A, NS, CNAME, SOA, PTR, MX, RRSIG, NSEC, NSEC3, OPT, TLSA = 1, 2, 5, 6, 12, 15, 46, 47, 50, 41, 52
AD, TC = 0x0020, 0x0200
COUNTS = "!4H"


def name_at(data, at):
    """The name there without compression, and where what follows it begins."""
    labels, end, hops = b"", None, 0
    while data[at] != 0:
        if data[at] >= 192:
            end = end or at + 2
            at, hops = struct.unpack("!H", data[at:at + 2])[0] & 0x3FFF, hops + 1
            if hops > 64:
                raise ValueError("a loop of names")
            continue
        labels += data[at:at + 1 + data[at]]
        at += 1 + data[at]
    return labels + b"\0", end or at + 1


def question_of(query):
    """Name, in lower case, and type."""
    labels, end = name_at(query, 12)
    words, at = [], 0
    while labels[at]:
        words.append(labels[at + 1:at + 1 + labels[at]].decode("ascii", "replace").lower())
        at += 1 + labels[at]
    return ".".join(words), struct.unpack("!H", query[end:end + 2])[0]


def plain_rdata(data, kind, at, length):
    """RDATA without compression."""
    if kind in (NS, CNAME, PTR):
        return name_at(data, at)[0]
    if kind == MX:
        return data[at:at + 2] + name_at(data, at + 2)[0]
    if kind == SOA:
        first, next_at = name_at(data, at)
        second, next_at = name_at(data, next_at)
        return first + second + data[next_at:at + length]
    return data[at:at + length]


class Message:
    """A DNS message as [name, type, class, ttl, rdata] in three sections; written without compression."""

    def __init__(self, data):
        self.id, self.flags = struct.unpack("!2H", data[:4])
        questions, *counts = struct.unpack(COUNTS, data[4:12])
        at = 12
        self.questions = []
        for _ in range(questions):
            name, at = name_at(data, at)
            self.questions.append((name, *struct.unpack("!2H", data[at:at + 4])))
            at += 4
        self.sections = []
        for count in counts:
            section = []
            for _ in range(count):
                name, at = name_at(data, at)
                kind, klass, ttl, length = struct.unpack("!HHIH", data[at:at + 10])
                section.append([name, kind, klass, ttl, plain_rdata(data, kind, at + 10, length)])
                at += 10 + length
            self.sections.append(section)

    def write(self):
        data = struct.pack("!2H", self.id, self.flags)
        data += struct.pack(COUNTS, len(self.questions), *(len(section) for section in self.sections))
        for name, kind, klass in self.questions:
            data += name + struct.pack("!2H", kind, klass)
        for section in self.sections:
            for name, kind, klass, ttl, rdata in section:
                data += name + struct.pack("!HHIH", kind, klass, ttl, len(rdata)) + rdata
        return data

    def leave_out(self, *kinds):
        self.sections = [[record for record in section if record[1] not in kinds] for section in self.sections]

    def forge(self):
        for record in self.sections[0]:
            if record[1] in (A, TLSA):
                record[4] = record[4][:-1] + bytes([record[4][-1] ^ 0x55])


def altered(how, answer):
    message = Message(answer)
    if how == "forge-ad":
        message.leave_out(RRSIG, NSEC, NSEC3)
        message.forge()
        message.flags |= AD
    elif how == "forge":
        message.forge()
        message.flags &= ~AD
    elif how == "strip":
        message.leave_out(RRSIG, NSEC, NSEC3)
        message.flags &= ~AD
    elif how == "no-proof" and message.questions[0][1] == TLSA:
        message.sections[0] = []
        message.leave_out(RRSIG, NSEC, NSEC3, SOA)
        message.flags |= AD
    elif how == "no-ad":
        message.flags &= ~AD
    elif how == "question":
        message.questions = [(b"\x05other\x07example\0", *message.questions[0][1:])]
    elif how == "other-id":
        message.id ^= 1
    return message.write()


def empty(query, flags):
    """A reply with the question and nothing else."""
    end = name_at(query, 12)[1] + 4
    return query[:2] + struct.pack("!5H", 0x8180 | flags, 1, 0, 0, 0) + query[12:end]


def lie(how, query, tcp, resolver):
    """The answer; None for none."""
    if how == "silent" or (how == "truncated" and tcp):
        return None
    if how in ("servfail", "refused"):
        return empty(query, 2 if how == "servfail" else 5)
    if how == "truncated":
        return empty(query, TC)
    if how == "garbage":
        return query[:2] + bytes([0x81, 0x80]) + os.urandom(60)
    if how == "short":
        return query[:5]
    if how == "slow":
        time.sleep(0.3)
    answer = ask(query, tcp, resolver)
    if answer is None or how in ("honest", "slow"):
        return answer
    if how == "half":
        return answer[:len(answer) // 2]
    return altered(how, answer)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise OSError("closed")
        data += more
    return data


def read_framed(sock):
    return read_exactly(sock, struct.unpack("!H", read_exactly(sock, 2))[0])


def ask(query, tcp, resolver):
    address, _, port = resolver.partition("#")
    try:
        with socket.socket(family(address), socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
            sock.settimeout(10)
            sock.connect((address, int(port or 53)))
            if not tcp:
                sock.send(query)
                return sock.recv(65535)
            sock.sendall(struct.pack("!H", len(query)) + query)
            return read_framed(sock)
    except OSError:
        return None


class Liar:
    def __init__(self, resolver, address, how):
        how, _, via = how.partition(",via=")
        self.address, self.how, self.resolver = address, how, via or resolver

    def word(self):
        if not self.how.startswith("@"):
            return self.how, self.resolver
        with open(self.how[1:], encoding="ascii") as file:
            word, _, via = file.read().strip().partition(",via=")
        return word, via or self.resolver

    def answer(self, query, tcp):
        how, resolver = self.word()
        name, kind = question_of(query)
        if how == "honest":
            how = next((label[4:] for label in name.split(".") if label.startswith("lie-")), how)
            how = next((label[8:] for label in name.split(".") if label.startswith("tlsalie-") and kind == TLSA), how)
        print(self.address, how, "tcp" if tcp else "udp", name, kind, flush=True)
        try:
            return lie(how, query, tcp, resolver)
        except (ValueError, IndexError, struct.error) as error:
            print(self.address, "cannot lie about this:", error, flush=True)
            return None

    def serve_udp(self):
        sock = socket.socket(family(self.address), socket.SOCK_DGRAM)
        sock.bind((self.address, 53))

        def one(query, peer):
            reply = self.answer(query, False)
            if reply is not None:
                sock.sendto(reply, peer)

        return lambda: threading.Thread(target=one, args=sock.recvfrom(4096), daemon=True).start()

    def serve_tcp(self):
        listener = socket.create_server((self.address, 53), family=family(self.address))

        def one(sock):
            try:
                while True:
                    reply = self.answer(read_framed(sock), True)
                    if reply is not None:
                        sock.sendall(struct.pack("!H", len(reply)) + reply)
            except OSError:
                sock.close()

        return lambda: threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()


def forever(step):
    while True:
        step()


def main():
    steps = []
    for argument in sys.argv[2:]:
        address, _, how = argument.partition("=")
        liar = Liar(sys.argv[1], address, how)
        steps += [liar.serve_udp(), liar.serve_tcp()]
    threads = [threading.Thread(target=forever, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    print("ready", flush=True)


if __name__ == "__main__":
    main()
