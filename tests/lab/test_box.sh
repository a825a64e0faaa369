#!/usr/bin/env bash
# The box itself: nodes talk over IPv4 and IPv6, a capture sees it, and nothing is left of a test however it ends.
if [ "${1:-}" = hang ]; then
	. "$(dirname "$0")/lib.sh"
	lab_node a
	lab_spawn sleeper a sleep 98765
	echo ready
	lab_until 1000 false
fi
. "$(dirname "$0")/lib.sh"

lab_node a
lab_node b
lab_link a eth0 b eth0
lab_addr a eth0 192.0.2.1/24 2001:db8::1/64
lab_addr b eth0 192.0.2.2/24 2001:db8::2/64
for to in 192.0.2.2 2001:db8::2; do
	lab_capture "to-$to" b eth0
	lab_spawn server b python3 -c "
import socket
s = socket.create_server(('$to', 25), family=socket.AF_INET6 if ':' in '$to' else socket.AF_INET)
c = s.accept()[0]
while c.recv(100): pass"
	check "a server listens on $to" lab_until 10 lab_listens b 25
	check "nodes talk to $to" lab_in a python3 -c "
import socket
s = socket.create_connection(('$to', 25), 5)
s.sendall(b'hello from a')"
	lab_until 10 lab_gone "$LAB_PID"
	lab_capture_stop "to-$to" a "$to"
	check "the capture saw it" grep -qa 'hello from a' "$LAB_DIR/pcap/to-$to.pcap"
done
check "the internet is not there" ! lab_in a python3 -c "import socket; socket.create_connection(('198.51.100.1', 25), 5)"
lab_needs_root "/etc is the test's own" && check "/etc is the test's own" sh -c 'echo lab-box-user >>/etc/passwd'

# A test in a box in this box: killed in each way, it takes everything along.
sleepers() { pgrep -fc 'sleep 98765' >/dev/null; }
for signal in INT TERM HUP KILL; do
	: >"$LAB_DIR/hang"
	# A shell ignores INT for what it starts in the background, so python starts it.
	python3 -c "import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv('/bin/bash', ['bash', sys.argv[1], 'hang'])" "$LAB/test_box.sh" >"$LAB_DIR/hang" 2>&1 &
	disown
	hang=$!
	check "a test in its own box has begun" lab_until 20 grep -q ready "$LAB_DIR/hang"
	check "and runs a process" lab_until 5 sleepers
	kill -$signal $hang
	check "$signal ends the test" lab_until 10 lab_gone $hang
	check "$signal leaves no process" lab_until 10 eval '! sleepers'
done
same "no mount but this test's own is left" 1 "$(grep -c '^lab-etc' /proc/mounts)"
lab_done
