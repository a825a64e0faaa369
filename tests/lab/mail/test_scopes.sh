#!/usr/bin/env bash
# Where sessions come from and how the server sees them: forwarded with the client's or the gateway's address, the host's own,
# exempt ones; and what happens to a session when a worker dies or the gate is told to end.
. "$(dirname "$0")/fakes.sh"

fake_internet 4
fake_start

# peers FAKE: the addresses that the server saw, in the order of its mails.
peers() { cat "$LAB_DIR/mail/$1"/* | sed -n 's/^X-Lab-Peer: //p' | sort | uniq -c | awk '{ print $1, $2 }' | tr '\n' ';'; }

# mail NODE TEXT [SEND OPTION...]: over both families.
mail() {
	local node=$1 name=$2 address
	shift 2
	for address in 198.51.100.101 2001:db8:100::101; do
		fake_send "$node" $address "$@"
		same "$name ($address)" 0 $SENT || note "$(tail -n 5 "$LAB_DIR/log/send-$FAKES")"
	done
}

lab_gate_conf ""
lab_gate_start
lab_capture client path gw0
mail client "source = client"
lab_capture_stop client gw 198.51.100.1
check "over TLS" wire client --some --tls --no-leak --canary canary-1
same "the server saw the client" "1 10.25.0.10;1 2001:db8:25::10;" "$(peers 1)"
lab_gate_stop

rm "$LAB_DIR"/mail/1/*
lab_gate_conf "source = gateway"
lab_gate_start
lab_capture gateway path gw0
mail client "source = gateway"
lab_capture_stop gateway gw 198.51.100.1
check "over TLS" wire gateway --some --tls --no-leak --canary canary-1
same "the server saw the gateway" "1 192.0.2.2;1 2001:db8:2::2;" "$(peers 1)"
lab_gate_stop

rm "$LAB_DIR"/mail/1/*
LAB_GATE_SCOPE="scope = {local}"
lab_gate_conf "exempt = {198.51.100.103, \"2001:db8:100::103\"}"
lab_gate_start
lab_capture local path gw0
mail gw "scope = local: a program of the host"
lab_capture_stop local gw 198.51.100.1
check "over TLS" wire local --some --tls --no-leak --canary canary-1
lab_capture free path gw0
FAKES=2
fake_start
fake_send gw 198.51.100.103
same "an exempt destination is not touched" 0 $SENT
lab_capture_stop free gw 198.51.100.1
check "its mail goes as the program sends it" wire free --leak --no-tls --canary canary-3
lab_gate_stop

# A session in the middle of its message when the worker dies: the server has no mail, the client no 250.
LAB_GATE_SCOPE="scope = {forward}
interfaces = {lan0}
sources = {10.25.0.0/24, \"2001:db8:25::/64\"}"
lab_gate_conf ""
lab_gate_start
FAKES=3
fake_start
lab_capture cut path gw0
lab_spawn half client python3 -c '
import socket, sys
sock = socket.create_connection((sys.argv[1], 25), 20)
file = sock.makefile("rwb")
def reply():
    while (line := file.readline()) and line[3:4] == b"-":
        pass
    print(line.decode().strip() or "CLOSED", flush=True)
def say(text):
    file.write(text + b"\r\n"), file.flush()
reply()
for text in b"EHLO c.example", b"MAIL FROM:<a@lan.example>", b"RCPT TO:<b@c4.example>", b"DATA":
    say(text), reply()
say(b"Subject: half\r\n\r\ncanary-half")
print("HALF", flush=True)
try:
    reply()
except OSError:
    print("CLOSED", flush=True)' 198.51.100.104
half=$LAB_PID
check "a message is half sent" lab_until 20 lab_log half HALF
worker() { pgrep -P "$LAB_GATE_PID" -f -- '--role worker'; }
old=$(worker)
kill -KILL $old
check "the client sees the session break off" lab_until 10 lab_log half CLOSED
lab_kill "$half"
same "the server took nothing" 0 "$(fake_mails 4)"
another() { [ -n "$(worker)" ] && [ "$(worker)" != "$old" ]; }
check "another worker takes over" lab_until 20 another
fake_send client 198.51.100.104
same "and mail goes on" 0 $SENT
lab_capture_stop cut gw 198.51.100.1
check "nothing of either leaked" wire cut --some --tls --no-leak --canary canary-

# Told to end: the gate stays closed; opened by a person, it is open.
lab_gate_stop
same "gate25 ends well" 0 "$LAB_GATE_STATUS"
lab_capture stopped path gw0
fake_send client 198.51.100.104
same "after its end nobody gets through" 3 $SENT
lab_capture_stop stopped gw 198.51.100.1
check "not a packet" wire stopped --silent
check "gate25 stop --open" lab_in gw "$LAB_GATE" stop --open
fake_send client 198.51.100.104
same "then everybody does" 0 $SENT
lab_done
