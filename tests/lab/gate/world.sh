# world.sh - what the tests of the closed gate share: the small internet with a server in clear and one with TLS, gate25 on
# its gateway, and senders that do not care. Sourced after lib.sh.
#
# A "way" is how mail meets the gate: client (forwarded, source = client: tproxy), gateway (forwarded, source = gateway:
# redirect), local (the gateway's own programs: redirect in output).

# shellcheck source=tests/lab/internet.sh
. "$LAB/internet.sh"

WAYS="client gateway local"
GATE25=$LAB_DIR/bin/gate25
GATE_RUN=/run/gate25
GATE_CONF=$LAB_DIR/gate25.conf
GATE_PORT=825
WORKER_UID=8250 POLICY_UID=8251 MONITOR_UID=8252
SENDER_UID=9000
PLAIN4=198.51.100.13 PLAIN6=2001:db8:100::13
SECURE4=198.51.100.11 SECURE6=2001:db8:100::11
CANARY=canary-of-the-closed-gate

# world: the internet, and the servers plain (no STARTTLS) and secure.
world() {
	lab_needs_root "this test" || lab_done
	# The roles run as other users, who need not be able to look into this tree.
	mkdir "$LAB_DIR/bin" && cp -L "$LAB_TOP"/build/gate25 "$LAB_TOP"/build/gate25-policyd "$LAB_DIR/bin/" ||
		lab_die "build/gate25 is not there: make"
	lab_internet
	lab_server plain 13
	lab_server secure 11
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mx.secure.example \
		-addext subjectAltName=DNS:mx.secure.example -keyout "$LAB_DIR/key" -out "$LAB_DIR/cert" 2>/dev/null
	serve plain plain "$PLAIN4" "$PLAIN6"
	serve secure secure "$SECURE4" "$SECURE6" "cert=$LAB_DIR/cert" "key=$LAB_DIR/key"
}

# world_mx: a mail server behind the gate, on a network of its own, reached by the gateway's public address too, where the
# operator has his DNAT.
world_mx() {
	lab_node mx
	lab_link mx eth0 gw lan1
	lab_addr mx eth0 10.26.0.20/24 2001:db8:26::20/64
	lab_addr gw lan1 10.26.0.1/24 2001:db8:26::1/64
	lab_addr gw wan0 192.0.2.25/24 2001:db8:2::25/64
	lab_route mx default via 10.26.0.1
	lab_route mx default via 2001:db8:26::1
	lab_route path 10.26.0.0/24 via 192.0.2.2
	lab_route path 2001:db8:26::/64 via 2001:db8:2::2
	serve mx-mta mx 10.26.0.20 2001:db8:26::20
}

# serve LOG NODE ADDRESS... [KEY=VALUE...]: a fake SMTP server there; --port PORT and --uid UID may stand first. Sets LAB_PID.
serve() {
	local port=25 uid=0 log node word words=()
	while :; do
		case $1 in
		--port) port=$2 ;;
		--uid) uid=$2 ;;
		*) break ;;
		esac
		shift 2
	done
	log=$1 node=$2
	shift 2
	for word in "$@"; do
		case $word in *=*) words+=("$word") ;; *) words+=(--listen "$word") ;; esac
	done
	: >"$LAB_DIR/log/$log"
	lab_spawn "$log" "$node" setpriv --reuid "$uid" --regid "$uid" --clear-groups \
		python3 "$LAB/fake_smtp.py" --port "$port" "${words[@]}" "name=mx.$node.example"
	lab_until 10 lab_log "$log" '"ready"' || lab_die "the fake server $log does not start"
}

# --- the gate ------------------------------------------------------------------------------------------------------

# gate_conf WAY [LINE...]
gate_conf() {
	local way=$1
	shift
	{
		if [ "$way" = local ]; then
			echo "scope = {local}"
		else
			printf '%s\n' "scope = {forward}" "interfaces = {lan0}" "source = {$way}" \
				"sources = {10.25.0.0/28, \"2001:db8:25::/64\"}"
		fi
		printf '%s\n' "user = \"$WORKER_UID\"" "policy-user = \"$POLICY_UID\"" "monitor-user = \"$MONITOR_UID\"" \
			"resolvers = {127.0.0.1}" "ca-file = \"$LAB_DIR/cert\"" "workers = 1" "default-level = encrypt"
		printf '%s\n' "$@"
		# The address is known, so that no name has to be looked up.
		printf 'destination "%s" { level = encrypt }\n' "$SECURE4" "$SECURE6"
	} >"$GATE_CONF"
}

