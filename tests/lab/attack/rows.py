"""rows.py - the table of attacks, put together from rows_*.py, and what its rows are made of.

A row: what the server does at which point of the session, and what must come of it, to the letter: the client's reply,
the line of the log, what is counted. Points are banner, ehlo, starttls, hello (the TLS handshake), tls-ehlo, mail, rcpt,
data, content (its first octets are here), dot, after (the reply to the dot is given) and rset. What stands at a point is
said or done in place of the decent reply: octets, steps, DECENT.
"""
import dataclasses
import socket
import struct
import time

KEYWORDS = "SIZE 10240000,8BITMIME,PIPELINING,ENHANCEDSTATUSCODES,DSN,SMTPUTF8"
CANARY = "canary-of-an-attack"
DECENT = object()


class Stop(Exception):
    """The row ends the connection."""


# --- steps -----------------------------------------------------------------------------------------------------------


def FIN(_talk):
    """Close without a word."""
    raise Stop("closed")


def RST(talk):
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.sock.close()
    raise Stop("reset")


def HALF(talk):
    """Our end only, and wait for the other."""
    talk.sock.shutdown(socket.SHUT_WR)
    while talk.read_raw():
        pass


def BYE(talk):
    """TLS ends as it should; the socket stays open until the client closes it."""
    talk.tls.bye()
    while talk.read_raw():
        pass


def WAIT(talk):
    """Nothing any more, until the client goes."""
    while talk.read_raw():
        pass


def RAW(octets):
    """Octets in clear, whatever the session is in."""
    return lambda talk: talk.raw(octets)


def ENDLESS(octets):
    """Again and again, until the client goes."""
    def step(talk):
        while True:
            talk.say(octets)
    return step


def SLOWLY(octets):
    """One octet in a packet, and a record, of its own."""
    def step(talk):
        for at in range(len(octets)):
            talk.say(octets[at:at + 1])
    return step


def LATER(octets):
    """Behind what was said, but not in the same segment."""
    def step(talk):
        time.sleep(0.05)
        talk.raw(octets)
    return step


# --- rows ------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Row:
    name: str
    at: dict
    reply: str = r"250 2\.0\.0 taken"  # the last one, as a pattern of all of it
    refused: tuple = None              # (RFC 8460's word or "", pattern of the reason): the one refusal; None: none
    end: str = "quit"                  # the word of the session's end
    level: str = "encrypt"
    first: bool = False                # only the first connection is attacked
    tls: dict = dataclasses.field(default_factory=dict)  # own: "1.2"|"1.3", min, max, ciphers, options, group, cert
    keywords: str = KEYWORDS           # of both EHLO replies
    mail: str = ""                     # parameters of MAIL
    lines: tuple = None                # in place of MAIL, RCPT, DATA, MESSAGE; LISTEN waits for a reply unasked
    number: int = 0

    @property
    def domain(self):
        return f"r{self.number}.{self.level}.lab"

    @property
    def host(self):
        return f"mx{self.number}.{self.level}.lab"

    @property
    def address(self):
        """Both families get their share."""
        n = self.number + 1
        return f"2001:db8:5::{n:x}" if self.number % 2 else f"198.18.{n >> 8}.{n & 255}"

    @property
    def endpoint(self):
        return f"[{self.address}]:25" if self.number % 2 else f"{self.address}:25"


LISTEN = None


def table():
    import rows_certs
    import rows_path
    import rows_replies
    import rows_states
    import rows_tls
    rows = []
    for part in (rows_path, rows_replies, rows_states, rows_tls, rows_certs):
        rows += part.ROWS
    for number, row in enumerate(rows):
        row.number = number
    return rows
