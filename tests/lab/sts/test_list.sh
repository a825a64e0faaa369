#!/usr/bin/env bash
# The STARTTLS-Everywhere list beside DANE and MTA-STS: it comes last. A policy that a domain publishes, of whatever mode,
# puts the list aside; where one was announced and cannot be fetched, the list holds.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

# NAME | on the list: MODE MX-HOST, or - | policy: MODE PATTERN, - or "down" (announced, and nobody serves it) | TLSA of the
# MX host: right, none | chain that the MX host shows | REPLY | keys of the log. mx: the domain's own MX host.
# Chains: good  the name of the MX host, by the lab's authority        self  by nobody
table() {
	cat <<-'TABLE'
		list|enforce mx|-|none|good|250|level=verify policy=list authenticated=yes
		list-self|enforce mx|-|none|self|451 4.7.5|policy=list result=certificate-not-trusted
		list-other|enforce mx.nobody.example|-|none|good|451 4.7.5|policy=list
		list-testing|testing mx|-|none|self|250|level=may policy=floor authenticated=no
		sts-mends|enforce mx.nobody.example|enforce mx|none|good|250|level=verify policy=sts authenticated=yes
		sts-breaks|enforce mx|enforce mx.nobody.example|none|good|451 4.7.5|policy=sts result=validation-failure
		sts-testing|enforce mx.nobody.example|testing mx|none|self|250|level=may policy=floor authenticated=no
		sts-none|enforce mx.nobody.example|none|none|self|250|level=may policy=floor authenticated=no
		sts-alone|-|enforce mx|none|self|451 4.7.5|policy=sts result=certificate-not-trusted
		down|enforce mx|down|none|self|451 4.7.5|policy=list result=certificate-not-trusted
		down-good|enforce mx|down|none|good|250|level=verify policy=list authenticated=yes
		down-alone|-|down|none|self|250|level=may policy=floor authenticated=no
		dane|enforce mx.nobody.example|-|right|self|250|level=dane policy=dane authenticated=yes
		nothing|-|-|none|self|250|level=may policy=floor authenticated=no
	TABLE
}

names() { table | cut -d '|' -f 1; }
list() {
	local name entry mode mx comma=
	echo "{\"timestamp\": $(date +%s), \"expires\": $(($(date +%s) + 86400)), \"version\": \"0.1\","
	echo '"policy-aliases": {}, "policies": {'
	while IFS='|' read -r name entry _; do
		[ "$entry" != - ] || continue
		read -r mode mx <<<"$entry"
		echo "$comma\"$name.example\": {\"mode\": \"$mode\", \"mxs\": [\"${mx/%mx/mx-$name.example}\"]}"
		comma=,
	done < <(table)
	echo '}}'
}

lab_internet
lab_server servers 11
sts_hosts_begin
mapfile -t names < <(names)
domains=("${names[@]/%/.example}")
sts_chains "${names[@]}"
while IFS='|' read -r name _ policy tlsa chain reply wants <&3; do
	lab_records "$name MX 10 mx-$name"
	lab_host_records "mx-$name" 11
	[ "$tlsa" = none ] || lab_records "_25._tcp.mx-$name TLSA $(tlsa 3 1 1 "$chain")"
	dane_shows "$chain" "mx-$name.example"
	case $policy in
	-) ;;
	down) sts_txt "$name" && sts_at "$name" 33 ;;
	*)
		read -ra policy <<<"$policy"
		sts_domain "$name" "${policy[@]/%mx/mx-$name.example}"
		;;
	esac
	echo "$name|bob@$name.example|198.51.100.11|$reply|$wants"
done 3< <(table) >"$LAB_DIR/cases"
list >"$LAB_DIR/policy.json"
lab_dns_signed
sts_hosts_start web
dane_server good "${domains[@]}"
check "the list has no defect" lab_in gw "$LAB_GATE" list check "$LAB_DIR/policy.json"
sts_gate "list-file = $LAB_DIR/policy.json"
dane_cases list <"$LAB_DIR/cases"
check "a testing entry tells what it would refuse" sts_event would-refuse domain=list-testing.example policy=list
check "and no entry that a policy puts aside" ! sts_event would-refuse domain=sts-none.example
dane_gate_stop
# Without DNSSEC, and without MTA-STS: the list is what is left.
sts_gate "list-file = $LAB_DIR/policy.json" "dnssec = off" "mta-sts = no"
dane_cases alone < <(while IFS='|' read -r name entry _ _ chain _; do
	case $entry,$chain in
	enforce\ mx,good) echo "alone: $name|bob@$name.example|198.51.100.11|250|level=verify policy=list authenticated=yes" ;;
	enforce\ mx,self) echo "alone: $name|bob@$name.example|198.51.100.11|451 4.7.5|policy=list result=certificate-not-trusted" ;;
	enforce*) echo "alone: $name|bob@$name.example|198.51.100.11|451 4.7.5|policy=list" ;;
	*) echo "alone: $name|bob@$name.example|198.51.100.11|250|level=may policy=floor" ;;
	esac
done < <(table))
lab_done
