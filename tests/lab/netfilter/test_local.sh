#!/usr/bin/env bash
# Local scope: this host's own port 25, its exempt users and peers, sockets whose process is gone, the port taken by
# somebody else, and what another table does to it. Every leak is first shown without the gate.
. "$(dirname "$0")/../lib.sh"
. "$LAB/netfilter/nf.sh"
lab_needs_root "local scope" || lab_done

nf_net
nf_server gw 25 own-mta
nf_server server 2525 server2525
nf_server server 25 server
SERVER_PID=$LAB_PID
PEER=1000 COUNT=100000
SPEC=(local exempt=203.0.113.10 exempt=2001:db8:9::10 exempt-uid=$PEER)
talk_as() { # UID ADDRESS [PORT [TEXT]]
	lab_in gw setpriv --reuid "$1" --clear-groups timeout 10 python3 "$LAB/netfilter/talk.py" "$2" "${3:-25}" "${4:-hello}"
}
leaks() { nf_got server "data clear"; }
rewrite() {
	lab_nft gw 'table inet rewrite {
		chain early { type nat hook output priority -160; ip daddr 203.0.113.9 tcp dport 25 dnat ip to 203.0.113.9:2525; }
	}'
}
# orphan NAME UID ADDRESS: octets queued by a process that is gone, to a server that does not read. In place of the server.
orphan() {
	lab_kill "$SERVER_PID"
	lab_spawn "sink-$1" server python3 "$LAB/netfilter/orphan.py" sink 25 "$LAB_DIR/$1"
	SERVER_PID=$LAB_PID
	lab_until 10 lab_listens server 25 || lab_die "no sink"
	lab_in gw setpriv --reuid "$2" --clear-groups python3 "$LAB/netfilter/orphan.py" send "$3" 25 $COUNT ||
		lab_die "no orphan"
	lab_until 10 orphaned || lab_die "the orphan's queue is empty"
}
orphaned() { lab_in gw ss -Hnt state fin-wait-1 "dport = :25" | awk '$2 > 1000 { found = 1 } END { exit !found }'; }
# sink NAME: lets the server read; prints "past" and how many octets came after that, and whether the end came.
sink() {
	touch "$LAB_DIR/$1"
	lab_until 20 lab_log "sink-$1" got || echo "nothing said"
	awk '{ print "past", $4 - $2, $5 }' "$LAB_DIR/log/sink-$1"
}
server_back() {
	lab_kill "$SERVER_PID"
	nf_server server 25 server
	SERVER_PID=$LAB_PID
}

for to in 203.0.113.9 2001:db8:9::9; do
	check "without the gate, clear text reaches $to" talk_as 1001 $to 25 clear
done
rewrite
check "and past a rewritten port" talk_as 1001 203.0.113.9 25 clear
lab_in gw nft delete table inet rewrite
same "all of which is seen" "2 1" "$(leaks) $(nf_got server2525 "data clear")"
orphan free 1001 203.0.113.9
check "an orphan's queue drains" test "$(sink free | awk '{ print ($2 > 50000), $3 }')" = "1 fin"
: >"$LAB_DIR/log/server"; : >"$LAB_DIR/log/server2525"

# Sockets older than the gate whose process is gone.
for to in 203.0.113.9 2001:db8:9::9; do
	orphan "old-$to" 1001 $to
	check "the gate closes over an orphan to $to" gate gw "${SPEC[@]}" install
	check "which is forgotten" test "$(gate gw "${SPEC[@]}" forget)" -ge 1
	same "of its queue to $to nothing more gets out" "past 0 none" "$(sink "old-$to")"
	gate gw open
done
gate gw "${SPEC[@]}" install
for to in 203.0.113.9 2001:db8:9::9; do
	orphan "peer-$to" $PEER $to
	same "an orphan of an exempt user drains, to $to" "1 fin" "$(sink "peer-$to" | awk '{ print ($2 > 50000), $3 }')"
