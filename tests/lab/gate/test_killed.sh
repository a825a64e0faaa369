#!/usr/bin/env bash
# Killed without a word: the parent; a worker in the middle of a session, with octets waiting on both of its sides.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world
SECURE_PID=$LAB_PID
# The server's kernel takes little, so that what it does not read waits in the gate.
lab_sysctl secure "net.ipv4.tcp_rmem=4096 8192 8192"

waits_for_secure() { [ "$(lab_in "$1" ss -Htn state established "dport = :25" | awk '{ n += $2 } END { print n + 0 }')" -gt 0 ]; }

for way in client local; do
	on_wire "open-$way" try_all $way
	leaks "open-$way" "$way: without the gate the mail leaves in clear"
done

for way in $WAYS; do
	# The worker: killed while the server does not read, the gate holds octets for it, and the client sends more.
	gate_start $way
	for to in $SECURE4 $SECURE6; do
		wire_begin "worker-$way-$to"
		: >"$LAB_DIR/log/secure"
		sender_spawn flood $way python3 "$LAB/gate/client.py" flood $to --canary $CANARY
		flood=$LAB_PID
		check "$way: a message to $to begins" lab_until 10 lab_log secure '"command": "DATA"'
		kill -STOP "$SECURE_PID"
		check "$way: octets wait in the gate" lab_until 10 waits_for_secure gw
		worker=$(gate_role worker)
		lab_kill "$worker" KILL
		kill -CONT "$SECURE_PID"
		check "$way: the worker killed, the client is cut" lab_until 10 lab_log flood "cut E"
		lab_until 5 lab_gone "$flood" || lab_kill "$flood"
		check "$way: the session after it is served" polite $way $to
		wire_end "worker-$way-$to"
		closed "worker-$way-$to" "$way: nothing of it left in clear"
	done
	check "$way: the worker's end is logged" gate_said 'role-ended .*role=worker .*signal=9'

	# The parent: the workers finish what they have, and nobody takes anything new.
	wire_begin "killed-$way"
	sender_spawn hold $way python3 "$LAB/gate/client.py" hold $SECURE4 --canary $CANARY
	hold=$LAB_PID
	check "$way: a session runs" lab_until 10 lab_log hold held
	worker=$(gate_role worker)
	lab_kill "$GATE_PID" KILL
	check "$way: the parent killed, new connections are refused" lab_until 10 refused_now $way
	try_all $way
	same "$way: all of them, at once" refused "$(tried)"
	kill -USR1 "$hold"
	check "$way: the session that ran is finished" lab_until 10 lab_log hold "reply 250"
	check "$way: then the worker ends too" lab_until 10 lab_gone "$worker"
	try_all $way
	same "$way: and everything stays refused" refused "$(tried)"
	wire_end "killed-$way"
	closed "killed-$way" "$way: nothing left in clear"
	gate_start $way
	check "$way: started again, it works" polite $way $SECURE4
	gate_away
done
lab_done
