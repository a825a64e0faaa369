#!/usr/bin/env bash
# Real mail servers behind the gate, whose first MX, or one of whose MX's addresses, is dead: Postfix and Exim reach the
# other one, by 421 as long as the dead one is not known, by a reset afterwards.
. "$(dirname "$0")/../lib.sh"
. "$LAB/internet.sh"
. "$LAB/mail.sh"
. "$LAB/gate.sh"

lab_internet
lab_server dead 21
lab_server alive 22
lab_host_records dead 21
lab_host_records alive 22
lab_records "mx.twoa A 198.51.100.21" "mx.twoa A 198.51.100.22"
for mta in postfix exim; do
	lab_records "mx-$mta MX 10 dead" "mx-$mta MX 20 alive" "a-$mta MX 10 mx.twoa"
done
lab_ca
lab_cert alive good alive.example mx.twoa.example
lab_dns
mkdir -p "$LAB_DIR/mail"
lab_spawn alive alive python3 "$LAB/fake_smtp.py" --listen 198.51.100.22 --listen 2001:db8:100::22 "mail=$LAB_DIR/mail" \
	"cert=$LAB_PKI/alive.crt" "key=$LAB_PKI/alive.key" name=alive.example
lab_until 10 lab_log alive '"ready"' || lab_die "no server"
lab_postfix postfix client inet_interfaces=loopback-only inet_protocols=ipv4 smtp_connection_cache_on_demand=no
lab_exim_client exim "disable_ipv6 = true"
# Exim remembers by itself which hosts failed: not between two mails here.
send() { # MTA RECIPIENT TEXT
	if [ "$1" = postfix ]; then
		lab_sendmail postfix client "$2" "$3"
	else
		rm -rf "${LAB_ROOT_OF[exim]}"/var/spool/exim4/db/*
		printf 'From: alice@lan.example\nTo: %s\nSubject: lab\n\n%s\n' "$2" "$3" |
			lab_root_in exim client exim4 -odf -f alice@lan.example "$2" >>"$LAB_DIR/log/exim-send" 2>&1
	fi
}
mails() { find "$LAB_DIR/mail" -type f -exec grep -lF -- "$1" {} + 2>/dev/null | wc -l; }
mails_are() { [ "$(mails "$1")" -eq "$2" ]; }
refused() { grep -cE '(198\.51\.100\.21|dead\.example).*Connection refused' "$LAB_DIR/log/$1"; }
down() { lab_in gw nft list set inet gate25 down4 | grep -F 198.51.100.21 >/dev/null; }

lab_gate_conf "log-level = info"
lab_gate_start
lab_capture out path gw0
for mta in postfix exim; do
	lab_in gw nft flush set inet gate25 down4
	before=$(refused $mta)
	send $mta user@mx-$mta.example canary-$mta-first
	check "$mta: the dead MX is not in the set: the mail reaches the second MX" lab_until 30 mails_are canary-$mta-first 1 ||
		note "$(tail -n 5 "$LAB_DIR/log/$mta")"
	same "$mta: which was not for a reset" "$before" "$(refused $mta)"
	[ $mta = postfix ] || lab_nft gw 'add element inet gate25 down4 { 10.25.0.10 . 198.51.100.21 . 25 timeout 60s }'
	check "$mta: it is in the set" lab_until 10 down
	send $mta user@mx-$mta.example canary-$mta-second
	check "$mta: the next mail reaches the second MX too" lab_until 30 mails_are canary-$mta-second 1
	check "$mta: for a reset" lab_until 10 eval "[ \$(refused $mta) -gt $before ]"
	for i in 1 2 3 4; do send $mta user@a-$mta.example "canary-$mta-a$i"; done
	for i in 1 2 3 4; do
		check "$mta: mail $i to an MX with a dead address reaches the other one" lab_until 30 mails_are "canary-$mta-a$i" 1
	done
done
lab_capture_stop out gw 198.51.100.1
check "all of it over TLS" wire out --some --tls --no-leak --canary canary-
lab_gate_stop
lab_done
