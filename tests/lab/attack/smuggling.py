#!/usr/bin/env python3
"""smuggling.py setup | recorder MODE | servers MODE: messages with every known false end (ends.py) through the gate, sent
whole, octet by octet and cut at every place. MODE is the gate's bare-newline. What the recording server got is compared
octet for octet; of real ones, what they put into their mailboxes."""
import fcntl
import glob
import hashlib
import os
import re
import socket
import struct
import sys
import termios

LAB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(LAB, "daemon"))
sys.dont_write_bytecode = True
import smtp  # noqa: E402
from ends import BEHIND, END, FALSE_ENDS, SOUND, normal, words  # noqa: E402
from smtp import result  # noqa: E402

HOST = "198.51.100.120"
RAW = f"{smtp.LAB_DIR}/raw"
ENVELOPE = b"MAIL FROM:<alice@lan.test>\r\nRCPT TO:<bob@%s>\r\nDATA\r\n"
# Real servers, by what Postfix is told of bare newlines; their last octets.
SERVERS = {"postfix-no": 121, "postfix-yes": 122, "postfix-normalize": 123, "postfix-reject": 124, "exim": 131}


# --- ways to send ----------------------------------------------------------------------------------------------------


def whole(client, octets):
    client.send(octets)


def octet_by_octet(client, octets):
    for at in range(len(octets)):
        client.send(octets[at:at + 1])


def arrived(client):
    """All that was sent is acknowledged, so that what is sent next is a segment of its own."""
    return struct.unpack("i", fcntl.ioctl(client.sock, termios.TIOCOUTQ, b"\0" * 4))[0] == 0


def cut_at(place):
    def send(client, octets):
        client.send(octets[:place])
        smtp.until(20, lambda: arrived(client))
        client.send(octets[place:])
    return send


def connect(host):
    client = smtp.Client(host)
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.hello()
    return client


def transact(client, domain, message, send):
    """The reply to the message; the replies before it must be what they are to everybody."""
    for line, code in (("MAIL FROM:<alice@lan.test>", 250), (f"RCPT TO:<bob@{domain}>", 250), ("DATA", 354)):
        reply = client.say(line)
        if reply[0] != code:
            return reply
    send(client, message)
    return client.reply()


# --- the recording server --------------------------------------------------------------------------------------------


def recorded(number):
    """(kind, octets) of the server's connection |number|, once it is over."""
    def there():
        return next((kind for kind in ("whole", "cut") if os.path.exists(f"{RAW}/{number}.{kind}")), None)
    kind = smtp.until(20, there)
    if kind is None:
        return "still open", b""
    with open(f"{RAW}/{number}.{kind}", "rb") as file:
        return kind, file.read()


def judge_session(name, number, messages, replies, after):
    """One session, several messages: (what the server is to get of each)."""
    kind, got = recorded(number)
    want = b"EHLO client.lan\r\n" + b"".join(ENVELOPE % b"raw.lab" + message for message in messages) + b"QUIT\r\n"
    same = os.path.commonprefix([got, want])
    result(f"{name}: {len(messages)} messages, each with its own end and no other", (kind, got) == ("whole", want) and
           set(replies) == {(250, "2.0.0 recorded")} and after[0] == 221, kind, set(replies), after,
           f"the same up to {same[-60:]!r}", f"got:  {got[len(same):][:80]!r}", f"want: {want[len(same):][:80]!r}")


def session(name, number, pairs, send):
    """|pairs|: (message with its end, what the server is to get)."""
    client = connect(HOST)
    replies = [transact(client, "raw.lab", message, send) for message, _ in pairs]
    judge_session(name, number, [want for _, want in pairs], replies, client.quit())


def false_end(middle):
    return b"one" + middle + BEHIND % b"raw.lab" + END


