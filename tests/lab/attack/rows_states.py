"""rows_states.py - a server that goes, at every point of a session, in every way; 421 at every point."""
from rows import DECENT, FIN, HALF, LISTEN, RST, Row

GONE = r"451 4\.4\.2 the server is gone"
CLOSED = "the (server closed the connection|connection was closed without an end of TLS)"
RESET = "the connection broke: Connection reset by peer"
# To close with octets unread is to reset.
HOW = {"FIN": (FIN, f"({CLOSED}|{RESET})"), "RST": (RST, RESET), "half-close": (HALF, CLOSED)}


def goes(point, reply, front="", **more):
    return [Row(f"{name} at {point}", {point: [step]}, reply.replace("REASON", reason), ("", front + reason), **more)
            for name, (step, reason) in HOW.items()]


def unnoticed(point, what, **more):
    """The leg to the server goes while nothing hangs on it: dialled anew, and the client notices nothing."""
    return [Row(f"{name} {what}", {point: [DECENT, step]}, first=True, **more) for name, (step, _) in HOW.items()]


GOES = (goes("banner", r"421 4\.4\.1 the server does not answer", "no greeting came: ", end="refused") +
        goes("ehlo", r"421 4\.4\.2 the server is gone", end="refused") +
        goes("tls-ehlo", r"451 4\.4\.2 REASON") + goes("mail", GONE) + goes("rcpt", GONE) + goes("data", GONE) +
        goes("content", GONE) + goes("dot", GONE))

# A reset behind the greeting may be there before the greeting is read.
UNNOTICED = ([row for row in unnoticed("banner", "once it has greeted") if not row.name.startswith("RST")] +
             unnoticed("ehlo", "once EHLO is answered") + unnoticed("after", "once the message is taken") +
             [Row(f"{name} in place of the answer to STARTTLS, on a leg that idled", {"starttls": [step]}, first=True)
              for name, (step, _) in HOW.items()])

BETWEEN = [Row(f"{name} between RCPT and DATA", {"rcpt": [DECENT, step]}, r"421 4\.4\.2 the server is gone", ("", reason),
               end="refused", lines=("MAIL", "RCPT", LISTEN)) for name, (step, reason) in HOW.items()]

BUSY = b"421 4.3.2 too busy\r\n"
SAID = r"421 4\.3\.2 too busy"
SERVER = [Row(f"421 to {point}", {point: [BUSY, FIN]}, SAID, end="server")
          for point in ("banner", "ehlo", "tls-ehlo", "mail", "rcpt", "data", "dot")]
LATER = [
    Row("421 behind the greeting", {"banner": [b"220 mx.hostile.lab ESMTP\r\n" + BUSY, FIN]}, first=True),
    Row("421 behind the reply to EHLO", {"ehlo": [b"250-mx.hostile.lab\r\n250 STARTTLS\r\n" + BUSY, FIN]}, first=True),
    Row("421 behind the reply to RCPT", {"rcpt": [DECENT, BUSY, FIN]}, SAID, end="server", lines=("MAIL", "RCPT", LISTEN)),
    Row("421 within the message", {"content": [BUSY, HALF]}, SAID, end="server"),
    Row("421 behind the reply to the message", {"after": [BUSY, FIN]}),
    Row("421 to RSET", {"rset": [BUSY, FIN]}, r"250 2\.0\.0 ok", lines=("MAIL", "RCPT", "RSET")),
    Row("FIN at RSET", {"rset": [FIN]}, r"250 2\.0\.0 ok", lines=("MAIL", "RCPT", "RSET")),
    Row("550 to RSET", {"rset": [b"550 5.7.1 no\r\n"]}, r"250 2\.0\.0 ok", lines=("MAIL", "RCPT", "RSET")),
]

for row in GOES:
    if row.name == "RST at banner":  # it may be there before the connection is looked at
        row.refused = ("", "(no greeting came: the connection broke: )?Connection reset by peer")

ROWS = GOES + UNNOTICED + BETWEEN + SERVER + LATER
