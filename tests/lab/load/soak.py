#!/usr/bin/env python3
"""soak.py FOLDER MESSAGES GATE RESOLVER SENDER...: does to the gate what the soak is about while the senders send, then
compares the two ends. GATE, RESOLVER and SENDER are process ids; the results are lines for the shell test.

In the first half of the messages: roles killed with SIGKILL, SIGHUP, the resolver stopped for three seconds, a wrong
certificate for two. In the second the same without kills, so that each process is the same from the warm-up (at 60 of a
hundred) to the end, and its memory can be compared.
"""
import glob
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon"))
import smtp  # noqa: E402
from smtp import result  # noqa: E402

FOLDER, MESSAGES, GATE, RESOLVER = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
SENDERS = [int(word) for word in sys.argv[5:]]
ROLES = ("worker", "policy", "monitor")
GROWTH_KIB = 4096  # of a process, from the warm-up to the end: more would be more than its caches filling up
COUNTS = {"kills": 0, "reloads": 0, "resolver stopped": 0, "certificate wrong": 0}


def note(text):
    print(f"#\t{text}", flush=True)


def read(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def progress():
    return sum(int(read(path) or 0) for path in glob.glob(f"{FOLDER}/progress.*[0-9]"))


def alive(pid):
    """Whether the process still runs; the shell reaps it later."""
    state = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return bool(state) and state[0] != "Z"


def pids():
    found = {"parent": GATE}
    for role in ROLES:
        found[role] = smtp.until(30, lambda role=role: smtp.role_of(GATE, role)) or 0
    return found


def usage(pid):
    """Resident memory in KiB and open files."""
    rss = [line.split()[1] for line in read(f"/proc/{pid}/status").splitlines() if line.startswith("VmRSS:")]
    try:
        files = len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        files = 0
    return int(rss[0]) if rss else 0, files


def kill_role():
    pid = smtp.role_of(GATE, random.choice(ROLES + ("worker",)))
    if pid > 1:
        os.kill(pid, signal.SIGKILL)
        COUNTS["kills"] += 1


def reload():
    os.kill(GATE, signal.SIGHUP)
    COUNTS["reloads"] += 1


def stop_resolver():
    os.kill(RESOLVER, signal.SIGSTOP)
    time.sleep(3)
    os.kill(RESOLVER, signal.SIGCONT)
    COUNTS["resolver stopped"] += 1


def wrong_certificate():
    open(f"{FOLDER}/wrong", "w", encoding="ascii").close()
    time.sleep(2)
    os.unlink(f"{FOLDER}/wrong")
    COUNTS["certificate wrong"] += 1


def disturb():
    """Until every sender is done. Returns the processes and what they used at the warm-up."""
    turn, warm = 0, None
    gentle = (reload, stop_resolver, wrong_certificate)
    rough = (kill_role, reload, kill_role, stop_resolver, kill_role, wrong_certificate)
    began, told = time.monotonic(), time.monotonic()
    while any(alive(pid) for pid in SENDERS):
        at = progress()
        if warm is None and at >= MESSAGES * 0.6:
            found = pids()
            warm = {role: (pid, usage(pid)) for role, pid in found.items()}
        moves = rough if at < MESSAGES / 2 else gentle
        moves[turn % len(moves)]()
        turn += 1
        if time.monotonic() - told > 60:
            told = time.monotonic()
            note(f"{at} messages in {told - began:.0f} s")
        end = time.monotonic() + (0.2 if MESSAGES < 10000 else 4)
        while time.monotonic() < end and any(alive(pid) for pid in SENDERS):
            time.sleep(0.05)
    return warm, time.monotonic() - began


def taken():
    """How often each message was taken, and how often of these without a word."""
    count, lost, clear = {}, {}, 0
    for path in glob.glob(f"{FOLDER}/taken.*"):
        for line in read(path).splitlines():
            words = line.split()
            if words[0] == "CLEAR":
                clear += 1
                words = words[1:]
            count[words[0]] = count.get(words[0], 0) + 1
            if words[1:] == ["lost"]:
                lost[words[0]] = lost.get(words[0], 0) + 1
    return count, lost, clear


def compare():
    count, lost, clear = taken()
    sent = {}
    for path in glob.glob(f"{FOLDER}/sent.*"):
        for line in read(path).splitlines():
            number, tries, unknown = line.split()
            sent[number] = (int(tries), int(unknown))
    missing = [number for number in sent if number not in count]
    never_sent = [number for number in count if int(number) >= MESSAGES]
    by_server = on_way = 0
    doubled = []
    for number, copies in count.items():
        extra, unknown = copies - 1, sent.get(number, (0, 0))[1]
        if extra > unknown:
            doubled.append(number)
        by_server += min(extra, lost.get(number, 0))
        on_way += max(0, extra - lost.get(number, 0))
    note(f"sent and acknowledged {len(sent)} of {MESSAGES}, with {sum(tries for tries, _ in sent.values())} attempts")
    note(f"taken {sum(count.values())} times: {by_server} again because the server lost its acknowledgement, "
         f"{on_way} because it was lost in a role that was killed")
    result("every message was acknowledged to its sender", len(sent) == MESSAGES, len(sent))
    result("no message that was acknowledged is missing", not missing, *missing[:10])
    result("no message came twice but where its acknowledgement was lost", not doubled, *doubled[:10])
    result("an acknowledgement is lost on the way only where a role was killed", on_way <= COUNTS["kills"] * 64, on_way)
    result("nothing came that was not sent", not never_sent, *never_sent[:10])
    result("no message came in clear", clear == 0, clear)


def flat(warm, idle_files):
    found = pids()
    for role, pid in found.items():  # lookups that nobody waits for any more have their sockets yet
        smtp.until(30, lambda role=role, pid=pid: usage(pid)[1] <= idle_files[role] + 2)
    for role, (pid, (before, _)) in sorted((warm or {}).items()):
        after, files = usage(found[role])
        note(f"{role}: {before} KiB after the warm-up, {after} KiB at the end; {idle_files[role]} files idle before, {files} after")
        result(f"{role}: still the process of the warm-up", found[role] == pid)
        result(f"{role}: memory is flat", after <= before * 1.15 + GROWTH_KIB, before, after)
        result(f"{role}: descriptors are flat", files <= idle_files[role] + 2, idle_files[role], files)
    result("the warm-up was measured", warm is not None)


idle = {role: usage(pid)[1] for role, pid in pids().items()}
open(f"{FOLDER}/go", "w", encoding="ascii").close()  # the senders wait for it
at_warm, seconds = disturb()
note(f"{MESSAGES} messages in {seconds:.0f} s ({MESSAGES / seconds:.0f}/s); " +
     ", ".join(f"{count} times {name}" for name, count in COUNTS.items()))
compare()
flat(at_warm, idle)