def normalized(number):
    false = [(false_end(there), b"one" + normal_ + BEHIND % b"raw.lab" + END) for there, normal_ in FALSE_ENDS.values()]
    session("false ends, whole: normalize", number + 1, false, whole)
    session("false ends, octet by octet: normalize", number + 2, false, octet_by_octet)
    every = [(b"a" + word + b"b" + END, b"a" + got + b"b" + END) for word, got in words((b"\r", b"\n", b"."), 4)]
    every += [(b"a" + word + b"b" + END, b"a" + got + b"b" + END) for word, got in words((b"\r\n", b"\n", b".", b"\0"), 4)]
    session("all words of CR, LF, dot and NUL: normalize", number + 3, every, whole)
    # Also at the very beginning and at the very end.
    edges = [(word + END, normal(word + END)[0]) for word, _ in words((b"\r", b"\n", b".", b"x"), 3)
             if not normal(word + END)[1]]
    session("the same at the edges of a message: normalize", number + 4, edges, whole)
    cuts = []
    for there, normal_ in list(FALSE_ENDS.values())[:12]:
        message = b"x" + there + b"y" + END
        cuts += [(message, b"x" + normal_ + b"y" + END, place) for place in range(1, len(message))]
    client = connect(HOST)
    replies = [transact(client, "raw.lab", message, cut_at(place)) for message, _, place in cuts]
    judge_session("cut at every place: normalize", number + 5, [want for _, want, _ in cuts], replies, client.quit())
    return number + 5


def rejected(number):
    for name, (there, _) in FALSE_ENDS.items():
        for send in (whole, octet_by_octet):
            client = connect(HOST)
            reply = transact(client, "raw.lab", false_end(there), send)
            closed = client.closed()
            client.close()
            number += 1
            kind, got = recorded(number)
            result(f"{name}, {send.__name__.replace('_', ' ')}: refused, and no end reached the server", kind == "cut" and
                   reply == (554, "5.5.2 bare CR or LF in the message") and closed and b"\n.\r\n" not in got and
                   b"smuggled" not in got, kind, got, reply, closed)
    return number


def untouched(mode, number):
    messages = [b"", b"..\r\n..stuffed\r\n.x\r\n...\r\nend. \r\n", b"\r\n\r\n\r\n.\t\r\n\r\n",
                bytes(c for c in range(256) if c not in b"\r\n") + b"\r\n"]
    messages += [b"one" + there + b"two\r\n" for there in SOUND.values()]
    pairs = [(message + b".\r\n",) * 2 for message in messages]
    session(f"what is no false end, whole: {mode}", number + 1, pairs, whole)
    session(f"what is no false end, octet by octet: {mode}", number + 2, pairs[:-1], octet_by_octet)
    tail = b"text" + END
    client = connect(HOST)
    replies = [transact(client, "raw.lab", tail, cut_at(place)) for place in range(1, len(tail))]
    judge_session(f"a true end, cut at every place: {mode}", number + 3, [tail] * len(replies), replies, client.quit())
    large = b"".join(b"%07d " % i + bytes(range(33, 127)) + b"\r\n" for i in range(30000)) + b".\r\n"
    client = connect(HOST)
    reply = transact(client, "raw.lab", large, whole)
    client.quit()
    kind, got = recorded(number + 4)
    want = b"EHLO client.lan\r\n" + ENVELOPE % b"raw.lab" + large + b"QUIT\r\n"
    result(f"{len(large)} octets: untouched ({mode})", kind == "whole" and reply[0] == 250 and
           hashlib.sha256(got).digest() == hashlib.sha256(want).digest(), kind, len(got), reply)
    # Commands behind a true end, in the same segment, are the client's own (RFC 2920).
    client = connect(HOST)
    reply = transact(client, "raw.lab", b"one" + END + ENVELOPE % b"raw.lab", whole)
    codes = [reply[0]] + [client.reply()[0] for _ in range(3)]
    client.send(b"two" + END)
    judge_session(f"commands behind the true end: {mode}", number + 5, [b"one" + END, b"two" + END],
                  [reply, client.reply()], client.quit())
    result(f"and each has its reply: {mode}", codes == [250, 250, 250, 354], codes)


def recorder(mode):
    number = len(os.listdir(RAW))
    number = (normalized if mode == "normalize" else rejected)(number)
    untouched(mode, number)


