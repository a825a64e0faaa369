#!/usr/bin/env bash
# test_soak.sh - many messages through the gate while servers, roles, names and certificates go wrong: each is delivered
# exactly once, memory and descriptors stay flat. SOAK_MESSAGES (1200) says how many; `make soak` sends 100,000.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "the soak" || lab_done
messages=${SOAK_MESSAGES:-1200}
soak=$LAB_DIR/soak
mkdir -p "$soak"

daemon_internet
for i in 0 1 2 3 4 5 6 7; do
	printf '%s\n' "d$i.lab MX 10 mx.d$i.lab" "mx.d$i.lab A 198.51.100.14$i"
done >"$LAB_DIR/zone"
lab_cert good good mx.d0.lab mx.d1.lab mx.d2.lab mx.d3.lab mx.d4.lab mx.d5.lab mx.d6.lab mx.d7.lab
lab_cert wrong good mx.wrong.lab
cp "$LAB_PKI"/{good,wrong}.{crt,key} "$soak/"
lab_server servers 140 141 142 143 144 145 146 147
for half in 0 1; do
	addresses=()
	for i in 0 1 2 3; do addresses+=("198.51.100.14$((half * 4 + i))"); done
	lab_spawn "server$half" servers python3 "$LAB/load/soak_server.py" "$soak" "$half" 5 "${addresses[@]}"
	lab_until 20 lab_log "server$half" ready || lab_die "the servers do not start"
done
lab_gate_conf "default-level = verify"
lab_gate_start
resolver=$(pgrep -f "daemon/dns.py" | head -n 1)

senders=()
per=$((messages / 2))
lab_spawn sender0 client python3 "$LAB/load/soak_sender.py" "$soak" 0 "$per" 24
senders+=("$LAB_PID")
lab_spawn sender1 client python3 "$LAB/load/soak_sender.py" "$soak" "$per" "$((messages - per))" 24
senders+=("$LAB_PID")
python3 "$LAB/load/soak.py" "$soak" "$messages" "$LAB_GATE_PID" "$resolver" "${senders[@]}" 2>"$LAB_DIR/errors" |
	tee "$LAB_DIR/results" | sed -n 's/^#\t/# /p' >&2
same "soak.py runs to its end" 0 "${PIPESTATUS[0]}"
grep -v '^#' "$LAB_DIR/results" >"$LAB_DIR/verdicts"
lab_results "$LAB_DIR/verdicts" || note "$(tail -n 15 "$LAB_DIR/errors")"
note "$(cat "$LAB_DIR/log/sender0" "$LAB_DIR/log/sender1" | sort | uniq | head -n 30)"
check "no message was refused for good" ! grep -q "refused for good" "$LAB_DIR"/log/sender0 "$LAB_DIR"/log/sender1
lab_gate_stop
check "the log has no bug in it" ! grep -qE '^gate25 [a-z]*: bug|event":"bug' "$LAB_DIR/log/gate25"
lab_done
