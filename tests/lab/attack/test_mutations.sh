#!/usr/bin/env bash
# test_mutations.sh - what hostile clients say (client_rows.py), cut, mixed and damaged by dice whose seed is told.
# MUTATIONS_SEED and MUTATIONS: another seed, and more sessions than make check has time for.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "damaged sessions, through a running gate" || lab_done

ATTACK=$LAB/attack
daemon_internet
lab_cert raw good mx.raw.lab
mkdir "$LAB_DIR/raw"
lab_server raw 120
lab_spawn raw raw python3 "$ATTACK/recorder.py" "$LAB_DIR/raw" "$LAB_PKI/raw.crt" "$LAB_PKI/raw.key" 198.51.100.120
lab_until 10 lab_log raw ready || lab_die "the recorder does not start"
printf '%s\n' "raw.lab MX 10 mx.raw.lab" "mx.raw.lab A 198.51.100.120" "strict.lab MX 10 mx.strict.lab" \
	"mx.strict.lab A 198.51.100.120" >"$LAB_DIR/zone"
lab_gate_conf 'log-format = json
client-tls = off
domain "strict.lab" { level = verify }'
lab_capture mutations path gw0
lab_gate_start
before=$(lab_gate_processes)
lab_in client python3 "$ATTACK/mutations.py" "${MUTATIONS_SEED:-1}" "${MUTATIONS:-400}" >"$LAB_DIR/results" 2>"$LAB_DIR/errors" ||
	not_ok "mutations.py fails: $(tail -5 "$LAB_DIR/errors")"
lab_results "$LAB_DIR/results"
same "the same processes as at the beginning" "$before" "$(lab_gate_processes)"
check "nobody found a bug" ! grep -qE '"event":"(bug|role-died)"|AddressSanitizer|runtime error' "$LAB_DIR/log/gate25"
lab_gate_stop
same "and the gate ends as it should" 0 "$LAB_GATE_STATUS"
lab_capture_stop mutations client 198.51.100.1
check "nothing of any mail in clear" wire mutations --some --tls --no-leak
LAB_LOGS=gate25
lab_done
