#!/usr/bin/env bash
# What the operator permits: `may`, `none`, `enforce = no`, and destination rules. The mail goes, in clear where nothing
# better is there, and the log says what would have been refused.
. "$(dirname "$0")/fakes.sh"

table() {
	cat <<-'TABLE'
		may, with TLS||0|250|--some --tls --no-leak
		may, no STARTTLS|no-starttls=yes|0|250|--some --no-tls --leak
		may, STARTTLS refused|starttls="454 4.7.0 not now"|0|250|--some --no-tls --leak
		may, garbage for a handshake|garbage=yes|0|250|--some --no-tls --leak
		may, TLS 1.1|tls=1.1|0|250|--some --no-tls --leak
		none: STARTTLS is not tried||0|250|--some --no-tls --leak
		encrypt beside them, no STARTTLS|no-starttls=yes|4|451 4.7.4|--some --no-tls --no-leak
		report only, no STARTTLS|no-starttls=yes|0|250|--some --no-tls --leak
		report only, another's name|certname=mx.other.example|0|250|--some --tls --no-leak
		report only, a good one||0|250|--some --tls --no-leak
		report only, TLS 1.1|tls=1.1|0|250|--some --no-tls --leak
		a destination rule that verifies||0|250|--some --tls --no-leak --sni relay.example
		a destination rule, another's name|certname=mx.other.example|4|4.7.5|--some --no-leak
		a destination rule, no STARTTLS|no-starttls=yes|4|4.7.4|--some --no-leak
	TABLE
}

fake_internet 15
for n in 12 14; do
	lab_cert c$n good relay.example
done
may='' report=''
for n in 1 2 3 4 5; do may+="domain c$n.example { level = may }"$'\n'; done
for n in 8 9 10 11; do report+="domain c$n.example { level = secure enforce = no }"$'\n'; done
rule='{ level = verify nexthop = relay.example match = relay.example servername = relay.example }'
lab_gate_conf "$may $report
	domain c6.example { level = none }
	destination 198.51.100.112/31 $rule
	destination 198.51.100.114/32 $rule
	destination 2001:db8:100::112/127 $rule
	destination 2001:db8:100::114/128 $rule"
lab_gate_start

while IFS='|' read -r name want expected text conditions <&3; do
	eval "wants=($want)"
	fake_start "${wants[@]}"
	fake_case "$name" "$expected" "$text" "$conditions"
	lab_kill "$FAKE_PID"
done 3< <(table)
same "each row had a domain" 14 $FAKES

for n in 8 9 11; do
	check "the log tells of what c$n.example would have been refused" \
		grep -qE "c$n\.example.*(starttls-not-supported|certificate-host-mismatch|validation-failure)" "$LAB_DIR/log/gate25"
done

# Several recipients: one domain in a transaction, or one server for both.
FAKES=14
fake_start
fake_send client 198.51.100.115 --to user@c7.example
same "a second domain that the same server may have is taken" 0 $SENT
same "with one mail for both" "1 2" "$(fake_mails) $(cat "$LAB_DIR"/mail/15/* | grep -c X-Lab-Recipient)"
lab_done
