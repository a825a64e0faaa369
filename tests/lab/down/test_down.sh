#!/usr/bin/env bash
# A host that is down: the first client hears 421; then simple clients, which go through the addresses of a name and ask
# SMTP nothing, reach its next address, for the gate resets them at the dead one. Who else is hit, who is not, and what is
# told of it. Two workers: what one learns the other knows.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
world
LAB_LOGS="mail tried"

DEAD4=198.51.100.21 DEAD6=2001:db8:100::21
ALIVE4=198.51.100.22 ALIVE6=2001:db8:100::22
EXEMPT4=198.51.100.23 EXEMPT6=2001:db8:100::23
lab_server dead 21
lab_server alive 22
lab_server exempt 23
serve alive alive $ALIVE4 $ALIVE6 "cert=$LAB_DIR/cert" "key=$LAB_DIR/key"
serve exempt exempt $EXEMPT4 $EXEMPT6
printf '%s\n' "$DEAD4 two4.example" "$ALIVE4 two4.example" "$DEAD6 two6.example" "$ALIVE6 two6.example" >>/etc/hosts
for address in 10.25.0.11/24 10.25.0.12/24 2001:db8:25::11/64 2001:db8:25::12/64; do
	case $address in
	*:*) lab_in client ip address add $address dev eth0 nodad preferred_lft 0 ;;
	*) lab_in client ip address add $address dev eth0 ;;
	esac
done

# start WAY: with two workers, and the alive server's rule, for no name can be looked up here.
start() {
	gate_conf "$1" "exempt = {$EXEMPT4, \"$EXEMPT6\"}" \
		"$([ "$1" = local ] && echo 'exempt-user = {"9100"}' || echo 'exempt-source = {10.25.0.11, "2001:db8:25::11"}')" \
		"destination \"$ALIVE4\" { level = encrypt }" "destination \"$ALIVE6\" { level = encrypt }"
	sed -i 's/^workers = .*/workers = 2/' "$GATE_CONF"
	gate_spawn
	lab_until 30 gate_settled
	gate_said 'ready ' || lab_die "gate25 does not start ($1)"
}

# mail WAY HOST [OPTION...]: by smtplib; the exit status of send.py is printed.
mail() {
	local way=$1
	shift
	sender "$way" python3 "$LAB/send.py" "$@" --to bob@server.example --text "${TEXT:-$CANARY}" --timeout 20 >"$LAB_DIR/log/mail" 2>&1
	echo $?
}
heard() { lab_log mail "$1"; }

