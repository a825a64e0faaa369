"""hold.py ADDRESS PORT GO: connects, sends "before", and once the file GO is there "after"; prints what came of it."""
import os
import socket
import sys
import time

conn = socket.create_connection((sys.argv[1], int(sys.argv[2])), 4)
conn.recv(100)
conn.sendall(b"before")
print("holding", flush=True)
while not os.path.exists(sys.argv[3]):
    time.sleep(0.02)
try:
    conn.settimeout(3)
    conn.sendall(b"after")
    conn.shutdown(socket.SHUT_WR)
    while conn.recv(100):
        pass
    print("finished", flush=True)
except OSError as error:
    print(f"broken: {error}", flush=True)
