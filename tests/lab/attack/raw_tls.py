"""raw_tls.py - handshakes made by hand, up to where keys would be needed: ServerHellos that no library would send, and
certificate messages in TLS 1.2, which are in clear."""
import hashlib
import os
import struct

RETRY = hashlib.sha256(b"HelloRetryRequest").digest()


def record(kind, octets, version=0x0303):
    return struct.pack(">BHH", kind, version, len(octets)) + octets


def records(octets):
    """A handshake message in as many records as it takes."""
    return b"".join(record(22, octets[at:at + 16384]) for at in range(0, len(octets), 16384))


def message(kind, octets, claimed=None):
    length = len(octets) if claimed is None else claimed
    return bytes([kind]) + struct.pack(">I", length)[1:] + octets


def extension(kind, octets):
    return struct.pack(">HH", kind, len(octets)) + octets


class Hello:
    """The ClientHello, read from the connection."""

    def __init__(self, talk):
        octets = self.record(talk)
        while octets[0] != 22:  # ChangeCipherSpec, for old middleboxes
            octets = self.record(talk)
        at = 5 + 4 + 2 + 32
        self.session = octets[at + 1:at + 1 + octets[at]]
        at += 1 + octets[at]
        suites = struct.unpack(">H", octets[at:at + 2])[0]
        at += 2 + suites
        at += 1 + octets[at]
        end = at + 2 + struct.unpack(">H", octets[at:at + 2])[0]
        at += 2
        self.extensions = {}
        while at + 4 <= end:
            kind, length = struct.unpack(">HH", octets[at:at + 4])
            self.extensions[kind] = octets[at + 4:at + 4 + length]
            at += 4 + length

    @staticmethod
    def record(talk):
        octets = talk.buffer
        while len(octets) < 5 or len(octets) < 5 + struct.unpack(">H", octets[3:5])[0]:
            octets += talk.read_raw()
        end = 5 + struct.unpack(">H", octets[3:5])[0]
        talk.buffer = octets[end:]
        return octets[:end]

    def groups(self):
        octets = self.extensions[10][2:]
        return [struct.unpack(">H", octets[at:at + 2])[0] for at in range(0, len(octets), 2)]

    def shares(self):
        octets, found = self.extensions[51][2:], []
        while octets:
            group, length = struct.unpack(">HH", octets[:4])
            found.append(group)
            octets = octets[4 + length:]
        return found


def server_hello(hello, version=0x0303, random=None, suite=0xC02F, extensions=b"", session=b"", compression=0):
    del hello  # of TLS 1.2: there is no session to go on with
    return message(2, struct.pack(">H", version) + (random or os.urandom(32)) + bytes([len(session)]) + session +
                   struct.pack(">HB", suite, compression) +
                   (struct.pack(">H", len(extensions)) + extensions if extensions else b""))


def retry(hello, group):
    """HelloRetryRequest (RFC 8446 s. 4.1.4)."""
    extensions = extension(43, b"\x03\x04") + extension(51, struct.pack(">H", group))
    return records(server_hello(hello, random=RETRY, suite=0x1301, extensions=extensions, session=hello.session))


# --- steps for rows -------------------------------------------------------------------------------------------------------


def hello_of(**how):
    """A ServerHello and nothing else."""
    def step(talk):
        talk.raw(records(server_hello(Hello(talk), **how)))
    return step


def alert(number, level=2, behind_hello=False):
    """An alert in clear, in place of the ServerHello or behind it."""
    def step(talk):
        hello = Hello(talk)
        first = records(server_hello(hello, extensions=extension(0xFF01, b"\0"))) if behind_hello else b""
        talk.raw(first + record(21, bytes([level, number])))
    return step


def retries(choose):
    """HelloRetryRequests without end. |choose|(hello, first): the group."""
    def step(talk):
        for first in (True, False, False):
            hello = Hello(talk)
            talk.raw(retry(hello, choose(hello, first)))
    return step


def group_without_share(hello, _first):
    return next(group for group in hello.groups() if group not in hello.shares())


def group_with_share(hello, _first):
    return hello.shares()[0]


def certificate(octets, claimed=None):
    """TLS 1.2: a ServerHello and a Certificate message of these octets, of which |claimed| are announced."""
    def step(talk):
        talk.raw(records(server_hello(Hello(talk), extensions=extension(0xFF01, b"\0"))) +
                 records(message(11, octets, claimed)))
    return step


def drip(talk):
    """A message that is announced, and comes an octet at a time."""
    certificate(b"", 60000)(talk)
    while True:
        talk.raw(record(22, b"\0"))
        talk.sock.settimeout(0.5)
        try:
            talk.read_raw()
        except TimeoutError:
            pass