elements() { lab_in gw nft -j list set inet gate25 "$1" | python3 -c 'import json, sys
for thing in json.load(sys.stdin)["nftables"]:
    for element in thing.get("set", {}).get("elem", []):
        key = element["elem"]["val"]["concat"] if "elem" in element else element["concat"]
        print(*key)'; }
down() { elements "$1" | grep -E "(^| )$2 25$" >/dev/null; }
# key WAY SOURCE DESTINATION: an element, as nft writes it.
key() { if [ "$1" = gateway ]; then echo "$3 . 25"; else echo "$2 . $3 . 25"; fi; }

metric() {
	lab_in gw python3 -c 'import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9525/metrics", timeout=10).read().decode())' | sed -n "s/^$1 //p"
}
metric_is() { [ "$(metric "$1")" = "$2" ]; }
status() { lab_in gw "$GATE25" status; }

declare -A SOURCE4=([client]=10.25.0.10 [gateway]= [local]=192.0.2.2)
declare -A SOURCE6=([client]=2001:db8:25::10 [gateway]= [local]=2001:db8:2::2)

for way in $WAYS; do
	start $way
	wire_begin "down-$way"
	for v in 4 6; do
		dead=DEAD$v dead=${!dead} alive=ALIVE$v alive=${!alive}
		same "$way IPv$v: the first client hears of the dead host" 4 "$(mail $way two$v.example)"
		check "$way IPv$v: by 421 4.4.1" heard "421"
		check "$way IPv$v: it is in the set" lab_until 10 down down$v $dead
		for i in 1 2; do
			same "$way IPv$v: try $i reaches the second address" 0 "$(mail $way two$v.example)"
		done
		same "$way IPv$v: nothing else is in the set" 1 "$(elements down$v | wc -l)"
		check "$way IPv$v: without the set" lab_nft gw "flush set inet gate25 down$v"
		for i in 1 2 3; do
			same "$way IPv$v: try $i hears 421 from whatever worker" 4 "$(mail $way two$v.example)"
			check "$way IPv$v: at once" heard "a moment ago"
		done
		check "$way IPv$v: there is no session with the other for that" ! down down$v $alive
	done
	same "$way: each is logged once" 2 "$(gate_said_times host-down)"
	check "$way: and counted" lab_until 10 metric_is 'gate25_hosts_failed_total{failure="unreachable"}' 2
	check "$way: held now" metric_is 'gate25_hosts_held{failure="unreachable"}' 2
	check "$way: gate25 status names them" eval "status | grep -F '$DEAD4:25' && status | grep -F '[$DEAD6]:25'"
	same "$way: no such element is an alteration" 0 "$(gate_said_times tables-restored)"

	# By hand, as the gate does it: what is under way goes on, what is exempt goes on, the rest is reset.
	sender_spawn held $way python3 "$LAB/gate/client.py" hold $ALIVE4 --canary $CANARY --timeout 30
	held=$LAB_PID
	lab_until 20 lab_log held held || not_ok "$way: no session is held"
	for v in 4 6; do
		source=SOURCE$v[$way] alive=ALIVE$v exempt=EXEMPT$v
		for to in ${!alive} ${!exempt}; do
			lab_nft gw "add element inet gate25 down$v { $(key $way "${!source}" $to) timeout 60s }" || not_ok "no element"
		done
		same "$way IPv$v: a new session is reset" refused "$(push $way ${!alive})"
		same "$way IPv$v: an exempt destination is not" 0 "$(TEXT=exempt mail $way ${!exempt})"
	done
	kill -USR1 $held
	check "$way: the session that was under way goes on to its end" lab_until 20 lab_log held "reply 250"
	check "$way: a reload is" eval "kill -HUP $GATE_PID && lab_until 10 gate_said 'reload .*configuration 2 is in force'"
	check "$way: no reason to forget" down down4 $ALIVE4
	check "$way: gate25 is content with its tables" eval "[ \$(gate_said_times tables-restored) -eq 0 ]"

	# The dead host answers: exempt clients reach it, whatever the set says.
	serve dead dead $DEAD4 $DEAD6
	dead_pid=$LAB_PID
	wire_end "down-$way"
	check "$way: nothing left in clear but to the exempt destinations" wire "down-$way" --to $ALIVE4 --some --no-leak --canary $CANARY
	check "$way: IPv6" wire "down-$way" --to $ALIVE6 --some --no-leak --canary $CANARY
	for v in 4 6; do
		source=SOURCE$v[$way] dead=DEAD$v
		lab_nft gw "add element inet gate25 down$v { $(key $way "${!source}" ${!dead}) timeout 60s }" || not_ok "no element"
		if [ $way = local ]; then
			check "local IPv$v: an exempt user is not hit" lab_in gw setpriv --reuid 9100 --regid 9100 --clear-groups \
				python3 "$LAB/send.py" ${!dead} --to bob@server.example --text $CANARY
		else
			bind=$([ $v = 4 ] && echo 10.25.0.11 || echo 2001:db8:25::11)
			same "$way IPv$v: an exempt client is not hit" 0 "$(mail $way ${!dead} --bind $bind)"
		fi
		same "$way IPv$v: others are" refused "$(push $way ${!dead})"
	done
	lab_kill $dead_pid
	gate_away
done

# Whose failure it was: with the client's address kept, that client's alone; else everybody's.
for way in client gateway; do
	start $way
	for v in 4 6; do
		alive=ALIVE$v other=$([ $v = 4 ] && echo 10.25.0.12 || echo 2001:db8:25::12)
		# The network lets nobody from one address through to the alive host, as if that client were on a block list.
		lab_nft alive "table inet block { chain c { type filter hook input priority 0
			ip saddr 10.25.0.10 tcp dport 25 reject with tcp reset
			ip6 saddr 2001:db8:25::10 tcp dport 25 reject with tcp reset
		}; }"
		first=$(mail $way ${!alive} --bind $([ $v = 4 ] && echo 10.25.0.10 || echo 2001:db8:25::10))
		if [ $way = client ]; then
			same "client IPv$v: who is blocked hears 421" 4 "$first"
			check "client IPv$v: and is down for it" lab_until 10 down down$v ${!alive}
			same "client IPv$v: and reset" refused "$(push $way ${!alive} --bind "$([ $v = 4 ] && echo 10.25.0.10:0 || echo 2001:db8:25::10:0)")"
		else
			same "gateway IPv$v: the server sees the gateway" 0 "$first"
		fi
		same "$way IPv$v: the other client is served" 0 "$(mail $way ${!alive} --bind $other)"
		lab_in alive nft delete table inet block
	done
	gate_away
done

# The long way: a host comes back by itself, a minute after the last try at most, and for everybody at once.
[ -n "${LAB_LONG:-}" ] || lab_done
empty() { [ -z "$(elements down4)$(elements down6)" ]; }
for way in $WAYS; do
	start $way
	for to in $DEAD4 $DEAD6; do
		same "$way: $to is dead" 4 "$(mail $way $to)"
	done
	lab_until 10 down down4 $DEAD4 && lab_until 10 down down6 $DEAD6 || not_ok "$way: they are not in the sets"
	serve dead dead $DEAD4 $DEAD6 "cert=$LAB_DIR/cert" "key=$LAB_DIR/key"
	check "$way: the sets are empty after a minute" lab_until 70 empty
	for to in $DEAD4 $DEAD6; do
		greeted() { [[ $(push $way $to) == "reply 220"* ]]; }
		check "$way: and then $to is greeted" lab_until 70 greeted
		same "$way: again, at once" "reply 220" "$(push $way $to | cut -c 1-9)"
	done
	check "$way: which is logged" lab_until 10 eval '[ $(gate_said_times host-back) -eq 2 ]'
	check "$way: and nothing is held any more" lab_until 10 metric_is 'gate25_hosts_held{failure="unreachable"}' 0
	lab_kill "$LAB_PID"
	gate_away
done
lab_done
