#!/usr/bin/env python3
"""fake_smtp.py --listen ADDRESS... [KEY=VALUE...]: an SMTP server that behaves as it is told, for tests.

Without a word it is a decent server: greets, offers STARTTLS if it has a certificate, takes every mail. One line of JSON
for each connection, command, TLS handshake and mail goes to standard output; each mail is a file in the folder mail=.

  name=NAME cert=FILE key=FILE mail=FOLDER
  greeting=TEXT ehlo=TEXT starttls=TEXT mail-from=TEXT rcpt=TEXT data=TEXT dot=TEXT quit=TEXT other=TEXT
        the reply at that point, in place of its own ("\\n" in it begins a new line): "421 4.3.2 no", "250-a\\n250 b";
        tls-ehlo= and so on: the same, once TLS is on
  tls-KEY=VALUE  for keywords: what EHLO offers over TLS
  keywords=A,B  further EHLO keywords (default SIZE 10240000,8BITMIME,PIPELINING,ENHANCEDSTATUSCODES,DSN,SMTPUTF8)
  no-starttls=yes     not offered and not known
  hang=POINT          says nothing more at that point (greeting, ehlo, starttls, tls, mail-from, rcpt, data, dot, quit)
  close=POINT         closes the connection there, without a word
  inject=TEXT         sent in clear right behind the 220 of STARTTLS, in the same packet
  garbage=yes         octets that are no TLS in place of its handshake
  tls=1.0|1.1|1.2|1.3 that version and no other
  sni-NAME=FILE       another certificate (key and certificate in one file) for the client that names NAME
  auth=yes            MAIL needs AUTH LOGIN or PLAIN before it (over TLS), and any credentials will do
  after=N             what is asked for above holds from the N-th connection on (1 is the first), before it a decent server
"""
import argparse
import json
import os
import socket
import ssl
import sys
import threading
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2,
            "1.3": ssl.TLSVersion.TLSv1_3}
KEYWORDS = "SIZE 10240000,8BITMIME,PIPELINING,ENHANCEDSTATUSCODES,DSN,SMTPUTF8"
IDENTITY = ("name", "cert", "key", "mail", "keywords")
TALK = threading.Lock()


def tell(**facts):
    with TALK:
        print(json.dumps(facts), flush=True)


class Over(Exception):
    """This connection is over."""


