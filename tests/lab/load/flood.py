#!/usr/bin/env python3
"""flood.py WORKER: hundreds of clients and servers that begin TLS and never finish it, a queue of connections that nobody
takes, and honest mail beside them. The gate has max-handshakes = 100; WORKER is its process id."""
import os
import resource
import signal
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon"))
import smtp  # noqa: E402
from smtp import result, until  # noqa: E402

GOOD, MUTE = "198.51.100.121", "198.51.100.122"  # takes mail; says 220 to STARTTLS and nothing more
WORKER = int(sys.argv[1])
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, 65536), FILES))


def speak(lines, host, last):
    """A client that says these lines, one behind the reply to the other, and then nothing more."""
    sock = socket.create_connection((host, 25), 90, source_address=(f"10.25.0.{last}", 0))
    buffer = b""
    for line in [""] + lines:
        if line:
            sock.sendall(line.encode() + b"\r\n")
        if line.startswith("RCPT"):
            return sock
        while not buffer.endswith(b"\n") or buffer.split(b"\n")[-2][3:4] == b"-":
            more = sock.recv(4096)
            if not more:
                return sock
            buffer += more
        buffer = b""
    return sock


def many(count, lines, host):
    """So many of them, by twenty at a time."""
    socks, lock, numbers = [], threading.Lock(), iter(range(count))

    def work():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                sock = speak(lines, host, 11 + number % 4)
            except OSError:
                continue
            with lock:
                socks.append(sock)
    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return socks


def honest_tls():
    """A whole message of a client that wants TLS for itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = smtp.Client(GOOD)
    client.hello()
    if client.say("STARTTLS")[0] != 220:
        return "no STARTTLS"
    try:
        client.sock = context.wrap_socket(client.sock)
    except OSError as error:
        return str(error)
    client.buffer = b""
    client.begin("bob@good.lab")
    client.hello()
    client.say("MAIL FROM:<alice@lan.test>")
    client.say("RCPT TO:<bob@good.lab>")
    reply = client.content("in TLS")
    client.close()
    return reply


def files():
    return len(os.listdir(f"/proc/{WORKER}/fd"))


def usable(what):
    result(f"{what}: mail goes as soon as it is over",
           until(60, lambda: smtp.send_mail(GOOD, "bob@good.lab", what) == "250 2.0.0 taken"))


usable("before")
until(20, lambda: files() <= 16)
before = files()

slow_clients = many(299, ["EHLO slow.lan", "STARTTLS"], GOOD)
slow_servers = many(199, ["EHLO slow.lan", "MAIL FROM:<alice@lan.test>", "RCPT TO:<bob@mute.lab>"], MUTE)
result("clients and servers that never finish TLS are there", len(slow_clients) == 299 and len(slow_servers) == 199,
       len(slow_clients), len(slow_servers))
said = honest_tls()
result("beside them: a client in TLS has its turn, and its mail goes to a server in TLS", said == (250, "2.0.0 taken"), said)
for sock in slow_clients + slow_servers:
    sock.close()
usable("TLS that is never finished")

os.kill(WORKER, signal.SIGSTOP)
queue = []
for index in range(1500):
    sock = socket.socket()
    sock.setblocking(False)
    sock.bind((f"10.25.0.{11 + index % 4}", 0))
    sock.connect_ex((GOOD, 25))
    queue.append(sock)
time.sleep(1)
os.kill(WORKER, signal.SIGCONT)
usable("a queue that nobody took")
for sock in queue:
    sock.close()
usable("the queue gone")
result("no descriptor is left over", until(60, lambda: files() <= before + 2), before, files())
