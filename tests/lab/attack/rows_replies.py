"""rows_replies.py - replies that are none, too many, too long, too early, or of strange octets."""
from rows import ENDLESS, LISTEN, Row, SLOWLY, WAIT

GONE = r"451 4\.4\.2 the server is gone"
NO_ANSWER = r"421 4\.4\.1 the server does not answer"
NO_EHLO = r"421 4\.4\.2 the server is gone"

# What is no reply, and what the log says of it.
BROKEN = {
    "no code": (b"yes of course\r\n", "a reply whose code does not begin with 2 to 5"),
    "an empty line": (b"\r\n", "a reply line without a code"),
    "two digits": (b"25\r\n", "a reply line without a code"),
    "four digits": (b"2500 ok\r\n", "a reply whose code is followed by neither space nor hyphen"),
    "code 000": (b"000 ok\r\n", "a reply whose code does not begin with 2 to 5"),
    "code 199": (b"199 ok\r\n", "a reply whose code does not begin with 2 to 5"),
    "code 600": (b"600 ok\r\n", "a reply whose code does not begin with 2 to 5"),
    "code 999": (b"999 ok\r\n", "a reply whose code does not begin with 2 to 5"),
    "a code with a letter": (b"25O ok\r\n", "a reply whose code is not three digits"),
    "a NUL in the code": (b"2\x0050 ok\r\n", "a reply whose code is not three digits"),
    "a NUL before the code": (b"\x00250 ok\r\n", "a reply whose code does not begin with 2 to 5"),
    "a blank before the code": (b" 250 ok\r\n", "a reply whose code does not begin with 2 to 5"),
    "a tab behind the code": (b"250\tok\r\n", "a reply whose code is followed by neither space nor hyphen"),
    "a bare CR behind the code": (b"250\rok\r\n", "a reply whose code is followed by neither space nor hyphen"),
    "a code that changes within the reply": (b"250-ok\r\n550 no\r\n", "a reply whose code changes between its lines"),
    "a code that changes back": (b"550-no\r\n250-ok\r\n550 no\r\n", "a reply whose code changes between its lines"),
    "a line without a code in the middle": (b"250-a\r\nb\r\n250 c\r\n", "a reply whose code does not begin with 2 to 5"),
    "a bare LF that begins another code": (b"250-a\n550 b\r\n", "a reply whose code changes between its lines"),
    "101 lines": (b"250-x\r\n" * 101 + b"250 x\r\n", "a reply of too many lines"),
    "a line of 2049 octets": (b"250 " + b"x" * 2043 + b"\r\n", "a reply line of too many octets"),
    "a line without end": (b"250 " + b"x" * 300000, "a reply line of too many octets"),
    "65 KiB": ((b"250-" + b"x" * 1990 + b"\r\n") * 34 + b"250 x\r\n", "a reply of too many octets"),
}


def broken(point, reply, **more):
    return [Row(f"{point}: {name}", {point: [octets, WAIT]}, reply.replace("REASON", reason),
                ("", f".*{reason}"), **more) for name, (octets, reason) in BROKEN.items()]


# A few everywhere, all of them where most hangs on the reply.
SOME = ("code 999", "a code that changes within the reply", "65 KiB", "a NUL in the code")


def some(rows):
    return [row for row in rows if row.name.split(": ", 1)[1] in SOME]


NONSENSE = (some(broken("banner", NO_ANSWER, end="refused")) + broken("ehlo", NO_EHLO, end="refused") +
            some(broken("tls-ehlo", r"451 4\.4\.2 REASON")) + some(broken("mail", GONE)) + broken("rcpt", GONE) +
            some(broken("data", GONE)) + broken("dot", GONE))

ENDS = [
    Row("250- without end, to EHLO", {"ehlo": [ENDLESS(b"250-x\r\n" * 1000)]}, NO_EHLO, ("", "a reply of too many lines"),
        end="refused"),
    Row("250- without end, to RCPT", {"rcpt": [ENDLESS(b"250-x\r\n" * 1000)]}, GONE, ("", "a reply of too many lines")),
    Row("250- without end, to the message", {"dot": [ENDLESS(b"250-x\r\n" * 1000)]}, GONE, ("", "a reply of too many lines")),
]


def misspoken(point, octets, said, to, reply=GONE, **more):
    return Row(f"{point}: {said}", {point: [octets, WAIT]}, reply,
               ("", f'(no greeting came: )?the server said "{said}", which is not {to}'), **more)


