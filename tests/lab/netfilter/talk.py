"""talk.py ADDRESS PORT TEXT: one whole connection. Prints the banner; ends with 1 where any step fails."""
import socket
import sys

try:
    conn = socket.create_connection((sys.argv[1], int(sys.argv[2])), 4)
    lines = conn.makefile("rb")
    banner = lines.readline()
    if not banner.startswith(b"220 "):
        sys.exit(f"no banner: {banner!r}")
    conn.sendall(sys.argv[3].encode())
    conn.shutdown(socket.SHUT_WR)
    if not lines.readline().startswith(b"221"):
        sys.exit("the connection broke")
    print(banner[4:].decode().strip())
except OSError as error:
    sys.exit(str(error))
