#!/usr/bin/env bash
# test_domains.sh - which rule holds for whom, several recipient domains in one session, relays with and without a rule.
. "$(dirname "$0")/../lib.sh"
. "$LAB/daemon/daemon.sh"
lab_needs_root "rules by domain and destination, through a running gate" || lab_done

daemon_internet
lab_cert a good mx.a.lab
lab_cert b good mx.b.lab
lab_cert decent good decent.lab
lab_cert smart good smart.provider.lab
lab_cert liar good somebody.else.lab
{
	for domain in a b; do
		echo "$domain.lab MX 10 mx.$domain.lab"
		echo "mx.$domain.lab A 198.51.100.110"
	done
	echo "d.lab MX 10 mx.a.lab"
	echo "elsewhere.lab MX 10 mx.elsewhere.lab"
	echo "mx.elsewhere.lab A 198.51.100.199"
	echo "smart.provider.lab A 198.51.100.112"
	for domain in child.parent far.below.parent parent exact.parent below.exact.parent x.sub.parent notparent; do
		echo "$domain.lab MX 10 mx.$domain.lab"
		echo "mx.$domain.lab A 198.51.100.111"
	done
} >"$LAB_DIR/zone"

with() { echo "cert=$LAB_PKI/$1.crt key=$LAB_PKI/$1.key"; }
# shellcheck disable=SC2046
{
	daemon_server shared 110 name=shared.lab $(with decent) sni-mx.a.lab="$LAB_PKI/a.pem" sni-mx.b.lab="$LAB_PKI/b.pem"
	daemon_server plain 111 name=plain.lab
	daemon_server smart 112 name=smart.lab $(with smart) auth=yes tls-keywords="SIZE 777777,8BITMIME,AUTH PLAIN LOGIN"
	daemon_server decent 113 name=decent.lab $(with decent)
	daemon_server liar 114 name=liar.lab $(with liar) auth=yes "keywords=AUTH PLAIN LOGIN"
}

rules='log-format = json
domain ".parent.lab" { level = may }
domain "exact.parent.lab" { level = secure }
domain ".sub.parent.lab" { level = encrypt }
domain "a.lab" { level = verify }
domain "b.lab" { level = verify }
domain "d.lab" { level = verify }
domain "elsewhere.lab" { level = verify }
destination "198.51.100.112" {
	level = verify
	nexthop = "smart.provider.lab"
	auth = yes
}
destination "198.51.100.114/31" {
	level = secure
	nexthop = "liar.provider.lab"
	auth = yes
}'
lab_gate_conf "$rules"
lab_capture domains path gw0
lab_gate_start
daemon_run domains

status() { lab_in gw "$LAB_GATE" status; }
check "status lists what looks like a relay" grep -q 'look like relays' <(status)
check "with a rule for the address" grep -qE '^ *destination "2001:db8:100::112" \{' <(status)
rule=$(status | sed -n 's/^ *\(destination "2001:db8:100::112".*\)/\1/p' | sed 's/NAME.OF.THE.RELAY/smart.provider.lab/')
lab_gate_conf "$rules
$rule"
check "the rule, with the name filled in, is sound" lab_in gw "$LAB_GATE" check --config "$LAB_DIR/gate25.conf"
kill -HUP "$LAB_GATE_PID"
check "and is taken over" lab_until 10 lab_log gate25 'configuration 2 is in force'
relay_takes() {
	lab_in client python3 - 2001:db8:100::112 <<-'PY'
		import smtplib, sys
		client = smtplib.SMTP(sys.argv[1], timeout=20)
		client.ehlo("client.lan")
		client.login("alice", "sesam-open")
		client.sendmail("alice@lan.test", ["bob@any.lab"], "Subject: x\r\n\r\nrelay-mail\r\n")
		client.quit()
	PY
}
check "then the relay takes mail" relay_takes
check "delivered" lab_until 10 grep -rq relay-mail "$LAB_DIR/mails"

lab_gate_stop
lab_capture_stop domains client 198.51.100.1
strict=()
for n in 110 112 113 114 199; do
	strict+=(--to "198.51.100.$n" --to "2001:db8:100::$n")
done
check "nothing in clear to those of whom TLS was demanded, and no password anywhere" \
	wire domains --some --no-leak "${strict[@]}" --canary c2VzYW0tb3Blbg --canary AGFsaWNl --canary sesam-open
check "in clear only to the one whose rule says so" wire domains --leak --to 198.51.100.111
lab_done
