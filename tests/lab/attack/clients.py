#!/usr/bin/env python3
"""clients.py setup | run | judge | metrics: each row of the table (client_rows.py) is a session; then the log, what the
server got, the counters and the captured wire are held against it. CLIENTS_ONLY=TEXT: rows with that in their names."""
import collections
import fcntl
import glob
import json
import os
import re
import socket
import struct
import sys
import termios
import urllib.request

LAB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path[:0] = [os.path.join(LAB, "daemon"), LAB]
sys.dont_write_bytecode = True
import client_rows  # noqa: E402
import smtp  # noqa: E402
import wire  # noqa: E402
from smtp import result  # noqa: E402

HOST, FIRST_PORT = "198.51.100.120", 20000  # each row has a port of its own, by which the log is told apart
ONLY = os.environ.get("CLIENTS_ONLY", "")
CHOSEN = [row for row in client_rows.table() if ONLY in row.name]
LINE = re.compile(rb"[2-5][0-9][0-9][ -][\t -~]*")
REFUSALS = ("refused", "client-error")
NOTICE = "client-probably-authenticates-itself"  # so it looks when one client leaves before any mail, several times


class Client(smtp.Client):
    """Takes replies to the octet; what is none of SMTP is kept in |bad|."""

    def __init__(self, port):
        self.bad, self.buffer = [], b""
        self.sock = socket.create_connection((HOST, 25), 100, ("", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.greeting = self.reply()

    def raw_line(self):
        while b"\r\n" not in self.buffer:
            more = self.sock.recv(65536)
            if not more:
                raise smtp.Gone("closed")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        if not LINE.fullmatch(line) or len(line) > 510:
            self.bad.append(repr(line))
        return line.decode("ascii", "replace")

    def acknowledged(self):
        return struct.unpack("i", fcntl.ioctl(self.sock, termios.TIOCOUTQ, b"\0" * 4))[0] == 0


def hear(client):
    try:
        code, text = client.reply()
    except OSError as error:
        return f"0 {error}"
    return f"{code} {text}"


def say(client, row, heard):
    """Pieces of octets go out as they are; between two, replies are read that are there already, so that no row depends on
    how much fits into buffers."""
    pieces = list(row.say)
    if not row.hello and isinstance(pieces[0], bytes):
        pieces[0] = pieces[0].replace(b"%03d", b"%03d" % row.number)
    for piece in pieces:
        if callable(piece):
            while len(heard) < len(row.replies) and piece.__name__ != "half":
                heard.append(hear(client))
            piece(client)
            continue
        for at in range(0, len(piece), 16384):
            client.send(piece[at:at + 16384])
        if piece is not pieces[-1]:
            smtp.until(20, client.acknowledged)
            if piece.endswith(b"DATA\r\n"):  # the message is not sent before its 354
                while len(heard) < len(row.replies) and not (heard and heard[-1].startswith(("354", "554", "0 "))):
                    heard.append(hear(client))


def session(row):
    client, heard = Client(FIRST_PORT + row.number), []
    if row.hello:
        client.hello(row.helo)
    say(client, row, heard)
    while len(heard) < len(row.replies):
        heard.append(hear(client))
    said = {"heard": heard, "bad": client.bad}
    if row.end == "quit":
        client.send(b"QUIT\r\n")
        said["after"] = hear(client)
    elif client.sock.fileno() >= 0:
        said["after"] = hear(client)  # the end
    client.close()
    return said


def run():
    # In clear to the server there is EHLO alone, so what each row's sessions are is told by their EHLO.
    with open(f"{smtp.LAB_DIR}/heard", "w", encoding="utf-8") as file:
        json.dump({str(row.number): session(row) for row in CHOSEN}, file)


# --- the judge -------------------------------------------------------------------------------------------------------


def recordings():
    """What the server got over TLS behind its EHLO, by the name in that, in order of appearance."""
    found = collections.defaultdict(list)
    for path in sorted(glob.glob(f"{smtp.LAB_DIR}/raw/*"), key=lambda path: int(os.path.basename(path).split(".")[0])):
        with open(path, "rb") as file:
            hello, _, rest = file.read().partition(b"\r\n")
        if hello:
            found[hello.removeprefix(b"EHLO ").decode("ascii", "replace")].append(rest)
    return found


def differs(wanted, heard):
    """None: whatever it is; three digits: the code."""
    return [(want, got) for want, got in zip(wanted, heard)
            if want is not None and (got[:3] if len(want) == 3 else got) != want]


def judge_lines(row, log):
    wrong = []
    told = [line for line in log if line["event"] in REFUSALS]
    if [line["event"] for line in told] != [event for event, _, _ in row.lines]:
        return [f"{len(told)} lines about refusals in the log and not {len(row.lines)}"]
    for (event, reply, shown), line in zip(row.lines, told):
        if reply is not None and line["reply"] != reply:
            wrong.append(f"{event} is logged with {line['reply']!r}")
        if event == "client-error":
            command = line.get("command", "").encode("latin-1")
            if command != (shown or b""):
                wrong.append(f"the log shows {command!r} and not {shown!r}")
    return wrong


def judge_row(row, said, log, got):
    wrong = []
    if len(said["heard"]) != len(row.replies) or differs(row.replies, said["heard"]):
        wrong.append(f"replies: wanted, and heard: {differs(row.replies, said['heard'])[:3]}")
    if said["bad"]:
        wrong.append(f"what is no reply: {said['bad'][:3]}")
    if said.get("after", "0 closed")[:4] != ("221 " if row.end == "quit" else "0 cl"):
        wrong.append(f"at the end: {said.get('after')}")
    wrong += judge_lines(row, log)
    ends = [line for line in log if line["event"] == "session-end"]
    if [line["end"] for line in ends] != [row.end.replace("quit-said", "quit")]:
        wrong.append("not one end in the log, or another")
    elif ends[0].get("domain") != row.domain:
        wrong.append(f"the domain that was judged is {ends[0].get('domain')}")
    if {line["event"] for line in log} - {"session-end", NOTICE, *REFUSALS}:
        wrong.append("other lines in the log")
    want = [] if row.server is None else row.server if isinstance(row.server, list) else [row.server]
    if row.lost and got and len(got[0]) >= len(want[0]) - row.lost:
        want = [want[0][:len(got[0])]]
    if got != want:
        at = next((at for at, pair in enumerate(zip(got, want)) if pair[0] != pair[1]), 0)
        there, due = (got + [b""])[at], (want + [b""])[at]
        same = len(os.path.commonprefix([there, due]))
        wrong.append(f"{len(got)} sessions over TLS with the server and not {len(want)}; in number {at} from octet {same} "
                     f"on {there[same:][:80]!r} and not {due[same:][:80]!r}")
    return wrong + [json.dumps(line) for line in log[:4]] + [f"heard: {said['heard'][:6]}"] if wrong else []


def judge_metrics(log):
    """Each line about a refusal is one count, and each count one line."""
    metrics = {}
    with open(f"{smtp.LAB_DIR}/metrics", encoding="utf-8") as file:
        for line in file:
            name, _, value = line.rstrip("\n").rpartition(" ")
            metrics[name] = line.startswith("gate25_") and float(value)
    events = collections.Counter(line["event"] for line in log)
    words = collections.Counter(line.get("result", "none") for line in log if line["event"] == "refused")
    ends = collections.Counter(line["end"] for line in log if line["event"] == "session-end")
    wanted = {"gate25_client_errors_total": events["client-error"], "gate25_sessions_active": 0, "gate25_clear_binds_total": 0}
    wanted |= {f'gate25_refusals_total{{result="{word}"}}': count for word, count in words.items()}
    wanted |= {f'gate25_session_ends_total{{cause="{word}"}}': count for word, count in ends.items()}
    for name, count in wanted.items():
        result(f"{name} is {count}", metrics.get(name) == count, metrics.get(name))
    families = ("gate25_refusals_total{", "gate25_session_ends_total{", "gate25_would_refuse_total{")
    strange = [name for name, value in metrics.items() if name.startswith(families) and value and name not in wanted]
    result("nothing else was counted", not strange, *strange)
    planned = sum(len(row.lines) for row in CHOSEN)
    result(f"{planned} refusals in the table, in the log and in the metrics",
           planned == events["refused"] + events["client-error"], events)


def judge():
    with open(f"{smtp.LAB_DIR}/heard", encoding="utf-8") as file:
        heard = json.load(file)
    log = [line for line in smtp.json_lines("gate25") if line.get("client", "").startswith("10.25.0.10:")]
    lines, got = collections.defaultdict(list), recordings()
    for line in log:
        lines[int(line["client"].split(":")[1])].append(line)
    for row in CHOSEN:
        said = heard[str(row.number)]
        wrong = judge_row(row, said, lines[FIRST_PORT + row.number], got.get(row.helo, []))
        result(row.name, not wrong, *wrong)
    judge_metrics(log)
    with open(f"{smtp.LAB_DIR}/log/gate25", "rb") as file:
        text = file.read()
    result("the log is of printed characters", re.fullmatch(rb"([ -~]*\n)*", text) is not None)
    result("no password and no text of a message is in it", not re.search(rb"c2VjcmV0|Y2FuYXJ5|AGEAYg|the password|Dear", text))
    with open(f"{smtp.LAB_DIR}/pcap/clients.pcap", "rb") as file:
        found, _ = wire.streams(file.read(), 25)
    clear = [verb for stream in found for verb in wire.Reading(stream.octets()[0]).verbs]
    result("in clear there is EHLO, HELO, STARTTLS and QUIT, and nothing else",
           set(clear) <= {"EHLO", "HELO", "STARTTLS", "<TLS>", "QUIT"}, set(clear))


def metrics():
    print(urllib.request.urlopen("http://127.0.0.1:9525/metrics", timeout=20).read().decode())


if __name__ == "__main__":
    {"run": run, "judge": judge, "metrics": metrics}[sys.argv[1]]()
