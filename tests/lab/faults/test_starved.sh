#!/usr/bin/env bash
# Roles that run out of descriptors or memory while they serve: they wait, they do not spin, lose no reply, and go on
# when there is some again.
. "$(dirname "$0")/../lib.sh"
. "$LAB/faults/faults.sh"
faults_world

# The monitor answers on the gateway's own loopback.
in_gateway() {
	lab_in gw python3 "$FAULTS/starve.py" "$LAB_GATE_PID" "$@" >"$LAB_DIR/results" 2>"$LAB_DIR/log/errors" || not_ok "starve.py runs to its end"
	lab_results "$LAB_DIR/results"
}

faults_stream 10 stream.example
faults_run starve "$LAB_GATE_PID" worker_descriptors
in_gateway monitor_descriptors
faults_stream 10 stream.example
faults_run starve "$LAB_GATE_PID" policy_descriptors parent_descriptors
faults_stream 10 stream.example
faults_run starve "$LAB_GATE_PID" worker_memory policy_memory

# A gate that was started with few descriptors: it takes as many sessions as it can finish.
lab_gate_stop
printf '#!/bin/sh\nexec prlimit --nofile=48:48 "%s" "$@"\n' "$LAB_GATE" >"$LAB_DIR/gate"
chmod 755 "$LAB_DIR/gate"
LAB_GATE=$LAB_DIR/gate
lab_gate_start
faults_stand few content rcpt mail idle
lab_spawn crowd client python3 "$FAULTS/backlog.py" 198.51.100.102 40
faults_stream 10 stream.example
refused() { grep '"event":"refused"' "$LAB_DIR/log/gate25" | grep -q '421 4.3.2.*LimitNOFILE'; }
check "whom it cannot take is told 421 4.3.2" lab_until 20 refused
lab_kill "$LAB_PID"
faults_go_on
faults_done starved
lab_done
