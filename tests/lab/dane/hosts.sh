# shellcheck shell=bash
# hosts.sh - domains whose mail servers are found in every way that DNS allows. One Postfix, at 198.51.100.11 to .14, is all
# of them; at .15 somebody takes STARTTLS out, at .16 another Postfix has none. Sourced after servers.sh and zones.sh.

# host ZONE NAME N [TLSA RDATA...]: NAME.ZONE at 198.51.100.N, with these TLSA records.
host() {
	local zone=$1 name=$2 n=$3 rdata
	shift 3
	lab_zone_records "$zone" "$name A 198.51.100.$n" "$name AAAA 2001:db8:100::$n"
	for rdata in "$@"; do
		lab_zone_records "$zone" "_25._tcp.$name TLSA $rdata"
	done
}

# domain ZONE NAME HOST...: NAME.ZONE has these hosts as MX, whole names, the preferred one first.
domain() {
	local zone=$1 name=$2 preference=10 host
	shift 2
	for host in "$@"; do
		lab_zone_records "$zone" "$name MX $preference $host."
		preference=$((preference + 10))
	done
}

hosts_chains() {
	lab_ca
	lab_cert leaf good mx.nobody.example && lab_chain leaf
	lab_cert original good original.signed.example && lab_chain original ca.crt
	lab_cert expanded good expanded.signed.example && lab_chain expanded ca.crt
	lab_cert host good mxhost.signed.example && lab_chain host ca.crt
	lab_cert other good mx.somebody-else.example && lab_chain other ca.crt
	chmod 644 "$LAB_PKI"/*.pem
	DIGEST=$(tlsa 3 1 1 leaf | cut -d ' ' -f 4)
	EE="3 1 1 $DIGEST" WRONG="3 1 1 $(printf 'cd%.0s' {1..32})"
	TA=$(tlsa 2 1 1 ca)
	UNUSABLE="1 1 1 $DIGEST"
}

# Hosts, and the domains that test one each.
hosts_records() {
	local zone=signed.example
	host $zone alike 11 "$EE"
	host $zone mismatch 11 "$WRONG"
	host $zone unusable 11 "$UNUSABLE"
	host $zone mxhost 11 "$TA"
	host $zone stripped 15 "$EE"
	host $zone stripped-unusable 15 "$UNUSABLE"
	host $zone plain 16
	host signed.nsec3 far 11 "$EE"
	# Nothing wrong with it but its TLSA records: altered, and denied without proof.
	host altered.example sick 12 "$EE"
	host altered.example sick1 11 "$EE"
	lab_zone_forge altered.example _25._tcp.sick.altered.example TLSA "$WRONG"
	lab_zone_forge altered.example _25._tcp.sick1.altered.example TLSA "$WRONG"

	domain $zone alike-domain alike.$zone
	domain $zone mismatch-domain mismatch.$zone
	domain $zone unusable-domain unusable.$zone
	domain $zone stripped-domain stripped.$zone
	domain $zone stripped-unusable-domain stripped-unusable.$zone
	domain $zone plain-domain plain.$zone
	domain $zone bare-domain bare.$zone
	domain $zone nowhere-domain nowhere.$zone
	domain altered.example sick-domain sick.altered.example
	domain nodenials.example denied-domain bare.nodenials.example
	domain nodenials.nsec3 denied-domain bare.nodenials.nsec3
	# The MX host is an alias.
	lab_zone_records $zone "alias-far CNAME far.signed.nsec3." "alias-out CNAME mx.unsigned.example." \
		"alias-out-bare CNAME mx.unsigned.example." "alias-bare CNAME bare" "alias-sick CNAME sick1.altered.example." \
		"_25._tcp.alias-out TLSA $EE" "_25._tcp.alias-bare TLSA $EE" "_25._tcp.alias-sick TLSA $EE" \
		"_25._tcp.alias-far TLSA $WRONG"
	domain $zone alias-domain alias-far.$zone
	domain $zone alias-out-domain alias-out.$zone
	domain $zone alias-out-bare-domain alias-out-bare.$zone
	domain $zone alias-bare-domain alias-bare.$zone
	domain $zone alias-sick-domain alias-sick.$zone
	domain $zone dname-domain far.tree.$zone
	domain $zone dname-stray-domain mx.stray.$zone
	# The TLSA records are elsewhere.
	host $zone tlsa-far 11
	host $zone tlsa-out 11
	host $zone tlsa-sick 11
	host $zone tlsa-nowhere 11
	host $zone tlsa-ring 11
	host $zone tlsa-wild 11
	host $zone tlsa-many 11 "$EE"
	lab_zone_records $zone "_25._tcp.tlsa-far CNAME _25._tcp.far.signed.nsec3." \
		"_25._tcp.tlsa-out CNAME _25._tcp.mx.unsigned.example." "_25._tcp.tlsa-sick CNAME _25._tcp.sick.altered.example." \
		"_25._tcp.tlsa-nowhere CNAME nowhere" "_25._tcp.tlsa-ring CNAME ring" "*._tcp.tlsa-wild TLSA $EE"
	for n in {1..40}; do
		lab_zone_records $zone "_25._tcp.tlsa-many TLSA 3 1 1 $(printf '%064x' "$n")"
	done
	for n in far out sick nowhere ring wild many; do
		domain $zone tlsa-$n-domain tlsa-$n.$zone
	done
	# The domain is an alias; the server shows the name of what it is an alias of, or that of the alias.
	host $zone shows-expanded 11 "$TA"
	host $zone shows-original 11 "$TA"
	domain $zone expanded shows-expanded.$zone
	domain $zone real shows-original.$zone
	lab_zone_records $zone "another CNAME expanded" "original CNAME real"
	lab_zone_records unsigned.example "stray CNAME expanded.signed.example."
	# No MX.
	host $zone implicit 11 "$EE"
	lab_zone_records $zone "implicit-alias CNAME implicit"
	# Several hosts: well, sick, and without records. A sixth address is nobody's.
	host $zone without 13
	domain $zone several mx.$zone sick.altered.example without.$zone
	domain $zone several-strict mismatch.$zone without.$zone
	domain $zone several-wrong mismatch.$zone sick.altered.example
	# The MX record is not signed, the host is.
	domain unsigned.example to-signed alike.$zone
	domain unsigned.example to-mismatch mismatch.$zone
	domain unsigned.example to-stripped stripped.$zone
	domain unsigned.example to-tahost mxhost.$zone
	# Nothing is signed, and the name server says nothing about TLSA.
	domain shy.example domain tlsalie-silent.shy.example
	host shy.example tlsalie-silent 11
}

# hosts_domains: every domain that has a mailbox.
hosts_domains() {
	local zone
	for zone in {signed,unsigned}.{example,nsec3,optout} {island,alien,altered,nosigs,lame,dead,slow,shy}.example \
		expired.{example,nsec3} nodenials.{example,nsec3} "$LAB_BOGUS"; do
		echo "$zone"
		[ -z "${LAB_ZONE_LINES[$zone]:-}" ] || awk -v zone="$zone" '
			$1 != "@" && $1 !~ /_/ && ($2 == "MX" || $2 == "CNAME" || $1 ~ /^implicit/) { print $1 "." zone }' \
			<<<"${LAB_ZONE_LINES[$zone]}"
	done | sort -u
	echo nowhere-at-all.example
}

# hosts_world: everything, up to a resolver on the gateway's loopback that validates.
hosts_world() {
	local domains
	hosts_chains
	zones_world
	lab_server servers 11 12 13 14 15
	lab_server plain 16
	hosts_records
	lab_dns_signed
	zones_slow_server
	mapfile -t domains < <(hosts_domains)
	dane_shows leaf alike.signed.example
	dane_shows host mxhost.signed.example
	dane_shows expanded shows-expanded.signed.example
	dane_shows original shows-original.signed.example
	dane_server leaf "${domains[@]}"
	lab_postfix_server mx-plain plain "" plain-domain.signed.example
	DANE_MAILBOX+=:${LAB_ROOT_OF[mx-plain]}/var/mail/lab/all
	lab_strip mask 198.51.100.15 2001:db8:100::15
	lab_unbound gateway gw 127.0.0.1 validates
}
