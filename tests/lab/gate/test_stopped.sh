#!/usr/bin/env bash
# Stopped by SIGTERM: sessions finish, then port 25 is closed and stays closed, until a person opens it with stop --open.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world
rules=$(routes)

for way in $WAYS; do
	gate_start $way
	wire_begin "stopped-$way"
	sender_spawn hold $way python3 "$LAB/gate/client.py" hold $SECURE6 --canary $CANARY
	hold=$LAB_PID
	check "$way: a session runs" lab_until 10 lab_log hold held
	kill -TERM "$GATE_PID"
	check "$way: told to stop, the gate takes nothing new" lab_until 10 refused_now $way
	check "$way: it waits for the session" lab_alive "$GATE_PID"
	kill -USR1 "$hold"
	check "$way: which is finished" lab_until 10 lab_log hold "reply 250"
	check "$way: then the gate is gone" lab_until 10 lab_gone "$GATE_PID"
	wait "$GATE_PID"
	same "$way: with exit status 0" 0 $?
	try_all $way
	same "$way: stopped, every connection is refused at once" refused "$(tried)"
	wire_end "stopped-$way"
	closed "stopped-$way" "$way: and nothing leaves in clear"
	same "$way: only the guard is left" "table inet gate25_guard" "$(lab_in gw nft list tables | grep gate25)"
	same "$way: and no routing rule" "$rules" "$(routes)"
	said=$(lab_in gw "$GATE25" stop --open --run-dir $GATE_RUN)
	check "$way: stop --open says it loudly" grep -q 'THE GATE IS OPEN' <<<"$said"
	same "$way: no table is left" 0 "$(tables)"
	on_wire "opened-$way" try_all $way
	leaks "opened-$way" "$way: opened, the mail leaves in clear"

	# A running gate is stopped and opened in one go.
	gate_start $way
	said=$(lab_in gw "$GATE25" stop --open --run-dir $GATE_RUN)
	check "$way: stop --open of a running gate says it loudly" grep -q 'THE GATE IS OPEN' <<<"$said"
	check "$way: the gate is gone" lab_gone "$GATE_PID"
	wait "$GATE_PID"
	on_wire "opened-$way" try_all $way
	leaks "opened-$way" "$way: and the mail leaves in clear"
	GATE_PID=
done
lab_done
