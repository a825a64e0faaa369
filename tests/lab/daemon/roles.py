#!/usr/bin/env python3
"""roles.py deaths|parent GATE: what running sessions notice of a role that is killed, by what they were doing."""
import os
import signal
import sys

import smtp
from smtp import result

GOOD, MUTE = "198.51.100.121", "198.51.100.122"  # takes mail; never says what became of a message
ZONE = f"{smtp.LAB_DIR}/zone"
SLOW = set()


def zone(slow=None):
    """The names, with a resolver that says nothing about |slow|; those that were slow before are served by good.lab's host.
    Of stuck.lab, which is stuck.py's, it never says anything."""
    with open(ZONE + ".new", "w", encoding="ascii") as file:
        for name, host in (("good.lab", GOOD), ("mute.lab", MUTE)):
            file.write(f"{name} MX 10 mx.{name}\nmx.{name} A {host}\n")
        file.write("stuck.lab silent\n")
        for name in SLOW - {slow}:
            file.write(f"{name} MX 10 mx.good.lab\n")
        if slow is not None:
            SLOW.add(slow)
            file.write(f"{slow} silent\n")
    os.rename(ZONE + ".new", ZONE)


def idle(name):
    """A client that said EHLO. Returns it, and what it would do to go on."""
    client = smtp.Client(GOOD)
    client.hello()

    def proceed():
        client.say("MAIL FROM:<alice@lan.test>")
        client.say("RCPT TO:<bob@good.lab>")
        return client.content(name)
    return client, proceed


def waiting(name):
    """A client whose RCPT waits for a verdict."""
    domain = name + ".lab"
    zone(domain)
    client = smtp.Client(GOOD)
    client.hello()
    client.say("MAIL FROM:<alice@lan.test>")
    client.send(f"RCPT TO:<bob@{domain}>\r\n".encode())
    if not smtp.until(20, lambda: smtp.log_has("dns", "MX " + domain)):
        raise RuntimeError("the gate does not ask for the MX hosts")

    def proceed():
        zone()  # from now on there is an answer
        reply = client.reply()
        return client.content(name) if reply[0] == 250 else reply
    return client, proceed


def in_flight(name):
    """A client half-way through a message."""
    client = smtp.Client(GOOD)
    client.begin("bob@good.lab")
    client.say("DATA")
    client.send(b"Subject: lab\r\n\r\nfirst half\r\n" * 50)

    def proceed():
        client.send(name.encode() + b"\r\n.\r\n")
        return client.reply()
    return client, proceed


def unanswered(name):
    """A client that has sent its message, and a server that says nothing."""
    client = smtp.Client(MUTE)
    client.begin("bob@mute.lab")
    client.say("DATA")
    client.send(f"Subject: lab\r\n\r\n{name}\r\n.\r\n".encode())

    def proceed():
        return client.reply()
    return client, proceed


def usable(gate, what):
    reply = smtp.send_mail(GOOD, "bob@good.lab", what + "-usable")
    result(f"{what}: then mail goes as before", reply == "250 2.0.0 taken" and
           smtp.delivered(what + "-usable", 10) is not None, reply)


def death(gate, role, moment):
    name = f"{role}-{moment.__name__}".replace("_", "-")
    client, proceed = moment(name)
    before = len(smtp.mails())
    victim = smtp.until(20, lambda: smtp.role_of(gate, role))
    if not victim:  # 0 would be the test itself
        sys.exit(f"there is no {role} with its sandbox on")
    os.kill(victim, signal.SIGKILL)
    if role == "worker":
        reply = client.reply()
        result(f"{name}: the session is cut, with no reply", reply[0] == 0, reply)
        zone()
    else:
        reply = proceed()
        result(f"{name}: the session goes on", reply == (250, "2.0.0 taken"), reply)
        result(f"{name}: and its message is delivered once", smtp.delivered(name + "\n", 10) is not None)
        client.quit()
    client.close()
    fresh = smtp.until(20, lambda: smtp.role_of(gate, role) not in (0, victim))
    result(f"{name}: the role is replaced", bool(fresh))
    usable(gate, name)
    if role == "worker":
        result(f"{name}: nothing of the cut session was delivered", len(smtp.mails()) == before + 1, *smtp.mails()[before:])


def deaths(gate):
    zone()
    for role in ("policy", "monitor", "worker"):
        for moment in (idle, waiting, in_flight):
            death(gate, role, moment)
    death(gate, "worker", unanswered)
    ended = smtp.gate_log(event="role-ended")
    result("each death is in the log", [line["role"] for line in ended] ==
           ["policy"] * 3 + ["monitor"] * 3 + ["worker"] * 4 and all(line["signal"] == "9" for line in ended), *ended)


def parent(gate):
    """Killed while a message is on its way and another client is idle."""
    client, proceed = in_flight("parent-in-flight")
    children = [smtp.role_of(gate, role) for role in ("policy", "monitor", "worker")]
    os.kill(gate, signal.SIGKILL)
    result("the parent's death: no new session", smtp.until(10, lambda: smtp.Client(GOOD, 2).greeting[0] == 0),
           smtp.Client(GOOD, 2).greeting)
    reply = proceed()
    result("a message on its way arrives", reply == (250, "2.0.0 taken") and
           smtp.delivered("parent-in-flight\n", 10) is not None, reply)
    result("the session ends as it should", client.quit()[0] == 221)
    result("then all roles are gone", smtp.until(10, lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children)),
           children)


if __name__ == "__main__":
    {"deaths": deaths, "parent": parent, "usable": lambda gate: usable(gate, "a new start")}[sys.argv[1]](int(sys.argv[2]))
