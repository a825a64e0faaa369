#!/usr/bin/env bash
# The resolver is dead, slow, or lies: mail waits at its sender, or goes over TLS; it is never in clear, and flows when the
# resolver is well again. Each lie meets a domain that nobody has asked for yet. FAULTS_LONG=yes: all lies.
. "$(dirname "$0")/../lib.sh"
. "$LAB/faults/faults.sh"

LAB_GATE_RESOLVERS=127.0.0.9
echo honest >"$LAB_DIR/lie"
faults_before_gate() {
	lab_spawn liar gw python3 "$LAB/dane/liar.py" 127.0.0.1 "127.0.0.9=@$LAB_DIR/lie"
	lab_until 10 lab_log liar ready || lab_die "the liar does not start"
}
faults_world

number=0
# lie HOW: mail for a new domain while the resolver is so.
lie() {
	number=$((number + 1))
	echo "$1" >"$LAB_DIR/lie"
	faults_stream 3 "verdict$number.example"
	lab_until 2 faults_queue_is_empty
	note "$1: $(faults_queue) of 3 messages wait: $(grep "verdict$number.example" "$LAB_DIR/log/sender" |
		grep -o 'status=deferred.*said: [^(]*' | sed 's/.*said: //' | sort | uniq -c | head -n 2 | paste -sd ';')"
	echo honest >"$LAB_DIR/lie"
	well=$SECONDS
	faults_flows "resolver: $1"
	note "$1: $((SECONDS - well)) s after the resolver was well"
}

faults_stand resolver mail rcpt content idle
lies="silent slow"
[ "${FAULTS_LONG:-}" != yes ] || lies="silent slow strip servfail garbage half forge forge-ad"
for how in $lies; do
	lie "$how"
done
# Dead: nobody listens, with a connection refused.
liar=$(pgrep -f "python3 $LAB/dane/liar.py" | head -n 1)
lab_kill "$liar" KILL
faults_stream 3 verdict9.example
lab_until 2 faults_queue_is_empty
note "dead: $(faults_queue) of 3 messages wait"
faults_before_gate
faults_flows "resolver: dead"
faults_go_on
faults_done resolver
lab_done
