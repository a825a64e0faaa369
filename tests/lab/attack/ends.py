"""ends.py - what stands in messages in place of their end, and what a server is to get for it.

Each row of FALSE_ENDS is taken for an end by some server or other; each of SOUND must go through as it is."""
import itertools
import re

# name: (in the message, to the server)
FALSE_ENDS = {
    "LF . LF": (b"\n.\n", b"\r\n..\r\n"),
    "LF . CRLF": (b"\n.\r\n", b"\r\n..\r\n"),
    "CRLF . LF": (b"\r\n.\n", b"\r\n..\r\n"),
    "CR . CR": (b"\r.\r", b"\r\n..\r\n"),
    "CR . CRLF": (b"\r.\r\n", b"\r\n..\r\n"),
    "CRLF . CR": (b"\r\n.\r", b"\r\n..\r\n"),
    "LF . CR": (b"\n.\r", b"\r\n..\r\n"),
    "CR . LF": (b"\r.\n", b"\r\n..\r\n"),
    "CRLF . CR CRLF": (b"\r\n.\r\r\n", b"\r\n..\r\n\r\n"),
    "CRLF . CRCR": (b"\r\n.\r\r", b"\r\n..\r\n\r\n"),
    "CRLF . LFLF": (b"\r\n.\n\n", b"\r\n..\r\n\r\n"),
    "CRLF . LFCR": (b"\r\n.\n\r", b"\r\n..\r\n\r\n"),
    "LFCR . CRLF": (b"\n\r.\r\n", b"\r\n\r\n..\r\n"),
    "LFLF . CRLF": (b"\n\n.\r\n", b"\r\n\r\n..\r\n"),
    "CRCR . CRLF": (b"\r\r.\r\n", b"\r\n\r\n..\r\n"),
    "CRLF LF . CRLF": (b"\r\n\n.\r\n", b"\r\n\r\n..\r\n"),
    "CRLF CR . CRLF": (b"\r\n\r.\r\n", b"\r\n\r\n..\r\n"),
    "CRLF CR . CR CRLF": (b"\r\n\r.\r\r\n", b"\r\n\r\n..\r\n\r\n"),
    "CR NUL LF . CRLF": (b"\r\0\n.\r\n", b"\r\n\0\r\n..\r\n"),
    "CRLF NUL . CRLF": (b"\r\n\0.\r\n", b"\r\n\0..\r\n"),
    "CRLF . NUL CRLF": (b"\r\n.\0\r\n", b"\r\n.\0.\r\n"),
    "CRLF . CR NUL LF": (b"\r\n.\r\0\n", b"\r\n..\r\n\0\r\n"),
    "LF .. LF": (b"\n..\n", b"\r\n..\r\n"),
    "LF . LF, twice": (b"\n.\n.\n", b"\r\n..\r\n..\r\n"),
    "CR . CR, LF . LF": (b"\r.\r\n.\n", b"\r\n..\r\n..\r\n"),
}
# Octets that are no break to anybody here, though they are one in Unicode or on some terminal, and dots that are no end.
SOUND = {
    "CRLF .. CRLF": b"\r\n..\r\n",
    "CRLF . SP CRLF": b"\r\n. \r\n",
    "CRLF . HT CRLF": b"\r\n.\t\r\n",
    "CRLF SP . CRLF": b"\r\n .\r\n",
    "CRLF . VT CRLF": b"\r\n.\x0b\r\n",
    "FF . FF": b"\x0c.\x0c",
    "NEL . NEL": b"\xc2\x85.\xc2\x85",
    "LS . LS": b"\xe2\x80\xa8.\xe2\x80\xa8",
    "0x8D 0x8A . 0x8D 0x8A": b"\x8d\x8a.\x8d\x8a",
    "CRLF 0xAE CRLF": b"\r\n\xae\r\n",
    "a line of 5000 octets": b"\r\n" + b"x" * 5000 + b"\r\n",
}
BEHIND = b"MAIL FROM:<evil@lan.test>\r\nRCPT TO:<victim@%s>\r\nDATA\r\nsmuggled"
END = b"\r\n.\r\n"


def normal(message):
    """|message| as a server is to get it, with its end, and the octets behind that. Told from the rules, not from the
    program: only the client's own CRLF . CRLF ends; then each bare CR or LF is CRLF, and no line is a dot or what is a
    dot to those who drop NULs."""
    end = re.compile(rb"(\A|\r\n)\.\r\n").search(message)
    assert end, message
    body, rest = message[:end.start()], message[end.end():]
    lines = re.split(rb"\r\n|\r|\n", body)
    lines = [line + b"." if re.fullmatch(rb"\0*\.\0*", line) else line for line in lines]
    return b"\r\n".join(lines) + (END if end.group(1) else b".\r\n"), rest


def words(alphabet, longest):
    """Every word of it that has no end within, as (word, what the server gets)."""
    for length in range(1, longest + 1):
        for letters in itertools.product(alphabet, repeat=length):
            word = b"".join(letters)
            got, rest = normal(b"a" + word + b"b" + END)
            if not rest:
                yield word, got[1:-1 - len(END)]
