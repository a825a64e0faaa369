#!/usr/bin/env bash
# test_servers.sh - every attack that a server, or somebody on the path to it, can make on the gate: rows.py has the table.
# One mail for each row, all of them at once, through the running gate; then what the client heard, the log, the metrics
# and the captured wire are judged row by row. ATTACK_ONLY=TEXT: the rows with that in their names.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "attacks by servers, through a running gate" || lab_done

ATTACK=$LAB/attack
export PYTHONDONTWRITEBYTECODE=1
daemon_internet
python3 "$ATTACK/certs.py" "$LAB_PKI" || lab_die "no certificates"
python3 "$ATTACK/servers.py" setup || lab_die "no zone"
# A server for a whole network of addresses.
lab_server hostile 60
lab_in hostile ip route add local 198.18.0.0/16 dev lo
lab_in hostile ip route add local 2001:db8:5::/64 dev lo
lab_route path 198.18.0.0/16 via 198.51.100.60
lab_route path 2001:db8:5::/64 via 2001:db8:100::60
lab_spawn hostile hostile python3 -W ignore "$ATTACK/hostile.py"
lab_until 20 lab_log hostile '"ready"' || lab_die "the hostile server does not start"

lab_gate_conf 'log-format = json
domain ".verify.lab" { level = verify }'
lab_capture attack path gw0
lab_gate_start
before=$(lab_gate_processes)
lab_in client python3 "$ATTACK/servers.py" run 2>"$LAB_DIR/errors" || lab_die "the client fails: $(tail -5 "$LAB_DIR/errors")"
sessions_over() { lab_in gw python3 "$ATTACK/servers.py" metrics >"$LAB_DIR/metrics" && grep -qx 'gate25_sessions_active 0' "$LAB_DIR/metrics"; }
check "no session is left" lab_until 20 sessions_over
same "the same processes as at the beginning" "$before" "$(lab_gate_processes)"
check "nobody found a bug" ! grep -qiE '"event":"bug"|AddressSanitizer|runtime error|role-died|crash' "$LAB_DIR/log/gate25"
lab_gate_stop
same "and the gate ends as it should" 0 "$LAB_GATE_STATUS"
lab_capture_stop attack client 198.51.100.1
check "nothing of any mail in clear" wire attack --some --tls --no-leak --canary canary-of-an-attack
python3 "$ATTACK/servers.py" judge >"$LAB_DIR/results" 2>"$LAB_DIR/errors" || not_ok "the judge fails: $(tail -12 "$LAB_DIR/errors")"
lab_results "$LAB_DIR/results"
LAB_LOGS=gate25
lab_done
