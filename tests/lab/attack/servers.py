#!/usr/bin/env python3
"""servers.py setup|run|judge: one mail to each hostile server of the table (rows.py), all at once; then the client's
replies, the gate's log, its metrics and the captured wire are held against what each row says."""
import collections
import json
import os
import re
import sys
import threading
import urllib.request

LAB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path[:0] = [os.path.join(LAB, "daemon"), LAB]
sys.dont_write_bytecode = True
import rows  # noqa: E402
import smtp  # noqa: E402
import wire  # noqa: E402
from smtp import result  # noqa: E402

TABLE = rows.table()
ONLY = os.environ.get("ATTACK_ONLY", "")
CHOSEN = [row for row in TABLE if ONLY in row.name]
AT_ONCE = 40
LINE = re.compile(rb"[2-5][0-9][0-9][ -][\t -~]*")


def setup():
    with open(f"{smtp.LAB_DIR}/zone", "w", encoding="ascii") as zone:
        for row in TABLE:
            kind = "AAAA" if ":" in row.address else "A"
            zone.write(f"{row.domain} MX 10 {row.host}\n{row.host} {kind} {row.address}\n")


# --- the client ------------------------------------------------------------------------------------------------------


class Client(smtp.Client):
    """Says the row's part; notes everything that it hears."""

    def __init__(self, row):
        self.row, self.heard, self.bad = row, [], []
        super().__init__(row.address, 100)

    def reply(self):
        code, lines = None, []
        try:
            while True:
                line = self.octets()
                if not LINE.fullmatch(line) or len(line) > 510 or code not in (None, line[:3]):
                    self.bad.append(line)
                code = line[:3]
                lines.append(line[4:].decode("ascii", "replace"))
                if line[3:4] != b"-":
                    break
        except smtp.Gone as error:
            self.heard.append(f"0 {error}")
            return 0, str(error)
        self.heard.append(f"{int(code)} " + "\n".join(lines))
        return int(code), "\n".join(lines)

    def octets(self):
        while b"\r\n" not in self.buffer:
            try:
                more = self.sock.recv(65536)
            except OSError as error:
                raise smtp.Gone(str(error)) from error
            if not more:
                raise smtp.Gone("closed")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def say_row(self, line):
        if line is rows.LISTEN:
            return self.reply()
        if line == "MAIL":
            return self.say(f"MAIL FROM:<{rows.CANARY}@lan.test> {self.row.mail}".rstrip())
        if line == "RCPT":
            return self.say(f"RCPT TO:<{rows.CANARY}@{self.row.domain}>")
        if line == "MESSAGE":
            return self.message()
        return self.say(line)

    def message(self):
        self.send(f"Subject: {rows.CANARY}\r\n\r\nto {self.row.number}\r\n".encode())
        if "content" in self.row.at:  # the rest, once the server has done what it does
            smtp.until(30, lambda: any(line.get("row") == self.row.name and "over" in line for line in server_log()))
        return self.say(f"{rows.CANARY} once more\r\n.")

    def run(self):
        """The reply that ended it, or the last."""
        if self.greeting[0] != 220:
            return self.heard[-1] if self.heard else f"0 {self.greeting[1]}"
        for line in ("EHLO client.lan",) + (self.row.lines or ("MAIL", "RCPT", "DATA", "MESSAGE")):
            if self.say_row(line)[0] // 100 not in (2, 3):
                break
        last = self.heard[-1]
        if self.row.at.get("after") is not None:
            smtp.until(30, lambda: any(line.get("row") == self.row.name and "over" in line for line in server_log()))
        if not last.startswith(("421", "0 ")):
            self.quit()
        return last


LOG = {"at": 0, "lines": [], "lock": threading.Lock(), "rest": ""}


def server_log():
    """What the hostile server has told so far."""
    with LOG["lock"]:
        with open(f"{smtp.LAB_DIR}/log/hostile", encoding="utf-8") as file:
            file.seek(LOG["at"])
            text = LOG["rest"] + file.read()
            LOG["at"] = file.tell()
        *whole, LOG["rest"] = text.split("\n")
        LOG["lines"] += [json.loads(line) for line in whole if line.startswith("{")]
        return list(LOG["lines"])


def run():
    results, lock = {}, threading.Lock()
    waiting = collections.deque(sorted(CHOSEN, key=lambda row: "drips" not in row.name))  # the long one first

    def work():
        while True:
            with lock:
                if not waiting:
                    return
                row = waiting.popleft()
            client = Client(row)
            last = client.run()
            client.close()
            with lock:
                results[row.number] = {"last": last, "heard": client.heard, "bad": [repr(line) for line in client.bad]}
    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open(f"{smtp.LAB_DIR}/heard", "w", encoding="utf-8") as file:
        json.dump(results, file)


# --- the judge -------------------------------------------------------------------------------------------------------


