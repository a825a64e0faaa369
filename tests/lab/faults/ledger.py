#!/usr/bin/env python3
"""ledger.py NAME MAILBOX SENDERLOG: the books of both sides, compared. Lines of results, see smtp.py.

What was handed in, by Message-ID: $LAB_DIR/handed-in. What clients were told by their end of data, as lines "Message-ID
reply": the scripted ones' in $LAB_DIR/acknowledged, the sending Postfix's in its log. What the server took: its mailbox,
where each copy names the queue-id that the server gave it in its reply."""
import collections
import os
import re
import sys

LAB_DIR = os.environ["LAB_DIR"]
QUEUED = re.compile(r"queued as (\w+)")


def lines_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def stored(mailbox):
    """Queue-ids of the server's copies, by Message-ID."""
    copies = collections.defaultdict(list)
    for name in os.listdir(mailbox + "/new"):
        text = "\n".join(lines_of(f"{mailbox}/new/{name}"))
        message_id = re.search(r"^Message-ID: (<[^>]*>)", text, re.M | re.I).group(1)
        copies[message_id].append(re.search(r"\bid (\w+)", text).group(1))
    return copies


def told(log):
    """Queue-ids that clients were told, by Message-ID. A client that was told none, but was told 250, has None."""
    acknowledged = collections.defaultdict(list)
    for line in lines_of(f"{LAB_DIR}/acknowledged"):
        message_id, reply = line.split(" ", 1)
        found = QUEUED.search(reply)
        acknowledged[message_id].append(found.group(1) if found else None)
    names = {}
    for line in lines_of(log):
        found = re.search(r"postfix/cleanup\[\d+\]: (\w+): message-id=(<[^>]*>)", line)
        if found:
            names[found.group(1)] = found.group(2)
        found = re.search(r"postfix/smtp\[\d+\]: (\w+): .*status=sent \((.*)\)", line)
        if found:
            queued = QUEUED.search(found.group(2))
            acknowledged[names[found.group(1)]].append(queued.group(1) if queued else None)
    return acknowledged


def result(name, good, *facts):
    print(("ok" if good else "not ok") + "\t" + name)
    for fact in facts if not good else ():
        print(f"#\t{fact}")


def main():
    name, mailbox, log = sys.argv[1:]
    handed_in, copies, acknowledged = lines_of(f"{LAB_DIR}/handed-in"), stored(mailbox), told(log)
    lost = [message for message in handed_in if not copies[message]]
    false = [(message, queue_id) for message, ids in acknowledged.items() for queue_id in ids
             if queue_id not in copies[message]]
    unheard = [(message, queue_id) for message, ids in copies.items() for queue_id in ids
               if queue_id not in acknowledged[message]]
    more = sum(len(ids) - 1 for ids in copies.values() if ids)
    twice = [message for message, ids in acknowledged.items() if len(ids) > 1]
    strange = [message for message in copies if message not in handed_in]
    print(f"#\t{name}: messages {len(handed_in)}, lost {len(lost)}, acknowledged and not by the server {len(false)}, "
          f"copies too many {more}, acknowledgements of the server that were lost on their way {len(unheard)}")
    result(f"{name}: messages lost: 0", handed_in and not lost, *lost)
    result(f"{name}: messages acknowledged that the server did not acknowledge: 0", acknowledged and not false, *false)
    result(f"{name}: a second copy only where the server's acknowledgement was lost ({more})",
           more <= len(unheard) and not twice, *unheard, *twice)
    result(f"{name}: nothing was delivered that nobody sent", not strange, *strange)


if __name__ == "__main__":
    main()
