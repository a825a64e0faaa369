#!/usr/bin/env python3
"""recorder.py FOLDER CERT KEY ADDRESS: an SMTP server that keeps every octet it is sent over TLS, in FOLDER/N for its N-th
connection, and takes a message to end at CRLF.CRLF and nowhere else. When the connection is over the file is renamed to
N.whole (each message that began has its end) or N.cut."""
import os
import socket
import ssl
import sys
import threading

REPLIES = {b"EHLO": b"250-recorder\r\n250-SIZE 99999999\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 STARTTLS\r\n",
           b"DATA": b"354 go on\r\n", b"QUIT": b"221 2.0.0 bye\r\n"}
RECIPIENTS = {b"RCPT TO:<full": b"452 4.5.3 too many recipients\r\n", b"RCPT TO:<nobody": b"550 5.1.1 nobody\r\n"}


def reply_to(line):
    known = next((reply for recipient, reply in RECIPIENTS.items() if line.startswith(recipient)), b"250 2.0.0 ok\r\n")
    return REPLIES.get(line[:4].upper(), known)


def converse(sock, kept):
    """Until the client goes. Returns whether it went outside of a message."""
    buffer, in_data = b"", False
    while True:
        at = buffer.find(b"\r\n.\r\n") if in_data else buffer.find(b"\r\n")
        if at >= 0:
            line, buffer = buffer[:at], buffer[at + (5 if in_data else 2):]
            if in_data:
                in_data = False
                sock.sendall(b"250 2.0.0 recorded\r\n")
                continue
            in_data = line.upper() == b"DATA"
            if in_data:
                buffer = b"\r\n" + buffer  # a dot straight behind DATA counts
            sock.sendall(reply_to(line))
            continue
        more = sock.recv(65536)
        if not more:
            return not in_data
        kept.write(more)
        kept.flush()
        buffer += more


def clear(sock):
    """Up to STARTTLS; octet by octet, so that none of TLS is read."""
    line = b""
    while True:
        octet = sock.recv(1)
        if not octet:
            return False
        line += octet
        if line.endswith(b"\r\n"):
            verb, line = line[:4].upper(), b""
            sock.sendall(b"220 2.0.0 begin\r\n" if verb == b"STAR" else REPLIES.get(verb, b"250 2.0.0 ok\r\n"))
            if verb == b"STAR":
                return True


def serve(sock, path, context):
    whole = False
    with open(path, "wb") as kept:
        try:
            sock.sendall(b"220 recorder ESMTP\r\n")
            if clear(sock):
                sock = context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=True)
                whole = converse(sock, kept)
        except (OSError, ssl.SSLError):
            pass
    os.rename(path, path + (".whole" if whole else ".cut"))
    sock.close()


def main():
    folder, cert, key, address = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listener = socket.create_server((address, 25), backlog=64)
    print("ready", flush=True)
    number = 0
    while True:
        sock, _ = listener.accept()
        number += 1
        threading.Thread(target=serve, args=(sock, f"{folder}/{number}", context), daemon=True).start()


if __name__ == "__main__":
    main()
