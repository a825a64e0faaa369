#!/usr/bin/env bash
# Nothing else breaks. With the gate up: the host's own mail server, inbound mail to one behind the gate (from outside, and
# by the gateway's public address from inside), other ports, who and what is exempt. Who may not speak SMTP at all is told
# at once.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

# A mail server behind the gate, on a network of its own, reached by the gateway's public address too.
world_mx
lab_nft gw 'table inet operator { chain c {
	type nat hook prerouting priority -100;
	ip daddr 192.0.2.25 tcp dport 25 dnat ip to 10.26.0.20
	ip6 daddr 2001:db8:2::25 tcp dport 25 dnat ip6 to 2001:db8:26::20
}; }'
# Clients that are not in sources, and an exempt one.
for address in 10.25.0.99/24 10.25.0.11/24 2001:db8:25::11/64 2001:db8:99::99/64; do
	# Only who asks for such an address gets it.
	case $address in
	*:*) lab_in client ip address add $address dev eth0 nodad preferred_lft 0 ;;
	*) lab_in client ip address add $address dev eth0 ;;
	esac
done
lab_route gw 2001:db8:99::/64 dev lan0
lab_route path 2001:db8:99::/64 via 2001:db8:2::2
serve own-mta gw 127.0.0.1 ::1 10.25.0.1 192.0.2.2 2001:db8:25::1 2001:db8:2::2
serve --port 587 submission plain $PLAIN4 $PLAIN6
lab_server peer 17
PEER4=198.51.100.17 PEER6=2001:db8:100::17
serve peer peer $PEER4 $PEER6

mail() { # NODE ADDRESS [OPTION...]: one mail, in clear
	lab_in "$1" python3 "$LAB/send.py" "$2" --to bob@mx.example --text $CANARY --timeout 10 "${@:3}"
}
user_mail() { # UID ADDRESS
	lab_in gw setpriv --reuid "$1" --regid "$1" --clear-groups \
		python3 "$LAB/send.py" "$2" --to bob@mx.example --text $CANARY --timeout 10
}
came_from() { [ "$(grep '"mail":' "$LAB_DIR/log/$1" | tail -n 1 | sed 's/.*"peer": "\([^"]*\)".*/\1/')" = "$2" ]; }

own_server() {
	local to
	for to in 127.0.0.1 ::1 192.0.2.2 2001:db8:2::2 10.25.0.1; do
		check "$1: this host's own server at $to, from this host" user_mail $SENDER_UID $to
	done
	for to in 10.25.0.1 192.0.2.2 2001:db8:25::1 2001:db8:2::2; do
		check "$1: at $to, from inside" mail client $to
	done
	for to in 192.0.2.2 2001:db8:2::2; do
		check "$1: at $to, from outside" mail plain $to
	done
	check "$1: it sees the client" came_from own-mta 2001:db8:100::13
}
inbound() {
	local to
	for to in 10.26.0.20 2001:db8:26::20 192.0.2.25 2001:db8:2::25; do
		check "$1: the server behind the gate by $to, from outside" mail plain $to
	done
	check "$1: it sees the client" came_from mx-mta 2001:db8:100::13
	for to in 192.0.2.25 2001:db8:2::25; do
		check "$1: by the public address $to, from inside" mail client $to
	done
	check "$1: it sees that client too" came_from mx-mta 2001:db8:25::10
}
others() {
	local to
	for to in $PLAIN4 $PLAIN6; do
		check "$1: port 587 of $to, from inside" mail client $to --port 587
		check "$1: and from this host" mail gw $to --port 587
	done
}

own_server "without the gate"
inbound "without the gate"
others "without the gate"
for way in $WAYS; do
	gate_start $way "exempt = {$PEER4, \"$PEER6\"}" \
		"$([ $way = local ] && echo 'exempt-user = {"9100"}' || echo 'exempt-source = {10.25.0.11, "2001:db8:25::11"}')"
	if [ $way != local ]; then
		# Both networks are inside; the server there may send, too.
		sed -i 's/^interfaces = .*/interfaces = {lan0, lan1}/; s/^sources = {/&10.26.0.0\/24, "2001:db8:26::\/64", /' "$GATE_CONF"
		kill -HUP "$GATE_PID"
		lab_until 10 gate_said "reload .*configuration 2 is in force" || lab_die "no second network"
	fi
	own_server $way
	inbound $way
	others $way

	wire_begin "exempt-$way"
	for to in $PEER4 $PEER6; do
		check "$way: the exempt server $to" sender $way python3 "$LAB/send.py" $to --to bob@mx.example --text $CANARY
	done
	if [ $way = local ]; then
		for to in $PLAIN4 $PLAIN6; do
			check "local: an exempt user to $to" user_mail 9100 $to
		done
	else
		check "$way: an exempt client" mail client $PLAIN4 --bind 10.25.0.11
		check "$way: an exempt client, IPv6" mail client $PLAIN6 --bind 2001:db8:25::11
		check "$way: its address is seen" came_from plain 2001:db8:25::11
	fi
	wire_end "exempt-$way"
	leaks "exempt-$way" "$way: what is exempt went as it was"

	wire_begin "gated-$way"
	try_all $way
	if [ $way = local ]; then
		check "local: forwarded mail is not this gate's" mail client $PLAIN4
	else
		same "$way: who is not in sources is refused at once" refused \
			"$(lab_in client python3 "$LAB/gate/client.py" push $PLAIN4 --bind 10.25.0.99:0)"
		same "$way: over IPv6 too" refused \
			"$(lab_in client python3 "$LAB/gate/client.py" push $PLAIN6 --bind 2001:db8:99::99:0)"
		check "$way: the gateway's own mail is not this gate's" user_mail $SENDER_UID $PLAIN4
	fi
	wire_end "gated-$way"
	check "$way: what the gate is for did not leave in clear" wire "gated-$way" --to $PLAIN6 --some --no-leak
	gate_away
done
lab_done
