"""server.py PORT: to each connection "220 <peer>"; prints "data <text>" as it comes and "got <all> from <peer>" at the end."""
import socket
import sys
import threading


def serve(conn, peer):
    got = b""
    try:
        conn.sendall(f"220 {peer}\r\n".encode())
        while data := conn.recv(65536):
            got += data
            print(f"data {data[:40].decode(errors='replace')}", flush=True)
        conn.sendall(b"221 bye\r\n")
    except OSError:
        pass
    print(f"got {len(got)} octets {got[:60]!r} from {peer}", flush=True)
    conn.close()


listener = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
while True:
    conn, name = listener.accept()
    threading.Thread(target=serve, args=(conn, name[0].removeprefix("::ffff:")), daemon=True).start()
