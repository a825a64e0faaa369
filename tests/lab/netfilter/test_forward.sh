#!/usr/bin/env bash
# Forward scope, with the client's address and with the gateway's: what is intercepted, what is closed, what is left alone.
# Every way past the gate is first walked without it, so that the test is known to see a leak.
. "$(dirname "$0")/../lib.sh"
. "$LAB/netfilter/nf.sh"
lab_needs_root "forward scope" || lab_done

nf_net
nf_server server 25 server
nf_server server 2525 server2525
nf_server mx 25 mx
leaks() { nf_got server "data clear"; }
rewrite() {
	lab_nft gw 'table inet rewrite {
		chain early { type nat hook prerouting priority -160; tcp dport 25 dnat ip to 203.0.113.9:2525; }
	}'
}
hold() { # GO: a clear session in the background
	lab_spawn "hold-$1" client python3 -u "$LAB/netfilter/hold.py" 203.0.113.9 25 "$LAB_DIR/$1"
	HOLD_PID=$LAB_PID
	lab_until 10 lab_log "hold-$1" holding || lab_die "no session to hold"
}

for to in 203.0.113.9 2001:db8:9::9; do
	check "without the gate, clear text reaches $to" nf_talk client $to 25 clear
done
rewrite
check "and past a rewritten port" nf_talk client 203.0.113.9 25 clear
lab_in gw nft delete table inet rewrite
hold free
touch "$LAB_DIR/free"
check "and an old session goes on" lab_until 10 lab_log hold-free finished
same "all of which is seen" "2 1 1" "$(leaks) $(nf_got server2525 "data clear") $(nf_got server "data after")"

for mode in client gateway; do
	[ $mode = client ] && way="tproxy" || way="redirect"
	SPEC=(forward if=lan0 if=lan1 source=10.25.0.0/24 source=fd25::/64 exempt=203.0.113.10 exempt=2001:db8:9::10)
	[ $mode = gateway ] && SPEC+=(gateway)
	: >"$LAB_DIR/log/server"; : >"$LAB_DIR/log/server2525"; : >"$LAB_DIR/log/mx"
	rm -f "$LAB_DIR/old"
	hold old
	gate gw "${SPEC[@]}" routes
	check "$way: the guard alone" gate gw "${SPEC[@]}" guard
	for to in 203.0.113.9 2001:db8:9::9; do
		check "$way: the guard closes $to" ! nf_talk client $to 25 clear
	done
	check "$way: exempt is open" nf_talk client 203.0.113.10 25 peer
	check "$way: the whole gate" gate gw "${SPEC[@]}" install
	for to in 203.0.113.9 2001:db8:9::9; do
		check "$way: without a listener $to is closed" ! nf_talk client $to 25 clear
	done
	check "$way: a session is older than the gate, and forgotten" test "$(gate gw "${SPEC[@]}" forget)" -ge 1
	same "$way: once" 0 "$(gate gw "${SPEC[@]}" forget)"
	touch "$LAB_DIR/old"
	check "$way: it is cut" lab_until 10 lab_log hold-old broken
	same "$way: and sent nothing" 0 "$(nf_got server "data after")"
	: >"$LAB_DIR/log/hold-old"

	nf_relay $mode
	for to in 203.0.113.9 2001:db8:9::9; do
		check "$way: $to is reached" nf_talk client $to 25 hello
	done
	same "$way: through the relay" 2 "$(nf_got server "b'GATED hello'")"
	for to in 203.0.113.10 2001:db8:9::10; do
		check "$way: exempt $to is reached" nf_talk client $to 25 peer
	done
	same "$way: past the relay" 3 "$(nf_got server "b'peer'")"
	check "$way: a source that may not speak SMTP is refused" ! nf_talk mx 203.0.113.9 25 clear
	check "$way: nobody dials the listener" ! nf_talk client 10.25.0.1 825 clear
	check "$way: nor from outside" ! nf_talk server 203.0.113.1 825 clear
	check "$way: another port is open" nf_talk client 203.0.113.9 2525 other
	check "$way: inbound mail comes in" nf_talk server 10.25.1.2 25 inbound
	lab_in gw ip route del default
	same "$way: a destination without a route is left to routing" "[Errno 101] Network is unreachable" \
		"$(nf_talk client 198.51.100.1 25 clear 2>&1)"
	lab_route gw default via 203.0.113.9
	rewrite
	check "$way: a port rewritten by another table is closed" ! nf_talk client 203.0.113.9 25 clear
	lab_in gw nft delete table inet rewrite
	gate gw "${SPEC[@]}" close
	for to in 203.0.113.9 2001:db8:9::9; do
		check "$way: with the interception deleted $to is closed" ! nf_talk client $to 25 clear
	done
	gate gw "${SPEC[@]}" install

	# Reloads: no connection is lost, none is clear, a session goes on.
	lab_spawn reload gw bash -c 'for i in $(seq 40); do "$@" install || echo failed; done; echo done' - \
		"$GATE_TOOL" "${SPEC[@]}"
	: >"$LAB_DIR/log/server"
	tries=0 lost=0
	while ! lab_log reload done && [ $tries -lt 200 ]; do
		tries=$((tries + 1))
		nf_talk client 203.0.113.9 25 reload >/dev/null 2>&1 || lost=$((lost + 1))
	done
	lab_until 20 lab_log reload done
	same "$way: 40 reloads under $tries connections lose none" "0 0" "$lost $(grep -c failed "$LAB_DIR/log/reload")"
	same "$way: and all went through the relay" $tries "$(nf_got server "b'GATED reload'")"
	: >"$LAB_DIR/log/reload"
	rm -f "$LAB_DIR/long" "$LAB_DIR/log/hold-long"
	hold long
	gate gw "${SPEC[@]}" install
	check "$way: a restart" gate gw "${SPEC[@]}" forget
	touch "$LAB_DIR/long"
	check "$way: the session goes on" lab_until 10 lab_log hold-long finished

	lab_kill $RELAY_PID KILL
	for to in 203.0.113.9 2001:db8:9::9; do
		check "$way: the relay killed, $to is closed" ! nf_talk client $to 25 clear
	done
	# Somebody else takes the port: transparent too, but without gate25's mark.
	MARK_OWN=0 nf_relay $mode
	for to in 203.0.113.9 2001:db8:9::9; do
		check "$way: a foreign listener gets nothing for $to" ! nf_talk client $to 25 clear
	done
	lab_kill $RELAY_PID KILL
	same "$way: not one octet in clear" "0 0" "$(leaks) $(nf_got server2525 "data clear")"
	gate gw open
	gate gw "${SPEC[@]}" no-routes
	check "$way: opened by hand, it is open" nf_talk client 203.0.113.9 25 opened
done
lab_done
