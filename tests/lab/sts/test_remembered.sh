#!/usr/bin/env bash
# A policy that was fetched once holds, whatever becomes of its TXT record and its host, and whoever is killed; and another
# policy takes its place as soon as there is one.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

# The MX host of "held" shows somebody else's name: with the policy its mail is refused, without it it would be delivered.
lab_internet
lab_server servers 11
sts_hosts_begin
lab_ca
lab_cert web good mta-sts.{held,new,weaker,short,sick}.example
lab_cert other good mx.somebody-else.example && lab_chain other
chmod 644 "$LAB_PKI"/*.pem
lab_host_records mx.all 11
for name in held new weaker short sick; do
	lab_records "$name MX 10 mx.all.example."
	sts_at $name 31
	sts_policy enforce mx.all.example | sts_serve $name
done
# The TXT records are in zones of their own, so that they can change.
for name in held new weaker short sick; do
	lab_zone _mta-sts.$name.example none none
done
txt() { lab_zone_change "_mta-sts.$1.example" "\$TTL 1" "@ TXT \"v=STSv1; id=$2;\""; }
no_txt() { lab_zone_change "_mta-sts.$1.example" "\$TTL 1"; }
for name in held new weaker short; do
	lab_zone_records _mta-sts.$name.example "\$TTL 1" '@ TXT "v=STSv1; id=1;"'
done
lab_dns_signed
sts_hosts_start web
dane_server other {held,new,weaker,short,sick}.example
STATE="state-dir = $LAB_DIR/state"

# ends NAME STATUS: whether a mail to it comes to that end, see send.py.
ends() {
	lab_in client python3 "$LAB/send.py" 198.51.100.11 --to "bob@$1.example" --text canary-remembered >"$LAB_DIR/log/mail" 2>&1
	[ $? -eq "$2" ]
}
refused_by_policy() { ends "$1" 4 && grep -q '451 4.7.5' "$LAB_DIR/log/mail"; }
refused() { check "$1: refused by the policy" refused_by_policy "${2:-held}"; }
# forget_verdicts: the gate decides anew, by what policyd remembers.
reload() {
	local before
	before=$(grep -c '"event":"reload"' "$LAB_DIR/log/gate25")
	kill -HUP "$LAB_GATE_PID"
	lab_until 10 reloaded "$before"
}
reloaded() { [ "$(grep -c '"event":"reload"' "$LAB_DIR/log/gate25")" -gt "$1" ]; }
policyd() { pgrep -x gate25-policyd; }
another_policyd() { [ "$(policyd | wc -l)" -eq 1 ] && [ "$(policyd)" != "$1" ]; }

sts_gate "$STATE"
lab_capture remembered path gw0
refused "the policy host is up"
for name in new weaker short; do
	refused_by_policy $name || not_ok "$name is not refused by its policy"
done
check "once for each domain, and no more" [ "$(sts_asked held)" -eq 1 ]

sts_web_stop
reload
refused "the policy host is down"
no_txt held
sleep 1.5
reload
refused "and the TXT record is gone"
check "a domain of which nothing is remembered goes on without" ends sick 0

old=$(policyd)
kill -KILL "$old"
check "gate25-policyd is killed, and another one starts" lab_until 20 another_policyd "$old"
lab_until 20 refused_by_policy held
reload
refused "the next gate25-policyd remembers it"

lab_gate_kill
lab_gate_start
refused "all of gate25 was killed and started again"
lab_kill "$LAB_GATE_PID"
lab_until 10 lab_gate_is_gone
sts_gate "$STATE"
refused "it was stopped and started again"
check "what is on disk is gate25-policyd's alone" \
	[ "$(stat -c '%a %U' "$LAB_DIR/state/policy")" = "700 gate25-policy" ]

# Another id: fetched at once, if the host is there; the old one holds until then.
sts_policy enforce mx.nobody.example | sts_serve new
sts_policy none | sts_serve weaker
txt new 2
txt weaker 2
sleep 1.5
reload
refused "another id, and the policy host is down: the old policy" weaker
sts_web_start
txt new 3
txt weaker 3
sleep 1.5
reload
weaker_is_open() { ends weaker 0; }
check "another id, and the host is up: mode none is taken as well" lab_until 10 weaker_is_open
refused "and other patterns" new
check "which the log tells" sts_event refused domain=new.example result=validation-failure policy=sts

# The same id: the host is not asked.
sts_policy none | sts_serve short
asked=$(sts_asked short)
reload
refused "the same id" short
check "the host is not asked again for the same id" [ "$(sts_asked short)" -eq "$asked" ]
# A policy that is none, under another id: the old one holds, and the log says what is wrong.
echo "nonsense" | sts_serve short
txt short 2
tried() { ends short 4 && sts_event sts-failed domain=short.example result=sts-policy-invalid remembered=enforce; }
check "a policy that is none, under another id: the log says that the old one holds" lab_until 30 tried
refused "and it does" short
lab_capture_stop remembered gw 198.51.100.1
check "on the wire: what was refused left nothing in clear" wire remembered --some --no-leak --canary canary-
lab_done
