#!/usr/bin/env python3
"""stripper.py --listen ADDRESS...: a middlebox that takes STARTTLS out of SMTP, as attackers and old firewalls do.

Connections reach it by an nftables redirect; it dials where they wanted to go and passes everything on, except:
  --how mask     the word STARTTLS in replies becomes XXXXXXXX (as a well-known firewall does), a command becomes nonsense
  --how refuse   the word stays; STARTTLS itself is answered with 454 and never reaches the server
  --how break    the word stays, the server's 220 passes, the ClientHello is answered with garbage
"""
import argparse
import ipaddress
import re
import socket
import struct
import sys
import threading

WORD = re.compile(rb"STARTTLS", re.I)


def original_destination(sock):
    if sock.family == socket.AF_INET6:
        raw = sock.getsockopt(socket.IPPROTO_IPV6, 80, 28)
        return str(ipaddress.ip_address(raw[8:24])), struct.unpack(">H", raw[2:4])[0]
    raw = sock.getsockopt(socket.SOL_IP, 80, 16)
    return socket.inet_ntoa(raw[4:8]), struct.unpack(">H", raw[2:4])[0]


def pump(source, sink, change):
    """Until |source| ends. |change| gets the octets and gives those to pass on; None ends both directions."""
    try:
        while True:
            data = source.recv(65536)
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            data = change(data)
            if data is None:
                break
            sink.sendall(data)
    except OSError:
        pass
    for sock in (source, sink):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def from_client(how, client):
    def change(data):
        if how == "mask":
            return WORD.sub(b"XXXXXXXX", data)
        if how == "refuse" and WORD.match(data):
            client.sendall(b"454 4.7.0 TLS not available due to temporary reason\r\n")
            return b""
        if how == "break" and data[:2] == b"\x16\x03":
            client.sendall(b"\x15\x03\x01\x00\x02\x02\x28")
            return None
        return data
    return change


def from_server(how):
    return lambda data: WORD.sub(b"XXXXXXXX", data) if how == "mask" else data


def serve(client, how):
    destination = original_destination(client)
    try:
        server = socket.create_connection(destination, 10)
        server.settimeout(None)
    except OSError:
        client.close()
        return
    print(f"{client.getpeername()[0]} > {destination[0]}", flush=True)
    threading.Thread(target=pump, args=(server, client, from_server(how)), daemon=True).start()
    pump(client, server, from_client(how, client))


def accept(listener, how):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, how), daemon=True).start()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--listen", action="append", required=True)
    parser.add_argument("--port", type=int, default=2525)
    parser.add_argument("--how", choices=("mask", "refuse", "break"), default="mask")
    args = parser.parse_args()
    threads = []
    for address in args.listen:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, args.port), family=family, backlog=128)
        threads.append(threading.Thread(target=accept, args=(listener, args.how)))
        threads[-1].start()
    print("ready", flush=True)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
