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
faults_done starved
lab_done
