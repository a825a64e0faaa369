#!/usr/bin/env bash
# Published policies and the operator's rules: a rule with another level goes first, a next hop has the policy asked for,
# and where nothing is enforced the log tells what would have been refused. Then several domains in one SMTP session.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

lab_internet
lab_server servers 11 12
sts_hosts_begin
lab_ca
names=(encrypt may verify lenient strict hop other-hop good)
domains=("${names[@]/%/.example}")
lab_cert web good "${domains[@]/#/mta-sts.}"
lab_cert good good mx.good.example mx.hop.example && lab_chain good
lab_cert other good mx.somebody-else.example && lab_chain other
chmod 644 "$LAB_PKI"/*.pem
for name in "${names[@]}"; do
	n=11
	[[ $name != *hop ]] || n=12
	lab_host_records "mx.$name" $n
	lab_records "$name MX 10 mx.$name"
	sts_domain "$name" enforce "mx.$name.example"
done
dane_shows good mx.good.example mx.hop.example
lab_records "client MX 10 mx.strict"
lab_dns_signed
sts_hosts_start web
dane_server other "${domains[@]}" client.example

sts_gate 'domain "encrypt.example" { level = encrypt }' 'domain "may.example" { level = may }' \
	'domain "verify.example" { level = verify }' 'domain "lenient.example" { level = dane enforce = no }' \
	'destination "198.51.100.12" { level = dane nexthop = "hop.example" }'
dane_cases rules <<-'TABLE'
	encrypt: no policy is asked for|bob@encrypt.example|198.51.100.11|250|level=encrypt policy=rule authenticated=no
	may: nor here|bob@may.example|198.51.100.11|250|level=may policy=rule authenticated=no
	verify: nor here|bob@verify.example|198.51.100.11|451 4.7.5|level=verify policy=rule result=certificate-host-mismatch
	no rule: the policy|bob@strict.example|198.51.100.11|451 4.7.5|level=verify policy=sts result=certificate-host-mismatch
	the same over IPv6|bob@strict.example|2001:db8:100::11|451 4.7.5|level=verify policy=sts result=certificate-host-mismatch
	enforce = no: delivered|bob@lenient.example|198.51.100.11|250|authenticated=no
	a next hop has its own policy|bob@client.example|198.51.100.12|250|level=verify policy=sts authenticated=yes sni=mx.hop.example
TABLE
check "enforce = no: the log tells what would have been refused" \
	sts_event would-refuse domain=lenient.example policy=sts result=certificate-host-mismatch
for name in encrypt may verify; do
	check "$name: its policy host was not asked" [ "$(sts_asked $name)" -eq 0 ]
done
dane_gate_stop
sts_gate 'destination "198.51.100.12" { level = dane nexthop = "other-hop.example" }'
dane_cases hop <<-'TABLE'
	a next hop whose policy is not met|bob@client.example|198.51.100.12|421 4.7.5|level=verify policy=sts result=certificate-host-mismatch
TABLE
dane_gate_stop
sts_gate "enforce = no"
dane_cases report <<-'TABLE'
	a gate that enforces nothing|bob@strict.example|198.51.100.11|250|authenticated=no
	and a policy that is met|bob@good.example|198.51.100.11|250|level=verify policy=sts authenticated=yes
TABLE
check "the log tells what would have been refused" \
	sts_event would-refuse domain=strict.example policy=sts result=certificate-host-mismatch
check "and only that" ! sts_event would-refuse domain=good.example
dane_gate_stop

# One after another in one session: each is held to its own policy, on the same server.
sts_gate
lab_capture sessions path gw0
lab_in client python3 - "$LAB" >"$LAB_DIR/results" 2>"$LAB_DIR/errors" <<-'PY'
	import sys
	sys.path.insert(0, sys.argv[1] + "/daemon")
	import smtp
	from smtp import result
	client = smtp.Client("198.51.100.11")
	client.hello()
	for domain, want in (("good", 250), ("strict", 451), ("good", 250), ("encrypt", 451), ("good", 250)):
	    client.say("MAIL FROM:<alice@lan.test>")
	    reply = client.say(f"RCPT TO:<bob@{domain}.example>")
	    result(f"in one session, {domain}: {want}", reply[0] == want, reply)
	    if want == 250:
	        result("and the message is taken", client.content("canary-sessions")[0] == 250)
	    else:
	        client.say("RSET")
	client.say("MAIL FROM:<alice@lan.test>")
	replies = [client.say(f"RCPT TO:<bob@{domain}.example>")[0] for domain in ("good", "strict", "good")]
	result("in one transaction: those whose policy this server meets", replies[0] == replies[2] == 250 and
	       400 <= replies[1] < 500, replies)
	result("and the message is taken", client.content("canary-sessions")[0] == 250)
	client.quit()
PY
same "the sessions run to their end" 0 $?
lab_results "$LAB_DIR/results" || note "$(cat "$LAB_DIR/errors")"
lab_capture_stop sessions gw 198.51.100.1
check "on the wire: nothing in clear" wire sessions --no-leak --some --tls --canary canary-
lab_done
