#!/usr/bin/env python3
"""soak_server.py FOLDER NAME FAULTS ADDRESS...: servers that take mail and go wrong now and then, for the soak.

FAULTS of a hundred messages meet one of: a reset at any point, a 4xx at any point, silence for two seconds and then a
cut, the message taken and its acknowledgement lost. While FOLDER/wrong exists the certificate is of another name. What is
taken is a line of FOLDER/taken.NAME before its 250 is sent: the identity of the message, and "lost" where no 250 was.
"""
import os
import random
import socket
import ssl
import struct
import sys
import threading
import time

FOLDER, NAME, FAULTS = sys.argv[1], sys.argv[2], float(sys.argv[3]) / 100
TAKEN = open(f"{FOLDER}/taken.{NAME}", "a", buffering=1, encoding="ascii")  # one write(2) a line
POINTS = ("ehlo", "starttls", "tls", "tls-ehlo", "mail", "rcpt", "data", "content", "dot")
RESET, LATER, SILENT, LOST = "reset", "later", "silent", "lost"


def context(name):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{FOLDER}/{name}.crt", f"{FOLDER}/{name}.key")
    return tls


GOOD, WRONG = context("good"), context("wrong")


class Over(Exception):
    """This connection is over."""


class Session:
    def __init__(self, sock):
        self.sock, self.buffer, self.tls = sock, b"", False
        self.fault, self.point = None, None
        self.choose()

    def choose(self):
        """What goes wrong with the next message, if anything."""
        self.fault = self.point = None
        if random.random() < FAULTS:
            self.fault = random.choice((RESET, LATER, SILENT, LOST))
            points = POINTS if not self.tls else POINTS[4:]
            if self.fault == LATER:  # a server without STARTTLS is not asked again for five minutes: another test's affair
                points = [point for point in points if point != "starttls"]
            self.point = "dot" if self.fault == LOST else random.choice(points)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Over

    def at(self, point):
        """Goes wrong here, or says whether to answer 4xx."""
        if self.point != point:
            return False
        if self.fault == RESET:
            self.reset()
        if self.fault == SILENT:
            time.sleep(2)
            raise Over
        return self.fault == LATER

    def say(self, point, text):
        if self.at(point):
            text = "451 4.3.0 later"
            self.point = None
        self.sock.sendall(text.encode() + b"\r\n")
        return text[0] != "4"

    def line(self):
        while b"\n" not in self.buffer:
            more = self.sock.recv(65536)
            if not more:
                raise Over
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def run(self):
        self.sock.sendall(b"220 soak.lab ESMTP\r\n")
        while True:
            verb = self.line()[:4].upper()
            if verb == b"EHLO":
                more = "" if self.tls else "250-STARTTLS\r\n"
                self.say("tls-ehlo" if self.tls else "ehlo", f"250-soak.lab\r\n{more}250-8BITMIME\r\n250 SIZE 1000000")
            elif verb == b"STAR":
                if self.say("starttls", "220 2.0.0 begin"):
                    self.at("tls")
                    self.sock = (WRONG if os.path.exists(f"{FOLDER}/wrong") else GOOD).wrap_socket(self.sock, server_side=True)
                    self.tls, self.buffer = True, b""
            elif verb == b"MAIL":
                self.say("mail", "250 2.1.0 ok")
            elif verb == b"RCPT":
                self.say("rcpt", "250 2.1.5 ok")
            elif verb == b"DATA":
                if self.say("data", "354 go on"):
                    self.content()
                self.choose()
            elif verb == b"RSET":
                self.sock.sendall(b"250 2.0.0 ok\r\n")
            elif verb == b"QUIT":
                self.sock.sendall(b"221 2.0.0 bye\r\n")
                raise Over
            else:
                self.sock.sendall(b"502 5.5.1 no\r\n")

    def content(self):
        if self.point == "content" and self.fault in (RESET, SILENT):
            self.line()
            self.at("content")
        identity = None
        while (line := self.line()) != b".":
            if line.startswith(b"X-Soak: "):
                identity = line[8:].decode("ascii")
        if not self.tls:
            identity = f"CLEAR {identity}"
        if self.point == "dot" and self.fault != LOST and self.at("dot"):
            self.sock.sendall(b"451 4.3.0 later\r\n")
            return
        lost = self.fault == LOST and self.point == "dot"
        TAKEN.write(f"{identity}{' lost' if lost else ''}\n")
        if lost:
            self.reset()
        self.sock.sendall(b"250 2.0.0 taken\r\n")


def serve(sock):
    session = None
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(sock)
        session.run()
    except (Over, OSError, ssl.SSLError, ValueError):
        pass
    finally:
        (session.sock if session else sock).close()


def listen(address):
    sock = socket.create_server((address, 25), backlog=512)
    while True:
        threading.Thread(target=serve, args=(sock.accept()[0],), daemon=True).start()


threads = [threading.Thread(target=listen, args=(address,)) for address in sys.argv[4:]]
for thread in threads:
    thread.start()
print("ready", flush=True)
