#!/usr/bin/env python3
"""hostile.py: an SMTP server that attacks whoever sends it mail. Every row of the tables (rows.py) has an address
of its own; what the server does there, at what point of a session, stands in the row. Elsewhere it is a decent server.

One line of JSON for each thing of note goes to standard output: a session's beginning and end, a handshake, a message
that it acknowledged.
"""
import json
import os
import socket
import ssl
import struct
import sys
import threading

import own_tls
import rows

PKI = os.environ.get("LAB_DIR", "/run/lab") + "/pki"
TALK = threading.Lock()
PATIENCE = 60


def tell(**facts):
    with TALK:
        print(json.dumps(facts), flush=True)


class Over(Exception):
    """This connection is over."""


def context_of(row, keylog):
    """The row's TLS; rows.py says what can be asked for."""
    tls = row.tls
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers(tls.get("ciphers", "ALL:COMPLEMENTOFALL") + ":@SECLEVEL=0")
    made.options &= ~ssl.OP_NO_RENEGOTIATION
    made.options |= tls.get("options", 0)
    made.minimum_version = tls.get("min", ssl.TLSVersion.TLSv1)
    made.maximum_version = tls.get("max", ssl.TLSVersion.TLSv1_3)
    if "group" in tls:
        made.set_ecdh_curve(tls["group"])
    if tls.get("own"):
        made.num_tickets = 0
        made.keylog_filename = keylog
    cert = f"{PKI}/{tls.get('cert', 'good')}"
    made.load_cert_chain(cert + ".pem")
    return made


class Talk:
    """One connection, and the session on it."""

    def __init__(self, sock, row, number):
        self.sock, self.row, self.number = sock, row, number
        self.tls, self.buffer, self.clear = None, b"", b""
        self.recipients = 0
        self.at = row.at if number == 1 or not row.first else {}

    # --- octets

    def raw(self, octets):
        self.sock.sendall(octets)

    def read_raw(self, count=65536):
        octets = self.sock.recv(count)
        if not octets:
            raise Over
        return octets

    def say(self, octets):
        if self.tls:
            self.tls.say(octets)
        else:
            self.raw(octets)

    def more(self):
        octets = self.tls.more() if self.tls else self.read_raw()
        if not octets:
            raise Over
        self.buffer += octets

    def line(self):
        while b"\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    # --- the session

    def reply(self, point, decent):
        """What the row does at this point, or the decent reply. Returns whether that was given."""
        steps = self.at.get(point)
        for step in [decent] if steps is None else steps:
            if step is rows.DECENT:
                step = decent
            if callable(step):
                step(self)
            else:
                self.say(step)
        return steps is None or rows.DECENT in steps

    def run(self):
        self.reply("banner", b"220 mx.hostile.lab ESMTP\r\n")
        while True:
            line = self.line()
            verb = line.split(b" ")[0].split(b":")[0].upper().decode("ascii", "replace").lower()
            getattr(self, "do_" + verb, self.do_unknown)()

    def do_unknown(self):
        self.say(b"502 5.5.2 not known here\r\n")

    def do_ehlo(self):
        words = [] if self.tls else ["STARTTLS"]
        words += self.row.keywords.split(",")
        lines = ["mx.hostile.lab"] + words
        text = "".join(f"250{'-' if i + 1 < len(lines) else ' '}{line}\r\n" for i, line in enumerate(lines))
        self.reply("tls-ehlo" if self.tls else "ehlo", text.encode())

    def do_starttls(self):
        if self.reply("starttls", b"220 2.0.0 begin\r\n"):
            self.reply("hello", Talk.begin_tls)

    def begin_tls(self):
        keylog = f"{PKI}/keys.{self.row.number}.{self.number}"
        kind = self.row.tls.get("own")
        make = {None: own_tls.Tls, "1.3": own_tls.Own13, "1.2": own_tls.Own12}[kind]
        try:
            self.tls = make(self.sock, context_of(self.row, keylog), keylog)
        except (OSError, ssl.SSLError) as error:
            tell(row=self.row.name, handshake="failed", error=str(error))
            raise Over from error
        tell(row=self.row.name, handshake="done", tls=self.tls.version(), early=len(self.buffer))
        self.buffer = b""

    def do_mail(self):
        self.recipients = 0
        self.reply("mail", b"250 2.1.0 ok\r\n")

    def do_rcpt(self):
        self.recipients += self.reply("rcpt", b"250 2.1.5 ok\r\n")

    def do_data(self):
        if not self.reply("data", b"354 go on\r\n"):
            return
        while not self.buffer:
            self.more()
        self.reply("content", b"")
        while self.line() != b".":
            pass
        if self.reply("dot", b"250 2.0.0 taken\r\n"):
            tell(row=self.row.name, taken=True, tls=self.tls.version() if self.tls else None)
        self.reply("after", b"")

    def do_rset(self):
        self.reply("rset", b"250 2.0.0 ok\r\n")

    def do_noop(self):
        self.say(b"250 2.0.0 ok\r\n")

    def do_quit(self):
        self.say(b"221 2.0.0 bye\r\n")
        raise Over


def serve(sock, row, number):
    sock.settimeout(PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    talk = Talk(sock, row, number)
    why = ""
    try:
        talk.run()
    except (Over, rows.Stop, OSError, ssl.SSLError, ValueError, IndexError, struct.error) as error:
        why = f"{type(error).__name__}: {error}"
    finally:
        sock.close()
    tell(row=row.name, connection=number, over=why)


def accept(listener, by_address, counts, lock):
    while True:
        sock, _ = listener.accept()
        address = sock.getsockname()[0]
        row = by_address.get(address)
        if row is None:
            sock.close()
            continue
        with lock:
            counts[address] = counts.get(address, 0) + 1
            number = counts[address]
        threading.Thread(target=serve, args=(sock, row, number), daemon=True).start()


def main():
    by_address = {row.address: row for row in rows.table()}
    counts, lock, threads = {}, threading.Lock(), []
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, 25))
        listener.listen(1024)
        threads.append(threading.Thread(target=accept, args=(listener, by_address, counts, lock)))
        threads[-1].start()
    tell(event="ready")
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
