"""client_states.py - rows about clients that go away, at each point of a session and in each way, and about very many of
something."""
import socket
import struct

from client_rows import BYE, GO, MAIL, OK, OK_RCPT, RCPT, RECORDED, Row

ENVELOPE = MAIL + RCPT
PART = b"Subject: canary\r\n\r\ntext\r\n"
RESET = "250 2.0.0 ok"
OTHER, STRICT = MAIL + b"RCPT TO:<bob@also.raw.lab>\r\n", MAIL + b"RCPT TO:<bob@strict.lab>\r\n"
MISMATCH = "451 4.7.5 the certificate of the server is for mx.raw.lab and not for mx.strict.lab"
TOO_MANY = "421 4.7.0 too many failed attempts at this server"
MANY, TRANSACTIONS = 5000, 500


def fin(client):
    client.sock.close()


def rst(client):
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sock.close()


def half(client):
    client.sock.shutdown(socket.SHUT_WR)


def gone(name, *say, replies=(), server=None, **more):
    """In two ways. A reset may overtake what was said last where nothing answers that."""
    for how in (fin, rst):
        lost = len(say[-1]) if how is rst and len(say) > 1 else 0
        yield Row(f"{name}: {how.__name__}", say + (how,), replies, server=server, end="client-gone", lost=lost, **more)


# MAIL is held until a recipient is known; QUIT follows where nothing of a message is under way.
ROWS = [row for rows in (
    gone("goes before EHLO", hello=False),
    gone("goes after EHLO"),
    gone("goes within a command", b"MAIL FROM:<can"),
    gone("goes after a CR", b"NOOP\r"),
    gone("goes after MAIL", MAIL, replies=(OK,)),
    gone("goes after RCPT", ENVELOPE, replies=(OK, OK_RCPT), server=ENVELOPE + b"QUIT\r\n", domain="raw.lab"),
    gone("goes after DATA", ENVELOPE + b"DATA\r\n", replies=(OK, OK_RCPT, GO), server=ENVELOPE + b"DATA\r\n", domain="raw.lab"),
    gone("goes within a message", ENVELOPE + b"DATA\r\n", PART, replies=(OK, OK_RCPT, GO),
         server=ENVELOPE + b"DATA\r\n" + PART, domain="raw.lab"),
    gone("goes within the end of one", ENVELOPE + b"DATA\r\n", PART + b".\r", replies=(OK, OK_RCPT, GO),
         server=ENVELOPE + b"DATA\r\n" + PART, domain="raw.lab"),
    gone("goes after a message", ENVELOPE + b"DATA\r\n" + PART + b".\r\n", replies=(OK, OK_RCPT, GO, RECORDED),
         server=ENVELOPE + b"DATA\r\n" + PART + b".\r\nQUIT\r\n", domain="raw.lab"),
) for row in rows]
ROWS += [
    Row("says everything and closes its half", (ENVELOPE + b"DATA\r\n" + PART + b".\r\nQUIT\r\n", half),
        (OK, OK_RCPT, GO, RECORDED, BYE), server=ENVELOPE + b"DATA\r\n" + PART + b".\r\nQUIT\r\n", domain="raw.lab", end="quit-said"),
    Row("closes its half behind the final dot", (ENVELOPE + b"DATA\r\n", PART + b".\r\n", half),
        (OK, OK_RCPT, GO, RECORDED), server=ENVELOPE + b"DATA\r\n" + PART + b".\r\nQUIT\r\n", domain="raw.lab",
        end="client-gone"),
    Row(f"{MANY} recipients at once, some of them too many", (MAIL + b"".join(
        b"RCPT TO:<%s%d@raw.lab>\r\n" % (b"full" if n >= 1000 else b"bob", n) for n in range(MANY)) + b"DATA\r\n", PART + b".\r\n"),
        (OK,) + (OK_RCPT,) * 1000 + ("452 4.5.3 too many recipients",) * (MANY - 1000) + (GO, RECORDED),
        server=MAIL + b"".join(b"RCPT TO:<%s%d@raw.lab>\r\n" % (b"full" if n >= 1000 else b"bob", n) for n in range(MANY)) +
        b"DATA\r\n" + PART + b".\r\nQUIT\r\n", domain="raw.lab"),
    Row(f"{TRANSACTIONS} transactions", (ENVELOPE + (b"RSET\r\n" + ENVELOPE) * TRANSACTIONS,),
        (OK, OK_RCPT) + (RESET, OK, OK_RCPT) * TRANSACTIONS,
        server=ENVELOPE + (b"RSET\r\n" + ENVELOPE) * TRANSACTIONS + b"QUIT\r\n", domain="raw.lab"),
    Row("RSET without end", (b"RSET\r\n" * 3000,), (RESET,) * 3000),
    Row("policies that change with each transaction, all of them met", ((ENVELOPE + b"RSET\r\n" + OTHER + b"RSET\r\n") * 60,),
        (OK, OK_RCPT, RESET) * 120, server=(ENVELOPE + b"RSET\r\n" + OTHER + b"RSET\r\n") * 60 + b"QUIT\r\n", domain="also.raw.lab"),
    # Each failure costs the server a handshake: three of them, and the client must come again.
    Row("policies that change, and one of them is never met", ((ENVELOPE + b"RSET\r\n" + STRICT + b"RSET\r\n") * 60,),
        (OK, OK_RCPT, RESET, OK, MISMATCH, RESET) * 3 + (OK, TOO_MANY), (("refused", MISMATCH, None),) * 3 +
        (("refused", TOO_MANY, None),), server=[ENVELOPE + b"RSET\r\nQUIT\r\n"] * 3, domain="raw.lab", end="refused"),
    Row("too many failures, each of its own", ((MAIL + b"RCPT TO:<bob@strict.lab>\r\nRSET\r\n") * 60,),
        (OK, MISMATCH, RESET) * 3 + (OK, TOO_MANY), (("refused", MISMATCH, None),) * 3 + (("refused", TOO_MANY, None),),
        domain="strict.lab", end="refused"),
    Row("recipients that are refused, without end", (MAIL + b"RCPT TO:<bob@strict.lab>\r\n" * 1000 + b"DATA\r\n",),
        (OK,) + (MISMATCH,) * 1000 + ("451 4.5.1 no recipient was accepted yet",), (("refused", MISMATCH, None),),
        domain="strict.lab"),
]