GATE_LOG=
GATE_PID=
GATE_STARTS=0
# gate_spawn [OPTION...]: starts gate25 and waits for nothing.
gate_spawn() {
	GATE_STARTS=$((GATE_STARTS + 1))
	GATE_LOG=gate25-$GATE_STARTS
	lab_spawn "$GATE_LOG" gw "$GATE25" run --config "$GATE_CONF" --run-dir "$GATE_RUN" "$@"
	GATE_PID=$LAB_PID
}
# gate_said PATTERN: whether a line of its log, from the name of the event on, begins so. gate_said_times counts them.
gate_said_times() { grep -cE -- "^[a-z0-9 ]+: ((error|warning): )?$1" "$LAB_DIR/log/$GATE_LOG"; }
gate_said() { [ "$(gate_said_times "$1")" -gt 0 ]; }
gate_settled() { gate_said 'ready ' || lab_gone "$GATE_PID"; }
# gate_start WAY [LINE...]: with such a configuration, up and through its self-test when this returns.
gate_start() {
	gate_conf "$@"
	gate_spawn
	lab_until 30 gate_settled
	gate_said 'ready ' || lab_die "gate25 does not start ($1)"
}
gate_rules() { lab_in gw "$GATE25" rules --config "$GATE_CONF" "$@"; }

# gate_role ROLE [SLOT]: the process id of a role of the gate that runs.
gate_role() {
	local pid
	for pid in $(pgrep -P "$GATE_PID"); do
		tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q -- "--role $1" && echo "$pid" && return
	done
	return 1
}

# gate_away: the gate stopped and open, as if it had never been there.
gate_away() {
	[ -z "$GATE_PID" ] || lab_kill "$GATE_PID" TERM
	GATE_PID=
	lab_in gw "$GATE25" stop --open --run-dir "$GATE_RUN" >/dev/null || lab_die "gate25 stop --open fails"
}

# routes: all routing rules of the gateway.
routes() { lab_in gw ip rule; lab_in gw ip -6 rule; }
tables() { lab_in gw nft list tables | grep -c 'inet gate25'; }

# --- senders -------------------------------------------------------------------------------------------------------

# sender WAY COMMAND...: where mail of that way comes from.
sender() {
	local way=$1
	shift
	if [ "$way" = local ]; then
		lab_in gw setpriv --reuid $SENDER_UID --regid $SENDER_UID --clear-groups "$@"
	else
		lab_in client "$@"
	fi
}
# sender_spawn LOG WAY COMMAND...
sender_spawn() {
	local log=$1 way=$2
	shift 2
	: >"$LAB_DIR/log/$log"
	if [ "$way" = local ]; then
		lab_spawn "$log" gw setpriv --reuid $SENDER_UID --regid $SENDER_UID --clear-groups "$@"
	else
		lab_spawn "$log" client "$@"
	fi
}
push() { sender "$1" python3 "$LAB/gate/client.py" push "${@:2}" --canary $CANARY; }
polite() { sender "$1" python3 "$LAB/send.py" "$2" --to bob@server.example --text $CANARY "${@:3}" >>"$LAB_DIR/log/polite" 2>&1; }

# try_all WAY: everything that these senders know, to the server in clear, over IPv4 and IPv6. What push says goes to the
# log "tried".
try_all() {
	local to
	: >"$LAB_DIR/log/tried"
	: >"$LAB_DIR/log/polite"
	for to in $PLAIN4 $PLAIN6; do
		push "$1" $to >>"$LAB_DIR/log/tried"
		polite "$1" $to
	done
}
# tried: what became of the pushes, without repetition.
tried() { sort -u "$LAB_DIR/log/tried" | paste -sd ' '; }

# --- what the wire says --------------------------------------------------------------------------------------------

# on_wire NAME COMMAND...: a capture between gateway and servers while the command runs.
on_wire() {
	local name=$1
	shift
	wire_begin "$name"
	"$@"
	wire_end "$name"
}
wire_begin() { lab_capture "$1" path gw0 "tcp port 25 or tcp port 26 or tcp port 2525"; }
wire_end() { lab_capture_stop "$1" gw 198.51.100.1; }

# clear_octets NAME [OPTION...]: how many octets of mail a finished capture shows in clear.
clear_octets() { wire "$@" | sed -n 's/.* \([0-9]*\) octets in clear.*/\1/p'; }

# leaks NAME WHAT..., closed NAME WHAT...: the lab must be able to see a leak; and behind the gate it must see none.
leaks() {
	local name=$1 octets
	shift
	octets=$(clear_octets "$name")
	check "$* (${octets:-?} octets)" wire "$name" --leak --canary $CANARY
}
closed() {
	local name=$1
	shift
	check "$*" wire "$name" --no-leak --canary $CANARY
}

# refused_now WAY: whether a connection is refused; as a condition for lab_until.
refused_now() { [ "$(push "$1" $PLAIN4)" = refused ] && [ "$(push "$1" $PLAIN6)" = refused ]; }