# --- real servers ----------------------------------------------------------------------------------------------------


def mailbox(server):
    """Bodies by their Subject."""
    found = {}
    folder = "postfix" if server.startswith("postfix") else server
    for path in glob.glob(f"{smtp.LAB_DIR}/root.{folder}/root/var/mail/lab/all/new/*"):
        with open(path, "rb") as file:
            head, _, body = file.read().partition(b"\n\n")
        subject = re.search(rb"^Subject: (.*)$", head, re.M)
        key = subject.group(1).decode() if subject else f"none: {body[:80]!r}"
        found.setdefault(key, []).append(body)
    return found


def kept(normal_):
    """What is in the mailbox for what went over the wire: less the dots (RFC 5321 s. 4.5.2)."""
    lines = normal_.split(b"\r\n")
    assert lines[-1] == b""
    return b"\n".join(line[1:] if line.startswith(b".") else line for line in lines)


def subject_of(mode, server, number):
    return f"{mode} {server} {number:03d}"


def messages_for(mode, server):
    """(subject, message with its end, body as it is to be kept; None: it is refused), in order."""
    domain = f"{server}.lab".encode()
    rows = [(there, normal_, True) for there, normal_ in FALSE_ENDS.values()] + [(s, s, False) for s in SOUND.values()]
    for number, (there, normal_, false) in enumerate(rows):
        head = f"Subject: {subject_of(mode, server, number)}\r\n\r\n".encode()
        behind = BEHIND % domain
        body = None if false and mode == "reject" else kept(b"one" + normal_ + behind + b"\r\n")
        yield subject_of(mode, server, number), head + b"one" + there + behind + END, body


def send_all(mode, server):
    """What went wrong while sending."""
    host, wrong, client, sent = f"198.51.100.{SERVERS[server]}", [], None, 0
    for subject, message, body in messages_for(mode, server):
        client = client or connect(host)  # a new one for every ten: of more Exim leaves the rest for its next queue run
        reply = transact(client, f"{server}.lab", message, whole)
        if reply[0] != (250 if body is not None else 554):
            wrong.append(f"{subject}: {reply}")
        sent += 1
        if reply[0] == 250 and sent % 10 != 0:
            continue
        if reply[0] == 250 and client.quit()[0] != 221:
            wrong.append(f"{subject}: QUIT is not answered by 221: there were more replies than messages")
        client.close()
        client = None
    if client is not None and client.quit()[0] != 221:
        wrong.append("QUIT is not answered by 221: there were more replies than messages")
    return wrong


def servers(mode):
    for server in SERVERS:
        wrong = send_all(mode, server)
        result(f"{server}: each message has its one reply ({mode})", not wrong, *wrong)
    for server in SERVERS:
        expected = {subject: body for subject, _, body in messages_for(mode, server) if body is not None}
        smtp.until(60, lambda: expected.keys() <= mailbox(server).keys())
        found = {subject: bodies for subject, bodies in mailbox(server).items() if subject.startswith(f"{mode} {server} ")}
        strange = [subject for subject in mailbox(server) if subject.startswith("none")]
        wrong = [f"{subject}: {found.get(subject)} and not {body!r}" for subject, body in expected.items()
                 if found.get(subject) != [body]]
        result(f"{server}: each message is there once, and as it was said ({mode})", not wrong, *wrong[:4])
        result(f"{server}: and nothing else ({mode})", found.keys() == expected.keys() and not strange,
               *(found.keys() ^ expected.keys()), *strange)


def setup():
    with open(f"{smtp.LAB_DIR}/zone", "w", encoding="ascii") as zone:
        for name, number in [("raw", 120), *SERVERS.items()]:
            zone.write(f"{name}.lab MX 10 mx.{name}.lab\nmx.{name}.lab A 198.51.100.{number}\n")
    print(*(f"mx.{name}.lab" for name in ("raw", *SERVERS)))


if __name__ == "__main__":
    {"setup": setup, "recorder": lambda: recorder(sys.argv[2]), "servers": lambda: servers(sys.argv[2])}[sys.argv[1]]()
