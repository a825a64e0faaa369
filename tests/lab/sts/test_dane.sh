#!/usr/bin/env bash
# DANE and MTA-STS of one domain: DANE decides where it can; a policy is never switched off by TLSA records that prove
# nothing (RFC 8461 s. 2).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/web.sh"

# NAME | zone of the MX record: signed or unsigned | TLSA of the MX host: right, wrong, unusable, none | policy | chain
# that the MX host shows | REPLY | keys of the log
# Chains: good  the name of the MX host, by the lab's authority        self  by nobody
table() {
	cat <<-'TABLE'
		both|signed|right|enforce mx|good|250|level=dane policy=dane authenticated=yes
		dane-alone|signed|right|enforce mx|self|250|level=dane policy=dane authenticated=yes
		dane-other-mx|signed|right|enforce mx.nobody.example|good|250|level=dane policy=dane authenticated=yes
		dane-fails|signed|wrong|enforce mx|good|451 4.7.5|level=dane policy=dane result=tlsa-invalid
		dane-fails-testing|signed|wrong|testing mx|good|451 4.7.5|level=dane policy=dane result=tlsa-invalid
		dane-fails-none|signed|wrong|none|good|451 4.7.5|level=dane policy=dane result=tlsa-invalid
		unusable|signed|unusable|enforce mx|good|250|level=verify policy=sts authenticated=yes
		unusable-self|signed|unusable|enforce mx|self|451 4.7.5|policy=sts result=certificate-not-trusted
		unusable-other-mx|signed|unusable|enforce mx.nobody.example|good|451 4.7.5|policy=sts result=validation-failure
		unusable-testing|signed|unusable|testing mx|self|250|level=encrypt policy=dane-unusable authenticated=no
		without|signed|none|enforce mx|good|250|level=verify policy=sts authenticated=yes
		without-self|signed|none|enforce mx|self|451 4.7.5|policy=sts result=certificate-not-trusted
		insecure-both|unsigned|right|enforce mx|good|250|level=dane
		insecure-self|unsigned|right|enforce mx|self|451 4.7.5|result=certificate-not-trusted
		insecure-fails|unsigned|wrong|enforce mx|good|451 4.7.5|level=dane result=tlsa-invalid
		insecure-testing|unsigned|right|testing mx|self|250|level=dane authenticated=no
	TABLE
}

DIGEST=$(printf 'cd%.0s' {1..32})
names() { table | cut -d '|' -f 1; }

lab_internet
lab_server servers 11
sts_hosts_begin
mapfile -t names < <(names)
domains=("${names[@]/%/.example}")
sts_chains "${names[@]}"

# The MX hosts are in "example", which is signed; the domains are in it too, or have an unsigned zone.
while IFS='|' read -r name zone tlsa policy chain reply wants <&3; do
	lab_host_records "mx-$name" 11
	case $tlsa in
	right) lab_records "_25._tcp.mx-$name TLSA $(tlsa 3 1 1 "$chain")" ;;
	wrong) lab_records "_25._tcp.mx-$name TLSA 3 1 1 $DIGEST" ;;
	unusable) lab_records "_25._tcp.mx-$name TLSA 1 1 1 $DIGEST" ;;
	esac
	dane_shows "$chain" "mx-$name.example"
	read -ra policy <<<"$policy"
	sts_policy "${policy[@]/%mx/mx-$name.example}" | sts_serve "$name"
	if [ "$zone" = signed ]; then
		lab_records "$name MX 10 mx-$name"
		sts_txt "$name"
		sts_at "$name" 31
	else
		lab_zone "$name.example" none none
		lab_zone_records "$name.example" "@ MX 10 mx-$name.example." '_mta-sts TXT "v=STSv1; id=1;"' "mta-sts A 198.51.100.31"
	fi
	echo "$name|bob@$name.example|198.51.100.11|$reply|$wants"
done 3< <(table) >"$LAB_DIR/cases"
lab_dns_signed
sts_hosts_start web
dane_server good "${domains[@]}"
sts_gate
dane_cases dane <"$LAB_DIR/cases"
dane_gate_stop
# Without DNSSEC there is no DANE, and MTA-STS is there all the same.
sts_gate "dnssec = off"
dane_cases off < <(while IFS='|' read -r name _ _ policy chain _; do
	case $policy,$chain in
	enforce\ mx,good) echo "off: $name|bob@$name.example|198.51.100.11|250|level=verify policy=sts authenticated=yes" ;;
	enforce\ mx,self) echo "off: $name|bob@$name.example|198.51.100.11|451 4.7.5|policy=sts result=certificate-not-trusted" ;;
	enforce*) echo "off: $name|bob@$name.example|198.51.100.11|451 4.7.5|policy=sts result=validation-failure" ;;
	*) echo "off: $name|bob@$name.example|198.51.100.11|250|level=may policy=floor" ;;
	esac
done < <(table))
lab_done
