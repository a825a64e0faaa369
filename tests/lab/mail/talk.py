#!/usr/bin/env python3
"""talk.py HOST [OPTION...] LINE...: says the lines to an SMTP server, each when the last was answered, and prints what is
said ("> ...") and answered ("< ..."). A line "DATA text" sends text as a message's content once DATA got its 354.

  --starttls       EHLO, STARTTLS (any certificate will do) and EHLO come first; prints "tls VERSION subject NAME,..."
  --max 1.1|1.2    speaks no newer TLS than that
  --behind TEXT    sent in clear in one piece with STARTTLS ("\\r" and "\\n" are meant)
  --instead TEXT   sent in clear in place of the handshake

Exit status: 0, or 3 if the connection broke off.
"""
import argparse
import socket
import ssl
import subprocess
import sys

VERSIONS = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2}


class Talk:
    def __init__(self, host):
        self.sock = socket.create_connection((host, 25), timeout=60)
        self.buffer = b""

    def reply(self):
        while True:
            while b"\n" not in self.buffer:
                more = self.sock.recv(65536)
                if not more:
                    raise OSError("closed")
                self.buffer += more
            line, self.buffer = self.buffer.split(b"\n", 1)
            text = line.decode("utf-8", "replace").rstrip("\r")
            print("<", text)
            if text[3:4] != "-":
                return text

    def say(self, line, behind=b""):
        print(">", line)
        self.sock.sendall(line.encode() + b"\r\n" + behind)
        return self.reply()


def context(newest):
    made = ssl._create_unverified_context()
    if newest:
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = VERSIONS[newest]
    return made


def names_of(der):
    text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-ext", "subjectAltName"], input=der,
                          capture_output=True, check=False).stdout.decode()
    return text.strip().split("\n")[-1].strip()


def octets(text):
    return text.replace("\\r", "\r").replace("\\n", "\n").encode()


def begin_tls(talk, args):
    talk.say("EHLO client.lan.example")
    if not talk.say("STARTTLS", octets(args.behind)).startswith("220"):
        raise OSError("no TLS")
    if args.instead:
        talk.sock.sendall(octets(args.instead))
        talk.reply()
        return
    talk.sock = context(args.max).wrap_socket(talk.sock)
    talk.buffer = b""
    print("tls", talk.sock.version(), "subject", names_of(talk.sock.getpeercert(True)))
    talk.say("EHLO client.lan.example")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("host")
    parser.add_argument("--starttls", action="store_true")
    parser.add_argument("--max")
    parser.add_argument("--behind", default="")
    parser.add_argument("--instead", default="")
    parser.add_argument("lines", nargs="*")
    args = parser.parse_intermixed_args()
    try:
        talk = Talk(args.host)
        talk.reply()
        if args.starttls:
            begin_tls(talk, args)
        for line in args.lines:
            if not line.startswith("DATA "):
                talk.say(line)
            elif talk.say("DATA").startswith("354"):
                talk.sock.sendall(octets(line[5:]) + b"\r\n")
                talk.say(".")
        return 0
    except (OSError, ssl.SSLError) as error:
        print("broken off:", error)
        return 3


if __name__ == "__main__":
    sys.exit(main())
