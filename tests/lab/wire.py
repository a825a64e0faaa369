#!/usr/bin/env python3
"""wire.py FILE.pcap [CONDITION...]: judges what SMTP clients sent over the wire, from a capture of it.

Every TCP stream towards the port is put together again from its packets and read as what a listener on the path would
read: commands in clear, the octets of MAIL and RCPT in clear, of message content in clear, and whether TLS began. One
line is printed for each stream. Exit status: 0 if every condition holds, 1 if one does not, 2 if the capture cannot be
judged (broken file, octets that the capture missed).

Conditions:
  --no-leak       no octet of MAIL, RCPT, content or anything but EHLO/HELO, STARTTLS, NOOP, RSET, QUIT in clear, and no canary
  --leak          the opposite: something leaked
  --no-payload    no client sent any octet
  --silent        not even a TCP packet went towards the port
  --some          at least one stream was seen
  --tls           a stream turned to TLS, and its client sent more than a handshake (in TLS 1.3 its Finished is such)
  --no-tls        none did
  --hello         a ClientHello was sent where STARTTLS allows it
  --sni NAME      a ClientHello named NAME
  --from ADDRESS  every stream comes from ADDRESS
Choice:
  --canary TEXT   text that counts as a leak in any frame of the capture, whatever its port (repeatable)
  --to ADDRESS    only streams towards ADDRESS (repeatable)
  --port PORT     the servers' port (default 25)
"""
import argparse
import ipaddress
import re
import struct
import sys

HARMLESS = (b"EHLO", b"HELO", b"STARTTLS", b"NOOP", b"RSET", b"QUIT")
ETHERNET, RAW = 1, 101


class Unreadable(Exception):
    pass


def packets(data):
    """The frames of a pcap file, as (link type, octets)."""
    orders = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
    order = orders.get(data[:4])
    if order is None or len(data) < 24:
        raise Unreadable("not a pcap file")
    link = struct.unpack(order + "I", data[20:24])[0]
    at = 24
    while at < len(data):
        if at + 16 > len(data):
            raise Unreadable("cut short")
        kept, length = struct.unpack(order + "8xII", data[at:at + 16])
        if kept != length or at + 16 + kept > len(data):
            raise Unreadable("a packet is cut short")
        yield link, data[at + 16:at + 16 + kept]
        at += 16 + kept


def network_layer(link, frame):
    if link == RAW:
        return frame
    if link != ETHERNET:
        raise Unreadable(f"link type {link} is not known here")
    kind, at = struct.unpack(">H", frame[12:14])[0], 14
    while kind in (0x8100, 0x88A8):
        kind, at = struct.unpack(">H", frame[at + 2:at + 4])[0], at + 4
    return frame[at:] if kind in (0x0800, 0x86DD) else b""


def transport_layer(packet):
    """(source, destination, TCP segment), or None for what is not TCP."""
    if not packet:
        return None
    if packet[0] >> 4 == 4:
        total, fragment = struct.unpack(">2xH2xH", packet[:8])
        if packet[9] != 6:
            return None
        if fragment & 0x3FFF:
            raise Unreadable("a fragmented TCP packet")
        return packet[12:16], packet[16:20], packet[(packet[0] & 15) * 4:total]
    kind, at, end = packet[6], 40, 40 + struct.unpack(">H", packet[4:6])[0]
    while kind in (0, 43, 60):
        kind, at = packet[at], at + 8 + packet[at + 1] * 8
    if kind == 44:
        raise Unreadable("a fragmented packet")
    return (packet[8:24], packet[24:40], packet[at:end]) if kind == 6 else None


class Direction:
    """The octets of one direction, by distance from the first sequence number."""

    def __init__(self):
        self.base = None
        self.pieces = []

    def segment(self, seq, flags, payload):
        if self.base is None:
            self.base = (seq + 1 if flags & 2 else seq) & 0xFFFFFFFF
        if payload:
            start = (seq + (1 if flags & 2 else 0) - self.base) & 0xFFFFFFFF
            if start >= 0x80000000:  # a keep-alive, or a repetition of what came before the capture
                start -= 0x100000000
            self.pieces.append((start, payload))

    def octets(self):
        whole = bytearray()
        for start, payload in sorted(self.pieces, key=lambda piece: piece[0]):
            if start > len(whole):
                raise Unreadable("the capture lacks octets of a stream")
            # What was sent again differently is shown as well: a listener saw both.
            old = bytes(whole[max(start, 0):start + len(payload)])
            new = payload[max(-start, 0):]
            if old and old != new[:len(old)]:
                raise Unreadable("octets of a stream were sent twice and differ")
            whole += new[len(old):]
        return bytes(whole)


