#!/usr/bin/env bash
# The small internet without the gate: names resolve, Postfix talks to Postfix and to Exim, and the stripper strips. What
# the gate has to prevent does happen here.
. "$(dirname "$0")/lib.sh"
. "$LAB/internet.sh"
. "$LAB/mail.sh"

lab_internet
lab_server good 11
lab_server exim 12
lab_server plain 13
lab_server stripped 14
lab_host_records mx.good 11
lab_host_records mx.exim 12
lab_host_records mx.plain 13
lab_host_records mx.stripped 14
lab_records "good MX 10 mx.good" "exim MX 10 mx.exim" "plain MX 10 mx.plain" "stripped MX 10 mx.stripped"
lab_dns
check "a name resolves" lab_resolves mx.good.example
check "a name that is not there does not" ! lab_resolves nowhere.example

lab_ca
lab_cert good good mx.good.example
lab_cert exim good mx.exim.example
lab_cert stripped good mx.stripped.example
lab_postfix_server mx-good good good good.example
lab_exim_server mx-exim exim exim exim.example
lab_postfix_server mx-plain plain "" plain.example
lab_postfix_server mx-stripped stripped stripped stripped.example
lab_postfix mta client smtp_tls_security_level=may smtp_tls_CAfile=/etc/lab/ca.crt
lab_strip mask 198.51.100.14 2001:db8:100::14
lab_capture wire path gw0

for domain in good exim plain stripped; do
	lab_sendmail mta client "bob@$domain.example" "canary-$domain"
	check "$domain: Postfix tries" lab_until 30 lab_mta_tried mta "bob@$domain.example"
	check "$domain: and delivers" lab_until 10 grep -q 'status=sent' <(lab_mta_log mta "bob@$domain.example")
	check "$domain: the mail is in the mailbox" lab_until 10 lab_mail "mx-$domain" "canary-$domain"
done
lab_capture_stop wire gw 198.51.100.1
check "good: over TLS" wire wire --to 198.51.100.11 --to 2001:db8:100::11 --tls --no-leak --some --canary canary-good
check "exim: over TLS" wire wire --to 198.51.100.12 --to 2001:db8:100::12 --tls --no-leak --some --canary canary-exim
check "plain: in clear" wire wire --to 198.51.100.13 --to 2001:db8:100::13 --leak --canary canary-plain
check "stripped: in clear" wire wire --to 198.51.100.14 --to 2001:db8:100::14 --leak --no-tls --canary canary-stripped
lab_done
