#!/usr/bin/env bash
# test_clients.sh - every attack that a client can make on the gate: client_rows.py has the table. One session for each row,
# in front of a server that records each octet; then replies, log, metrics and the captured wire are judged row by row.
# CLIENTS_ONLY=TEXT: the rows with that in their names.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "attacks by clients, through a running gate" || lab_done

ATTACK=$LAB/attack
export PYTHONDONTWRITEBYTECODE=1
daemon_internet
lab_cert raw good mx.raw.lab
mkdir "$LAB_DIR/raw"
lab_server raw 120
lab_spawn raw raw python3 "$ATTACK/recorder.py" "$LAB_DIR/raw" "$LAB_PKI/raw.crt" "$LAB_PKI/raw.key" 198.51.100.120
lab_until 10 lab_log raw ready || lab_die "the recorder does not start"
printf '%s\n' {,also.}raw.lab\ MX\ 10\ mx.raw.lab "mx.raw.lab A 198.51.100.120" "strict.lab MX 10 mx.strict.lab" \
	"mx.strict.lab A 198.51.100.120" >"$LAB_DIR/zone"
lab_gate_conf 'log-format = json
client-tls = off
domain "strict.lab" { level = verify }
domain "also.raw.lab" { level = secure
match = {"mx.raw.lab"} }'
lab_capture clients path gw0
lab_gate_start
before=$(lab_gate_processes)
lab_in client python3 "$ATTACK/clients.py" run 2>"$LAB_DIR/errors" || lab_die "the client fails: $(tail -5 "$LAB_DIR/errors")"
sessions_over() { lab_in gw python3 "$ATTACK/clients.py" metrics >"$LAB_DIR/metrics" && grep -qx 'gate25_sessions_active 0' "$LAB_DIR/metrics"; }
check "no session is left" lab_until 20 sessions_over
for pid in $before; do
	check "process $(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -d ' ' -f 1,3) keeps within bounds" \
		awk -v most="${LAB_MEMORY:-65536}" '/^VmHWM:/ { print; exit $2 > most }' "/proc/$pid/status"
done
same "the same processes as at the beginning" "$before" "$(lab_gate_processes)"
check "nobody found a bug" ! grep -qE '"event":"(bug|role-died)"|AddressSanitizer|runtime error' "$LAB_DIR/log/gate25"
lab_gate_stop
same "and the gate ends as it should" 0 "$LAB_GATE_STATUS"
lab_capture_stop clients client 198.51.100.1
check "nothing of any mail in clear" wire clients --some --tls --no-leak --canary canary --canary evil
python3 "$ATTACK/clients.py" judge >"$LAB_DIR/results" 2>"$LAB_DIR/errors" || not_ok "the judge fails: $(tail -5 "$LAB_DIR/errors")"
lab_results "$LAB_DIR/results"
LAB_LOGS=gate25
lab_done
