#!/usr/bin/env python3
"""soak_sender.py FOLDER FIRST COUNT THREADS: a sender with an exact ledger.

Sends the messages FIRST to FIRST+COUNT-1, and each of them again until it is acknowledged. FOLDER/sent.FIRST has a line
for each that is: its number, how many attempts it took, and at how many of them the end of the message was sent and no
2xx came back (who knows what became of that one). FOLDER/progress.FIRST has how many are done. It begins once FOLDER/go
exists.
"""
import os
import queue
import socket
import sys
import threading
import time

FOLDER, FIRST, COUNT, THREADS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
SERVERS = 8
OF_A_SESSION = 10
BODY = "\r\n".join("All work and no play makes Jack a dull boy, line after line after line." for _ in range(20))
LOCK = threading.Lock()
SENT = open(f"{FOLDER}/sent.{FIRST}", "w", buffering=1, encoding="ascii")
REFUSED = {}
DONE = [0]
QUEUES = [queue.SimpleQueue() for _ in range(SERVERS)]


class Lost(Exception):
    """The connection is gone, or is to be given up."""


class Session:
    def __init__(self, server):
        try:
            self.sock = socket.create_connection((f"198.51.100.{140 + server}", 25), 150)
        except OSError as error:
            raise Lost(f"connect: {error}") from error
        self.buffer, self.dot = b"", False
        self.want("2")
        self.say("EHLO sender.lan", "2")

    def line(self):
        while b"\n" not in self.buffer:
            try:
                more = self.sock.recv(65536)
            except OSError as error:
                raise Lost(f"recv: {error}") from error
            if not more:
                raise Lost("closed")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode("ascii", "replace").rstrip()

    def want(self, digit):
        line = self.line()
        while line[3:4] == "-":
            line = self.line()
        if line[:1] != digit:
            if line[:1] == "5":
                with LOCK:
                    print(f"refused for good: {line}", flush=True)
            raise Lost(line[:60])

    def say(self, text, digit):
        try:
            self.sock.sendall(text.encode() + b"\r\n")
        except OSError as error:
            raise Lost(f"send: {error}") from error
        self.want(digit)

    def message(self, number, server):
        self.dot = False
        self.say(f"MAIL FROM:<sender{number}@lan.test>", "2")
        self.say(f"RCPT TO:<user{number}@d{server}.lab>", "2")
        self.say("DATA", "3")
        self.dot = True
        self.say(f"Subject: soak\r\nX-Soak: {number}\r\n\r\n{BODY}\r\n.", "2")

    def close(self):
        self.sock.close()


def done(number, tries, unknown):
    with LOCK:
        SENT.write(f"{number} {tries} {unknown}\n")
        DONE[0] += 1
        if DONE[0] % 50 == 0 or DONE[0] == COUNT:
            with open(f"{FOLDER}/progress.{FIRST}.new", "w", encoding="ascii") as file:
                file.write(str(DONE[0]))
            os.rename(f"{FOLDER}/progress.{FIRST}.new", f"{FOLDER}/progress.{FIRST}")


def work(server):
    session, used, current = None, 0, None
    while True:
        if current is None:
            try:
                current = [QUEUES[server].get_nowait(), 0, 0]
            except queue.Empty:
                break
        try:
            if session is None:
                session, used = Session(server), 0
            current[1] += 1
            session.message(current[0], server)
            done(*current)
            current, used = None, used + 1
            if used == OF_A_SESSION:
                session.say("QUIT", "2")
                session.close()
                session = None
        except Lost as why:
            if current is not None and session is not None and session.dot:
                current[2] += 1
            if session is not None:
                session.close()
            session = None
            with LOCK:
                key = str(why)[:40]
                REFUSED[key] = REFUSED.get(key, 0) + 1
            time.sleep(0.1)


while not os.path.exists(f"{FOLDER}/go"):
    time.sleep(0.02)
for message in range(FIRST, FIRST + COUNT):
    QUEUES[message % SERVERS].put(message)
threads = [threading.Thread(target=work, args=(index % SERVERS,)) for index in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for text, count in sorted(REFUSED.items(), key=lambda pair: -pair[1])[:15]:
    print(f"tried again {count} times: {text}", flush=True)
