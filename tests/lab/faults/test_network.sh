#!/usr/bin/env bash
# The network around the gate breaks: its routing rules and tables are taken away by others, interfaces go and come back,
# connection tracking is full, ports run out, nobody accepts. Mail waits at its sender and then flows, without a hand.
. "$(dirname "$0")/../lib.sh"
. "$LAB/faults/faults.sh"
faults_world

gw_ip() { ip -n "$(lab_ns gw)" "$@"; }
rules() { { gw_ip rule; gw_ip -6 rule; gw_ip route show table all; gw_ip -6 route show table all; } | grep -E 'fwmark|local default'; }
whole=$(rules)
check "the gate has its rules and routes" [ "$(wc -l <<<"$whole")" -ge 6 ]
are_back() { [ "$(rules)" = "$whole" ]; }

# Others take away what they do not know: network managers at their start, people.
table=$(gw_ip rule | sed -nE 's/^26:.* lookup ([0-9]+).*/\1/p')
take_away() {
	case $1 in
	"one rule") gw_ip rule del pref 26 ;;
	"the IPv6 rules") gw_ip -6 rule del pref 25 && gw_ip -6 rule del pref 26 ;;
	"the routes") gw_ip route flush table "$table" && gw_ip -6 route flush table "$table" ;;
	"loopback") gw_ip link set lo down && gw_ip link set lo up ;;
	"all rules") gw_ip rule flush && gw_ip rule add pref 32766 lookup main ;;
	esac
}
faults_stand routes content mail idle
for what in "one rule" "the IPv6 rules" "the routes" "loopback" "all rules"; do
	check "somebody takes away: $what" take_away "$what"
	check "$what: put back" lab_until 20 are_back
done
check "it is logged" faults_said routes-restored
faults_go_on
faults_probe routes

# The tables, under sessions that rest: what is sent meanwhile may go past the gate (README), so nothing is.
tables_are_back() { lab_in gw nft list table inet gate25 >/dev/null && lab_in gw nft list table inet gate25_guard >/dev/null; }
faults_stand tables content mail idle
for what in "flush ruleset" "delete table inet gate25" "delete table inet gate25_guard"; do
	before=$(faults_said_times tables-restored)
	check "somebody says: $what" lab_nft gw "$what"
	check "$what: put back" lab_until 20 faults_said tables-restored "$before"
done
check "the tables are there" tables_are_back
faults_go_on
faults_probe tables

# An interface goes, with its routes, and comes back with them; then with another address.
back() {
	gw_ip link set wan0 up
	gw_ip addr replace "192.0.2.$1/24" dev wan0
	gw_ip addr replace "2001:db8:2::$1/64" dev wan0 nodad
	gw_ip route replace default via 192.0.2.1
	gw_ip -6 route replace default via 2001:db8:2::1
	ip -n "$(lab_ns path)" route replace 10.25.0.0/24 via "192.0.2.$1"
	ip -n "$(lab_ns path)" -6 route replace 2001:db8:25::/64 via "2001:db8:2::$1"
}
lab_nft gw 'table inet hold { chain input { type filter hook input priority 0; }; }'
faults_stand wan content mail idle
gw_ip link set wan0 down
faults_stream 5 stream.example
sleep 1
check "the outside comes back" back 2
faults_go_on
faults_flows "outside gone and back"
faults_stand lan content mail idle
gw_ip link set lan0 down
faults_stream 5 stream.example
sleep 1
gw_ip link set lan0 up
gw_ip addr replace 2001:db8:25::1/64 dev lan0 nodad
faults_go_on
faults_flows "inside gone and back"
gw_ip addr flush dev wan0
check "the outside has another address" back 22
faults_probe "another address"

# Connection tracking is full: its table is the whole machine's, so that what it does then is done by hand: packets of
# flows that it does not know yet are dropped.
faults_stand conntrack content mail idle
lab_nft gw 'table inet full { chain pre { type filter hook prerouting priority -190; tcp dport 25 ct state new drop; }; }'
faults_stream 5 stream.example
sleep 1
check "mail waits while no new flow is tracked" ! faults_queue_is_empty
faults_go_on
lab_nft gw 'delete table inet full'
faults_flows "connection tracking has room again"

# Nobody accepts: connections wait in the backlog and are served in the end.
worker=$(pgrep -P "$LAB_GATE_PID" -f -- '--role worker')
kill -STOP "$worker"
lab_spawn backlog client python3 "$FAULTS/backlog.py" 198.51.100.102 60
backlog=$LAB_PID
check "connections wait for a worker that stands still" lab_until 20 lab_log backlog waiting
kill -CONT "$worker"
check "each is greeted" lab_until 60 lab_log backlog "greeted 60"
lab_kill "$backlog"

# Five ports to dial from. A client of that address has no more sessions at a time.
lab_sysctl gw "net.ipv4.ip_local_port_range=40000 40004"
faults_stand ports content mail idle
faults_stream 20 stream.example
lab_spawn backlog client python3 "$FAULTS/backlog.py" 198.51.100.102 20
sleep 1
lab_kill "$LAB_PID"
faults_go_on
faults_flows "five ports"
lab_sysctl gw "net.ipv4.ip_local_port_range=32768 60999"
faults_probe "ports again"

faults_done network
lab_done
