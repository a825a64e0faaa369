#!/usr/bin/env bash
# A gate behind a gate: the outer one answers in place of the servers, with a certificate of its own. What the inner one
# makes of it, who is named by whom, and the ways out.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/world.sh"

client_world
lab_unbound gateway gw 127.0.0.1 validates
LAB_GATE_RESOLVERS=127.0.0.1

# outer LINE...: the gate in the node path, with these lines.
outer() {
	printf '%s\n' "scope = {forward}" "interfaces = {gw0}" \
		"sources = {10.0.0.0/8, 192.0.2.0/24, \"2001:db8::/32\"}" "resolvers = {$LAB_RESOLVER}" "dnssec = off" \
		"default-level = encrypt" "state-dir = off" "ca-file = $LAB_CA" "$@" >"$LAB_DIR/outer.conf"
	lab_spawn outer path "$LAB_GATE" run --config "$LAB_DIR/outer.conf" --run-dir "$LAB_DIR/outer.run"
	OUTER=$LAB_PID
	lab_until 30 lab_log outer "gate25: ready" || lab_die "the outer gate does not start"
	lab_until 10 lab_listens path 825
}
outer_stop() {
	kill -TERM "$OUTER"
	lab_until 30 lab_gone "$OUTER"
	mv "$LAB_DIR/log/outer" "$LAB_DIR/log/outer-before"
}
outer_logged() { grep -qE -- "$1" "$LAB_DIR/log/outer"; }

lab_gate_users
inner="trust-anchor-file = $LAB_ANCHORS
	bogus-names = {$LAB_BOGUS}"
lab_gate_conf "$inner
	default-level = dane
	domain \"app.example\" { level = encrypt }"
lab_gate_start
mkdir -p "$LAB_DIR/outer.run"
outer ""

send() { lab_in client python3 "$LAB/send.py" "$1" --to "user@$2" --text "canary-$3" --timeout 60 >"$LAB_DIR/log/send" 2>&1; }
told() { grep -qF -- "$1" "$LAB_DIR/log/send"; }
there() { [ "$(lab_mail_count mx "canary-$1")" -eq 1 ]; }

send 198.51.100.15 app.example encrypt
same "at level encrypt mail goes through both" 0 $? || note "$(tail -n 5 "$LAB_DIR/log/send")"
check "and is there" there encrypt
check "the inner gate names the outer one" lab_until 10 gate_logged \
	'another-gate25-on-path .*destination=198\.51\.100\.15:25 .*reason="another-gate25-on-path: it answers in place of 198\.51\.100\.15'
send 198.51.100.13 dane.example dane
same "at level dane the inner one does not believe it" 4 $?
check "and says so" told "451 4.7.5"
check "nothing is there" ! there dane
gate_status >"$LAB_DIR/status"
check "status names it" grep -qF "another-gate25-on-path: it answers in place of 198.51.100.13" "$LAB_DIR/status"
send 198.51.100.13 dane.example dane
send 198.51.100.13 dane.example dane
check "the outer gate takes the inner one's client for one that authenticates by itself" lab_until 10 outer_logged \
	'client-probably-authenticates-itself .*client=10\.25\.0\.10'
outer_stop

outer 'client "10.25.0.0/24" { client-tls = passthrough }'
send 198.51.100.13 dane.example passed
same "given passthrough there, DANE proves the server through both" 0 $? || note "$(tail -n 5 "$LAB_DIR/log/send")"
check "the mail is there" there passed
check "the inner gate authenticated" lab_until 10 gate_logged \
	'session-end .*domain=dane\.example .*policy=dane verdict=pass .*authenticated=yes .*tlsa="3 1 1" .*messages=1'
check "the outer gate only carried it" lab_until 10 outer_logged 'session-end .*client-tls=passthrough .*sni=mx-dane\.example'
outer_stop

outer 'exempt-source = 10.25.0.0/24'
send 198.51.100.13 dane.example exempted
same "exempt there, likewise" 0 $? || note "$(tail -n 5 "$LAB_DIR/log/send")"
check "that mail is there, too" there exempted
check "the outer gate saw none of it" ! outer_logged 'session-end .*client=10\.25\.0\.10'
outer_stop
lab_gate_stop
same "gate25 ends well" 0 "$LAB_GATE_STATUS"
lab_done
