#!/usr/bin/env python3
"""deaf.py ADDRESS...: takes connections to port 25 and reads nothing of them, until SIGUSR1; from then on everything.

What it has not read stays in the senders' queues. Lines on standard output: "ready", "taken NUMBER", "hearing",
"octets NUMBER COUNT HOW" when a connection has ended (HOW: eof, or the error's name).
"""
import errno
import signal
import socket
import sys
import threading

TALK = threading.Lock()


def say(text):
    with TALK:
        print(text, flush=True)


def hear(sock, number, hearing):
    hearing.wait()
    total, how = 0, "eof"
    try:
        while True:
            more = sock.recv(65536)
            if not more:
                break
            total += len(more)
    except OSError as error:
        how = errno.errorcode.get(error.errno, "error")
    say(f"octets {number} {total} {how}")


def main():
    hearing, count, lock = threading.Event(), [0], threading.Lock()

    def accept(address):
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind((address, 25))
        sock.listen(16)
        say("ready")
        while True:
            connection = sock.accept()[0]
            with lock:
                count[0] += 1
                number = count[0]
            say(f"taken {number}")
            threading.Thread(target=hear, args=(connection, number, hearing), daemon=True).start()

    def wake(*_):
        hearing.set()
        say("hearing")

    signal.signal(signal.SIGUSR1, wake)
    for address in sys.argv[1:]:
        threading.Thread(target=accept, args=(address,), daemon=True).start()
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
