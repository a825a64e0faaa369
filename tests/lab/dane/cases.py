#!/usr/bin/env python3
"""cases.py MAILBOX[:MAILBOX...] CANARY TABLE: one mail for each row of a table, through the gate; what the client, the log and the
mailbox must then say. Runs in the node client. A row:

    NAME | RECIPIENT | SERVER | REPLY | KEY=VALUE ...

REPLY: a regular expression for how the last reply begins; with 250 the mail must be in the mailbox, with anything else not. The keys are of
the gate's log line (json): of the refusal, or of the end of the session where the mail was taken. VALUE: a regular
expression for the whole value, with _ for a space; an empty one: the key is not there. tls=no: it went in clear.
"""
import os
import re
import sys

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


def run(name, recipient, server, wanted, wants, canary):
    seen = len(smtp.json_lines("gate25"))
    reply = smtp.send_mail(server, recipient, canary)
    result(f"{name}: the client is told {wanted}", re.match(wanted, reply) is not None, reply)
    taken = wanted.startswith("250")
    event = "session-end" if taken else "refused"
    # The line of the end comes last, and then all are there.
    until(10, lambda: any(line.get("event") == "session-end" for line in smtp.json_lines("gate25")[seen:]))
    lines = [line for line in smtp.json_lines("gate25")[seen:] if line.get("event") in (event, "session-end")]
    clear = wants.pop("tls", "") == "no"
    result(f"{name}: the log says so", any(line.get("event") == event and fits(line, wants) for line in lines), wants, *lines)
    if taken:
        mail = until(15, lambda: in_mailbox(canary)) if reply.startswith("250") else None
        over_tls = mail is not None and re.search(r"using TLSv1|esmtps", mail) is not None
        result(f"{name}: the mail is there, and came {'in clear' if clear else 'over TLS'}",
               mail is not None and over_tls != clear, mail)
    return taken


def main():
    refused = []
    for number, (name, recipient, server, wanted, wants) in enumerate(rows(sys.argv[3])):
        canary = f"{CANARY}-{number}-"
        if not run(name, recipient, server, wanted, wants, canary):
            refused.append((name, canary))
    for name, canary in refused:
        if in_mailbox(canary):
            result(f"{name}: the mail is not there", False)
    result("no mail that was refused is in a mailbox", not any(in_mailbox(canary) for _, canary in refused))


if __name__ == "__main__":
    main()
