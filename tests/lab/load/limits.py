#!/usr/bin/env python3
"""limits.py: the limits of a worker, each reached, and who gives way at them. The gate has max-sessions = 40, of a client
20, to a destination 25, handshakes 3; clients are the addresses 10.25.0.10 to 10.25.0.16."""
import os
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon"))
import smtp  # noqa: E402
from smtp import gate_log, result, until  # noqa: E402

GOOD, OTHER = "198.51.100.121", "198.51.100.122"


class Client(smtp.Client):
    """A client with an address of its own."""

    def __init__(self, last, host=GOOD):
        self.buffer = b""
        try:
            self.sock = socket.create_connection((host, 25), 60, source_address=(f"10.25.0.{last}", 0))
            self.greeting = self.reply()
        except OSError as error:
            self.sock, self.greeting = None, (0, str(error))


def mail(last, name, host=GOOD):
    client = Client(last, host)
    reply = client.begin("bob@good.lab")
    if reply[0] == 250:
        reply = client.content(name)
    if reply[0] not in (0, 421):
        client.quit()
    client.close()
    return reply


def sessions(last, count, host=GOOD):
    return [Client(last, host) for _ in range(count)]


def idle():
    """The gate has no session any more."""
    return until(30, lambda: mail(16, "is it idle")[0] == 250)


def close(clients):
    for client in clients:
        client.close()


def logged(limit, reply):
    return until(10, lambda: [line for line in gate_log(event="refused", limit=limit) if line.get("reply", "").startswith(reply)])


def one_client():
    many = sessions(10, 10) + sessions(10, 10, OTHER)
    result("one client: as many as it may have", all(client.greeting[0] == 220 for client in many),
           *(client.greeting for client in many))
    extra = Client(10)
    result("one client: the next is refused", extra.greeting[0] == 421 and extra.greeting[1].startswith("4.7.0 too many"),
           extra.greeting)
    result("one client: with one line", logged("max-sessions-client", "421 4.7.0"))
    reply = mail(11, "another client")
    result("one client: another is served", reply == (250, "2.0.0 taken"), reply)
    many.pop().quit()
    result("one client: whoever leaves makes room", until(10, lambda: mail(10, "room again")[0] == 250))
    close(many + [extra])


def one_destination():
    many = sessions(10, 13) + sessions(11, 12)
    extra = Client(12)
    result("one destination: beyond its limit it is refused", extra.greeting[0] == 421 and "this server" in extra.greeting[1],
           extra.greeting, sum(client.greeting[0] == 220 for client in many))
    result("one destination: with one line", logged("max-sessions-destination", "421 4.7.0"))
    reply = Client(12, OTHER).greeting
    result("one destination: another is reached", reply[0] == 220, reply)
    close(many + [extra])


def flood():
    """Everybody at once, and nobody says a word."""
    socks = []
    for index in range(400):
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind((f"10.25.0.{10 + index % 4}", 0))
        sock.connect_ex((GOOD if index % 2 else OTHER, 25))
        socks.append(sock)
    time.sleep(1)
    for sock in socks:
        sock.close()
    result("a flood: mail goes as soon as it is over", until(30, lambda: mail(14, "after the flood")[0] == 250))


def starttls(last):
    """A client that has its 220 and owes the gate a ClientHello."""
    client = Client(last, OTHER)
    client.hello()
    return client, client.say("STARTTLS")


def handshakes():
    """Three never finish, a fourth waits, and so does an honest one."""
    half = [starttls(13) for _ in range(4)]
    if not result("handshakes: clients may begin TLS", all(reply[0] == 220 for _, reply in half), *(reply for _, reply in half)):
        return
    client, reply = starttls(14)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        client.sock = context.wrap_socket(client.sock)
        client.buffer = b""
        reply = client.begin_again()
    except OSError as error:
        reply = (0, str(error))
    result("handshakes: the honest client's turn comes", reply == (250, "2.0.0 taken"), reply)
    result("handshakes: whoever was slow lost his session", until(20, lambda: gate_log(event="session-end", end="shed")))
    close([client] + [slow for slow, _ in half])


def begin_again(client):
    client.hello()
    client.say("MAIL FROM:<alice@lan.test>")
    client.say("RCPT TO:<bob@good.lab>")
    return client.content("in tls")


Client.begin_again = begin_again


def loris():
    """The limit of all is full of clients that get nowhere; the oldest of all has a message under way."""
    busy = Client(10)
    busy.begin("bob@good.lab")
    ready = busy.say("DATA")
    slow = sessions(10, 12) + sessions(11, 12, OTHER) + sessions(12, 8, OTHER)
    began = time.monotonic()
    thread = threading.Thread(target=handshakes)
    thread.start()
    thread.join()
    while time.monotonic() - began < 22:  # what the man page says
        for client in slow[:4]:
            client.say("NOOP")  # it helps nobody
        time.sleep(1)
    late = sessions(15, 7, OTHER)
    result("slow clients: whoever comes gets a place", all(client.greeting[0] == 220 for client in late),
           *(client.greeting for client in late))
    crowd = []
    for _ in range(10):
        crowd.append(mail(14, "beside slow clients"))
    result("slow clients: mail goes on beside them", all(reply == (250, "2.0.0 taken") for reply in crowd), *crowd)
    busy.send(b"Subject: lab\r\n\r\nnever cut\r\n.\r\n")
    reply = busy.reply()
    result("slow clients: a message under way is not cut", ready[0] == 354 and reply == (250, "2.0.0 taken"), ready, reply)
    heard = [client.reply() for client in slow if client.closed_or_told()]
    result("slow clients: those who went were told 421 4.3.2", heard and all(reply[0] == 421 for reply in heard), *heard)
    close(slow + late + [busy])


def closed_or_told(client):
    """Whether something is there to be read, without waiting."""
    client.sock.settimeout(0.05)
    try:
        more = client.sock.recv(4096)
    except OSError:
        return False
    client.buffer += more
    client.sock.settimeout(5)
    return bool(more)


Client.closed_or_told = closed_or_told


def everybody():
    many = sessions(10, 10) + sessions(11, 10) + sessions(12, 10, OTHER) + sessions(13, 10, OTHER)
    extra = Client(14)
    result("all: beyond the limit it is refused", extra.greeting[0] == 421 and extra.greeting[1].startswith("4.3.2"),
           extra.greeting, sum(client.greeting[0] == 220 for client in many))
    result("all: with one line", logged("max-sessions", "421 4.3.2"))
    close(many + [extra])


for scenario in (one_client, one_destination, everybody, flood, loris):
    scenario()
    result(f"{scenario.__name__.replace('_', ' ')}: afterwards all is as before", idle())
result("what was not logged is counted", until(20, lambda: [line for line in gate_log(event="refused") if "unlogged" in line]))
lines = [line for line in gate_log(event="refused", limit="max-sessions-client") if "unlogged" not in line]
result("and a flood does not fill the log", len(lines) < 100, len(lines))