MISSPOKEN = [
    misspoken("banner", b"250 hello\r\n", "250 hello", "a greeting", NO_ANSWER, end="refused"),
    misspoken("banner", b"354 go on\r\n", "354 go on", "a greeting", NO_ANSWER, end="refused"),
    misspoken("ehlo", b"354 go on\r\n", "354 go on", "an answer to EHLO", NO_EHLO, end="refused"),
    Row("tls-ehlo: 354", {"tls-ehlo": [b"354 go on\r\n", WAIT]}, r"451 4\.4\.2 the server said 354 go on",
        ("", "the server said 354 go on")),
    misspoken("mail", b"354 go on\r\n", "354 go on", "an answer to MAIL"),
    misspoken("rcpt", b"354 go on\r\n", "354 go on", "an answer to RCPT"),
    misspoken("data", b"250 2.0.0 ok\r\n", "250 2.0.0 ok", "an answer to DATA"),
    misspoken("data", b"355 go on\r\n", "355 go on", "an answer to DATA"),
    misspoken("dot", b"354 more\r\n", "354 more", "an answer to the end of the message"),
    misspoken("content", b"250 2.0.0 taken\r\n", "250 2.0.0 taken", "asked for"),
    misspoken("content", b"354 go on\r\n", "354 go on", "asked for"),
    Row("data: 354 and 250 in one piece", {"data": [b"354 go on\r\n250 2.0.0 taken\r\n", WAIT]}, GONE,
        ("", 'the server said "250 2.0.0 taken", which is not asked for')),
    Row("content: 554", {"content": [b"554 5.6.0 not this\r\n", WAIT]}, r"554 5\.6\.0 not this"),
    Row("content: 452 and FIN", {"content": [b"452 4.3.1 full\r\n", WAIT]}, r"452 4\.3\.1 full"),
]

AHEAD = "the server answered before it was asked"
EARLY = [
    Row("all of a session's replies at once, behind that to EHLO over TLS",
        {"tls-ehlo": [b"250-mx\r\n250 SIZE\r\n250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 taken\r\n", WAIT]}, GONE, ("", AHEAD)),
    Row("the reply to RCPT with that to MAIL", {"mail": [b"250 ok\r\n250 ok\r\n", WAIT]}, GONE, ("", AHEAD)),
    Row("replies to RCPT and DATA with that to MAIL", {"mail": [b"250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n", WAIT]},
        GONE, ("", AHEAD)),
    Row("the reply to EHLO with the greeting", {"banner": [b"220 mx\r\n250-mx\r\n250 STARTTLS\r\n", WAIT]},
        r"421 4\.4\.2 the server is gone", ("", AHEAD), end="refused"),
    Row("a reply too many to RCPT", {"rcpt": [b"250 ok\r\n250 ok\r\n", WAIT]}, r"421 4\.4\.2 the server is gone",
        ("", "the server spoke unasked"), end="refused", lines=("MAIL", "RCPT", LISTEN)),
    Row("a 221 unasked, while nothing is open", {"after": [b"221 2.0.0 enough\r\n", WAIT]}),
    Row("a 250 unasked, while nothing is open", {"after": [b"250 2.0.0 taken\r\n", WAIT]}),
    Row("replies in the wrong order", {"rcpt": [b"354 go on\r\n250 ok\r\n", WAIT]}, GONE,
        ("", 'the server said "354 go on", which is not an answer to RCPT')),
]

