# shellcheck shell=bash
# daemon.sh - the gate under test, with fake servers and a resolver made to measure. Sourced after lib.sh.
. "$LAB/internet.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"

DAEMON=$LAB/daemon
export LAB_DIR

# daemon_internet: the small internet with dns.py in place of real name servers; its zone is $LAB_DIR/zone.
daemon_internet() {
	lab_internet
	lab_ca
	touch "$LAB_DIR/zone"
	lab_spawn dns dns python3 "$DAEMON/dns.py" "$LAB_DIR/zone" "$LAB_RESOLVER"
	lab_until 10 lab_log dns ready || lab_die "the resolver does not start"
}

# daemon_server NAME N WORD...: a fake server at the addresses N, its mails in $LAB_DIR/mails.
daemon_server() {
	local name=$1 n=$2
	shift 2
	mkdir -p "$LAB_DIR/mails"
	lab_server "$name" "$n"
	lab_spawn "$name" "$name" python3 "$LAB/fake_smtp.py" --listen "198.51.100.$n" --listen "2001:db8:100::$n" \
		"mail=$LAB_DIR/mails" "$@"
	lab_until 10 lab_log "$name" '"event": "ready"' || lab_die "the server $name does not start"
}

# daemon_run NAME ARGUMENT...: the script NAME.py in the node client, and its results.
daemon_run() {
	local script=$1 status
	shift
	lab_in client python3 "$DAEMON/$script.py" "$@" >"$LAB_DIR/results" 2>"$LAB_DIR/errors"
	status=$?
	if ! lab_results "$LAB_DIR/results" || [ $status -ne 0 ]; then
		not_ok "$script.py runs to its end"
		note "exit status $status; $(tail -n 12 "$LAB_DIR/errors")"
	fi
}
