"""client_commands.py - rows about command lines: what is none, what was never offered, what is out of place, too long or
comes too early."""
from client_rows import (BYE, DISABLED, GO, MAIL, OK, OK_RCPT, RCPT, RECORDED, SYNTAX, UNKNOWN, Row, error)

ENVELOPE = MAIL + RCPT
MESSAGE = b"Subject: canary\r\n\r\ntext\r\n.\r\n"
TO_SERVER = ENVELOPE + b"DATA\r\n" + MESSAGE
NO_ARGUMENT, NEEDS_ARGUMENT = "501 5.5.4 This command takes no argument", "501 5.5.4 This command needs an argument"
HELLO_USAGE = "501 5.5.4 Syntax: EHLO or HELO, and a host name"
HELLO_FIRST, MAIL_FIRST, IS_OPEN = "503 5.5.1 say EHLO first", "503 5.5.1 MAIL first", "503 5.5.1 a transaction is open"
NO_RECIPIENTS, TOO_MANY = "554 5.5.1 no recipients", "421 4.7.0 too many errors"
TOO_LONG, NO_END = "500 5.5.2 line too long", "421 4.7.0 line without end"
NO_OP, RESET, VERIFIED, HELPED = "250 2.0.0 ok", "250 2.0.0 ok", "252 2.5.0 send mail and see", "214 2.0.0 see RFC 5321"


def ends(name, said, reply, shown, **more):
    """One line of which the session dies, whatever is behind it."""
    return Row(name, said, (reply,), (("client-error", reply, shown),), end="refused", **more)


ROWS = [error(f"{word.split()[0].decode()}, never offered", word, DISABLED) for word in (
    b"STARTTLS", b"AUTH PLAIN AGEAYg==", b"AUTH LOGIN", b"ETRN raw.lab", b"TURN", b"ATRN raw.lab", b"BURL imap://x LAST",
    b"XCLIENT ADDR=127.0.0.1 LOGIN=root", b"XFORWARD NAME=x", b"EXPN staff")]
ROWS += [error(f"{word.decode()!r} is no command", word, UNKNOWN) for word in (
    b"XEXCH50 1 2", b"SEND FROM:<a@b>", b"SAML FROM:<a@b>", b"SOML FROM:<a@b>", b"DEBUG", b"WIZ", b"MAIL\tFROM:x".replace(b"\t", b"_"),
    b"MAILFROM:<a@b.lab>", b"MAIL_FROM:<a@b.lab>", b"EHLOx y", b"\xc2\xa0NOOP"[2:] + b"!")]
ROWS += [error("an empty line", b"", UNKNOWN, None), error("spaces before a command", b" NOOP", UNKNOWN, None)]
ROWS += [error(f"{name} in a verb", b"NO" + octet + b"OP", SYNTAX, b"NO" + octet + b"OP") for name, octet in (
    ("NUL", b"\0"), ("ESC", b"\x1b[31m"), ("DEL", b"\x7f"), ("8-bit", b"\xff"), ("bare CR", b"\r"), ("bare LF", b"\n"))]
ROWS += [error(f"{name} in an argument", b"NOOP a" + octet + b"b", SYNTAX, b"NOOP") for name, octet in (
    ("NUL", b"\0"), ("ESC", b"\x1b]0;x\7"), ("8-bit", b"\xc3\xa9"))]
