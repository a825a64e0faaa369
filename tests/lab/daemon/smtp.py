"""smtp.py - what the tests of the running gate share: a client that says exactly what it is told to say, and readers of
the gate's log and of the fake servers' logs. Each test is a Python script that runs in the node client; its results are
lines "ok", "not ok" or "# ...", which the shell test counts."""
import json
import os
import socket
import sys
import time

sys.dont_write_bytecode = True
LAB_DIR = os.environ.get("LAB_DIR", "/run/lab")


def result(name, good, *facts):
    """One line of results; |facts| explain a failure."""
    print(("ok" if good else "not ok") + "\t" + name, flush=True)
    if not good:
        for fact in facts:
            for line in str(fact).splitlines():
                print("#\t" + line, flush=True)
    return good


def until(seconds, condition):
    """Waits until condition() is true, and returns it; None when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


class Gone(Exception):
    """The connection ended where a reply was due."""


class Client:
    """A connection to port 25 of |host|. Replies are (code, text of all lines); code 0 is an end without a reply. Its
    greeting may be left for later."""

    def __init__(self, host, timeout=90, greet=True):
        self.buffer = b""
        try:
            self.sock = socket.create_connection((host, 25), timeout)
            self.greeting = self.reply() if greet else (0, "")
        except OSError as error:
            self.sock, self.greeting = None, (0, str(error))

    def raw_line(self):
        while b"\n" not in self.buffer:
            try:
                more = self.sock.recv(65536)
            except OSError as error:
                raise Gone(str(error)) from error
            if not more:
                raise Gone("closed")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def reply(self):
        lines = []
        try:
            while True:
                lines.append(self.raw_line())
                if lines[-1][3:4] != "-":
                    return int(lines[-1][:3]), "\n".join(line[4:] for line in lines)
        except Gone as error:
            return 0, str(error)

    def send(self, octets):
        try:
            self.sock.sendall(octets)
        except OSError:
            pass  # the reply tells

    def say(self, line):
        if self.sock is None:
            return self.greeting
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def hello(self, name="client.lan"):
        return self.say("EHLO " + name)

    def begin(self, recipient, sender="alice@lan.test"):
        """EHLO, MAIL, RCPT; the reply to the last of them that was given."""
        if self.greeting[0] != 220:
            return self.greeting
        for line in ("EHLO client.lan", f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"):
            reply = self.say(line)
            if reply[0] // 100 != 2:
                break
        return reply

    def content(self, text):
        """DATA and the message; the last reply."""
        reply = self.say("DATA")
        if reply[0] != 354:
            return reply
        return self.say(f"Subject: lab\r\n\r\n{text}\r\n.")

    def quit(self):
        reply = self.say("QUIT")
        self.close()
        return reply

    def closed(self):
        """Whether the other side closed, within the time limit."""
        try:
            return self.buffer == b"" and self.sock.recv(1) == b""
        except ConnectionError:
            return True
        except OSError:
            return False

    def close(self):
        if self.sock is not None:
            self.sock.close()


def send_mail(host, recipient, text="a message of the lab"):
    """A whole session; the last reply that counts, as "CODE TEXT"."""
    client = Client(host)
    reply = client.begin(recipient)
    if reply[0] // 100 == 2:
        reply = client.content(text)
    if client.sock is not None and reply[0] not in (0, 421):
        client.quit()
    client.close()
    return f"{reply[0]} {reply[1]}"


def json_lines(log):
    """The lines of $LAB_DIR/log/LOG that are JSON."""
    found = []
    with open(f"{LAB_DIR}/log/{log}", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("{") and line.endswith("\n"):
                found.append(json.loads(line))
    return found


def log_has(log, text):
    with open(f"{LAB_DIR}/log/{log}", encoding="utf-8", errors="replace") as file:
        return text in file.read()


def gate_log(**wanted):
    """The gate's log lines (log-format = json) whose keys are as wanted."""
    return [line for line in json_lines("gate25") if all(line.get(key) == value for key, value in wanted.items())]


def mails():
    """The messages that the fake servers keep, as text with the heads that they wrote over them."""
    path = f"{LAB_DIR}/mails"
    texts = []
    for name in sorted(os.listdir(path)):
        if not name.endswith(".part"):
            with open(f"{path}/{name}", encoding="utf-8", errors="replace", newline="") as file:
                texts.append(file.read())
    return texts


def delivered(text, seconds=0):
    """The one mail with |text|, waited for (a fake server writes it after its 250); None: there is none, or several."""
    def found():
        return [mail for mail in mails() if text in mail]
    texts = until(seconds, found)
    return texts[0] if len(texts) == 1 else None


def head(mail, name):
    """A line that the fake server wrote over a mail."""
    for line in mail.splitlines():
        if line.startswith(f"X-Lab-{name}: "):
            return line.split(": ", 1)[1]
    return None


def role_of(gate, name):
    """The process id of a role of the gate whose parent's id is |gate|; 0 if there is none with its sandbox on."""
    try:
        with open(f"/proc/{gate}/task/{gate}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:
        return 0
    for child in children:
        try:
            with open(f"/proc/{child}/cmdline", encoding="ascii") as file:
                words = file.read().split("\0")
            with open(f"/proc/{child}/status", encoding="ascii") as file:
                sandboxed = "Seccomp:\t2" in file.read()
        except OSError:
            continue
        if words[1:3] == ["--role", name] and sandboxed:
            return int(child)
    return 0