def judge_row(row, heard, log, taken):
    """What is wrong, as sentences."""
    wrong = []
    if re.fullmatch(row.reply, heard["last"]) is None:
        wrong.append(f"the client heard {heard['last']!r} and should have heard {row.reply!r}")
    if heard["bad"]:
        wrong.append(f"the client heard what is no reply: {heard['bad']}")
    refused = [line for line in log if line["event"] == "refused"]
    if len(refused) != (row.refused is not None):
        wrong.append("not one refusal in the log" if row.refused else "a refusal in the log")
    elif row.refused is not None:
        word, reason = row.refused
        line = refused[0]
        if re.fullmatch(word, line.get("result", "")) is None or re.fullmatch(reason, line.get("reason", "")) is None:
            wrong.append(f"not refused for {row.refused}")
        if refused[0].get("reply") != heard["last"].split("\n")[0]:
            wrong.append("another reply in the log than the client heard")
    ends = [line for line in log if line["event"] == "session-end"]
    messages = "1" if heard["last"].startswith("250 2.0.0 taken") else "0"
    if [(line["end"], line["messages"]) for line in ends] != [(row.end, messages)]:
        wrong.append(f"not one end, of {row.end} with {messages} messages")
    held = [line for line in log if line["event"] in ("host-held", "host-down")]
    if len(held) > (row.refused is not None) or len(log) != len(refused) + len(ends) + len(held):
        wrong.append("other lines in the log")
    if messages == "1" and taken != 1:
        wrong.append(f"the server acknowledged {taken} messages, the client was told of one")
    if wrong:
        wrong += [json.dumps(line) for line in log] + [f"heard: {heard['heard']}"]
    return wrong


def judge_metrics(log):
    """Every refusal, end and message is counted, and nothing else is. The lines of the log stand for what happened."""
    metrics = {}
    with open(f"{smtp.LAB_DIR}/metrics", encoding="utf-8") as file:
        for line in file:
            words = line.rsplit(" ", 1)
            if len(words) == 2 and not line.startswith("#"):
                metrics[words[0]] = float(words[1])
    refused = collections.Counter(line.get("result", "none") for line in log if line["event"] == "refused")
    ends = collections.Counter(line["end"] for line in log if line["event"] == "session-end")
    messages = sum(int(line["messages"]) for line in log if line["event"] == "session-end")
    wanted = {f'gate25_refusals_total{{result="{word}"}}': count for word, count in refused.items()}
    wanted |= {f'gate25_session_ends_total{{cause="{word}"}}': count for word, count in ends.items()}
    wanted |= {'gate25_messages_total{outcome="accepted"}': messages, "gate25_sessions_active": 0,
               "gate25_clear_binds_total": 0}
    for name, count in wanted.items():
        result(f"metric {name} is {count}", metrics.get(name) == count, metrics.get(name))
    families = ("gate25_refusals_total{", "gate25_session_ends_total{")
    strange = [name for name, value in metrics.items() if name.startswith(families) and value and name not in wanted]
    result("nothing else was counted", not strange, *strange)


def judge_wire():
    with open(f"{smtp.LAB_DIR}/pcap/attack.pcap", "rb") as file:
        found, _ = wire.streams(file.read(), 25)
    by_address = {}
    for stream in found:
        sent, _ = stream.octets()
        leak = wire.Reading(sent).leak() + sent.count(rows.CANARY.encode())
        by_address[wire.where(stream.server)] = by_address.get(wire.where(stream.server), 0) + leak
    return by_address


def lines_of(log):
    """The lines of a log that are JSON; one that is broken is shown."""
    found = []
    with open(f"{smtp.LAB_DIR}/log/{log}", encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                found.append(json.loads(line) if line.startswith("{") else {})
            except ValueError:
                sys.exit(f"{log} has a broken line: {line!r}")
    return found


def judge():
    with open(f"{smtp.LAB_DIR}/heard", encoding="utf-8") as file:
        heard = json.load(file)
    log = [line for line in lines_of("gate25") if "destination" in line]
    lines = collections.defaultdict(list)
    for line in log:
        lines[line["destination"]].append(line)
    taken = collections.Counter(line["row"] for line in lines_of("hostile") if line.get("taken"))
    leaks = judge_wire()
    for row in CHOSEN:
        wrong = judge_row(row, heard[str(row.number)], lines[row.endpoint], taken[row.name])
        if row.endpoint not in leaks:
            wrong.append("nothing of it on the wire")
        elif leaks[row.endpoint]:
            wrong.append(f"{leaks[row.endpoint]} octets of mail in clear")
        result(row.name, not wrong, *wrong)
    judge_metrics(log)
    with open(f"{smtp.LAB_DIR}/log/gate25", "rb") as file:
        strange = [line for line in file if re.fullmatch(rb"[\t -~]*\n", line) is None]
    result("the log is of printed characters", not strange, *strange)


def metrics():
    print(urllib.request.urlopen("http://127.0.0.1:9525/metrics", timeout=20).read().decode())


if __name__ == "__main__":
    {"setup": setup, "run": run, "judge": judge, "metrics": metrics}[sys.argv[1]]()
