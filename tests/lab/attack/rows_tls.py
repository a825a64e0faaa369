"""rows_tls.py - what a server can do with TLS once the handshake is under its control: versions, suites and extensions of
its choice, and records that no library would send."""
import ssl
import struct

from own_tls import ALERT, CHANGE, DATA, HANDSHAKE
from rows import BYE, HALF, LISTEN, RAW, Row, WAIT

GONE = r"451 4\.4\.2 the server is gone"
TLS12 = ssl.TLSVersion.TLSv1_2
NO_EMS = 1  # SSL_OP_NO_EXTENDED_MASTER_SECRET


def handshake(name, reason, **tls):
    return Row(name, {}, r"451 4\.7\.5 " + reason, ("validation-failure", reason), tls=tls)


def fine(name, **tls):
    return Row(name, {}, tls=tls)


OLD = "the server ended TLS with the alert \"(protocol version|handshake failure)\""
CHOICES = [
    handshake("a server of TLS 1.1", OLD, min=ssl.TLSVersion.TLSv1_1, max=ssl.TLSVersion.TLSv1_1),
    handshake("a server of TLS 1.0", OLD, min=ssl.TLSVersion.TLSv1, max=ssl.TLSVersion.TLSv1),
    handshake("RSA without forward secrecy, and nothing else", 'the server ended TLS with the alert "handshake failure"',
              max=TLS12, ciphers="AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA", cert="rsa"),
    handshake("DHE, and nothing else", 'the server ended TLS with the alert "handshake failure"', max=TLS12,
              ciphers="DHE-RSA-AES128-GCM-SHA256", cert="rsa"),
    handshake("anonymous suites, and nothing else", 'the server ended TLS with the alert "handshake failure"', max=TLS12,
              ciphers="ADH:AECDH"),
    handshake("Camellia, ARIA and CCM, and nothing else", 'the server ended TLS with the alert "handshake failure"', max=TLS12,
              ciphers="CAMELLIA:ARIA:AESCCM"),
    fine("TLS 1.2 without extended master secret", max=TLS12, options=NO_EMS),
    fine("TLS 1.2 with ECDHE and CBC, at a level that does not authenticate", max=TLS12, ciphers="ECDHE-ECDSA-AES128-SHA"),
    Row("TLS 1.2 with ECDHE and CBC, at a level that authenticates", {},
        r'451 4\.7\.5 the server ended TLS with the alert "handshake failure"',
        ("validation-failure", 'the server ended TLS with the alert "handshake failure"'), level="verify",
        tls={"max": TLS12, "ciphers": "ECDHE-ECDSA-AES128-SHA"}),
    fine("a HelloRetryRequest that is meant", group="secp384r1"),
]


def own(name, steps, reason="", reply=GONE, version="1.3", **more):
    tls = {"own": version}
    if version == "1.2":
        tls |= {"max": TLS12, "ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256"}
    return Row(f"TLS {version}: {name}", steps if isinstance(steps, dict) else {"rcpt": steps}, reply,
               ("", reason) if reason else None, tls=tls, **more)


def SEND(kind, octets, times=1):
    def step(talk):
        for _ in range(times):
            talk.tls.send(kind, octets)
    return step


def SEAL(kind, octets, pad):
    return lambda talk: talk.raw(talk.tls.seal(kind, octets, pad))


def SPOILED(talk):
    record = talk.tls.seal(DATA, b"250 2.1.5 ok\r\n")
    talk.raw(record[:-1] + bytes([record[-1] ^ 1]))


def TWICE(talk):
    record = talk.tls.seal(DATA, b"250 2.1.5 ok\r\n")
    talk.raw(record + record)


def KEY_UPDATES(times, ask):
    def step(talk):
        for _ in range(times):
            talk.tls.key_update(ask)
    return step


def FLOOD(kind, octets):
    """As fast as the connection takes them, until the client goes."""
    def step(talk):
        while True:
            talk.raw(b"".join(talk.tls.seal(kind, octets) for _ in range(100)))
    return step


def message(kind, octets, claimed=None):
    return bytes([kind]) + struct.pack(">I", len(octets) if claimed is None else claimed)[1:] + octets


def ticket(octets=b"t" * 32, nonce=b"\0"):
    return message(4, struct.pack(">II", 7200, 1) + bytes([len(nonce)]) + nonce + struct.pack(">H", len(octets)) + octets +
                   b"\0\0")