ROWS += [
    error("a bare LF that makes two commands", b"NOOP\nMAIL FROM:<evil@lan.test>", SYNTAX, b"NOOP\nMAIL"),
    error("a bare CR that does", b"NOOP\rMAIL FROM:<evil@lan.test>", SYNTAX, b"NOOP\rMAIL"),
    error("CR CRLF at the end of a command", b"NOOP\r", SYNTAX, b"NOOP\r"),
    error("LF CRLF", b"NOOP\n", SYNTAX, b"NOOP\n"),
    error("EHLO without a name", b"EHLO", HELLO_USAGE, b"EHLO"),
    error("EHLO with two", b"EHLO a b", HELLO_USAGE, b"EHLO a b"),
    error("EHLO with ESC", b"EHLO a\x1b[2Jb", SYNTAX, b"EHLO a\x1b[2Jb"),
    error("EHLO with 256 octets", b"EHLO " + b"h" * 256, HELLO_USAGE, b"EHLO " + b"h" * 256),
    error("DATA with an argument", b"DATA now", NO_ARGUMENT),
    error("RSET with one", b"RSET all", NO_ARGUMENT),
    error("VRFY without one", b"VRFY", NEEDS_ARGUMENT),
    error("EXPN without one", b"EXPN", NEEDS_ARGUMENT),
    error("QUIT with one", b"QUIT now", NO_ARGUMENT),
    Row("NOOP, HELP and VRFY with arguments", (b"NOOP <script>\r\nHELP %s%n\r\nVRFY bob@raw.lab\r\n",), (NO_OP, HELPED, VERIFIED)),
    # Order.
    error("MAIL before EHLO", MAIL[:-2], HELLO_FIRST, MAIL[:-2], hello=False),
    error("RCPT before EHLO", RCPT[:-2], HELLO_FIRST, RCPT[:-2], hello=False),
    error("DATA before EHLO", b"DATA", HELLO_FIRST, hello=False),
    error("RCPT before MAIL", RCPT[:-2], MAIL_FIRST, RCPT[:-2]),
    error("DATA before MAIL", b"DATA", MAIL_FIRST),
    Row("MAIL within a transaction", (MAIL, b"MAIL FROM:<evil@lan.test>\r\n", RCPT), (OK, IS_OPEN, OK_RCPT),
        (("client-error", IS_OPEN, b"MAIL FROM:<evil@lan.test>"),), server=ENVELOPE + b"QUIT\r\n", domain="raw.lab"),
    Row("DATA without recipients", (MAIL, b"DATA\r\n", b"RSET\r\n"), (OK, NO_RECIPIENTS, RESET),
        (("client-error", NO_RECIPIENTS, b"DATA"),)),
    Row("DATA without recipients, and its text at once", (MAIL + b"DATA\r\n", b"Dear Bob,\r\nthe password is\r\n.\r\n"),
        (OK, NO_RECIPIENTS, UNKNOWN, UNKNOWN, UNKNOWN), (("client-error", NO_RECIPIENTS, b"DATA"),
        ("client-error", UNKNOWN, None), ("client-error", UNKNOWN, None), ("client-error", UNKNOWN, None))),
    Row("DATA after the server refused everybody", (MAIL, b"RCPT TO:<nobody@raw.lab>\r\n", b"DATA\r\n"),
        (OK, "550 5.1.1 nobody", "554 5.5.1 no valid recipients"), server=MAIL + b"RCPT TO:<nobody@raw.lab>\r\nQUIT\r\n", domain="raw.lab"),
    Row("EHLO within a transaction ends it", (MAIL, b"EHLO again.lan\r\n", RCPT), (OK, "250", MAIL_FIRST),
        (("client-error", MAIL_FIRST, RCPT[:-2]),)),
    Row("HELO after EHLO ends it, too", (MAIL, b"HELO again.lan\r\n", RCPT), (OK, "250", MAIL_FIRST),
        (("client-error", MAIL_FIRST, RCPT[:-2]),)),
    Row("a parameter after HELO", (b"HELO again.lan\r\n", b"MAIL FROM:<canary@lan.test> SIZE=1\r\n"),
        ("250", "555 5.5.4 Unsupported parameter"),
        (("client-error", "555 5.5.4 Unsupported parameter", b"MAIL FROM:<canary@lan.test> SIZE=1"),)),
    Row("AUTH, and the password for lack of patience", (b"AUTH LOGIN\r\nY2FuYXJ5\r\nc2VjcmV0\r\n",), (DISABLED, UNKNOWN, UNKNOWN),
        (("client-error", DISABLED, b"AUTH"), ("client-error", UNKNOWN, None), ("client-error", UNKNOWN, None))),
    # Length.
    Row("a line of 2048 octets", (b"NOOP " + b"x" * 2041 + b"\r\n",), (NO_OP,)),
    error("a line of 2049", b"NOOP " + b"x" * 2042, TOO_LONG, None),
    error("a line of 12,290", b"NOOP " + b"x" * 12283, TOO_LONG, None),
    error("MAIL of 2049", b"MAIL FROM:<canary@lan.test> ENVID=" + b"e" * 2013, TOO_LONG, None),
    error("a line of 65,535", b"NOOP " + b"x" * 65528, TOO_LONG, None),
    ends("a line of 65,537", (b"NOOP " + b"x" * 65530 + b"\r\nMAIL FROM:<evil@lan.test>\r\n",), NO_END, b"NOOP"),
    ends("a line that never ends", (b"x" * 200000,), NO_END, b"x" * 400),
    ends("NULs that never end", (b"\0" * 100000,), NO_END, b"\0" * 400),
    ends("bare LFs that never end", (b"\n" * 100000,), NO_END, b"\n" * 400),
    Row("CRLFs without end", (b"\r\n" * 1000,), (UNKNOWN,) * 19 + (TOO_MANY,), (("client-error", UNKNOWN, None),) * 19 +
        (("client-error", TOO_MANY, None),), end="refused"),
    Row("twenty errors", (b"A\r\n" * 25,), (UNKNOWN,) * 19 + (TOO_MANY,), (("client-error", UNKNOWN, b"A"),) * 19 +
        (("client-error", TOO_MANY, b"A"),), end="refused"),
    # What is no mail client.
    ends("a browser", (b"POST /?password=canary HTTP/1.1\r\nHost: raw.lab\r\n\r\n" + ENVELOPE,), "500 5.5.2 this is a mail server",
         b"POST", hello=False),
    ends("a browser's Host: alone", (b"Host: raw.lab\r\n" + ENVELOPE,), "500 5.5.2 this is a mail server", b"Host:", hello=False),
    Row("a banner of SSH", (b"SSH-2.0-OpenSSH_9.2\r\n",), (UNKNOWN,), (("client-error", UNKNOWN, b"SSH-2.0-OpenSSH_9.2"),), hello=False),
    Row("a ClientHello", (b"\x16\x03\x01\0\x05\x01\0\0\x01\x03\r\n",), (SYNTAX,),
        (("client-error", SYNTAX, b"\x16\x03\x01\0\x05\x01\0\0\x01\x03"),), hello=False),
    Row("a header of the PROXY protocol", (b"PROXY TCP4 192.0.2.9 198.51.100.120 9 25\r\n",), (UNKNOWN,),
        (("client-error", UNKNOWN, b"PROXY"),), hello=False),
    ends("BDAT, with MAIL for a payload", (b"BDAT 30 LAST\r\nMAIL FROM:<evil@lan.test>\r\n",), DISABLED, b"BDAT"),
    ends("BDAT of nothing", (b"BDAT 0 LAST\r\n",), DISABLED, b"BDAT"),
    # Too early.
    Row("everything at once", (b"MAIL FROM:<canary@lan.test>\r\nRCPT TO:<bob@raw.lab>\r\nDATA\r\n" + MESSAGE + b"NOOP\r\n",),
        (OK, OK_RCPT, GO, RECORDED, NO_OP), server=TO_SERVER + b"QUIT\r\n", domain="raw.lab"),
    Row("two messages at once, and QUIT", (TO_SERVER + TO_SERVER + b"QUIT\r\n" + TO_SERVER,),
        (OK, OK_RCPT, GO, RECORDED) * 2 + (BYE,), server=TO_SERVER * 2 + b"QUIT\r\n", domain="raw.lab", end="quit-said"),
    Row("commands behind EHLO", (b"EHLO r%03d.lan\r\n" + TO_SERVER,), ("250", OK, OK_RCPT, GO, RECORDED),
        server=TO_SERVER + b"QUIT\r\n", domain="raw.lab", hello=False),
    Row("STARTTLS and commands behind it", (b"STARTTLS\r\n" + ENVELOPE,), (DISABLED, OK, OK_RCPT),
        (("client-error", DISABLED, b"STARTTLS"),), server=ENVELOPE + b"QUIT\r\n", domain="raw.lab"),
    Row("commands behind QUIT", (b"QUIT\r\n" + TO_SERVER,), (BYE,), end="quit-said"),
    Row("octet by octet", tuple(bytes([octet]) for octet in MAIL + b"NO\r\n"), (OK, UNKNOWN), (("client-error", UNKNOWN, b"NO"),)),
]
