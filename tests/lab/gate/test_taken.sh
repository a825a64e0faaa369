#!/usr/bin/env bash
# The listener's port in other hands: while gate25 is down somebody else listens there, to read the mail that the
# interception sends to it; before it starts; while it runs.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

read_mail() { grep -c '"command": "MAIL' "$LAB_DIR/log/impostor"; }
impostor() { serve --port $PORT --uid $SENDER_UID impostor gw 0.0.0.0 :: ; IMPOSTOR=$LAB_PID; }
PORT=2525 # one that anybody may take

for way in gateway local; do
	gate_conf $way "listen-port = $PORT"
	check "$way: the rules are installed" gate_rules --install
	impostor
	# The lab must be able to see mail read: the listener's guard is taken out first.
	lab_nft gw "flush chain inet gate25_guard input_guard"
	try_all $way
	check "$way: without the guard the impostor reads mail ($(read_mail) envelopes)" [ "$(read_mail)" -gt 0 ]
	lab_kill $IMPOSTOR
	check "$way: the rules are installed again" gate_rules --install
	impostor
	on_wire "taken-$way" try_all $way
	same "$way: the guard in place, everything is refused" refused "$(tried)"
	same "$way: and the impostor reads nothing" 0 "$(grep -c '"open"' "$LAB_DIR/log/impostor")"
	closed "taken-$way" "$way: nothing leaves"

	# gate25 does not start beside it, and says why.
	gate_spawn
	check "$way: gate25 ends" lab_until 20 lab_gone "$GATE_PID"
	wait "$GATE_PID"
	same "$way: with exit status 1" 1 $?
	check "$way: and says who is in the way" gate_said "start .*cannot listen on port $PORT .*another program"
	on_wire "unstarted-$way" try_all $way
	same "$way: the gate stays closed" refused "$(tried)"
	closed "unstarted-$way" "$way: and nothing leaves"
	lab_kill $IMPOSTOR
	GATE_PID=

	# While it runs, nobody gets in beside it, nor in front of it with a more special address.
	gate_start $way "listen-port = $PORT"
	for address in 127.0.0.1 192.0.2.2 ::1 0.0.0.0 ::; do
		check "$way: nobody else can listen on $address while gate25 runs" \
			! lab_in gw setpriv --reuid $SENDER_UID --regid $SENDER_UID --clear-groups python3 -c "
import socket
s = socket.socket(socket.AF_INET6 if ':' in '$address' else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(('$address', $PORT))
s.listen()"
	done
	lab_in gw "$GATE25" run --config "$GATE_CONF" --run-dir "$GATE_RUN" >"$LAB_DIR/log/second" 2>&1
	same "$way: a second gate25 ends with exit status 1" 1 $?
	check "$way: and says that one runs already" lab_log second "already running"
	check "$way: the first one works on" polite $way $SECURE4
	same "$way: nobody else can lock its pid file, and keep the next from starting" 600 "$(stat -c %a "$GATE_RUN/pid")"

	# gate25 killed in the middle of a session: its remains are no way in for who takes the port then.
	sender_spawn again $way python3 "$LAB/gate/client.py" push $PLAIN4 --canary $CANARY --bind 0.0.0.0:40025
	lab_until 10 lab_gone $LAB_PID
	check "$way: a session from port 40025 has ended" lab_log again reply
	worker=$(gate_role worker)
	lab_kill "$GATE_PID" KILL
	lab_until 10 lab_gone "$worker"
	impostor
	sender $way python3 "$LAB/gate/client.py" push $PLAIN4 --canary $CANARY --bind 0.0.0.0:40025 --timeout 2 >"$LAB_DIR/log/again"
	same "$way: from that port again, the impostor reads nothing" 0 "$(grep -c '"command"' "$LAB_DIR/log/impostor")"
	lab_kill $IMPOSTOR
	gate_away
done
lab_done