class Stream:
    def __init__(self, client, server):
        self.client, self.server = client, server
        self.opened = False  # its first SYN was seen
        self.sent, self.got = Direction(), Direction()

    def octets(self):
        return self.sent.octets(), self.got.octets()


def streams(data, port):
    """The streams of a capture towards |port|, in order of appearance, and the number of packets towards it."""
    found, current, towards = [], {}, 0
    for link, frame in packets(data):
        layer = transport_layer(network_layer(link, frame))
        if layer is None:
            continue
        source, destination, tcp = layer
        sport, dport, seq = struct.unpack(">HHI", tcp[:8])
        flags, payload = tcp[13], tcp[(tcp[12] >> 4) * 4:]
        if port not in (sport, dport):
            continue
        upwards = dport == port
        towards += upwards
        client, server = ((source, sport), (destination, dport)) if upwards else ((destination, dport), (source, sport))
        stream = current.get((client, server))
        opening = flags & 2 and not flags & 16
        again = stream is not None and stream.sent.base == (seq + 1) & 0xFFFFFFFF
        if stream is None or (opening and upwards and not again):
            stream = current[(client, server)] = Stream(client, server)
            found.append(stream)
        stream.opened |= bool(opening and upwards)
        (stream.sent if upwards else stream.got).segment(seq, flags, payload)
    return found, towards


def records(data):
    """The length of the TLS records that |data| begins with (the last may be cut short), and their types."""
    at, kinds = 0, []
    while at + 5 <= len(data):
        kind, version, length = struct.unpack(">BHH", data[at:at + 5])
        if kind not in (20, 21, 22, 23) or version >> 8 != 3 or length > 16384 + 2048:
            break
        kinds.append(kind)
        at += 5 + length
    return min(at, len(data)), kinds


def whole_records(data):
    """Whether |data| is TLS records of application data and alerts from one end to the other."""
    at = 0
    while at + 5 <= len(data):
        kind, version, length = struct.unpack(">BHH", data[at:at + 5])
        if kind not in (21, 23) or version != 0x0303 or length > 16384 + 2048:
            return False
        at += 5 + length
    return at == len(data)


def server_name(data):
    """The SNI of the ClientHello that |data| begins with; None if there is none."""
    try:
        at = 5 + 4 + 2 + 32
        at += 1 + data[at]
        at += 2 + struct.unpack(">H", data[at:at + 2])[0]
        at += 1 + data[at]
        end = at + 2 + struct.unpack(">H", data[at:at + 2])[0]
        at += 2
        while at + 4 <= end:
            kind, length = struct.unpack(">HH", data[at:at + 4])
            if kind == 0:
                return data[at + 9:at + 4 + length].decode("ascii")
            at += 4 + length
    except (IndexError, struct.error, UnicodeDecodeError):
        pass
    return None


