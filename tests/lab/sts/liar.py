#!/usr/bin/env python3
"""liar.py CERTIFICATE ADDRESS... - policy hosts that misbehave, at port 443 of these addresses: each as the first label
of its domain says (mta-sts.LABEL.example). One line for each connection goes to standard output.

  silent      takes the connection and says nothing           hang       TLS, and no answer
  slow        an octet a second                               plain      HTTP without TLS
  endless     a body that does not end                        large      65,537 octets
  headers     headers of 20,000 octets                        no-type    no content type
  short       less than it announces                          cut        an end without TLS's goodbye
  gzip        compressed                                      nonsense   no HTTP
  old         TLS 1.1 and nothing newer                       resets     closes at once
"""
import os
import socket
import ssl
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
POLICY = b"version: STSv1\nmode: enforce\nmx: nobody.example\nmax_age: 86400\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CLOSED = HEAD + b"Connection: close\r\n\r\n"
FOREVER = 3600


def label(name):
    return (name or "x.x").split(".")[1]


def peek_label(sock):
    """The label asked for, from the ClientHello, which stays where it is."""
    hello = b""
    for _ in range(100):
        hello = sock.recv(4096, socket.MSG_PEEK)
        at = hello.find(b"mta-sts.")
        if at >= 0 and b".example" in hello[at:]:
            return label(hello[at:hello.find(b".example", at)].decode())
        time.sleep(0.01)
    return ""


def slow(sock):
    for octet in CLOSED + POLICY:
        sock.sendall(bytes([octet]))
        time.sleep(1)


def endless(sock):
    sock.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        sock.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")


def cut(sock):
    sock.sendall(CLOSED + POLICY)
    os.close(sock.detach())
    return False


ANSWERS = {
    "hang": lambda sock: time.sleep(FOREVER),
    "slow": slow,
    "endless": endless,
    "cut": cut,
    "large": lambda sock: sock.sendall(HEAD + b"Content-Length: 65537\r\n\r\n" + b"#" * 65537),
    "headers": lambda sock: sock.sendall(HEAD + b"X-Filling: 1234567\r\n" * 1000 + b"\r\n" + POLICY),
    "no-type": lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + POLICY),
    "short": lambda sock: sock.sendall(HEAD + b"Content-Length: 999\r\n\r\n" + POLICY),
    "gzip": lambda sock: sock.sendall(HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0"),
    "nonsense": lambda sock: sock.sendall(b"\0\1\2\3 nonsense\r\n\r\n"),
}


def serve(sock, certificate):
    how = peek_label(sock)
    print(f"asked for {how}", flush=True)
    if how == "silent":
        time.sleep(FOREVER)
    if how == "resets":
        return
    if how == "plain":
        sock.sendall(CLOSED + POLICY)
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if how == "old":
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    sock = context.wrap_socket(sock, server_side=True)
    request = b""
    while b"\r\n\r\n" not in request:
        more = sock.recv(4096)
        if not more:
            return
        request += more
    if ANSWERS.get(how, lambda sock: None)(sock) is not False:
        sock.unwrap()


def thread(sock, certificate):
    try:
        serve(sock, certificate)
    except (OSError, ssl.SSLError, ValueError) as error:
        print(f"over: {error}", flush=True)
    finally:
        sock.close()


def listen(address, certificate):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 443))
    listener.listen(64)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=thread, args=(sock, certificate), daemon=True).start()


if __name__ == "__main__":
    for at in sys.argv[2:]:
        threading.Thread(target=listen, args=(at, sys.argv[1]), daemon=True).start()
    time.sleep(0.2)
    print("ready", flush=True)
    threading.Event().wait()