class Session:
    def __init__(self, sock, peer, number, want):
        self.sock, self.peer, self.number = sock, peer, number
        if number < int(want.get("after", 1)):
            want = {key: value for key, value in want.items() if key in IDENTITY}
        self.want, self.buffer, self.tls, self.sni = want, b"", None, None
        self.sender, self.recipients = None, []
        self.authenticated = "auth" not in want

    def asked(self, key, default=None):
        if self.tls and "tls-" + key in self.want:
            return self.want["tls-" + key]
        return self.want.get(key, default)

    def tell(self, **facts):
        tell(connection=self.number, peer=self.peer[0], **facts)

    def stop_here(self, point):
        if self.want.get("close") == point:
            raise Over
        if self.want.get("hang") == point:
            while self.sock.recv(65536):
                pass
            raise Over

    def say(self, point, text, extra=b""):
        self.stop_here(point)
        text = self.asked(point, text).replace("\\n", "\n")
        self.sock.sendall(text.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n" + extra)
        if text.startswith("421"):
            raise Over
        return text[0]

    def line(self):
        while b"\n" not in self.buffer:
            more = self.sock.recv(65536)
            if not more:
                raise Over
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def run(self):
        if self.say("greeting", f"220 {self.want['name']} ESMTP") != "2":
            raise Over
        while True:
            line = self.line()
            self.tell(command=line.decode("utf-8", "replace"), tls=self.tls)
            verb = line.split(b" ")[0].upper().split(b":")[0]
            getattr(self, "do_" + verb.decode("ascii", "replace").lower(), self.do_other)(line)

    def do_other(self, _line):
        self.say("other", "502 5.5.2 not known here")

    def do_ehlo(self, _line):
        self.sender, self.recipients = None, []
        words = [word for word in self.asked("keywords", KEYWORDS).split(",") if word]
        if not self.tls and "cert" in self.want and "no-starttls" not in self.want:
            words.append("STARTTLS")
        lines = [f"{self.want['name']} at your service"] + words
        self.say("ehlo", "\n".join("250" + ("-" if i + 1 < len(lines) else " ") + text for i, text in enumerate(lines)))

    def do_helo(self, _line):
        self.say("helo", f"250 {self.want['name']}")

    def do_starttls(self, line):
        if self.tls or "cert" not in self.want or "no-starttls" in self.want:
            return self.do_other(line)
        extra = self.want.get("inject", "").replace("\\r", "\r").replace("\\n", "\n").encode()
        if self.say("starttls", "220 2.0.0 begin", extra) != "2":
            return None
        self.stop_here("tls")
        if "garbage" in self.want:
            self.sock.sendall(b"250 this is no TLS\r\n" * 4)
            raise Over
        return self.begin_tls()

    def begin_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.want["cert"], self.want["key"])
        if "tls" in self.want:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = VERSIONS[self.want["tls"]]

        def sni(sock, name, _context):
            self.sni = name
            if f"sni-{name}" in self.want:
                other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                other.load_cert_chain(self.want[f"sni-{name}"])
                sock.context = other
        context.sni_callback = sni
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except (OSError, ssl.SSLError) as error:
            self.tell(handshake="failed", error=str(error), sni=self.sni)
            raise Over from error
        self.tls = self.sock.version()
        self.tell(handshake="done", tls=self.tls, sni=self.sni, cipher=self.sock.cipher()[0], early=len(self.buffer))
        self.buffer = b""

    def do_auth(self, line):
        if self.authenticated or not self.tls:
            return self.do_other(line)
        words = line.split()
        steps = ("VXNlcm5hbWU6", "UGFzc3dvcmQ6") if words[1].upper() == b"LOGIN" else ("",)
        for step in steps if len(words) == 2 else ():
            self.sock.sendall(b"334 " + step.encode() + b"\r\n")
            line = self.line()
            self.tell(command=line.decode("utf-8", "replace"), tls=self.tls)
            if line == b"*":
                return self.say("sequence", "501 5.7.0 as you like")
        self.authenticated = True
        return self.say("credentials", "235 2.7.0 welcome")

    def do_mail(self, line):
        if not self.authenticated:
            return self.say("sequence", "530 5.7.0 authentication required")
        if self.say("mail-from", "250 2.1.0 ok") == "2":
            self.sender, self.recipients = line.decode("utf-8", "replace"), []

    def do_rcpt(self, line):
        if self.sender is None:
            return self.say("sequence", "503 5.5.1 MAIL first")
        if self.say("rcpt", "250 2.1.5 ok") == "2":
            self.recipients.append(line.decode("utf-8", "replace"))
        return None

    def do_data(self, _line):
        if not self.recipients:
            return self.say("sequence", "503 5.5.1 RCPT first")
        if self.say("data", "354 go on") != "3":
            return None
        lines = []
        while True:
            line = self.line()
            if line == b".":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        if self.say("dot", "250 2.0.0 taken") == "2":
            self.keep(b"\n".join(lines) + b"\n")
        self.sender, self.recipients = None, []
        return None

    def keep(self, text):
        self.tell(mail=self.sender, recipients=self.recipients, tls=self.tls, sni=self.sni, octets=len(text))
        if "mail" in self.want:
            path = os.path.join(self.want["mail"], f"{self.number}.{threading.get_ident()}.{len(text)}")
            head = f"X-Lab-Tls: {self.tls or 'none'}\nX-Lab-Sni: {self.sni or 'none'}\nX-Lab-Peer: {self.peer[0]}\n"
            head += f"X-Lab-Sender: {self.sender}\n" + "".join(f"X-Lab-Recipient: {r}\n" for r in self.recipients)
            with open(path + ".part", "xb") as file:
                file.write(head.encode() + text)
            os.rename(path + ".part", path)

    def do_rset(self, _line):
        self.sender, self.recipients = None, []
        self.say("rset", "250 2.0.0 ok")

    def do_noop(self, _line):
        self.say("noop", "250 2.0.0 ok")

    def do_quit(self, _line):
        self.say("quit", "221 2.0.0 bye")
        raise Over


def serve(sock, peer, number, want):
    session = Session(sock, peer, number, want)
    session.tell(event="open")
    try:
        session.run()
    except (Over, OSError, ssl.SSLError, ValueError) as why:
        session.tell(event="close", why=str(why))
    finally:
        session.sock.close()


def listener(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((address, port))
    sock.listen(128)
    return sock


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--listen", action="append", required=True)
    parser.add_argument("--port", type=int, default=25)
    parser.add_argument("wants", nargs="*")
    args = parser.parse_args()
    want = dict(word.split("=", 1) for word in args.wants)
    want.setdefault("name", socket.gethostname())
    lock, count = threading.Lock(), [0]

    def accept(sock):
        while True:
            connection, peer = sock.accept()
            with lock:
                count[0] += 1
                number = count[0]
            threading.Thread(target=serve, args=(connection, peer, number, want), daemon=True).start()

    threads = [threading.Thread(target=accept, args=(listener(address, args.port),)) for address in args.listen]
    for thread in threads:
        thread.start()
    tell(event="ready")
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
