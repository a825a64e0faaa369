"""rows_path.py - what somebody on the path can do before TLS is up: take STARTTLS away, answer it in the server's place,
put octets behind the answer, break the handshake."""
import raw_tls
from rows import ENDLESS, FIN, HALF, LATER, RST, Row, WAIT

NO_STARTTLS = r"421 4\.7\.4 the server does not offer STARTTLS"


def without(name, word, reason=""):
    """An EHLO reply with |word| where STARTTLS was."""
    said = f"250-mx.hostile.lab\r\n{word}250 8BITMIME\r\n".encode("latin-1")
    return Row(f"keyword {name}", {"ehlo": [said]}, NO_STARTTLS, ("starttls-not-supported", reason), end="refused")


def kept(name, word):
    return Row(f"keyword {name}", {"ehlo": [f"250-mx.hostile.lab\r\n250-{word}\r\n250 8BITMIME\r\n".encode()]})


STRIPPED = "something on the path strips STARTTLS"
KEYWORD = [
    without("removed", ""),
    without("XXXXXXXA", "250-XXXXXXXA\r\n", STRIPPED),
    without("XXXXXXXX", "250-XXXXXXXX\r\n", STRIPPED),
    without("****", "250-****\r\n", STRIPPED),
    without("********", "250-********\r\n", STRIPPED),
    without("with a letter changed", "250-STARTTLX\r\n"),
    without("with a hyphen", "250-START-TLS\r\n"),
    without("with a NUL in it", "250-START\0TLS\r\n"),
    without("with a NUL behind it", "250-STARTTLS\0\r\n"),
    without("with an 8-bit letter", "250-STARTTL\xd3\r\n"),
    without("glued to another", "250-8BITMIMESTARTTLS\r\n"),
    without("as a parameter of another", "250-SIZE STARTTLS\r\n"),
    without("with =", "250-STARTTLS=yes\r\n"),
    kept("in lower case", "starttls"),
    kept("in odd case", "StArTtLs"),
    kept("with a parameter", "STARTTLS REQUIRED"),
    kept("with a blank behind it", "STARTTLS "),
    kept("twice", "STARTTLS\r\n250-STARTTLS"),
    Row("keyword in the name's line", {"ehlo": [b"250-mx.hostile.lab STARTTLS\r\n250 8BITMIME\r\n"]}, NO_STARTTLS,
        ("starttls-not-supported", ""), end="refused"),
    Row("EHLO refused, so that there is no STARTTLS", {"ehlo": [b"502 5.5.1 what is that\r\n"]},
        r"502 5\.5\.1 what is that"),
]


def refused(name, answer, reason):
    reason = "the server refused STARTTLS: " + reason
    return Row(f"STARTTLS answered {name}", {"starttls": [answer]}, r"451 4\.7\.4 " + reason,
               ("starttls-not-supported", reason))


def lost(name, steps, reason):
    """The server goes where STARTTLS should be answered, or its answer is nonsense: once on a leg that may have been
    stale, and once more on a new one."""
    reason = "TLS did not come about: " + reason
    return Row(f"STARTTLS answered {name}", {"starttls": steps}, r"451 4\.7\.5 " + reason, ("validation-failure", reason))


STARTTLS = [
    refused("454", b"454 4.7.0 TLS not available\r\n", r"454 4\.7\.0 TLS not available"),
    refused("500", b"500 5.5.2 what\r\n", r"500 5\.5\.2 what"),
    refused("502", b"502 5.5.1 not here\r\n", r"502 5\.5\.1 not here"),
    refused("with two lines of 554", b"554-5.7.0 no\r\n554 5.7.0 never\r\n", r"554 5\.7\.0 no"),
    refused("250", b"250 2.0.0 as you like\r\n", r"250 2\.0\.0 as you like"),
    refused("354", b"354 go on\r\n", r"354 go on"),
    refused("with the escape sequences of a terminal", b"454 \x1b[2J\x1b]0;owned\x07 \xff\0no\r\n",
            r"454 \?\[2J\?\]0;owned\? \?\?no"),
    Row("STARTTLS answered 421", {"starttls": [b"421 4.3.2 going down\r\n", FIN]}, r"421 4\.3\.2 going down", end="server"),
    lost("FIN", [FIN], "the server closed the connection"),
    lost("RST", [RST], "the connection broke: Connection reset by peer"),
    lost("half-close", [HALF], "the server closed the connection"),
    lost("with nonsense", [b"banana\r\n"], "a reply whose code does not begin with 2 to 5"),
    lost("with 220 twice, of two codes", [b"220-go\r\n221 go\r\n"], "a reply whose code changes between its lines"),
    lost("with lines without end", [ENDLESS(b"220-go\r\n" * 1000)], "a reply of too many lines"),
    lost("with a TLS record at once", [raw_tls.record(22, b"\2\0\0\0")], "a reply whose code does not begin with 2 to 5"),
]

