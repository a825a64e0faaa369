#!/usr/bin/env python3
"""record.py INTERFACE FILE: records every frame of an interface to a pcap file, until SIGINT or SIGTERM.

For a lab without root: tcpdump insists on another user or on root's groups, and neither exists in a user namespace.
"""
import signal
import socket
import struct
import sys

ETH_P_ALL, SOL_PACKET, PACKET_STATISTICS = 3, 263, 6


def main():
    interface, path = sys.argv[1:]
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind((interface, 0))
    # Checksums and segments are left to the kernel, so a frame may be longer than any wire carries.
    with open(path, "wb", buffering=0) as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        print(f"listening on {interface}", file=sys.stderr, flush=True)
        try:
            while True:
                frame = sock.recv(262144)
                file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
        except KeyboardInterrupt:
            pass
    dropped = struct.unpack("II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
    print(f"{dropped} packets dropped by kernel", file=sys.stderr)


if __name__ == "__main__":
    # Started in the background, it would inherit that SIGINT is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
