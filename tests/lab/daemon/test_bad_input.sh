#!/usr/bin/env bash
# test_bad_input.sh - servers that speak nonsense or are not there, and an old client, through the running gate.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "bad servers, through a running gate" || lab_done

daemon_internet
lab_cert mx good mx.lab
numbers=(137 138 139)
while IFS=$'\t' read -r n _; do
	numbers+=("$n")
done < <(python3 "$DAEMON/bad_input.py" servers)
lab_server mx "${numbers[@]}"
mkdir "$LAB_DIR/mails"
fake() { # NUMBER WORD...
	lab_spawn "fake-$1" mx python3 "$LAB/fake_smtp.py" --listen "198.51.100.$1" name=mx.lab mail="$LAB_DIR/mails" \
		cert="$LAB_PKI/mx.crt" key="$LAB_PKI/mx.key" "${@:2}"
}
fake 138
fake 139 "ehlo=502 5.5.1 what is that"
while IFS=$'\t' read -r -a words; do
	fake "${words[@]}"
done < <(python3 "$DAEMON/bad_input.py" servers)
for n in "${numbers[@]:1}"; do
	lab_until 20 lab_log "fake-$n" '"event": "ready"' || lab_die "the server $n does not start"
done

lab_gate_conf "log-format = json"
lab_capture bad path gw0
lab_gate_start
daemon_run bad_input run
lab_gate_stop
lab_capture_stop bad client 198.51.100.1
check "in all of this nothing of any mail was in clear" wire bad --some --tls --no-leak
LAB_LOGS=gate25
lab_done