OK = b"250 2.1.5 ok\r\n"
RULES = "the server does not keep to the rules of TLS: .+"
DAMAGED = "a TLS record was damaged or changed on its way from the server"
TOO_LARGE = r"the server sent a message that is too large \(.+\)"
RENEGOTIATES = "the server wants to renegotiate TLS, which gate25 never does"
ALERTS = (10, 20, 22, 40, 42, 46, 48, 49, 50, 51, 70, 71, 80, 86, 115, 116, 255)
ALERTED = 'the server ended TLS with the alert ".+"'
CUT = "the connection was closed without an end of TLS"
RECORDS = [own(f"alert {number} in place of a reply", [lambda talk, n=number: talk.tls.alert(n), WAIT], ALERTED)
           for number in ALERTS] + [
    own(f"alert 80 at {point}", {point: [lambda talk: talk.tls.alert(80), WAIT]}, ALERTED, reply)
    for point, reply in (("mail", GONE), ("data", GONE), ("content", GONE), ("dot", GONE),
                         ("tls-ehlo", r"451 4\.4\.2 the server ended TLS .+"))
] + [
    own("alert 80 once the message is taken", {"after": [lambda talk: talk.tls.alert(80), WAIT]}),
    own("close_notify in place of a reply", [BYE], "the server closed the connection"),
    own("close_notify behind half a reply", [b"250-2.1.5 o", BYE], "the server closed the connection"),
    own("FIN behind half a reply", [b"250-2.1.5 o", HALF], CUT),
    own("a reply behind close_notify", {"dot": [lambda talk: talk.tls.alert(0, 1), b"250 2.0.0 taken\r\n", WAIT]},
        "the server closed the connection"),
    own("a reply, close_notify, and another", {"rcpt": [OK, lambda talk: talk.tls.alert(0, 1), b"354 go on\r\n", WAIT]},
        "the server closed the connection", r"421 4\.4\.2 the server is gone", end="refused", lines=("MAIL", "RCPT", LISTEN)),
    own("an alert in clear in the session", [RAW(b"\x15\3\3\0\2\2\x28"), WAIT], f"({RULES}|{DAMAGED})"),
    own("close_notify in clear in the session", [RAW(b"\x15\3\3\0\2\1\0"), WAIT], f"({RULES}|{DAMAGED})"),
    own("a reply in clear in the session", [RAW(OK), WAIT], f"({RULES}|the server answered with something that is not TLS)"),
    own("a reply in a record in clear", [RAW(b"\x17\3\3\0\x0e" + OK), WAIT], f"({RULES}|{DAMAGED})"),
    own("a record with one bit changed", [SPOILED, WAIT], DAMAGED),
    own("a record repeated", [TWICE, WAIT], DAMAGED, r"421 4\.4\.2 the server is gone", end="refused",
        lines=("MAIL", "RCPT", LISTEN)),
    own("a record of 16385 octets", [SEND(DATA, b"250 " + b"x" * 16381), WAIT], RULES),
    own("a record without a type", [SEND(0, b""), WAIT], f"({RULES}|{DAMAGED})"),
    own("a record of a type that is none", [SEND(24, OK), WAIT], RULES),
    own("ChangeCipherSpec in the session", [RAW(b"\x14\3\3\0\1\1") , WAIT], RULES),
    own("empty records, 5000 of them", [SEND(DATA, b"", 5000), OK, WAIT], RULES),
    own("warnings, 5000 of them", [SEND(ALERT, b"\1\x5a", 5000), OK, WAIT], "(" + RULES + "|" + ALERTED + ")"),
    own("records of one octet", {point: [lambda talk, text=text: [talk.tls.say(text[i:i + 1]) for i in range(len(text))]]
                                 for point, text in (("rcpt", OK), ("mail", OK))},
        reply=r"250 2\.0\.0 taken"),
    own("records with 10,000 octets of padding", {"rcpt": [SEAL(DATA, OK, 10000)]}, reply=r"250 2\.0\.0 taken"),
    own("one KeyUpdate", {"rcpt": [KEY_UPDATES(1, 1), OK]}, reply=r"250 2\.0\.0 taken"),
    own("5000 KeyUpdates", [KEY_UPDATES(5000, 0), OK, WAIT], RULES),
    own("5000 KeyUpdates that want an answer", [KEY_UPDATES(5000, 1), OK, WAIT], RULES),
    own("a few tickets", {"rcpt": [SEND(HANDSHAKE, ticket(), 20), OK]}, reply=r"250 2\.0\.0 taken"),
    own("tickets without end", [FLOOD(HANDSHAKE, ticket() * 100)], "the server sends TLS messages without end"),
    own("a message of 16 MiB, announced", [SEND(HANDSHAKE, message(4, b"", 0xFFFFFF)), WAIT], TOO_LARGE),
    own("half a message, and a reply", [SEND(HANDSHAKE, ticket()[:20]), OK, WAIT], RULES),
    own("a CertificateRequest in the session", [SEND(HANDSHAKE, message(13, b"\0\0\0")), OK, WAIT], RULES),
    own("a ServerHello in the session", [SEND(HANDSHAKE, message(2, bytes(40))), OK, WAIT], RULES),
    own("a HelloRequest in the session", [SEND(HANDSHAKE, message(0, b"")), OK, WAIT], RULES),
    own("a Finished once more", [SEND(HANDSHAKE, message(20, bytes(32))), OK, WAIT], RULES),
    own("a renegotiation", [SEND(HANDSHAKE, message(0, b"")), OK, WAIT], RENEGOTIATES, version="1.2"),
    own("renegotiations without end", [FLOOD(HANDSHAKE, message(0, b""))], RENEGOTIATES, version="1.2"),
    own("a renegotiation once the message is taken", {"after": [SEND(HANDSHAKE, message(0, b"")), WAIT]}, version="1.2"),
    own("alert 40 in place of a reply", [lambda talk: talk.tls.alert(40), WAIT], ALERTED, version="1.2"),
    own("a warning that there is no renegotiation", {"rcpt": [SEND(ALERT, b"\1\x64"), OK]}, version="1.2"),
    own("a reply behind close_notify", {"dot": [lambda talk: talk.tls.alert(0, 1), b"250 2.0.0 taken\r\n", WAIT]},
        "the server closed the connection", version="1.2"),
    own("ChangeCipherSpec in the session", [SEND(CHANGE, b"\1"), OK, WAIT], RULES, version="1.2"),
    own("empty records, 5000 of them", [SEND(DATA, b"", 5000), OK, WAIT], RULES, version="1.2"),
    own("a record with one bit changed", [SPOILED, WAIT], DAMAGED, version="1.2"),
]
for row in RECORDS:  # those of which a message is due
    if row.reply == GONE and row.refused is None:
        row.reply = r"250 2\.0\.0 taken"

ROWS = CHOICES + RECORDS
