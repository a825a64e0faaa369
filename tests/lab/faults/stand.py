"""stand.py - SMTP clients that stand still at a named state of their session, until they are told to go on; and what
holds answers back for them. They keep the books of ledger.py."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon"))
import smtp  # noqa: E402

LAB_DIR = smtp.LAB_DIR
MAILBOX = f"{LAB_DIR}/root.server/root/var/mail/lab/all/new"
STATES = ("banner", "ehlo", "mail", "verdict", "handshake", "rcpt", "data", "content", "dot", "idle")
ADDRESSES = {state: f"198.51.100.{101 + number}" for number, state in enumerate(STATES)}
SENDER = "alice@lan.example"


def nft(node, text):
    subprocess.run(["ip", "netns", "exec", f"g25-{os.environ['LAB_ID']}-{node}", "nft", text], check=True)


def hold(state, on):
    """The server's answers to |state|'s address, its TLS handshake, or questions about its domain."""
    verb = "add" if on else "delete"
    if state in ("banner", "dot"):
        nft("path", f"{verb} element inet hold answers {{ {ADDRESSES[state]} }}")
    elif state == "handshake":
        nft("path", f"{verb} element inet hold handshakes {{ {ADDRESSES[state]} }}")
    elif state == "verdict" and on:
        nft("gw", "add rule inet hold input iifname lo udp dport 53 @th,160,64 0x0876657264696374 counter drop")
    elif state == "verdict":
        nft("gw", "flush chain inet hold input")


def held(node, chain):
    """How many packets were held back there: what servers say (path, forward), questions to the resolver (gw, input)."""
    said = subprocess.run(["ip", "netns", "exec", f"g25-{os.environ['LAB_ID']}-{node}", "nft", "list", "chain", "inet",
                           "hold", chain], check=True, capture_output=True, text=True).stdout
    return sum(int(count) for count in re.findall(r"packets (\d+)", said))


def write(name, line):
    with open(f"{LAB_DIR}/{name}", "a", encoding="utf-8") as file:
        file.write(line + "\n")


def in_mailbox(message_id):
    for name in os.listdir(MAILBOX) if os.path.isdir(MAILBOX) else ():
        with open(f"{MAILBOX}/{name}", encoding="utf-8", errors="replace") as file:
            if message_id in file.read():
                return True
    return False


class Message:
    """One that has to arrive: handed in by its first attempt, acknowledged by a 250 to its end of data."""

    def __init__(self, name, domain):
        self.id, self.domain, self.acknowledged = f"<{name}@lan.example>", domain, False
        write("handed-in", self.id)

    def parts(self):
        head = (f"From: <{SENDER}>\r\nTo: <bob@{self.domain}>\r\nMessage-ID: {self.id}\r\nSubject: lab\r\n\r\n"
                "canary-of-the-faults\r\n")
        return (head + "the first half\r\n" * 100).encode(), ("the second half\r\n" * 100).encode() + b".\r\n"

    def ended(self, reply):
        """Takes down what the client was told at the end of its data."""
        if reply[0] == 250:
            self.acknowledged = True
            write("acknowledged", f"{self.id} {reply[1]}")
        return reply


class Stand:
    """A session that stands still at |state|."""

    verdicts = 0  # asked for so far

    def __init__(self, state, name):
        domain = state
        if state == "verdict":
            Stand.verdicts += 1
            domain += os.environ.get("FAULTS_VERDICT", str(Stand.verdicts))
        self.state, self.message = state, Message(name, domain + ".example")
        self.client = None
        self.steps = [("ehlo", lambda: self.client.hello()), ("mail", lambda: self.client.say(f"MAIL FROM:<{SENDER}>")),
                      ("rcpt", lambda: self.client.say(f"RCPT TO:<bob@{self.message.domain}>")),
                      ("data", lambda: self.client.say("DATA")), ("content", self.first_half), ("dot", self.second_half)]
        self.waits = False  # for a reply that is due

    def first_half(self):
        self.client.send(self.message.parts()[0])
        return 0, "half"

    def second_half(self):
        self.client.send(self.message.parts()[1])
        return self.message.ended(self.client.reply())

    def step(self):
        return self.steps.pop(0)[1]()

    def stand(self):
        """Goes as far as its state. False: it does not get there."""
        if self.state in ("banner", "handshake", "verdict"):
            hold(self.state, True)
        before = held("path", "forward")
        self.client = smtp.Client(ADDRESSES[self.state], 120, greet=self.state != "banner")
        if self.client.sock is None or (self.state != "banner" and self.client.greeting[0] != 220):
            return False
        if self.state in ("handshake", "verdict"):
            return self.stand_unanswered()
        if self.state == "idle":
            first = Stand("idle", self.message.id[1:-len("@lan.example>")] + "-first")
            first.client = self.client
            while first.steps:
                reply = first.step()
            self.steps.pop(0)
            return reply[0] == 250
        while self.state != "banner" and (self.state != "dot" or self.steps[0][0] != "dot"):
            name = self.steps[0][0]
            if self.step()[0] not in (250, 354, 0):
                return False
            if name == self.state:
                return True
        # The worker has the connection (it is not in the listener's queue), and dialled for it.
        return smtp.until(20, lambda: held("path", "forward") > before) if self.state == "banner" else self.stand_at_dot()

    def stand_unanswered(self):
        """Waits for the reply to RCPT: the verdict, or the server's part of the TLS handshake, does not come."""
        where = ("gw", "input") if self.state == "verdict" else ("path", "forward")
        before = held(*where)
        self.step(), self.step()
        self.steps.pop(0)
        self.client.send(f"RCPT TO:<bob@{self.message.domain}>\r\n".encode())
        self.waits = True
        return smtp.until(20, lambda: held(*where) > before)

    def stand_at_dot(self):
        """The server has the message, and its answer is on its way."""
        hold("dot", True)
        self.client.send(self.message.parts()[1])
        self.steps.clear()
        self.waits = True
        return smtp.until(20, lambda: in_mailbox(self.message.id))

    def go_on(self):
        """The rest of the session; the last reply that counts."""
        hold(self.state, False) if self.state in ("banner", "dot", "handshake", "verdict") else None
        reply = (220, "")
        if self.state == "banner":
            reply = self.client.reply()
        elif self.waits:
            reply = self.client.reply()
            if self.state == "dot":
                reply = self.message.ended(reply)
        while self.steps and reply[0] in (220, 250, 354) or reply == (0, "half"):
            reply = self.step()
        if reply[0] not in (0, 421):
            self.client.quit()
        self.client.close()
        return reply

    def deliver(self):
        """As any sender does: once more, until it is acknowledged."""
        def again():
            if not self.message.acknowledged:
                time.sleep(0.2)
                client = smtp.Client(ADDRESSES[self.state], 30)
                reply = client.begin(f"bob@{self.message.domain}", SENDER)
                if reply[0] == 250 and client.say("DATA")[0] == 354:
                    client.send(b"".join(self.message.parts()))
                    self.message.ended(client.reply())
                    client.quit()
                client.close()
            return self.message.acknowledged
        return smtp.until(60, again)
