#!/usr/bin/env bash
# test_levels.sh - what becomes of a mail, by the level that holds for its recipient and the server that it meets. The
# table is in levels.py.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "the levels, through a running gate" || lab_done

daemon_internet
while read -r server n names; do
	# shellcheck disable=SC2086
	case $server in
	wrong-name) lab_cert "$server" good other.lab ;;
	self-signed | expired) lab_cert "$server" "$server" $names ;;
	*) lab_cert "$server" good $names ;;
	esac
	words=()
	case $server in
	no-starttls) words=(no-starttls=yes) ;;
	says-454) words=("starttls=454 4.7.0 not now") ;;
	tls-1.1) words=(tls=1.1) ;;
	garbage) words=(garbage=yes) ;;
	injects) words=('inject=250 2.0.0 injected\r\n') ;;
	esac
	daemon_server "$server" "$n" name="$server.lab" cert="$LAB_PKI/$server.crt" key="$LAB_PKI/$server.key" "${words[@]}"
done < <(python3 "$DAEMON/levels.py" setup)

lab_gate_conf "$(echo "log-format = json"; python3 "$DAEMON/levels.py" rules)"
lab_capture levels path gw0
lab_gate_start
check "a mail to every domain" lab_in client python3 "$DAEMON/levels.py" run
lab_gate_stop
lab_capture_stop levels client 198.51.100.1
daemon_run levels judge
lab_done
