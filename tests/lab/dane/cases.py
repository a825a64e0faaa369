#!/usr/bin/env python3
"""cases.py MAILBOX[:MAILBOX...] CANARY TABLE [together]: one mail for each row of a table, through the gate; what the
client, the log and the mailbox must then say. Runs in the node client. A row:

    NAME | RECIPIENT | SERVER | REPLY | KEY=VALUE ...

REPLY: a regular expression for how the last reply begins; with 250 the mail must be in a mailbox, with anything else
not. The keys are of the gate's log line (json): of the refusal, or of the end of the session where the mail was taken.
VALUE: a regular expression for the whole value, with _ for a space; an empty one: the key is not there. tls=no: it went
in clear. "together": all at the same time; then no row may share its recipient's domain with another.
"""
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon"))
import smtp  # noqa: E402
from smtp import result, until  # noqa: E402

MAILBOXES, CANARY = sys.argv[1].split(":"), sys.argv[2]


def rows(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, recipient, server, reply, wants = (field.strip() for field in line.split("|", 4))
                yield name, recipient, server, reply, dict(want.split("=", 1) for want in wants.split())


def in_mailbox(canary):
    for folder in (f"{mailbox}/new" for mailbox in MAILBOXES if os.path.isdir(f"{mailbox}/new")):
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", encoding="utf-8", errors="replace") as file:
                text = file.read()
            if canary in text:
                return text
    return None


def fits(line, wants):
    return all(re.fullmatch(value.replace("_", " "), str(line.get(key, ""))) for key, value in wants.items())


class Case:
    def __init__(self, number, row):
        self.name, self.recipient, self.server, self.wanted, self.wants = row
        self.canary = f"{CANARY}-{number}-"
        self.taken = self.wanted.startswith("250")
        self.clear = self.wants.pop("tls", "") == "no"
        self.reply = None

    def send(self):
        self.reply = smtp.send_mail(self.server, self.recipient, self.canary)
        result(f"{self.name}: the client is told {self.wanted}", re.match(self.wanted, self.reply) is not None, self.reply)

    def judge(self, lines_of):
        """|lines_of| gives the lines of the log among which this case's are."""
        # The line of the end comes last, and then all are there.
        until(10, lambda: any(line.get("event") == "session-end" for line in lines_of()))
        event = "session-end" if self.taken else "refused"
        lines = [line for line in lines_of() if line.get("event") in (event, "session-end")]
        result(f"{self.name}: the log says so",
               any(line.get("event") == event and fits(line, self.wants) for line in lines), self.wants, *lines)
        if self.taken:
            mail = until(15, lambda: in_mailbox(self.canary)) if self.reply.startswith("250") else None
            over_tls = mail is not None and re.search(r"using TLSv1|esmtps", mail) is not None
            result(f"{self.name}: the mail is there, and came {'in clear' if self.clear else 'over TLS'}",
                   mail is not None and over_tls != self.clear, mail)


def one_by_one(cases):
    for case in cases:
        seen = len(smtp.json_lines("gate25"))
        case.send()
        case.judge(lambda first=seen: smtp.json_lines("gate25")[first:])


def together(cases):
    with ThreadPoolExecutor(max_workers=len(cases)) as pool:
        list(pool.map(Case.send, cases))
    for case in cases:
        domain = case.recipient.split("@")[1]
        case.judge(lambda wanted=domain: smtp.gate_log(domain=wanted))


def main():
    cases = [Case(number, row) for number, row in enumerate(rows(sys.argv[3]))]
    if sys.argv[4:] == ["together"]:
        together(cases)
    else:
        one_by_one(cases)
    arrived = [case.name for case in cases if not case.taken and in_mailbox(case.canary)]
    result("no mail that was refused is in a mailbox", not arrived, *arrived)


if __name__ == "__main__":
    main()
