#!/usr/bin/env bash
# fence = yes: with every nftables table gone and gate25 held still, not one octet of mail leaves in clear; while the tables
# are there nothing is different: exempt servers and clients, hairpins by the operator's DNAT, inbound mail, gated mail, under
# each reverse path filter, for tproxy and redirect, over IPv4 and IPv6.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world

# A mail server behind the gate, reached by the gateway's public address too; and an exempt one outside.
world_mx
lab_server peer 17
PEER4=198.51.100.17 PEER6=2001:db8:100::17
serve peer peer $PEER4 $PEER6
operator() {
	lab_nft gw 'table inet operator { chain c {
		type nat hook prerouting priority -100;
		ip daddr 192.0.2.25 tcp dport 25 dnat ip to 10.26.0.20
		ip6 daddr 2001:db8:2::25 tcp dport 25 dnat ip6 to 2001:db8:26::20
	}; }'
}

mail() { # NODE ADDRESS [OPTION...]: what became of one mail, in clear
	lab_in "$1" python3 "$LAB/send.py" "$2" --to bob@mx.example --text exempt --timeout 10 "${@:3}" >"$LAB_DIR/log/mail" 2>&1
	echo $?
}
fences() { { lab_in gw ip rule; lab_in gw ip -6 rule; } | grep -cE '^27:.* fwmark 0/0x4000000 iif lan[01]( \[detached\])? ipproto tcp dport 25 prohibit'; }
# says TEXT: whether gate25 check says that.
says() { grep -qF "$1" <<<"$(lab_in gw "$GATE25" check --config "$GATE_CONF" 2>&1)"; }
# judged NAME WHAT: that capture, looked through once.
judged() {
	local said status
	said=$(wire "$1" --no-leak --canary $CANARY)
	status=$?
	check "$2 ($(sed -n 's/.* \([0-9]*\) octets in clear.*/\1/p' <<<"$said") octets in clear)" [ $status -eq 0 ] || note "$(tail -n 5 <<<"$said")"
}
fences_are() { [ "$(fences)" -eq "$1" ]; }
no_tables() { [ -z "$(lab_in gw nft list tables)" ]; }
restored() { [ "$(gate_said_times tables-restored)" -ge "$1" ]; }
# nobody_gets CONDITION ADDRESS...: all at once. The kernel says that it is prohibited, to each host once a second.
nobody_gets() {
	local case=$1 to pids=() said
	shift
	for to in "$@"; do
		push client $to --timeout 1 >"$LAB_DIR/log/push-$to" &
		pids+=($!)
	done
	wait "${pids[@]}"
	for to in "$@"; do
		said=$(cat "$LAB_DIR/log/push-$to")
		check "$case: nobody gets to $to ($said)" eval "[[ '$said' =~ ^(timeout|error EHOSTUNREACH|error EACCES)$ ]]"
	done
}
# paths CONDITION: everything that must go through as if there were no fence.
paths() {
	local to
	for to in $PEER4 $PEER6; do
		same "$1: the exempt server $to" 0 "$(mail client $to)"
	done
	for to in 192.0.2.25 2001:db8:2::25; do
		same "$1: the server inside by the public address $to, from inside" 0 "$(mail client $to)"
		same "$1: from outside" 0 "$(mail plain $to)"
	done
	for to in 10.26.0.20 2001:db8:26::20; do
		same "$1: by its own address $to, from outside" 0 "$(mail plain $to)"
	done
	for to in $SECURE4 $SECURE6; do
		check "$1: gated mail to $to" polite client $to
	done
}

