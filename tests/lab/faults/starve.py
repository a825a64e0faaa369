#!/usr/bin/env python3
"""starve.py WHAT GATE: a role of the gate whose parent's id is GATE runs out of descriptors or of memory while it serves,
and gets them back."""
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import stand
from stand import smtp

result = smtp.result


def role(gate, name):
    pid = gate if name == "parent" else smtp.until(20, lambda: smtp.role_of(gate, name))
    if not pid:  # 0 would be the test itself
        sys.exit(f"there is no {name} with its sandbox on")
    return pid


def limit(pid, what, value):
    """Sets the soft limit, as that process's own user, who may."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        owner = next(int(line.split()[1]) for line in file if line.startswith("Uid:"))
    subprocess.run(["prlimit", "--pid", str(pid), f"--{what}={value}:"], check=True, user=owner, group=owner,
                   extra_groups=[])


def limits(pid, title):
    """The soft limit."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        return next(line for line in file if line.startswith(title))[len(title):].split()[0]


def leave_descriptors(pid, free):
    """From now on |pid| can open |free| more. Returns what gives it its old limit back."""
    old = limits(pid, "Max open files")
    used = {int(number) for number in os.listdir(f"/proc/{pid}/fd")}
    new = 0
    while new - len([number for number in used if number < new]) < free:
        new += 1
    limit(pid, "nofile", new)
    return lambda: limit(pid, "nofile", old)


def leave_memory(pid, octets):
    """Likewise, its address space."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    limit(pid, "as", size + octets)
    return lambda: limit(pid, "as", "unlimited")


def runs(pid):
    """How many of 60 looks, a fiftieth of a second apart, find it running or wanting to run. One that spins always is."""
    found = 0
    for _ in range(60):
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            found += file.read().rsplit(")", 1)[1].split()[0] == "R"
        time.sleep(0.02)
    return found


def crowd(count, state="ehlo"):
    """Connections beyond what there is room for; nobody reads what they are told."""
    socks = []
    for _ in range(count):
        sock = socket.socket()
        sock.setblocking(False)
        try:
            sock.connect((stand.ADDRESSES[state], 25))
        except BlockingIOError:
            pass
        socks.append(sock)
    return socks


def sessions_survive(name, stands):
    replies = {one.state: one.go_on() for one in stands}
    result(f"{name}: sessions that ran end as they should", all(reply[0] == 250 for reply in replies.values()), replies)


def then_all_is_well(name, stands, gate, pid, who):
    late = [one.state for one in stands if not one.deliver()]
    result(f"{name}: mail goes again", not late, *late)
    if who is not None:
        result(f"{name}: it is the same process", role(gate, who) == pid)


def standing(name, *states):
    stands = [stand.Stand(state, f"{name}-{state}") for state in states]
    late = [one.state for one in stands if not one.stand()]
    result(f"{name}: sessions run", not late, *late)
    return stands


def worker_descriptors(gate):
    """None left for a new session; then policyd dies, so that a new channel to it has to come in by descriptor."""
    name = "worker without descriptors"
    pid = role(gate, "worker")
    stands = standing("fds-worker", "content", "rcpt", "mail")
    give_back = leave_descriptors(pid, 3)
    many = crowd(20)
    looks = runs(pid)
    result(f"{name}: it does not spin", looks < 40, f"{looks} of 60 looks find it running")
    os.kill(role(gate, "policy"), signal.SIGKILL)
    smtp.until(20, lambda: smtp.role_of(gate, "policy"))
    result(f"{name}: a new policyd costs it nothing", not smtp.until(1, lambda: not os.path.exists(f"/proc/{pid}")))
    sessions_survive(name, stands)
    for sock in many:
        sock.close()
    give_back()
    then_all_is_well(name, stands, gate, pid, "worker")


def monitor_descriptors(gate):
    name = "monitor without descriptors"
    pid = role(gate, "monitor")
    give_back = leave_descriptors(pid, 1)
    socks = [socket.create_connection(("127.0.0.1", 9525), 10) for _ in range(4)]
    looks = runs(pid)
    result(f"{name}: it does not spin", looks < 40, f"{looks} of 60 looks find it running")
    give_back()
    for sock in socks:
        sock.close()
    page = urllib.request.urlopen("http://127.0.0.1:9525/metrics", timeout=30).read()
    result(f"{name}: with descriptors it answers", b"gate25_" in page)


def policy_descriptors(gate):
    name = "policyd without descriptors"
    pid = role(gate, "policy")
    stands = [stand.Stand("verdict", "fds-policy-1"), stand.Stand("ehlo", "fds-policy-2")]
    give_back = leave_descriptors(pid, 0)
    stands[0].client = smtp.Client(stand.ADDRESSES["verdict"])
    reply = stands[0].client.begin(f"bob@{stands[0].message.domain}")
    result(f"{name}: a domain that cannot be looked up is deferred", reply[0] == 451, reply)
    stands[0].client.quit()
    looks = runs(pid)
    result(f"{name}: it does not spin", looks < 40, f"{looks} of 60 looks find it running")
    give_back()
    then_all_is_well(name, stands, gate, pid, "policy")


def parent_descriptors(gate):
    """It cannot start a role anew, and does so once it can."""
    name = "parent without descriptors"
    give_back = leave_descriptors(gate, 0)
    victim = role(gate, "worker")
    os.kill(victim, signal.SIGKILL)
    time.sleep(1)
    looks = runs(gate)
    result(f"{name}: it does not spin", looks < 40, f"{looks} of 60 looks find it running")
    give_back()
    result(f"{name}: with descriptors it starts the worker", smtp.until(40, lambda: smtp.role_of(gate, "worker")
                                                                         not in (0, victim)))
    then_all_is_well(name, [stand.Stand("ehlo", "fds-parent")], gate, None, None)


def worker_memory(gate):
    name = "worker without memory"
    pid = role(gate, "worker")
    stands = standing("memory-worker", "content", "rcpt", "mail")
    give_back = leave_memory(pid, 0)
    many = crowd(60)
    looks = runs(pid)
    result(f"{name}: it does not spin", looks < 40, f"{looks} of 60 looks find it running")
    replies = {one.state: one.go_on() for one in stands}
    print(f"#\t{name}: " + ", ".join(f"{state} {reply[0]}" for state, reply in replies.items()))
    for sock in many:
        sock.close()
    if os.path.exists(f"/proc/{pid}"):
        give_back()
    then_all_is_well(name, stands, gate, None, None)


def policy_memory(gate):
    """What it cannot look up for want of memory is deferred; and if it dies of it, it is replaced."""
    name = "policyd without memory"
    pid = role(gate, "policy")
    stand.Stand.verdicts = 3  # of those before it knows already
    stands = [stand.Stand("verdict", f"memory-policy-{number}") for number in range(5)]
    give_back = leave_memory(pid, 0)
    replies = []
    for one in stands:
        one.client = smtp.Client(stand.ADDRESSES["verdict"])
        replies.append(one.client.begin(f"bob@{one.message.domain}"))
        one.client.quit()
    result(f"{name}: a domain is looked up or deferred",
           all(reply[0] == 250 or (reply[0] == 451 and reply[1].startswith("4.")) for reply in replies), *replies)
    print("#\t" + name + ": " + " ".join(str(reply[0]) for reply in replies))
    if os.path.exists(f"/proc/{pid}"):
        give_back()
    then_all_is_well(name, stands, gate, None, None)


def main():
    for what in sys.argv[2:]:
        globals()[what](int(sys.argv[1]))


if __name__ == "__main__":
    main()
