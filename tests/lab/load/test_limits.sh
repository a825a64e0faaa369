#!/usr/bin/env bash
# test_limits.sh - the limits of a worker, each reached: who is refused and how, who gives way, and that honest mail goes
# on beside clients that get nowhere.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "limits" || lab_done

daemon_internet
lab_cert good good mx.good.lab
daemon_server good 121 name=good.lab cert="$LAB_PKI/good.crt" key="$LAB_PKI/good.key"
daemon_server other 122 name=good.lab cert="$LAB_PKI/good.crt" key="$LAB_PKI/good.key"
printf '%s\n' "good.lab MX 10 mx.good.lab" "mx.good.lab A 198.51.100.121" "mx.good.lab A 198.51.100.122" >"$LAB_DIR/zone"
for n in 11 12 13 14 15 16; do lab_addr client eth0 "10.25.0.$n/24"; done
lab_gate_conf 'log-format = json
client-tls = terminate
workers = 1
max-sessions = 40
max-sessions-client = 20
max-sessions-destination = 25
max-handshakes = 3
domain "good.lab" { level = verify }'
lab_gate_start
worker=$(pgrep -f 'role worker' | head -n 1)
lab_in client python3 "$LAB/load/limits.py" >"$LAB_DIR/results" 2>"$LAB_DIR/errors"
same "limits.py runs to its end" 0 $?
lab_results "$LAB_DIR/results" || note "$(tail -n 15 "$LAB_DIR/errors")"
check "the worker is the same as before" lab_alive "$worker"
said=$(lab_in gw "$LAB_GATE" status 2>&1)
for text in "refused at max-sessions:" "refused at max-sessions-client:" "refused at max-sessions-destination:" "ended to make room:"; do
	check "gate25 status says it: $text" grep -qF "$text" <<<"$said"
done
lab_gate_stop
lab_done
