#!/usr/bin/env python3
"""backlog.py HOST COUNT: so many connections at once. Lines: "waiting" when all are there, "greeted COUNT" at the end."""
import selectors
import socket
import sys
import time


def main():
    host, count = sys.argv[1], int(sys.argv[2])
    socks, greeted = selectors.DefaultSelector(), 0
    for _ in range(count):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((host, 25))
        socks.register(sock, selectors.EVENT_READ)
    print("waiting", flush=True)
    end = time.monotonic() + 60
    while socks.get_map() and time.monotonic() < end:
        for key, _ in socks.select(1):
            try:
                said = key.fileobj.recv(4096)
            except OSError as error:
                said = str(error).encode()
            greeted += said[:3] == b"220"
            socks.unregister(key.fileobj)
            if said[:3] != b"220":
                print(said, flush=True)
    print("greeted", greeted, flush=True)
    time.sleep(60)


if __name__ == "__main__":
    main()
