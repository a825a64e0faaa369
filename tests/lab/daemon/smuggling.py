#!/usr/bin/env python3
"""smuggling.py normalize|reject: messages with every known false end, sent whole and octet by octet. What the server got
is compared with the table octet for octet."""
import hashlib
import os
import sys

import smtp
from smtp import result

HOST = "198.51.100.120"
RAW = f"{smtp.LAB_DIR}/raw"
BEHIND = b"MAIL FROM:<evil@lan.test>\r\nRCPT TO:<victim@raw.lab>\r\nDATA\r\nsmuggled"

# What stands in place of an end, and what goes to the server for it: some server or other takes each of them for an end.
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
    "CRLF NUL . CRLF": (b"\r\n\0.\r\n", b"\r\n\0..\r\n"),
    "CRLF . NUL CRLF": (b"\r\n.\0\r\n", b"\r\n.\0.\r\n"),
}
# What must go through as it is, in both modes.
SOUND = {
    "an empty message": b"",
    "dots at the beginning of lines": b"..\r\n..stuffed\r\n.x\r\n...\r\nend. \r\n",
    "a line of 5000 octets": b"x" * 5000 + b"\r\n",
    "octets of all values but CR and LF": bytes(c for c in range(256) if c not in b"\r\n") + b"\r\n",
    "empty lines": b"\r\n\r\n\r\n.\t\r\n\r\n",
}


def recorded(number):
    """(kind, octets after the DATA command) of the server's connection |number|, once it is over."""
    def there():
        return next((kind for kind in ("whole", "cut") if os.path.exists(f"{RAW}/{number}.{kind}")), None)
    kind = smtp.until(10, there)
    if kind is None:
        return "still open", b""
    with open(f"{RAW}/{number}.{kind}", "rb") as file:
        octets = file.read()
    head, _, rest = octets.partition(b"\r\nDATA\r\n")
    return (kind, rest) if head.count(b"MAIL FROM") == 1 else ("strange envelope", octets)


def transact(message, octet_by_octet):
    """Sends it in a session of its own; the replies to the end, and whether the session went on."""
    client = smtp.Client(HOST)
    client.begin("bob@raw.lab")
    client.say("DATA")
    if octet_by_octet:
        for i in range(len(message)):
            client.send(message[i:i + 1])
    else:
        client.send(message)
    reply = client.reply()
    after = client.quit() if reply[0] == 250 else (0, "closed" if client.closed() else "still open")
    client.close()
    return reply, after


def main():
    mode, number = sys.argv[1], len(os.listdir(RAW))
    for name, (false_end, normal) in FALSE_ENDS.items():
        for octet_by_octet in (False, True):
            how = f"{name}, {'octet by octet' if octet_by_octet else 'whole'}: {mode}"
            reply, after = transact(b"one" + false_end + BEHIND + b"\r\n.\r\n", octet_by_octet)
            number += 1
            kind, got = recorded(number)
            if mode == "normalize":
                want = b"one" + normal + BEHIND + b"\r\n.\r\nQUIT\r\n"
                result(f"{how}: one message, normal", (kind, got) == ("whole", want) and reply == (250, "2.0.0 recorded") and
                       after[0] == 221, kind, got, want, reply, after)
            else:
                result(f"{how}: refused, and no end reached the server", kind == "cut" and reply[0] == 554 and
                       reply[1].startswith("5.5.2") and after == (0, "closed") and b"\n.\r\n" not in got and
                       b"smuggled" not in got, kind, got, reply, after)
    for name, message in SOUND.items():
        reply, after = transact(message + b".\r\n", False)
        number += 1
        kind, got = recorded(number)
        result(f"{name}: untouched ({mode})", (kind, got) == ("whole", message + b".\r\nQUIT\r\n") and reply[0] == 250 and
               after[0] == 221, kind, got, reply, after)
    large = b"".join(b"%07d " % i + bytes(range(33, 127)) + b"\r\n" for i in range(30000))
    reply, after = transact(large + b".\r\n", False)
    number += 1
    kind, got = recorded(number)
    result(f"{len(large)} octets: untouched ({mode})", kind == "whole" and reply[0] == 250 and
           hashlib.sha256(got).digest() == hashlib.sha256(large + b".\r\nQUIT\r\n").digest(), kind, len(got), reply)


if __name__ == "__main__":
    main()
