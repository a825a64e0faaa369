"""client_rows.py - the table of attacks by clients, put together from client_*.py, and what its rows are made of.

A row is a session: what the client says, octet for octet and in which pieces; its replies; the lines of the log about
refusals; what the server gets of it over TLS, octet for octet. Everything is to the letter."""
import dataclasses

DOMAIN = "raw.lab"
MAIL = b"MAIL FROM:<canary@lan.test>\r\n"
RCPT = b"RCPT TO:<bob@raw.lab>\r\n"
OK, OK_RCPT, GO, BYE = "250 2.1.0 ok", "250 2.0.0 ok", "354 go on", "221 2.0.0 bye"
RECORDED = "250 2.0.0 recorded"
SYNTAX = "500 5.5.2 Syntax error"
UNKNOWN = "500 5.5.2 Command not recognized"
DISABLED = "502 5.5.1 command disabled"
BAD_TO, BAD_FROM = "501 5.1.3 Bad recipient address syntax", "501 5.1.7 Bad sender address syntax"
BAD_PARAM, ALIEN_PARAM = "501 5.5.4 Bad parameter", "555 5.5.4 Unsupported parameter"
FIRST = object()  # the whole of a line up to a space or its end, as |command| shows it


@dataclasses.dataclass
class Row:
    name: str
    say: tuple  # pieces, each sent when what was said before is acknowledged; or a function of the client
    replies: tuple  # each whole
    lines: tuple = ()  # ("refused" or "client-error", reply, command or reason or None: any)
    server: bytes = None  # behind its EHLO over TLS; several: of several such sessions; None: it never came to TLS
    domain: str = None  # of the last recipient that a policy was asked for
    end: str = "quit"  # the word of the session's end; with quit, QUIT is said
    hello: bool = True  # EHLO is said first, and is none of |replies|
    lost: int = 0  # of |server|, so many octets at its end may be lost with a connection that is reset
    number: int = 0

    @property
    def helo(self):
        return f"r{self.number:03d}.lan"


def error(name, line, reply, shown=FIRST, **more):
    """A line that is refused, and leaves the session as it was."""
    if shown is FIRST:
        shown = line.split(b" ")[0]
    return Row(name, (line + b"\r\n",), (reply,), (("client-error", reply, shown),), **more)


def table():
    import client_addresses
    import client_commands
    import client_states
    rows = []
    for part in (client_commands, client_addresses, client_states):
        rows += part.ROWS
    for number, row in enumerate(rows):
        row.number = number
    return rows
