#!/usr/bin/env python3
"""sessions.py SERVER - several domains in one SMTP session under DANE: the server's chain is judged anew for each, and
another SNI is tried where the transaction permits. Domains of test_changes.sh: one and two share a host and its key;
ta has a host of its own with another chain; wrong names a key that nobody has; open has no TLSA records."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon"))
import smtp  # noqa: E402
from smtp import result  # noqa: E402

SERVER = sys.argv[1]


def address(domain):
    return f"bob@{domain}.example"


def transaction(client, *domains):
    """MAIL and a RCPT for each domain; the replies to the RCPTs, as "CODE TEXT"."""
    client.say("MAIL FROM:<alice@lan.test>")
    return ["{} {}".format(*client.say(f"RCPT TO:<{address(domain)}>")) for domain in domains]


def begins(replies, *wanted):
    return len(replies) == len(wanted) and all(reply.startswith(want) for reply, want in zip(replies, wanted))


def one_transaction():
    client = smtp.Client(SERVER)
    client.hello()
    replies = transaction(client, "one", "two", "wrong", "ta", "open")
    result("the second domain of the same host is taken, too", begins(replies[:2], "250", "250"), *replies)
    result("one whose records name another key is not", begins(replies[2:3], "45"), *replies)
    result("one that needs another SNI is asked to come by itself", begins(replies[3:4], "452 4.5.3"), *replies)
    result("one without records goes along", begins(replies[4:5], "250"), *replies)
    reply = client.content("canary-sessions-one")
    result("the message goes to those that were taken", reply[0] == 250, reply)
    client.quit()


def one_after_another():
    client = smtp.Client(SERVER)
    client.hello()
    for domain, want in (("one", "250"), ("ta", "250"), ("wrong", "451 4.7.5"), ("two", "250"), ("wrong", "451 4.7.5"),
                         ("open", "250"), ("ta", "250")):
        replies = transaction(client, domain)
        result(f"one after another, {domain}: {want}", begins(replies, want), *replies)
        if replies[0].startswith("250"):
            reply = client.content(f"canary-sessions-{domain}")
            result(f"one after another, {domain}: the message is taken", reply[0] == 250, reply)
        else:
            client.say("RSET")
    client.quit()


if __name__ == "__main__":
    one_transaction()
    one_after_another()
