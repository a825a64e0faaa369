# shellcheck shell=bash
# fakes.sh - servers that misbehave, behind the gate: one table row is one server, with an address and a domain of its own.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$LAB/internet.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"

FAKES=0

# fake_internet COUNT: a node "server" with the domains c1.example to cCOUNT.example, each with an address of its own.
fake_internet() {
	local n addresses=()
	lab_internet
	for ((n = 1; n <= $1; n++)); do
		addresses+=($((100 + n)))
		lab_host_records "mx.c$n" $((100 + n))
		lab_records "c$n MX 10 mx.c$n"
	done
	lab_server server "${addresses[@]}"
	lab_dns
	lab_ca
	mkdir "$LAB_DIR/mail"
}

# fake_start WANT...: the next server, with a good certificate unless cert= is told. Sets FAKES, its number.
fake_start() {
	FAKES=$((FAKES + 1))
	local kind=good word name=mx.c$FAKES.example wants=()
	for word in "$@"; do
		case $word in
		cert=*) kind=${word#cert=} ;;
		certname=*) name=${word#certname=} ;;
		*) wants+=("$word") ;;
		esac
	done
	mkdir "$LAB_DIR/mail/$FAKES"
	[ -f "$LAB_PKI/c$FAKES.crt" ] || lab_cert c$FAKES "$kind" "$name"
	lab_spawn "server-$FAKES" server python3 "$LAB/fake_smtp.py" --listen 198.51.100.$((100 + FAKES)) \
		--listen 2001:db8:100::$((100 + FAKES)) "name=mx.c$FAKES.example" "mail=$LAB_DIR/mail/$FAKES" \
		"cert=$LAB_PKI/c$FAKES.crt" "key=$LAB_PKI/c$FAKES.key" "${wants[@]}"
	FAKE_PID=$LAB_PID
	lab_until 10 lab_log "server-$FAKES" '"ready"' || lab_die "the fake server $FAKES does not start"
}

# fake_send NODE ADDRESS [SEND OPTION...]: a mail to user@cN.example. Sets SENT, send.py's exit status.
fake_send() {
	local node=$1 address=$2
	shift 2
	lab_in "$node" python3 "$LAB/send.py" "$address" --text "canary-$FAKES" --timeout 40 --to "user@c$FAKES.example" "$@" \
		>"$LAB_DIR/log/send-$FAKES" 2>&1
	SENT=$?
}

fake_mails() { find "$LAB_DIR/mail/${1:-$FAKES}" -type f | wc -l; }

# fake_case NAME EXPECTED TEXT CONDITIONS: a mail over IPv4 and one over IPv6 to the server of this moment. EXPECTED:
# send.py's status; TEXT: stands in what the client was told; CONDITIONS: for wire.py.
fake_case() {
	local name=$1 expected=$2 text=$3 address mails
	local -a conditions
	read -ra conditions <<<"$4"
	for address in 198.51.100.$((100 + FAKES)) 2001:db8:100::$((100 + FAKES)); do
		mails=$(fake_mails)
		lab_capture "$FAKES" path gw0
		fake_send client "$address"
		lab_capture_stop "$FAKES" gw 198.51.100.1
		same "$name ($address): the client's result" "$expected" $SENT || note "$(tail -n 5 "$LAB_DIR/log/send-$FAKES")"
		check "$name ($address): the client is told: $text" grep -qF -- "$text" "$LAB_DIR/log/send-$FAKES"
		same "$name ($address): mails taken" $((expected == 0)) $(($(fake_mails) - mails))
		check "$name ($address): the wire" wire "$FAKES" --canary "canary-$FAKES" "${conditions[@]}"
	done
}