# What is printed goes through; what is not becomes a question mark, to the client and in the log.
DIRTY = b"\x1b[2J\x1b]0;owned\x07\0\x01\x7f\xff\xc3\xa4\x9b31m \rx"
CLEAN = r"\?\[2J\?\]0;owned\?\?\?\?\?\?\?\?31m \?x"
STRANGE = [
    Row("strange octets in the greeting", {"banner": [b"220 mx" + DIRTY + b"\r\n"]}),
    Row("strange octets in the name and the keywords",
        {"ehlo": [b"250-" + DIRTY + b"\r\n250-" + DIRTY + b"\r\n250-STARTTLS\r\n250-SIZE \0\x1b[1m\r\n250 8BITMIME\r\n"]}),
    Row("strange octets in the reply to MAIL", {"mail": [b"550 5.7.1 " + DIRTY + b"\r\n"]}, r"550 5\.7\.1 " + CLEAN),
    Row("strange octets in the reply to RCPT", {"rcpt": [b"550-5.7.1 " + DIRTY + b"\r\n550 5.7.1 " + DIRTY + b"\r\n"]},
        rf"550 5\.7\.1 {CLEAN}\n5\.7\.1 {CLEAN}"),
    Row("strange octets in the reply to DATA", {"data": [b"451 4.3.0 " + DIRTY + b"\r\n"]}, r"451 4\.3\.0 " + CLEAN),
    Row("strange octets in the reply to the message", {"dot": [b"554 5.6.0 " + DIRTY + b"\r\n"]}, r"554 5\.6\.0 " + CLEAN),
    Row("strange octets in a 421", {"rcpt": [b"421 4.3.2 " + DIRTY + b"\r\n"]}, r"421 4\.3\.2 " + CLEAN, end="server"),
    Row("strange octets in the EHLO reply over TLS", {"tls-ehlo": [b"550 " + DIRTY + b"\r\n"]},
        r"451 4\.4\.2 the server said 550 " + CLEAN, ("", "the server said 550 " + CLEAN)),
    Row("a reply of 2048 octets is cut for the client", {"rcpt": [b"550 " + b"x" * 2042 + b"\r\n"]}, "550 x{506}"),
    Row("a reply of 100 lines goes through", {"rcpt": [b"550-x\r\n" * 99 + b"550 y\r\n"]}, r"550 (x\n){99}y"),
    Row("bare LF for line ends", {"rcpt": [b"250-a\n250 b\n"], "mail": [b"250 ok\n"]}),
    Row("a code without text", {"rcpt": [b"250\r\n"], "mail": [b"250 \r\n"]}),
    Row("unknown codes of a known kind",
        {"mail": [b"299 odd\r\n"], "rcpt": [b"277 odd\r\n"], "dot": [b"599 odd\r\n"]}, "599 odd"),
    Row("replies octet by octet", {point: [SLOWLY(octets)] for point, octets in
                                   (("banner", b"220 mx.hostile.lab\r\n"), ("mail", b"250 2.1.0 ok\r\n"),
                                    ("rcpt", b"250-2.1.5 ok\r\n250 2.1.5 ok\r\n"))}),
]


def changed(name, keywords, mail, reply, refused=None, **more):
    """An EHLO reply over TLS that lacks what the one in clear had."""
    lines = ["mx.hostile.lab"] + keywords
    text = "".join(f"250{'-' if i + 1 < len(lines) else ' '}{line}\r\n" for i, line in enumerate(lines)).encode()
    return Row(f"over TLS {name}", {"tls-ehlo": [text]}, reply, refused, mail=mail, **more)


def missing(word, mail):
    words = [other for other in ("SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN") if not other.startswith(word)]
    text = f"the server does not offer {word} any more"
    return changed(f"no {word}", words, mail, r"451 4\.7\.4 " + text, ("", text))


CHANGED = [
    missing("8BITMIME", "BODY=8BITMIME"),
    missing("SMTPUTF8", "SMTPUTF8"),
    missing("DSN", "RET=HDRS ENVID=x"),
    missing("SIZE", "SIZE=100"),
    changed("a smaller SIZE", ["SIZE 1000", "8BITMIME"], "SIZE=1001", r"552 5\.3\.4 larger than the server takes",
            ("", "SIZE is above what the server offers")),
    changed("a SIZE that is just enough", ["SIZE 1000", "8BITMIME"], "SIZE=1000", r"250 2\.0\.0 taken"),
    changed("nothing at all", [], "", r"250 2\.0\.0 taken"),
    changed("STARTTLS once more", ["STARTTLS", "8BITMIME"], "", r"250 2\.0\.0 taken"),
    changed("AUTH, CHUNKING, XCLIENT and others",
            ["AUTH PLAIN", "CHUNKING", "BINARYMIME", "XCLIENT NAME", "BURL", "ETRN"], "", r"250 2\.0\.0 taken"),
    changed("a SIZE that is no number", ["SIZE 99999999999999999999999999", "8BITMIME"], "SIZE=100", r"250 2\.0\.0 taken"),
]

ROWS = NONSENSE + ENDS + MISSPOKEN + EARLY + STRANGE + CHANGED
