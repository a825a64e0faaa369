#!/usr/bin/env python3
"""kills.py ROLE GATE NAME [STATE...]: kill -9 of a role (worker, policy, monitor, parent) while a client stands still at
each of these states (all of them), and what becomes of the clients. GATE is the parent's process id. For "parent" the file
$LAB_DIR/killed is made when it is dead, and the sessions go on once $LAB_DIR/again is there."""
import os
import signal
import sys
import threading

import stand
from stand import smtp

result = smtp.result


def begin(states, name):
    """The clients, each at its state; and those that did not get there."""
    stands = [stand.Stand(state, f"{name}-{state}") for state in states]
    late = [one.state for one in stands if not one.stand()]
    result(f"{name}: clients stand at {' '.join(states)}", not late, *late)
    return [one for one in stands if one.state not in late]


def together(stands):
    """All sessions go on at once: the last reply of each."""
    replies = {}

    def go(one):
        replies[one.state] = one.go_on()
    threads = [threading.Thread(target=go, args=(one,)) for one in stands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def expected(role, state, reply):
    """A worker's death cuts its sessions. Any other's costs none; but without the parent nobody is left who could give
    a verdict that is not known yet, which is said at once."""
    if role == "worker":
        return reply[0] == 0
    deferred = reply[0] == 451 and reply[1].startswith("4.4.3")
    if role == "parent" and state == "verdict":
        return deferred
    return reply[0] == 250 or (role == "parent" and state in ("banner", "ehlo", "mail") and deferred)


def kill(role, gate):
    victim = gate if role == "parent" else smtp.until(20, lambda: smtp.role_of(gate, role))
    if not victim:  # 0 would be the test itself
        sys.exit(f"there is no {role} with its sandbox on")
    os.kill(victim, signal.SIGKILL)
    return victim


def new_start(name, stands):
    """The parent is dead: nothing new is taken, until somebody starts the gate again. Meanwhile the sessions stand."""
    refused = smtp.until(10, lambda: smtp.Client(stand.ADDRESSES["ehlo"], 5).greeting[0] == 0)
    result(f"{name}: no new session is taken", refused)
    open(f"{stand.LAB_DIR}/killed", "x", encoding="ascii").close()
    result(f"{name}: a second start works while old sessions stand",
           smtp.until(60, lambda: os.path.exists(f"{stand.LAB_DIR}/again")))
    return stands


def main():
    role, gate, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    stands = begin(sys.argv[4:] or stand.STATES, name)
    victim = kill(role, gate)
    if role == "parent":
        new_start(name, stands)
    elif role == "worker":
        smtp.until(20, lambda: smtp.role_of(gate, role) not in (0, victim))
    replies = together(stands)
    wrong = [f"{state}: {reply}" for state, reply in replies.items() if not expected(role, state, reply)]
    result(f"{name}: " + ("every session is cut, with no reply" if role == "worker" else "every session goes on"), not wrong,
           *wrong)
    print("#\t" + ", ".join(f"{state} {reply[0]}" for state, reply in replies.items()))
    if role != "parent":
        result(f"{name}: the role is replaced", smtp.until(40, lambda: smtp.role_of(gate, role) not in (0, victim)))
    late = [one.state for one in stands if not one.deliver()]
    result(f"{name}: each of their messages is acknowledged in the end", not late, *late)


if __name__ == "__main__":
    main()
