"""orphan.py send ADDRESS PORT COUNT: queues COUNT octets to a server that does not read, and dies with them in its queue.
orphan.py sink PORT GO: accepts one connection and reads nothing until the file GO is there; then prints "had <octets that
the kernel held> got <all> <fin|none>"."""
import fcntl
import os
import socket
import struct
import sys
import termios
import time


def send(address, port, count):
    conn = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * count)
    conn.connect((address, port))
    conn.setblocking(False)
    if conn.send(b"x" * count) != count:
        sys.exit("the queue is too short")


def sink(port, go):
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("::", port))
    listener.listen(1)
    conn = listener.accept()[0]
    while not os.path.exists(go):
        time.sleep(0.02)
    had = struct.unpack("i", fcntl.ioctl(conn, termios.FIONREAD, b"\0\0\0\0"))[0]
    got, end = 0, "none"
    conn.settimeout(4)
    try:
        while data := conn.recv(65536):
            got += len(data)
        end = "fin"
    except OSError:
        pass
    print(f"had {had} got {got} {end}", flush=True)


if sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
else:
    sink(int(sys.argv[2]), sys.argv[3])
