#!/usr/bin/env python3
"""load.py HOST... [OPTION...]: senders under whom the gate may change. Each thread sends mail after mail, each with a number
of its own, in step with the replies, and every other session takes its time. At SIGTERM the threads finish what they do,
and one line of JSON says what became of it all:

  taken       numbers of the mails that were answered 250
  sessions    how many
  refused reset timeout      connections that were
  cut         sessions that broke off after the greeting, without a 421
  shed        sessions that were told 421
  other       other replies than those of a mail that is taken: each of them, in words
"""
import argparse
import errno
import json
import signal
import socket
import sys
import threading
import time

NAMES = ("refused", "reset", "timeout", "cut", "shed")


class Cut(Exception):
    """Broke off."""


class Talk:
    def __init__(self, host, timeout):
        self.sock = socket.create_connection((host, 25), timeout)
        self.file = self.sock.makefile("rb")

    def reply(self):
        while True:
            line = self.file.readline()
            if not line:
                raise Cut("EOF")
            if line[3:4] != b"-":
                return line.decode("ascii", "replace").strip()

    def ask(self, line):
        self.sock.sendall(line.encode() + b"\r\n")
        return self.reply()

    def close(self):
        self.file.close()
        self.sock.close()


class Load:
    def __init__(self, args):
        self.args, self.over, self.lock = args, threading.Event(), threading.Lock()
        self.counts, self.taken, self.other, self.sessions = dict.fromkeys(NAMES, 0), [], [], 0

    def count(self, name):
        with self.lock:
            self.counts[name] += 1

    def mail(self, talk, number, part, slow):
        number = f"{number}-{part}"
        text = f"{self.args.canary} {number}" + "." * part  # mails of one session differ in length
        for line, wanted in (("MAIL FROM:<alice@lan.example>", "250"), ("RCPT TO:<bob@server.example>", "250"),
                             ("DATA", "354"), (f"Subject: {number}\r\n\r\n{text}\r\n.", "250")):
            if slow:
                time.sleep(0.05)
            reply = talk.ask(line)
            if reply.startswith("421"):
                self.count("shed")
                return False
            if not reply.startswith(wanted):
                with self.lock:
                    self.other.append(f"{line.split()[0]}: {reply}")
                return False
        with self.lock:
            self.taken.append(number)
        return True

    def session(self, host, name):
        stage = "reset"
        talk = None
        try:
            talk = Talk(host, self.args.timeout)
            greeting = talk.reply()
            stage = "cut"
            with self.lock:
                self.sessions += 1
                number = self.sessions
            if not greeting.startswith("220"):
                if greeting.startswith("421"):
                    self.count("shed")
                with self.lock:
                    self.other.append("greeting: " + greeting)
                return
            talk.ask("EHLO client.lan.example")
            for part in range(2):
                if not self.mail(talk, f"{name}-{number}", part, number % 2 == 0):
                    return
            talk.ask("QUIT")
        except socket.timeout:
            self.count("timeout")
        except (OSError, Cut) as error:
            refused = getattr(error, "errno", None) == errno.ECONNREFUSED
            self.count("refused" if refused else stage)
            with self.lock:
                self.other.append(f"{stage}: {error}")
        finally:
            if talk is not None:
                talk.close()

    def run(self, host, name):
        while not self.over.is_set():
            self.session(host, name)

    def all(self):
        signal.signal(signal.SIGTERM, lambda *_: self.over.set())
        threads = [threading.Thread(target=self.run, args=(host, f"{self.args.name}-{at}-{n}"))
                   for at, host in enumerate(self.args.host) for n in range(self.args.parallel)]
        for thread in threads:
            thread.start()
        while len(self.taken) < 4 and not self.over.is_set():
            time.sleep(0.05)
        print("loading", flush=True)
        for thread in threads:
            thread.join()
        print(json.dumps(dict(self.counts, taken=self.taken, sessions=self.sessions, other=self.other[:20])), flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("host", nargs="+")
    parser.add_argument("--name", required=True)
    parser.add_argument("--canary", default="canary-of-the-lab")
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--timeout", type=float, default=60)
    Load(parser.parse_args()).all()


if __name__ == "__main__":
    sys.exit(main())