FENCE="fence = yes"
gate_conf local "$FENCE"
check "a fence without forward scope is an error" says "fence = yes needs scope forward"
for way in client gateway; do
	operator
	gate_start $way "$FENCE" "exempt = {$PEER4, \"$PEER6\"}"
	# The server inside is an inside interface's too.
	sed -i 's/^interfaces = .*/interfaces = {lan0, lan1}/' "$GATE_CONF"
	kill -HUP "$GATE_PID"
	lab_until 10 gate_said "reload .*configuration 2 is in force" || lab_die "no second interface"
	same "$way: a rule for each interface and family" 4 "$(fences)"
	check "$way: gate25 rules shows them" eval "[ \$(gate_rules | grep -c '^# ip .*rule add pref 27 iif lan[01] ') -eq 4 ]"
	times=0
	for filter in 0 1 2; do
		# make check looks at redirect under the strictest filter alone.
		[ $way = client ] || [ $filter -eq 1 ] || [ -n "${LAB_LONG:-}" ] || continue
		mark=$((filter > 0))
		lab_sysctl gw net.ipv4.conf.{all,default,lan0,lan1,wan0}.rp_filter=$filter \
			net.ipv4.conf.{all,lan0,lan1,wan0}.src_valid_mark=$mark
		case="$way, rp_filter=$filter src_valid_mark=$mark"
		paths "$case"
		check "$case: gate25 check is content" ! says "fence = yes"

		# Under a stream of mail, and a gated session in the middle of its message.
		wire_begin "flush-$way-$filter"
		sender_spawn held client python3 "$LAB/gate/client.py" hold $SECURE4 --canary $CANARY --timeout 60
		held=$LAB_PID
		lab_until 20 lab_log held held || not_ok "$case: no session under way"
		sender_spawn hammer client python3 "$LAB/gate/client.py" hammer $PLAIN4 $PLAIN6 --canary $CANARY --timeout 1
		hammer=$LAB_PID
		lab_until 20 lab_log hammer hammering
		kill -STOP "$GATE_PID"
		lab_nft gw "flush ruleset"
		check "$case: all tables are gone" no_tables
		nobody_gets "$case" $PLAIN4 $PLAIN6 $PEER4 $PEER6
		kill -CONT "$GATE_PID"
		times=$((times + 1))
		check "$case: going on, gate25 puts the tables back" lab_until 10 restored $times
		lab_kill $hammer TERM
		kill -USR1 $held
		check "$case: the session that was under way goes on to its end" lab_until 60 lab_log held "reply 250"
		operator
		wire_end "flush-$way-$filter"
		judged "flush-$way-$filter" "$case: nothing leaked while they were"
		note "$case: connections: $(tail -n 1 "$LAB_DIR/log/hammer")"
	done

	# Without the mark in the reverse path check, what is exempt is lost: check says so.
	lab_sysctl gw net.ipv4.conf.{all,lan0,lan1,wan0}.src_valid_mark=0 net.ipv4.conf.{all,default,lan0,lan1,wan0}.rp_filter=1
	check "$way: check warns where rp_filter wants src_valid_mark" says "set net.ipv4.conf.all.src_valid_mark = 1"
	check "$way: gated mail goes all the same" polite client $SECURE4
	same "$way: replies of exempt servers do not" 3 "$(mail client $PEER4 --timeout 2)"
	lab_sysctl gw net.ipv4.conf.{all,default,lan0,lan1,wan0}.rp_filter=0

	# Taken away by somebody; an interface that goes and comes back; switched off and on; gate25 ended.
	lab_in gw ip rule del pref 27
	lab_in gw ip -6 rule flush
	check "$way: what another program takes away is put back" lab_until 10 fences_are 4
	check "$way: and logged" lab_until 10 gate_said "routes-restored "
	lab_in gw ip -6 rule add pref 32766 lookup main
	ip -n "$(lab_ns gw)" link set lan1 name gone
	same "$way: while an interface is gone its rules stay" 4 "$(fences)"
	ip -n "$(lab_ns gw)" link set gone name lan1
	ip -n "$(lab_ns gw)" link set lan1 up
	check "$way: and hold again when it is back" eval '! lab_in gw ip rule | grep detached'
	sed -i 's/^fence = yes/fence = no/' "$GATE_CONF"
	kill -HUP "$GATE_PID"
	lab_until 10 gate_said "reload .*configuration 3 is in force" || not_ok "$way: no reload"
	same "$way: fence = no takes them away" 0 "$(fences)"
	same "$way: the exempt server" 0 "$(mail client $PEER4)"
	sed -i 's/^fence = no/fence = yes/; s/^interfaces = .*/interfaces = {lan0}/' "$GATE_CONF"
	kill -HUP "$GATE_PID"
	lab_until 10 gate_said "reload .*configuration 4 is in force" || not_ok "$way: no reload"
	same "$way: fence = yes brings those of the interfaces back" 2 "$(fences)"
	lab_kill "$GATE_PID" TERM
	same "$way: they outlive gate25" 2 "$(fences)"
	same "$way: the guard still lets pass what is exempt" 0 "$(mail client $PEER4)"
	wire_begin "ended-$way"
	lab_nft gw "flush ruleset"
	nobody_gets "$way: gate25 ended and the tables flushed" $PLAIN4 $PLAIN6
	wire_end "ended-$way"
	judged "ended-$way" "$way: nothing leaked then"
	check "$way: gate25 rules --install --guard" gate_rules --install --guard
	same "$way: has them too" 2 "$(fences)"
	same "$way: and the guard lets pass what is exempt" 0 "$(mail client $PEER4)"
	sed -i 's/^interfaces = .*/interfaces = {lan1}/' "$GATE_CONF"
	check "$way: for other interfaces" gate_rules --install --guard
	check "$way: those of before go" eval '[ $(fences) -eq 2 ] && lab_in gw ip rule | grep "iif lan1 ipproto" && ! lab_in gw ip rule | grep "iif lan0 ipproto"'
	GATE_PID=
	gate_away
	same "$way: stop --open takes them away" 0 "$(fences)"
	# The server may be behind with the connections of before.
	gets_through() { [ "$(mail client $PLAIN4)" = 0 ]; }
	check "$way: then everybody gets through" lab_until 60 gets_through
	lab_nft gw "flush ruleset"
done
lab_done
