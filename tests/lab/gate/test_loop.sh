#!/usr/bin/env bash
# gate25 is never an open relay nor a loop: who comes to its listener without having been intercepted, or was sent there for an
# address of the gateway itself, gets nowhere.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

own="10.25.0.1 192.0.2.2 2001:db8:25::1 2001:db8:2::2"
# A rule of somebody's that sends port 25 of the gateway's own addresses to the listener.
misdirect() {
	lab_nft gw "table inet misdirect {
		chain pre { type nat hook prerouting priority -100; fib daddr type local tcp dport 25 redirect to :$GATE_PORT; }
		chain out { type nat hook output priority -100; fib daddr type local tcp dport 25 redirect to :$GATE_PORT; }
	}"
}

for way in $WAYS; do
	gate_start $way
	wire_begin "direct-$way"
	for to in $own; do
		same "$way: from inside, the listener at $to refuses" refused "$(lab_in client python3 "$LAB/gate/client.py" push $to --port $GATE_PORT)"
	done
	for to in $own 127.0.0.1 ::1; do
		same "$way: from the gateway, the listener at $to refuses" refused "$(lab_in gw python3 "$LAB/gate/client.py" push $to --port $GATE_PORT)"
	done
	for to in 192.0.2.2 2001:db8:2::2; do
		same "$way: from outside, the listener at $to refuses" refused "$(lab_in plain python3 "$LAB/gate/client.py" push $to --port $GATE_PORT)"
	done
	misdirect
	for to in $own; do
		check "$way: from inside, port 25 of $to misdirected here: loop" \
			grep -q '^reply 421 4.4.6' <(lab_in client python3 "$LAB/gate/client.py" push $to)
		check "$way: from the gateway too" \
			grep -q '^reply 421 4.4.6' <(lab_in gw setpriv --reuid $SENDER_UID --clear-groups python3 "$LAB/gate/client.py" push $to)
	done
	check "$way: it is logged" gate_said 'refused .*421 4.4.6'
	lab_nft gw "delete table inet misdirect"
	wire_end "direct-$way"
	closed "direct-$way" "$way: nothing left in clear"
	# Told to take another destination's port, it does not: only intercepted ports are dialled.
	lab_nft gw "table inet misdirect {
		chain pre { type nat hook prerouting priority -100; tcp dport 587 redirect to :$GATE_PORT; }
		chain out { type nat hook output priority -100; tcp dport 587 redirect to :$GATE_PORT; }
	}"
	same "$way: port 587 misdirected here is refused" refused "$(push $way $PLAIN4 --port 587)"
	lab_nft gw "delete table inet misdirect"
	gate_away
done

# Without any rule (a sidecar whose init container did not run) the guard is not there: gate25 itself refuses.
gate_conf local "listen-port = 2525"
gate_spawn --no-rules
lab_until 20 gate_settled
for to in 127.0.0.1 ::1 10.25.0.1; do
	check "no rules: a direct connection to $to is told so" \
		grep -q '^reply 421 4.4.6' <(lab_in gw python3 "$LAB/gate/client.py" push $to --port 2525)
done
lab_done
