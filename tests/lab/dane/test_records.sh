#!/usr/bin/env bash
# Every kind of TLSA record against every kind of certificate: a real Postfix (and an Exim) shows the chain, gate25 judges
# it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/servers.sh"

# DOMAIN (.example) | chain shown | TLSA records: USAGE SELECTOR TYPE, and a certificate or =HEX | what becomes of the mail
#   pass RECORD     delivered, authenticated by that record
#   refuse RESULT   451 4.7.5
#   open            delivered over TLS; nobody was authenticated
# Chains: stale    by nobody, over since yesterday, somebody else's name      expired  by the CA, over since yesterday
#         leaf     the name of the MX host; leaf, CA                          other    somebody else's name; leaf, CA
#         lone     the same without the CA                                    subject  the name in the subject alone; leaf, CA
#         below    leaf, intermediate                                         domain   the recipient's domain; leaf, CA
#         self     by nobody, the name of the MX host                         wild     *.DOMAIN; leaf, CA
table() {
	cat <<-'TABLE'
		ee-spki-sha256|stale|3 1 1 stale|pass 3 1 1
		ee-cert-sha256|stale|3 0 1 stale|pass 3 0 1
		ee-spki-sha512|stale|3 1 2 stale|pass 3 1 2
		ee-cert-sha512|stale|3 0 2 stale|pass 3 0 2
		ee-cert-full|stale|3 0 0 stale|pass 3 0 0
		ee-spki-full|stale|3 1 0 stale|pass 3 1 0
		ee-no-match|leaf|3 1 1 stale|refuse tlsa-invalid
		ee-full-no-match|leaf|3 0 0 stale|refuse tlsa-invalid
		ee-is-the-ca|leaf|3 1 1 ca|refuse tlsa-invalid
		ee-rollover|leaf|3 1 1 stale, 3 1 1 leaf|pass 3 1 1
		ta-cert-sha256|leaf|2 0 1 ca|pass 2 0 1
		ta-spki-sha256|leaf|2 1 1 ca|pass 2 1 1
		ta-cert-sha512|leaf|2 0 2 ca|pass 2 0 2
		ta-cert-full|leaf|2 0 0 ca|pass 2 0 0
		ta-spki-full|leaf|2 1 0 ca|pass 2 1 0
		ta-full-not-sent|lone|2 0 0 ca|pass 2 0 0
		ta-digest-not-sent|lone|2 0 1 ca|refuse tlsa-invalid
		ta-spki-not-sent|lone|2 1 1 ca|refuse tlsa-invalid
		ta-intermediate|below|2 1 1 inter|pass 2 1 1
		ta-intermediate-cert|below|2 0 1 inter|pass 2 0 1
		ta-above-what-is-sent|below|2 0 0 ca|pass 2 0 0
		ta-no-match|leaf|2 1 1 inter|refuse tlsa-invalid
		ta-itself|self|2 1 1 self|pass 2 1 1
		ta-itself-stale|stale|2 1 1 stale|refuse certificate-(expired|host-mismatch)
		ta-expired|expired|2 1 1 ca|refuse certificate-expired
		ta-wrong-name|other|2 1 1 ca|refuse certificate-host-mismatch
		ta-wrong-name-full|other|2 0 0 ca|refuse certificate-host-mismatch
		ta-name-of-domain|domain|2 1 1 ca|pass 2 1 1
		ta-wildcard|wild|2 1 1 ca|pass 2 1 1
		ta-name-in-subject|subject|2 1 1 ca|pass 2 1 1
		either|leaf|3 1 1 stale, 2 1 1 ca|pass 2 1 1
		either-the-other|leaf|3 1 1 leaf, 2 1 1 stale|pass 3 1 1
		agility-strong-wrong|leaf|3 1 1 leaf, 3 1 2 stale|refuse tlsa-invalid
		agility-weak-wrong|leaf|3 1 1 stale, 3 1 2 leaf|pass 3 1 2
		agility-full-stays|leaf|3 1 0 leaf, 3 1 2 stale|pass 3 1 0
		agility-selectors-apart|leaf|3 0 1 leaf, 3 1 2 stale|pass 3 0 1
		agility-unusable-strong|leaf|3 1 1 leaf, 3 1 2 =abcd|pass 3 1 1
		unusable-usage-0|other|0 0 1 ca|open
		unusable-usage-1|other|1 1 1 other|open
		unusable-usage-255|other|255 1 1 other|open
		unusable-selector|other|3 2 1 stale|open
		unusable-type|other|3 1 3 stale|open
		unusable-short|other|3 1 1 =abababababababababababababababababababababababababababababab|open
		unusable-long|other|3 1 1 =abababababababababababababababababababababababababababababababab00|open
		unusable-no-certificate|other|3 0 0 =3082deadbeef|open
		unusable-no-key|other|3 1 0 =deadbeef|open
		unusable-no-ca|other|2 0 0 =3003020101|open
		usable-beside-unusable|leaf|1 1 1 leaf, 3 1 1 stale|refuse tlsa-invalid
		no-records|other||open
		exim-pass|exim|3 1 1 exim|pass 3 1 1
		exim-refuse|exim|3 1 1 stale|refuse tlsa-invalid
	TABLE
}

