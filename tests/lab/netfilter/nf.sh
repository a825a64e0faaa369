# nf.sh - sourced after lib.sh by netfilter's lab tests: a client, a gateway with a relay, a server outside, a mail server
# inside.
#
#	client --lan0-- gw --wan0-- server        10.25.0.0/24 fd25::/64   |   203.0.113.0/24 2001:db8:9::/64
#	mx     --lan1-- gw                        10.25.1.0/24 fd25:1::/64

TOOLS=$LAB_TOP/${LAB_BUILD:-build/main}/lab/netfilter
GATE_TOOL=$TOOLS/gate_tool
RELAY=$TOOLS/relay
RELAY_UID=825 MARK_OWN=0x08000000
[ -x "$GATE_TOOL" ] && [ -x "$RELAY" ] || lab_die "no $GATE_TOOL or $RELAY: make lab-tools"

nf_net() {
	lab_node client
	lab_node gw
	lab_node server
	lab_node mx
	lab_link client eth0 gw lan0
	lab_link mx eth0 gw lan1
	lab_link server eth0 gw wan0
	lab_addr client eth0 10.25.0.2/24 fd25::2/64
	lab_addr gw lan0 10.25.0.1/24 fd25::1/64
	lab_addr mx eth0 10.25.1.2/24 fd25:1::2/64
	lab_addr gw lan1 10.25.1.1/24 fd25:1::1/64
	lab_addr gw wan0 203.0.113.1/24 2001:db8:9::1/64
	lab_addr server eth0 203.0.113.9/24 203.0.113.10/24 2001:db8:9::9/64 2001:db8:9::10/64
	lab_route client default via 10.25.0.1
	lab_route client default via fd25::1
	lab_route mx default via 10.25.1.1
	lab_route mx default via fd25:1::1
	lab_route gw default via 203.0.113.9
	lab_route gw default via 2001:db8:9::9
	lab_route server 10.25.0.0/16 via 203.0.113.1
	lab_route server fd25::/16 via 2001:db8:9::1
	lab_router gw
	# A gateway tracks connections before gate25 comes.
	lab_nft gw 'table inet tracking {
		chain in { type filter hook prerouting priority 0; ct state invalid counter; }
		chain out { type filter hook output priority 0; ct state invalid counter; }
	}'
}

# nf_server NODE PORT LOG: says "220 <peer address>" to each connection, and writes what it gets into $LAB_DIR/log/LOG.
nf_server() {
	lab_spawn "$3" "$1" python3 -u "$LAB/netfilter/server.py" "$2"
	lab_until 10 lab_listens "$1" "$2" || lab_die "no server on $1 port $2"
}

# nf_talk NODE ADDRESS [PORT [TEXT]]: one connection: prints the banner, sends the text, waits for the server's end. Fails if any of
# it fails.
nf_talk() {
	lab_in "$1" timeout 10 python3 "$LAB/netfilter/talk.py" "$2" "${3:-25}" "${4:-hello}"
}

# nf_relay MODE [PORT]: the relay in the gateway, as its own uid. Sets RELAY_PID.
nf_relay() {
	lab_spawn relay gw setpriv --reuid $RELAY_UID --regid $RELAY_UID --clear-groups \
		--inh-caps +net_raw,+net_bind_service --ambient-caps +net_raw,+net_bind_service \
		"$RELAY" "${2:-825}" $MARK_OWN "$1"
	RELAY_PID=$LAB_PID
	lab_until 10 lab_listens gw "${2:-825}" || lab_die "the relay does not listen"
}

# gate NODE WORDS...: gate_tool there.
gate() {
	local node=$1
	shift
	lab_in "$node" "$GATE_TOOL" "$@"
}

# nf_got LOG TEXT COUNT: how often that server got that text.
nf_got() { grep -cF -- "$2" "$LAB_DIR/log/$1" 2>/dev/null || true; }
