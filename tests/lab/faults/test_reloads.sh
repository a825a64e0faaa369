#!/usr/bin/env bash
# Reloads under a stream of mail, good and broken ones in turn; signals by the dozen; processes that stand still.
. "$(dirname "$0")/../lib.sh"
. "$LAB/faults/faults.sh"
faults_world
MESSAGES=40
[ "${FAULTS_LONG:-}" != yes ] || MESSAGES=400

roles() { pgrep -P "$LAB_GATE_PID" | sort | paste -sd ' '; }
before=$(roles)
cp "$LAB_DIR/gate25.conf" "$LAB_DIR/good.conf"

# A signal storm costs no process and no session.
# A worker that is busy meanwhile hears of them all when it is done.
worker=$(pgrep -P "$LAB_GATE_PID" -f -- '--role worker')
storm() {
	local i
	kill -STOP "$worker"
	for i in $(seq 50); do
		kill -HUP "$LAB_GATE_PID"
		sleep 0.015
	done
	kill -CONT "$worker"
}
faults_stand storm banner ehlo mail handshake rcpt data content dot idle
faults_stream $MESSAGES stream.example
storm
reloaded() { [ "$(faults_said_times reload)" -gt "${1:-0}" ]; }
check "fifty SIGHUPs within a second: it is read again" lab_until 30 reloaded 0
settled() { local n; n=$(faults_said_times reload); sleep 0.5; [ "$(faults_said_times reload)" = "$n" ]; }
lab_until 60 settled
note "fifty SIGHUPs: $(faults_said_times reload) reloads"
faults_go_on
same "no process was replaced" "$before" "$(roles)"
faults_flows storm

# Good and broken in turn, under load.
turns() {
	local i n
	for i in $(seq 20); do
		n=$(faults_said_times reload)
		cp "$LAB_DIR/good.conf" "$LAB_DIR/next.conf"
		[ $((i % 2)) -eq 0 ] || echo "nonsense = $i" >>"$LAB_DIR/next.conf"
		[ $((i % 4)) -ne 0 ] || echo "exempt = {203.0.113.$i}" >>"$LAB_DIR/next.conf"
		mv "$LAB_DIR/next.conf" "$LAB_DIR/gate25.conf"
		kill -HUP "$LAB_GATE_PID"
		lab_until 20 reloaded "$n" || return 1
	done
}
faults_stand reload ehlo mail rcpt data content idle
faults_stream $MESSAGES stream.example
check "twenty reloads, every other one broken" turns
faults_go_on
same "no process was replaced" "$before" "$(roles)"
faults_done reloads
lab_done
