# shellcheck shell=bash
# servers.sh - one Postfix that is the mail server of every domain: it shows another chain for each name it is called by,
# at every address that it has. And the gate in front of it, at level dane. Sourced after lib.sh.
. "$LAB/internet.sh"
. "$LAB/dnssec.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"
. "$LAB/dane/chains.sh"

export LAB_DIR
LAB_LOGS='gate25 servers'
declare -A DANE_SNI

# dane_shows CHAIN NAME...: called by these names, the server shows that chain.
dane_shows() {
	local chain=$1 name
	shift
	for name in "$@"; do
		DANE_SNI[$name]=$chain
	done
}

# dane_server DEFAULTCHAIN DOMAIN...: the server, in the node "servers", for these domains.
dane_server() {
	local chain=$1 name
	shift
	for name in "${!DANE_SNI[@]}"; do
		echo "$name /etc/lab/${DANE_SNI[$name]}.pem"
	done >"$LAB_PKI/sni.pem"
	lab_postfix servers servers "virtual_mailbox_domains=$*" smtpd_tls_security_level=may \
		"smtpd_tls_chain_files=/etc/lab/$chain.pem" tls_server_sni_maps=hash:/etc/lab/sni.pem
	lab_root_in servers servers postmap -F hash:/etc/lab/sni.pem || lab_die "no table of chains"
	DANE_MAILBOX=${LAB_ROOT_OF[servers]}/var/mail/lab/all
}

# dane_gate [LINE...]: gate25 at level dane, unless a line has another, with the lab's anchors.
dane_gate() {
	dane_gate_conf "$@"
	lab_gate_start
}

dane_gate_conf() {
	local lines
	lines=$(printf '%s\n' "$@")
	[[ $lines == *default-level* ]] || lines+=$'\ndefault-level = dane'
	lab_gate_conf "log-format = json
		trust-anchor-file = $LAB_ANCHORS
		bogus-names = {$LAB_BOGUS}
$lines"
}

dane_gate_stop() {
	lab_kill "$LAB_GATE_PID"
	lab_until 10 lab_gate_is_gone || lab_die "gate25 does not stop"
}

# dane_cases NAME [together] [CONDITION...]: sends the rows of standard input, see cases.py, with the wire captured; then the
# wire is held to the conditions (--no-leak, if none is given).
dane_cases() {
	local name=$1 how=() status
	shift
	[ "${1:-}" != together ] || { how=(together); shift; }
	cat >"$LAB_DIR/table.$name"
	lab_capture "$name" path gw0
	lab_in client python3 "$LAB/dane/cases.py" "$DANE_MAILBOX" "canary-$name" "$LAB_DIR/table.$name" "${how[@]}" \
		>"$LAB_DIR/results" 2>"$LAB_DIR/errors"
	status=$?
	lab_capture_stop "$name" gw 198.51.100.1
	if ! lab_results "$LAB_DIR/results" || [ $status -ne 0 ]; then
		not_ok "cases.py runs to its end"
		note "exit status $status; $(tail -n 12 "$LAB_DIR/errors")"
	fi
	[ $# -gt 0 ] || set -- --no-leak
	check "on the wire: $*" wire "$name" --canary "canary-$name" --some "$@"
}
