# shellcheck shell=bash
# faults.sh - real mail through gate25 while something breaks: a Postfix behind the gate that sends and tries again, a
# Postfix that is the server of every domain, signed zones on NSD with a validating Unbound on the gateway, and the wire
# captured. Sourced after lib.sh.
#
#   faults_world [scope]     all of it, and the gate running at level dane. scope: forward (default), local
#   faults_stream N DOMAIN   N messages into the sender's queue, "stream-..."
#   faults_done NAME         the sender's queue runs empty; what was lost, acknowledged falsely or in clear is counted
#
# FAULTS_LONG=yes tests/run-lab faults/ makes the long matrices (some four minutes): each role at each state by itself, every
# lie of a resolver, hundreds of messages.

. "$LAB/internet.sh"
. "$LAB/dnssec.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"
. "$LAB/dane/chains.sh"

FAULTS=$LAB/faults
# States at which a client stands still, see stand.py; each has a domain of its own at an address of its own. What is known
# about a domain is remembered, so that "verdict" has several, verdict1.example and so on.
FAULTS_STATES=(banner ehlo mail verdict handshake rcpt data content dot idle)
FAULTS_VERDICTS=(verdict{1..9})
FAULTS_ADDRESS=100 # of "stream"; the states' follow
export LAB_DIR LAB_ID
LAB_LOGS='gate25 errors server sender'

faults_records() {
	local state n=$FAULTS_ADDRESS
	for state in stream "${FAULTS_STATES[@]}"; do
		lab_records "$state MX 10 mx-$state" "mx-$state A 198.51.100.$n" "_25._tcp.mx-$state TLSA $(tlsa 3 1 1 mx)"
		[ "$state" != stream ] || lab_records "mx-stream AAAA 2001:db8:100::$n"
		n=$((n + 1))
	done
	for state in "${FAULTS_VERDICTS[@]}"; do
		lab_records "$state MX 10 mx-verdict"
	done
}

# Where answers are held back: of the servers, by their address, on the path; of the resolver, about the domains
# verdict1 and so on.
faults_holds() {
	lab_nft path 'table inet hold {
		set answers { type ipv4_addr; }
		set handshakes { type ipv4_addr; }
		chain forward { type filter hook forward priority 0;
			ip saddr @answers tcp sport 25 tcp flags & psh == psh counter drop
			ip saddr @handshakes tcp sport 25 @ih,0,16 0x1603 counter drop
		}
	}' && lab_nft gw 'table inet hold { chain input { type filter hook input priority 0; }; }' ||
		lab_die "answers cannot be held back"
}

# faults_sender NODE: the Postfix that tries again every second. It has no TLS, so that all that went past the gate is seen
# in clear.
faults_sender() {
	lab_postfix sender "$1" queue_run_delay=1s minimal_backoff_time=1s maximal_backoff_time=2s \
		smtp_tls_security_level=none smtp_connect_timeout=5s smtp_helo_timeout=20s \
		default_destination_concurrency_limit=5 "inet_interfaces=127.0.0.1" relay_transport=smtp
}