class Reading:
    """What a listener on the path reads of a client."""

    def __init__(self, data, opened=True):
        self.verbs, self.envelope, self.content, self.other = [], 0, 0, 0
        self.tls, self.sni, self.octets = False, None, len(data)
        at = 0
        # The end of a stream that began before the capture (what was not acknowledged is sent again long after its sender
        # has gone): TLS records and nothing else are no mail in clear, nor do they show that this capture's mail had TLS.
        if not opened and data and whole_records(data):
            self.verbs.append("<TLS of before>")
            return
        while at < len(data):
            at += self.step(data[at:])

    def step(self, rest):
        if self.verbs and self.verbs[-1] == "STARTTLS" and rest[:2] == b"\x16\x03":
            length, kinds = records(rest)
            if length:
                self.verbs.append("<TLS>")
                self.tls = self.tls or 23 in kinds
                self.sni = self.sni or server_name(rest)
                return length
        end = rest.find(b"\n")
        line = rest if end < 0 else rest[:end + 1]
        return self.command(line, rest)

    def command(self, line, rest):
        verb = re.match(rb"[A-Za-z]*", line).group().upper()
        self.verbs.append(verb.decode() or "?")
        if verb in (b"MAIL", b"RCPT"):
            self.envelope += len(line)
        elif verb == b"DATA":
            return len(line) + self.message(rest[len(line):])
        elif verb == b"BDAT":
            size = re.match(rb"BDAT\s+(\d{1,9})", line, re.I)
            length = min(int(size.group(1)) if size else 0, len(rest) - len(line))
            self.content += length
            return len(line) + length
        elif verb not in HARMLESS:
            self.other += len(line)
        return len(line)

    def message(self, rest):
        """Message data up to its dot. A DATA that was refused is followed by a command instead."""
        if re.match(rb"(QUIT|RSET|MAIL FROM:|NOOP|STARTTLS)[^\n]*\n", rest, re.I):
            return 0
        end = re.search(rb"(^|\n)\.\r?\n", rest)
        length = end.end() if end else len(rest)
        self.content += length
        return length

    def leak(self):
        return self.envelope + self.content + self.other


def where(end):
    address = ipaddress.ip_address(end[0])
    return f"[{address}]:{end[1]}" if address.version == 6 else f"{address}:{end[1]}"


def arguments():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("file")
    for flag in ("no-leak", "leak", "no-payload", "silent", "some", "hello", "tls", "no-tls", "help"):
        parser.add_argument("--" + flag, action="store_true")
    parser.add_argument("--sni")
    parser.add_argument("--from", dest="source")
    parser.add_argument("--canary", action="append", default=[])
    parser.add_argument("--to", action="append", default=[])
    parser.add_argument("--port", type=int, default=25)
    args = parser.parse_args()
    if args.help:
        print(__doc__)
        sys.exit(0)
    return args


def judge(args, data):
    """The conditions that do not hold."""
    found, towards = streams(data, args.port)
    wanted = [ipaddress.ip_address(address).packed for address in args.to]
    chosen = [stream for stream in found if not wanted or stream.server[0] in wanted]
    canaries = sum(any(canary.encode() in octets for canary in args.canary)
                   for octets in [frame for _, frame in packets(data)] + [octets for s in chosen for octets in s.octets()])
    leaked, readings = 0, []
    for stream in chosen:
        reading = Reading(stream.octets()[0], stream.opened)
        readings.append(reading)
        leaked += reading.leak()
        print(f"{where(stream.client)} > {where(stream.server)} {' '.join(reading.verbs) or '-'}; "
              f"tls={'yes' if reading.tls else 'no'} sni={reading.sni or '-'} "
              f"clear: envelope={reading.envelope} content={reading.content} other={reading.other}")
    source = ipaddress.ip_address(args.source).packed if args.source else None
    truths = {
        "--no-leak": leaked == 0 and canaries == 0,
        "--leak": leaked > 0 and (canaries > 0 or not args.canary),
        "--no-payload": all(reading.octets == 0 for reading in readings),
        "--silent": towards == 0,
        "--some": bool(readings),
        "--hello": any("<TLS>" in reading.verbs for reading in readings),
        "--tls": any(reading.tls for reading in readings),
        "--no-tls": not any(reading.tls for reading in readings),
    }
    failed = [name for name, true in truths.items() if getattr(args, name[2:].replace("-", "_")) and not true]
    if args.sni and not any(reading.sni == args.sni for reading in readings):
        failed.append(f"--sni {args.sni}")
    if source and (not chosen or any(stream.client[0] != source for stream in chosen)):
        failed.append(f"--from {args.source}")
    print(f"{len(chosen)} streams, {towards} packets towards port {args.port}, {leaked} octets in clear that must not be, "
          f"canary in {canaries} places")
    return failed


def main():
    args = arguments()
    try:
        with open(args.file, "rb") as file:
            failed = judge(args, file.read())
    except (Unreadable, OSError, struct.error, IndexError) as error:
        print(f"{args.file}: cannot be judged: {error}")
        sys.exit(2)
    for name in failed:
        print(f"does not hold: {name}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