names() { table | cut -d '|' -f 1; }
hosts() { names | sed "s/.*/$1&.example/" | tr '\n' ' '; }

chains() {
	local names
	read -ra names <<<"$(hosts mx.)"
	lab_ca
	lab_inter
	lab_cert_expired_self stale mx.somebody-else.example
	lab_cert leaf good "${names[@]}" && lab_chain leaf ca.crt
	cp "$LAB_PKI/leaf.crt" "$LAB_PKI/lone.crt" && cp "$LAB_PKI/leaf.key" "$LAB_PKI/lone.key" && lab_chain lone
	lab_cert_by inter below /CN=below "subjectAltName=$(sed 's/ / /g; s/[^ ]* /DNS:&/g; s/ $//; s/ /,/g' <<<"$(hosts mx.)")"
	lab_chain below inter.crt
	lab_cert self self-signed mx.ta-itself.example
	lab_cert expired expired "${names[@]}" && lab_chain expired ca.crt
	lab_cert other good mx.somebody-else.example && lab_chain other ca.crt
	lab_cert_by ca subject /CN=mx.ta-name-in-subject.example && lab_chain subject ca.crt
	lab_cert domain good ta-name-of-domain.example && lab_chain domain ca.crt
	lab_cert wild good '*.ta-wildcard.example' && lab_chain wild ca.crt
	lab_cert exim good mx.somebody-else.example
	chmod 644 "$LAB_PKI"/*.pem
}

# row_records NAME RECORDS
row_records() {
	local record fields
	while IFS= read -r record; do
		read -ra fields <<<"$record"
		[ ${#fields[@]} -eq 4 ] || continue
		case ${fields[3]} in
		=*) lab_records "_25._tcp.mx.$1 TLSA ${fields[*]:0:3} ${fields[3]#=}" ;;
		*) lab_records "_25._tcp.mx.$1 TLSA $(tlsa "${fields[@]}")" ;;
		esac
	done < <(tr ',' '\n' <<<"$2")
}

# row NAME SERVER WHAT: the case for cases.py.
row() {
	local name=$1 server=$2 what=$3 policy=dane-unusable
	[ "$name" != no-records ] || policy=floor
	case $what in
	pass*)
		what=$(tr ' ' _ <<<"${what#pass }")
		echo "$name|bob@$name.example|$server|250|level=dane policy=dane authenticated=yes tlsa=$what"
		;;
	refuse*) echo "$name|bob@$name.example|$server|451 4.7.5|level=dane verdict=refuse result=${what#refuse }" ;;
	open) echo "$name|bob@$name.example|$server|250|level=encrypt policy=$policy authenticated=no tlsa=" ;;
	esac
}

# Postfix names the digest that the server signed with only of a full handshake.
resumed() { [ "$(grep 'TLS connection established' "$LAB_DIR/log/servers" | grep -cv server-digest)" -gt 0 ]; }

lab_internet
lab_server servers 11
lab_server exim 12
chains
: >"$LAB_DIR/cases"
while IFS='|' read -r name chain records what <&3; do
	n=11 && [ "$chain" = exim ] && n=12
	lab_host_records "mx.$name" $n
	lab_records "$name MX 10 mx.$name"
	row_records "$name" "$records"
	dane_shows "$chain" "mx.$name.example"
	row "$name" "198.51.100.$n" "$what" >>"$LAB_DIR/$([ $n = 12 ] && echo exim-cases || echo cases)"
done 3< <(table)
lab_dns_signed
read -ra domains <<<"$(hosts "")"
dane_server other "${domains[@]}"
lab_exim_server mx-exim exim exim exim-pass.example exim-refuse.example
dane_gate "dnssec = trust-ad" "trusted-resolvers = {$LAB_RESOLVER}"
dane_cases postfix <"$LAB_DIR/cases"
# With the verdicts kept and TLS sessions resumed all must come to the same.
dane_cases again < <(sed 's/^/again, /' "$LAB_DIR/cases")
check "TLS sessions were resumed" lab_until 5 resumed
DANE_MAILBOX=${LAB_ROOT_OF[mx-exim]}/var/mail/lab/all
dane_cases exim <"$LAB_DIR/exim-cases"
lab_done
