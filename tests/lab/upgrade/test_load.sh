#!/usr/bin/env bash
# Mail after mail from many clients, while the configuration is read again and the program is replaced, again and again:
# no connection is refused or reset, no session is cut, no mail is lost, and nothing of any is in clear.
# UPGRADE_ROUNDS=N (make soak): so many rounds in place of a few.
. "$(dirname "$0")/../lib.sh"
. "$LAB/gate/world.sh"
. "$LAB/upgrade/programs.sh"
rounds=${UPGRADE_ROUNDS:-4}
world
cp "$GATE25" "$LAB_DIR/bin/tool"
mkdir "$LAB_DIR/mails"
lab_server store 14
STORE4=198.51.100.14 STORE6=2001:db8:100::14
serve store store $STORE4 $STORE6 "cert=$LAB_DIR/cert" "key=$LAB_DIR/key" "mail=$LAB_DIR/mails"

# conf WAY [LINE...]: as gate_conf, and mail to the store is encrypted.
conf() {
	gate_conf "$@"
	sed -i "s/^workers = 1$/workers = $workers/" "$GATE_CONF"
	printf 'destination "%s" { level = encrypt }\n' $STORE4 $STORE6 >>"$GATE_CONF"
}

for way in client local; do
	workers=1
	conf $way
	gate_spawn
	lab_until 30 gate_settled
	gate_said 'ready ' || lab_die "gate25 does not start"
	wire_begin "load-$way"
	sender_spawn hold $way python3 "$LAB/gate/client.py" hold --timeout 120 $SECURE4 --canary $CANARY
	hold=$LAB_PID
	lab_until 20 lab_log hold held || lab_die "no session begins"
	sender_spawn load $way python3 "$UPGRADE/load.py" $STORE4 $STORE6 --name $way --parallel 6 --canary $CANARY
	load=$LAB_PID
	lab_until 30 lab_log load loading || lab_die "the load does not begin"
	reloads=1
	for round in $(seq "$rounds"); do
		# By SIGHUP, twice, and then by an upgrade; the pid stays.
		for _ in 1 2; do
			reloads=$((reloads + 1))
			conf $way "exempt = {203.0.113.$reloads}"
			kill -HUP "$GATE_PID"
			lab_until 20 gate_said "reload .*configuration $reloads is in force" || break
		done
		reloads=$((reloads + 1)) # a new program has a configuration of its own
		fresh
		[ "$round" -ne 2 ] || { workers=2 && conf $way; } # what a reload refuses
		upgrade || break
	done
	check "$way: $rounds upgrades under load" upgraded "$rounds"
	check "$way: by the same process" lab_alive "$GATE_PID"
	lab_kill "$load" TERM
	kill -USR1 "$hold"
	check "$way: the session from before all of them takes its mail" lab_until 20 lab_log hold "reply 250"
	wire_end "load-$way"
	check "$way: mails were taken ($(counted load taken))" [ "$(counted load taken)" -ge 50 ]
	for bad in refused reset timeout cut shed other; do
		same "$way: none of the sessions: $bad" 0 "$(counted load $bad)"
	done
	[ "$(counted load other)" = 0 ] || note "$(tail -n 1 "$LAB_DIR/log/load" | grep -o '"other".*' | head -c 600)"
	same "$way: none of the mails is lost" 0 "$(lost load)"
	closed "load-$way" "$way: and nothing was in clear"
	check "$way: the programs before are over" lab_until 20 drained
	metrics=$(lab_in gw "$LAB_DIR/bin/tool" status --run-dir "$GATE_RUN" --json)
	check "$way: no metric began anew ($(grep -o 'gate25_sessions_total": [0-9]*' <<<"$metrics"))" \
		[ "$(sed -n 's/.*gate25_sessions_total": \([0-9]*\).*/\1/p' <<<"$metrics")" -gt "$(counted load sessions)" ]
	gate_away
	rm -f "$LAB_DIR"/mails/*
done
lab_done
