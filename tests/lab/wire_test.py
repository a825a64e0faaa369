#!/usr/bin/env python3
"""Cases for wire.py that a live session does not make: order, repetition, gaps, TLS framing. Prints TAP."""
import os
import struct
import subprocess
import sys
import tempfile

CLIENT, SERVER = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
SYN, ACK = 2, 16


def frame(seq, flags, payload=b"", up=True):
    source, destination = (CLIENT, SERVER) if up else (SERVER, CLIENT)
    ports = (40000, 25) if up else (25, 40000)
    tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xFFFFFFFF, 0, 0x50, flags, 1000, 0, 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, source, destination) + tcp
    return bytes(12) + b"\x08\x00" + ip


def pcap(frames):
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    return head + b"".join(struct.pack("<IIII", 0, 0, len(f), len(f)) + f for f in frames)


def tls(kind, length):
    return struct.pack(">BHH", kind, 0x0303, length) + bytes(length)


def whole(*texts, start=1000):
    """A SYN and each text as a segment of its own."""
    frames, seq = [frame(start, SYN)], start + 1
    for text in texts:
        frames.append(frame(seq, ACK, text))
        seq += len(text)
    return frames


HELLO = b"EHLO a\r\nSTARTTLS\r\n"
HANDSHAKE = tls(22, 200) + tls(20, 1) + tls(23, 64)
MAIL = b"MAIL FROM:<a@b>\r\n"
CASES = [
    ("harmless commands are no leak", whole(HELLO, b"QUIT\r\n"), ["--no-leak", "--some", "--no-tls"], 0),
    ("and no ClientHello", whole(HELLO, b"QUIT\r\n"), ["--hello"], 1),
    ("TLS after STARTTLS is TLS", whole(HELLO, HANDSHAKE), ["--no-leak", "--tls"], 0),
    ("a handshake without data is not", whole(HELLO, tls(22, 200)), ["--no-leak", "--no-tls", "--hello"], 0),
    ("MAIL is a leak", whole(b"EHLO a\r\n" + MAIL), ["--no-leak"], 1),
    ("in any case and octet by octet", whole(*[bytes([b]) for b in b"ehlo a\r\nmail from:<>\r\n"]), ["--no-leak"], 1),
    ("MAIL in clear after a refused STARTTLS", whole(HELLO, MAIL), ["--no-leak"], 1),
    ("clear text behind the last TLS record", whole(HELLO, HANDSHAKE, MAIL), ["--no-leak"], 1),
    ("and hidden in the same segment", whole(HELLO, HANDSHAKE + MAIL), ["--no-leak"], 1),
    ("TLS without STARTTLS is no TLS", whole(b"EHLO a\r\n", HANDSHAKE), ["--no-leak"], 1),
    ("the end of a TLS stream that began before", [frame(9000, ACK, tls(23, 23) + tls(23, 19))],
     ["--no-leak", "--no-tls"], 0),
    ("it shows no TLS", [frame(9000, ACK, tls(23, 23))], ["--tls"], 1),
    ("with clear text behind it it is a leak", [frame(9000, ACK, tls(23, 23) + MAIL)], ["--no-leak"], 1),
    ("and so is half a record", [frame(9000, ACK, tls(23, 23)[:-1])], ["--no-leak"], 1),
    ("and clear text that began before", [frame(9000, ACK, MAIL)], ["--no-leak"], 1),
    ("records where the SYN was seen, without STARTTLS", whole(tls(23, 23)), ["--no-leak"], 1),
    ("an unknown command is a leak", whole(b"EHLO a\r\nAUTH PLAIN eA==\r\n"), ["--no-leak"], 1),
    ("a line without its end is a leak", whole(b"EHLO a\r\nMAIL FR"), ["--no-leak"], 1),
    ("packets in another order", [whole(b"EHLO a\r\n", MAIL)[i] for i in (0, 2, 1)], ["--no-leak"], 1),
    ("a packet sent twice counts once", [whole(b"EHLO a\r\n", b"QUIT\r\n")[i] for i in (0, 1, 1, 2, 2)], ["--no-leak"], 0),
    ("sequence numbers that wrap", whole(b"EHLO a\r\n", MAIL, start=0xFFFFFFFA), ["--no-leak"], 1),
    ("a gap cannot be judged", [whole(b"EHLO a\r\n", b"RSET\r\n", b"QUIT\r\n")[i] for i in (0, 1, 3)], ["--no-leak"], 2),
    ("octets sent twice that differ", whole(b"EHLO a\r\n") + [frame(1001, ACK, b"EHLO b\r\n")], ["--no-leak"], 2),
    ("a canary in a refused packet", whole(b"EHLO a\r\n") + [frame(1001, ACK, b"canary", up=False)],
     ["--no-leak", "--canary", "canary"], 1),
    ("a SYN is not silence", whole(), ["--silent"], 1),
    ("but no payload", whole(), ["--no-payload"], 0),
    ("no packet is silence", [], ["--silent", "--no-payload"], 0),
    ("no packet is no stream", [], ["--some"], 1),
    ("another client", whole(HELLO), ["--from", "192.0.2.9"], 1),
    ("this client", whole(HELLO), ["--from", "192.0.2.1"], 0),
    ("no client at all", [], ["--from", "192.0.2.1"], 1),
]


def main():
    judge, failed = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wire.py"), 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "case.pcap")
        for name, frames, conditions, status in CASES + [("a broken file", None, ["--no-leak"], 2)]:
            with open(path, "wb") as file:
                file.write(b"broken" if frames is None else pcap(frames))
            run = subprocess.run([sys.executable, judge, path] + conditions, capture_output=True, text=True, check=False)
            good = run.returncode == status
            failed += not good
            print(f"{'ok' if good else 'not ok'} - {name}")
            if not good:
                print("# " + (run.stdout + run.stderr).replace("\n", "\n# "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