faults_world() {
	local domains=("${FAULTS_STATES[@]/%/.example}" "${FAULTS_VERDICTS[@]/%/.example}")
	lab_needs_root "faults" || lab_done
	lab_internet
	lab_ca
	lab_cert mx good mx.example mx-verdict.example
	faults_records
	lab_dns_signed
	lab_unbound gateway gw 127.0.0.1 validates
	# shellcheck disable=SC2046
	lab_server server $(seq $FAULTS_ADDRESS $((FAULTS_ADDRESS + ${#FAULTS_STATES[@]})))
	lab_postfix_server server server mx stream.example "${domains[@]}"
	faults_sender "$([ "${1:-forward}" = local ] && echo gw || echo client)"
	faults_holds
	[ "${1:-forward}" = forward ] || LAB_GATE_SCOPE="scope = {local}"
	LAB_GATE_RESOLVERS=${LAB_GATE_RESOLVERS:-127.0.0.1}
	! declare -F faults_before_gate >/dev/null || faults_before_gate
	lab_gate_conf "log-format = json
		trust-anchor-file = $LAB_ANCHORS
		bogus-names = {$LAB_BOGUS}
		default-level = dane
${FAULTS_CONF:-}"
	: >"$LAB_DIR/handed-in"
	: >"$LAB_DIR/acknowledged"
	lab_capture faults path gw0
	lab_gate_start
}

FAULTS_STREAM=0
# faults_stream N DOMAIN: by way of the sender's own port 25, which no gate stands before.
faults_stream() {
	local node=client
	[[ $LAB_GATE_SCOPE == *local* ]] && node=gw
	lab_in "$node" python3 "$FAULTS/hand_in.py" "stream-$FAULTS_STREAM" "$1" "$2" ||
		lab_die "the sender takes no mail"
	FAULTS_STREAM=$((FAULTS_STREAM + 1))
}

faults_queue() { find "${LAB_ROOT_OF[sender]}"/var/spool/postfix/{maildrop,incoming,active,deferred} -type f | wc -l; }
faults_queue_is_empty() { [ "$(faults_queue)" -eq 0 ]; }
faults_server_is_empty() {
	[ "$(find "${LAB_ROOT_OF[server]}"/var/spool/postfix/{incoming,active,deferred} -type f | wc -l)" -eq 0 ]
}

# faults_run SCRIPT ARGUMENT...: the Python script in the node client, and its results.
faults_run() {
	local script=$1 status
	shift
	lab_in client python3 "$FAULTS/$script.py" "$@" >"$LAB_DIR/results" 2>"$LAB_DIR/log/errors"
	status=$?
	if ! lab_results "$LAB_DIR/results" || [ $status -ne 0 ]; then
		not_ok "$script.py runs to its end"
		note "exit status $status; $(tail -n 12 "$LAB_DIR/log/errors")"
	fi
}

# faults_flows WHAT: mail goes without a hand: what waits in the sender's queue is delivered.
# A host that did not answer is let be for a minute, so that a minute is not enough.
faults_flows() { check "$1: mail flows again without a hand" lab_until 150 faults_queue_is_empty; }

# faults_done NAME [DUPLICATES-ALLOWED]: the counts.
faults_done() {
	faults_flows "$1"
	check "$1: the server has stored all it took" lab_until 20 faults_server_is_empty
	lab_capture_stop faults gw 198.51.100.1
	python3 "$FAULTS/ledger.py" "$1" "${LAB_ROOT_OF[server]}/var/mail/lab/all" "$LAB_DIR/log/sender" \
		>"$LAB_DIR/ledger" 2>"$LAB_DIR/log/errors"
	lab_results "$LAB_DIR/ledger" || { not_ok "the counts can be made"; note "$(cat "$LAB_DIR/log/errors")"; }
	note "$1: $(wire faults | tail -n 1)"
	check "$1: octets of mail in clear: 0" wire faults --some --tls --no-leak --canary canary-of-the-faults
	lab_capture faults path gw0
}

# faults_stand NAME STATE...: sessions that stand there; faults_go_on: they end, and their results.
faults_stand() {
	rm -f "$LAB_DIR"/{standing,go-on}
	lab_in client python3 "$FAULTS/sessions.py" "$@" >"$LAB_DIR/results" 2>"$LAB_DIR/log/errors" &
	FAULTS_SESSIONS=$!
	lab_until 60 [ -e "$LAB_DIR/standing" ] || not_ok "$1: sessions stand"
}
faults_go_on() {
	touch "$LAB_DIR/go-on"
	wait "$FAULTS_SESSIONS" || { not_ok "sessions.py runs to its end"; note "$(tail -n 12 "$LAB_DIR/log/errors")"; }
	lab_results "$LAB_DIR/results"
}

# faults_probe NAME: a message by way of the sender arrives; a fault is over.
faults_probe() {
	faults_stream 3 stream.example
	faults_flows "$1"
}
faults_said() { [ "$(grep -c "\"event\":\"$1\"" "$LAB_DIR/log/gate25")" -gt "${2:-0}" ]; }
faults_said_times() { grep -c "\"event\":\"$1\"" "$LAB_DIR/log/gate25"; }
