#!/usr/bin/env python3
"""mutations.py SEED SESSIONS: sessions of what the rows of client_rows.py say, cut, mixed and damaged. Whatever it is, each
reply is one of SMTP, each session has one end in the log, and one that gate25 ended has said why exactly once."""
import collections
import os
import random
import re
import socket
import sys
import threading

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon")]
sys.dont_write_bytecode = True
import client_rows  # noqa: E402
import smtp  # noqa: E402
from smtp import result  # noqa: E402

AT_ONCE = 8
LINE = re.compile(rb"[2-5][0-9][0-9][ -][\t -~]*\r\n")
SAID = [said for said in (b"".join(piece for piece in row.say if isinstance(piece, bytes)) for row in client_rows.table())
        if len(said) < 5000]
CRUMBS = [b"\r\n", b"\n", b"\r", b".\r\n", b"\r\n.\r\n", b"\0", b"<", b">", b"@", b'"', b"\\", b"\xff", b"DATA\r\n", b"RSET\r\n",
          b"EHLO a\r\n", b"QUIT\r\n", client_rows.MAIL, client_rows.RCPT]


def damage(dice, said):
    octets = bytearray(said)
    for _ in range(dice.randrange(5)):
        at, other = dice.randrange(len(octets) + 1), dice.choice(SAID)
        begin = dice.randrange(len(other) + 1)
        how = dice.randrange(4)
        if how == 0:
            octets[at:at] = dice.choice(CRUMBS)
        elif how == 1:
            octets[at:at + 1] = bytes([dice.randrange(256)])
        elif how == 2:
            del octets[at:at + dice.randrange(6)]
        else:
            octets[at:at] = other[begin:begin + dice.randrange(60)]
    return bytes(octets)


def converse(octets, step):
    """Everything that is heard until the other side closes."""
    heard = b""
    with socket.create_connection(("198.51.100.120", 25), 100) as sock:
        try:
            for at in range(0, len(octets), step):
                sock.sendall(octets[at:at + step])
            sock.shutdown(socket.SHUT_WR)
            while more := sock.recv(65536):
                heard += more
        except ConnectionError:
            return heard[:heard.rfind(b"\r\n") + 2]  # it was closed while it talked
    return heard


def work(seed, sessions, wrong):
    dice = random.Random(seed)
    for _ in range(sessions):
        octets = b"EHLO m.lan\r\n" + b"".join(damage(dice, dice.choice(SAID)) for _ in range(dice.randrange(1, 5)))
        heard = converse(octets, dice.choice((7, 65536, 65536)))
        if re.fullmatch(rb"(?:" + LINE.pattern + rb")*", heard) is None:
            wrong.append((octets, heard))


def main():
    seed, sessions = int(sys.argv[1]), int(sys.argv[2]) // AT_ONCE
    wrong = []
    threads = [threading.Thread(target=work, args=(seed * 1000 + n, sessions, wrong)) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result(f"{sessions * AT_ONCE} sessions from seed {seed}: nothing is said but replies", not wrong, *wrong[:3])
    lines = collections.defaultdict(list)
    smtp.until(60, lambda: len(smtp.gate_log(event="session-end")) >= sessions * AT_ONCE)
    for line in smtp.json_lines("gate25"):
        if "session" in line:
            lines[line["session"]].append(line)
    wrong = [log for log in lines.values() if [line["event"] for line in log].count("session-end") != 1]
    result("each has one end", len(lines) == sessions * AT_ONCE and not wrong, len(lines), *wrong[:2])
    ended = [(log, [line for line in log if line.get("end") == "refused"]) for log in lines.values()]
    wrong = [log for log, end in ended if end and
             [line["reply"] for line in log if line["event"] in ("refused", "client-error")].count(end[0]["reply"]) != 1]
    result("and where gate25 ended it, one line says why", not wrong, *wrong[:2])


if __name__ == "__main__":
    main()