done
orphan exempt-then-old $PEER 203.0.113.9
gate gw "${SPEC[@]}" install
same "a restart forgets none of it" 0 "$(gate gw "${SPEC[@]}" forget)"
same "and it drains" "1 fin" "$(sink exempt-then-old | awk '{ print ($2 > 50000), $3 }')"
server_back

for to in 203.0.113.9 2001:db8:9::9; do
	check "without a listener $to is closed" ! talk_as 1001 $to 25 clear
	check "for root too" ! talk_as 0 $to 25 clear
	check "and for the relay's uid without its mark" ! talk_as $RELAY_UID $to 25 clear
done
for to in 127.0.0.1 ::1 203.0.113.1 2001:db8:9::1 10.25.0.1; do
	check "the host's own $to is open" talk_as 1001 $to 25 own
done
for from in server client; do
	check "inbound mail from $from comes in" nf_talk $from $([ $from = server ] && echo 203.0.113.1 || echo 10.25.0.1) 25 in
done
check "forwarded mail is no matter of local scope" nf_talk client 203.0.113.9 25 forwarded
nf_relay gateway
for to in 203.0.113.9 2001:db8:9::9; do
	check "$to is reached" talk_as 1001 $to 25 hello
done
same "through the relay" 2 "$(nf_got server "b'GATED hello'")"
for to in 203.0.113.10 2001:db8:9::10; do
	check "exempt $to is reached" talk_as 1001 $to 25 peer
done
check "an exempt user reaches the server" talk_as $PEER 203.0.113.9 25 peer
same "past the relay" 3 "$(nf_got server "b'peer'")"
check "nobody dials the listener" ! talk_as 1001 127.0.0.1 825 clear
check "nobody dials it over IPv6" ! talk_as 1001 ::1 825 clear
check "another port is open" talk_as 1001 203.0.113.9 2525 other
rewrite
check "a port rewritten by another table is closed" ! talk_as 1001 203.0.113.9 25 clear
lab_in gw nft delete table inet rewrite
gate gw close
for to in 203.0.113.9 2001:db8:9::9; do
	check "with the interception deleted $to is closed" ! talk_as 1001 $to 25 clear
done
gate gw "${SPEC[@]}" install

# Untracked packets have no marks and no NAT.
lab_nft gw 'table inet untracked { chain raw { type filter hook output priority -300; tcp dport 25 notrack; }; }'
check "untracked it is closed" ! talk_as 1001 203.0.113.9 25 clear
check "untracked and exempt it is open" talk_as 1001 203.0.113.10 25 peer
lab_in gw nft delete table inet untracked

lab_kill $RELAY_PID KILL
check "the relay killed, it is closed" ! talk_as 1001 203.0.113.9 25 clear
MARK_OWN=0 nf_relay gateway
for to in 203.0.113.9 2001:db8:9::9; do
	check "a foreign listener gets nothing for $to" ! talk_as 1001 $to 25 clear
done
same "it was never asked" "" "$(grep -F ': ok' "$LAB_DIR/log/relay" | tail -n +3)"
lab_kill $RELAY_PID KILL
same "not one octet in clear" "0 0" "$(leaks) $(nf_got server2525 "data clear")"

# A sidecar without privileges: no mark, its own uid.
gate gw open
SPEC=(local by-uid-alone listen=2526)
check "a sidecar's rules" gate gw "${SPEC[@]}" install
check "a sidecar is closed without its relay" ! talk_as 1001 203.0.113.9 25 clear
lab_spawn relay2 gw setpriv --reuid $RELAY_UID --regid $RELAY_UID --clear-groups --inh-caps=-all "$RELAY" 2526 0 gateway
lab_until 10 lab_listens gw 2526
check "a sidecar is gone through" talk_as 1001 203.0.113.9 25 sidecar
same "by its relay" 1 "$(nf_got server "b'GATED sidecar'")"
check "nobody dials the sidecar" ! talk_as 1001 127.0.0.1 2526 clear
lab_done
