#!/usr/bin/env python3
"""client.py WHAT HOST... [OPTION...]: SMTP clients that no gate may trust. Each says on standard output how it went.

  push     the whole mail at once, without waiting for a reply. One line: "refused" (no connection), "timeout",
           "reset" (connection, but not one reply), "reply LINE" (the first), or "error NAME"
  drip     a mail that never ends: a line of it every 20 ms, until it is cut. Lines: "connected", "dripping", "cut NAME"
  fill     octets until no more fit into the socket, then exits and leaves them to the kernel. Line: "left OCTETS"
  hold     a mail up to the 354 of its DATA: "held". At SIGUSR1 the rest of it: "reply LINE", or "cut NAME"
  stay     the same, and then nothing. Lines: "held", "told LINE" (what the server says then), or "cut NAME"
  flood    the same, and then octets as fast as they go, until it is cut. Lines: "flooding", "cut NAME"
  hammer   mails over and over from some threads, each waits for the greeting alone. At SIGTERM one line of JSON counts
           the connections by what became of them: "greeted", "refused", "reset", "timeout", "other"
"""
import argparse
import errno
import fcntl
import json
import select
import signal
import socket
import struct
import sys
import termios
import threading
import time


def say(text):
    print(text, flush=True)


def connect(args, host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(args.timeout)
    if args.bind:
        address, _, port = args.bind.rpartition(":")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, int(port)))
    try:
        sock.connect((host, args.port))
    except OSError:
        sock.close()
        raise
    return sock


def name_of(error):
    if isinstance(error, socket.timeout):
        return "timeout"
    return errno.errorcode.get(error.errno, str(error))


def mail(args):
    return (f"EHLO client.lan.example\r\nMAIL FROM:<alice@lan.example>\r\nRCPT TO:<bob@server.example>\r\nDATA\r\n"
            f"Subject: {args.canary}\r\n\r\n{args.canary}\r\n").encode()


def push(args):
    try:
        sock = connect(args, args.host[0])
    except OSError as error:
        say({"ECONNREFUSED": "refused", "timeout": "timeout"}.get(name_of(error), "error " + name_of(error)))
        return
    got = b""
    try:
        sock.sendall(mail(args) + b".\r\nQUIT\r\n")
        while b"\n" not in got:
            more = sock.recv(4096)
            if not more:
                break
            got += more
        # All of it is to be on its way before this program ends.
        while sock.recv(4096):
            pass
    except OSError as error:
        if not got:
            say("timeout" if name_of(error) == "timeout" else "reset")
            return
    say("reply " + got.split(b"\n")[0].decode("ascii", "replace").strip() if got else "reset")


def persist(args):
    """Connects within args.timeout, by a new port every five seconds: one SYN that a busy machine lost proves nothing."""
    patience, args.timeout = args.timeout, 5
    end = time.monotonic() + patience
    while True:
        try:
            sock = connect(args, args.host[0])
            sock.settimeout(patience)
            return sock
        except OSError as error:
            say("not connected " + name_of(error))
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def drip(args):
    sock = persist(args)
    say("connected")
    try:
        sock.sendall(mail(args))
        say("dripping")
        number = 0
        while True:
            number += 1
            sock.sendall(f"{args.canary} {number}\r\n".encode())
            if select.select([sock], [], [], 0.02)[0] and not sock.recv(4096):
                say("cut EOF")
                return
    except OSError as error:
        say("cut " + name_of(error))


def queued(sock):
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0\0\0\0"))[0]


def fill(args):
    sock = connect(args, args.host[0])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 300000)
    sock.setblocking(False)
    piece, total = mail(args), 0
    try:
        while total < 100000:
            total += sock.send(piece)
            piece = (args.canary + "\r\n").encode() * 50
    except BlockingIOError:
        pass
    say(f"left {queued(sock)} of {total}")


def until_data(args):
    """A socket whose server has said 354, and what reads its replies."""
    sock = connect(args, args.host[0])
    replies = sock.makefile("rb")
    for line in [None] + mail(args).split(b"\r\n")[:4]:
        if line is not None:
            sock.sendall(line + b"\r\n")
        while (reply := replies.readline())[3:4] == b"-":
            pass
        if reply[:1] not in b"23" or not reply:
            say("refused " + reply.decode("ascii", "replace").strip())
            sys.exit(1)
    return sock, replies


def hold(args):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        sock, replies = until_data(args)
        say("held")
        signal.sigwait({signal.SIGUSR1})
        sock.sendall(f"Subject: held\r\n\r\n{args.canary}\r\n.\r\n".encode())
        say("reply " + replies.readline().decode("ascii", "replace").strip())
    except OSError as error:
        say("cut " + name_of(error))


def stay(args):
    try:
        _, replies = until_data(args)
        say("held")
        say("told " + replies.readline().decode("ascii", "replace").strip())
    except OSError as error:
        say("cut " + name_of(error))


def flood(args):
    args.timeout = 30
    try:
        sock, _ = until_data(args)
        say("flooding")
        while True:
            sock.sendall((args.canary + "\r\n").encode() * 100)
    except OSError as error:
        say("cut " + name_of(error))


def hammer(args):
    counts = dict.fromkeys(("greeted", "refused", "reset", "timeout", "other"), 0)
    lock, over = threading.Lock(), threading.Event()

    def once(host):
        try:
            sock = connect(args, host)
        except OSError as error:
            return {"ECONNREFUSED": "refused", "timeout": "timeout"}.get(name_of(error), "other")
        outcome = "reset"
        try:
            got = sock.recv(4096)
            outcome = "greeted" if got[:1] in (b"2", b"4") else "other" if got else "reset"
            sock.sendall(mail(args) + b".\r\nQUIT\r\n")
            while sock.recv(4096):
                pass
        except OSError as error:
            if outcome != "greeted" and name_of(error) == "timeout":
                outcome = "timeout"
        sock.close()
        return outcome

    def run(host):
        while not over.is_set():
            outcome = once(host)
            with lock:
                counts[outcome] += 1
                if sum(counts.values()) == 20:
                    say("hammering")
            if outcome != "greeted":
                time.sleep(0.01)  # a refusal costs nothing: without a rest this would only burn the machine

    signal.signal(signal.SIGTERM, lambda *_: over.set())
    threads = [threading.Thread(target=run, args=(host,)) for host in args.host for _ in range(args.parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say(json.dumps(counts))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("what", choices=("push", "drip", "fill", "hold", "stay", "flood", "hammer"))
    parser.add_argument("host", nargs="+")
    parser.add_argument("--port", type=int, default=25)
    parser.add_argument("--bind", metavar="ADDRESS:PORT")
    parser.add_argument("--canary", default="canary-of-the-lab")
    parser.add_argument("--timeout", type=float, default=5)
    parser.add_argument("--parallel", type=int, default=4)
    args = parser.parse_args()
    globals()[args.what](args)


if __name__ == "__main__":
    sys.exit(main())
