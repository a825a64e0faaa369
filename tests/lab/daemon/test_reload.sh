#!/usr/bin/env bash
# test_reload.sh - SIGHUP on the running gate: rules, CA files, enforcement, and files that are wrong.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "a reload of the running gate" || lab_done

daemon_internet
lab_cert own self-signed mx.own.lab
lab_cert lab good mx.lab.lab mx.own2.lab
daemon_server own 131 name=own.lab cert="$LAB_PKI/own.crt" key="$LAB_PKI/own.key"
daemon_server lab 132 name=lab.lab cert="$LAB_PKI/lab.crt" key="$LAB_PKI/lab.key"
printf '%s\n' "own.lab MX 10 mx.own.lab" "mx.own.lab A 198.51.100.131" "lab.lab MX 10 mx.lab.lab" \
	"mx.lab.lab A 198.51.100.132" "own2.lab MX 10 mx.own2.lab" "mx.own2.lab A 198.51.100.132" >"$LAB_DIR/zone"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Another CA" \
	-keyout /dev/null -out "$LAB_PKI/other.crt" 2>/dev/null || lab_die "no second authority"

printf '%s\n' "$LAB_GATE_SCOPE" "resolvers = {$LAB_RESOLVER}" "default-level = encrypt" "log-format = json" \
	>"$LAB_DIR/base.conf"
python3 "$DAEMON/reload.py" setup
lab_capture reload path gw0
lab_gate_start
lab_until 20 lab_log gate25 '"event":"ready"' || lab_die "the gate is not ready"
before=$(lab_gate_processes)
daemon_run reload run "$LAB_GATE_PID"
same "no process was replaced" "$before" "$(lab_gate_processes)"
lab_gate_stop
same "the gate ends well" 0 "$LAB_GATE_STATUS"
lab_capture_stop reload client 198.51.100.1
check "in all of this nothing of any mail was in clear" wire reload --some --tls --no-leak
lab_done