CLEAR_BEHIND = "the server sent data in clear (behind its reply to STARTTLS|where TLS should begin)"
CLOSED = "the server closed the connection during the TLS handshake"
NOT_TLS = "the server answered with something that is not TLS"


def behind(name, steps, reason=CLEAR_BEHIND):
    return Row(name, {"starttls": steps}, r"451 4\.7\.5 " + reason, ("validation-failure", reason))


def injected(octets, what):
    """Behind the 220, in its segment; and a moment later, when it is the answer to the ClientHello."""
    return [behind(f"behind the 220, in its segment: {what}", [b"220 go\r\n" + octets]),
            behind(f"behind the 220, in the next segment: {what}", [b"220 go\r\n", LATER(octets), HALF],
                   f"({CLEAR_BEHIND}|{NOT_TLS}{'|' + CLOSED if len(octets) < 5 else ''})")]


INJECTED = (
    injected(b"250-mx.hostile.lab\r\n250 8BITMIME\r\n", "an EHLO reply") +
    injected(b"220 go again\r\n", "a second 220") +
    injected(b"2", "one octet") +
    injected(b"\r\n", "an empty line") +
    injected(b"421 4.3.2 no\r\n", "a 421") +
    injected(b"\0" * 2000, "NULs") + [
        behind("behind the 220, in its segment: the head of a TLS record", [b"220 go\r\n\x16\x03\x03"]),
    ])


def handshake(name, steps, reason, **more):
    """What is octets, or an end, comes once the ClientHello is there."""
    if steps[0] in (FIN, RST, HALF) or isinstance(steps[0], bytes):
        steps = [raw_tls.Hello] + steps
    return Row(name, {"hello": steps}, r"451 4\.7\.5 " + reason, ("validation-failure", reason), **more)


ALERTS = {0: "close notify", 10: "unexpected_message", 20: "bad record mac", 21: "decryption failed",
          40: "handshake failure", 42: "bad certificate", 43: "unsupported certificate", 47: "illegal parameter",
          49: "access denied", 50: "decode error", 70: "protocol version", 71: "insufficient security",
          80: "internal error", 86: "inappropriate fallback", 109: "missing extension", 112: "unrecognized name",
          120: "no application protocol"}
# A warning is no end: what ends it is that nothing follows.
WARNING = [handshake("a warning in place of the ServerHello, and FIN", [raw_tls.alert(112, 1), FIN], ".+")]
ALERT = [handshake(f"alert {number} {'behind' if behind_hello else 'in place of'} the ServerHello",
                   [raw_tls.alert(number, 1 if number == 0 else 2, behind_hello)],
                   CLOSED if number == 0 else 'the server ended TLS with the alert ".+"')
         for number in ALERTS for behind_hello in (False, True) if not behind_hello or number in (0, 40, 80)]

RULES = "the server does not keep to the rules of TLS: .+"
OLD = "the server chose a version of TLS that is too old"
DOWNGRADE = bytes(24) + b"DOWNGRD\x01"
HANDSHAKES = [
    handshake("octets that are no TLS in place of a ServerHello", [b"\xde\xad\xbe\xef" * 20], NOT_TLS),
    handshake("an SMTP reply in place of a ServerHello", [b"250 2.0.0 what?\r\n"], NOT_TLS),
    handshake("HTTP in place of a ServerHello", [b"HTTP/1.1 400 Bad Request\r\n\r\n"], NOT_TLS),
    handshake("FIN in place of a ServerHello", [FIN], "(" + CLOSED + "|the connection broke: Connection reset by peer)"),
    handshake("RST in place of a ServerHello", [RST], "the connection broke: Connection reset by peer"),
    handshake("half-close in place of a ServerHello", [HALF], CLOSED),
    handshake("half a record and FIN", [b"\x16\x03\x03\x40\x00\x02", HALF], CLOSED),
    handshake("a record of 18000 octets", [raw_tls.record(22, bytes(18000)), WAIT], RULES),
    handshake("a record of application data", [raw_tls.record(23, b"250 ok\r\n"), WAIT], RULES),
    handshake("empty records without end", [raw_tls.record(22, b"") * 5000, WAIT], RULES),
    handshake("warnings without end", [raw_tls.record(21, b"\1\x5a") * 5000, WAIT], RULES),
    handshake("ChangeCipherSpec without end", [raw_tls.record(20, b"\1") * 5000, WAIT], RULES),
    handshake("HelloRequests without end", [raw_tls.Hello, ENDLESS(raw_tls.record(22, bytes(4000)))], RULES),
    handshake("a ServerHello of SSL 3.0", [raw_tls.hello_of(version=0x0300), WAIT], OLD),
    handshake("a ServerHello of TLS 1.0", [raw_tls.hello_of(version=0x0301), WAIT], OLD),
    handshake("a ServerHello of TLS 1.1", [raw_tls.hello_of(version=0x0302), WAIT], OLD),
    handshake("a ServerHello of a TLS 1.4", [raw_tls.hello_of(version=0x0305), WAIT],
              "the server chose a version of TLS that .+"),
    handshake("a ServerHello of SSL 2", [b"\x80\x2e\x04\0\1\0\2" + bytes(41), WAIT], NOT_TLS),
    handshake("TLS 1.2 with the mark of a server that could do 1.3", [raw_tls.hello_of(random=DOWNGRADE), WAIT],
              "the server was talked down to an older version of TLS than it has: .+"),
    handshake("a ServerHello with compression", [raw_tls.hello_of(compression=1), WAIT], RULES),
    handshake("a ServerHello with a session of 33 octets", [raw_tls.hello_of(session=bytes(33)), WAIT], RULES),
    handshake("a ServerHello with an extension that was not asked for",
              [raw_tls.hello_of(extensions=raw_tls.extension(0x3374, b"\0")), WAIT], RULES),
    handshake("HelloRetryRequests without end", [raw_tls.retries(raw_tls.group_without_share), WAIT], RULES),
    handshake("a HelloRetryRequest for what was sent", [raw_tls.retries(raw_tls.group_with_share), WAIT], RULES),
    handshake("a HelloRetryRequest for a group that is none", [raw_tls.retries(lambda *_: 0x7777), WAIT], RULES),
] + [
    handshake(f"a suite that was not offered: {name}", [raw_tls.hello_of(suite=number), WAIT],
              "the server chose a cipher that it was not offered")
    for name, number in (("RSA without forward secrecy", 0x002F), ("RSA with GCM", 0x009C), ("NULL", 0x003B),
                         ("EXPORT", 0x0003), ("RC4", 0x0005), ("3DES", 0x000A), ("DHE", 0x009E), ("anonymous", 0xC018),
                         ("one of TLS 1.3 in 1.2", 0x1301), ("none at all", 0x0000))
]

TOO_LARGE = r"the server sent a message that is too large \(certificates beyond 65536 octets\?\)"
MESSAGES = [
    handshake("a Certificate message of 70000 octets", [raw_tls.certificate(bytes(70000)), WAIT], TOO_LARGE),
    handshake("a Certificate message of 16 MiB, announced", [raw_tls.certificate(b"", 0xFFFFFF), WAIT], TOO_LARGE),
    handshake("a Certificate message of 64 KiB of nothing", [raw_tls.certificate(bytes(65536)), WAIT], RULES),
    handshake("a Certificate message announced, and FIN", [raw_tls.certificate(bytes(100), 60000), HALF], CLOSED),
    handshake("an empty Certificate message", [raw_tls.certificate(b""), WAIT], RULES),
    handshake("a list of no certificates", [raw_tls.certificate(bytes(3)), WAIT], RULES),
    handshake("a certificate that is none", [raw_tls.certificate(b"\0\0\x13\0\0\x10" + bytes(16)), WAIT],
              "the certificate of the server cannot be read"),
    # The one row that takes its time, half a minute of it while all others run: the limit is of the whole handshake.
    handshake("a Certificate message that drips without end", [raw_tls.drip],
              "TLS did not come about: the server did not answer in time"),
]

ROWS = KEYWORD + STARTTLS + INJECTED + WARNING + ALERT + HANDSHAKES + MESSAGES
