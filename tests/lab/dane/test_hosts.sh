#!/usr/bin/env bash
# How MX hosts and their TLSA records are found, and what a failure on the way comes to: signed, unsigned and broken
# zones, aliases, wildcards, several hosts. The floor is "may": what is refused here nothing but DNSSEC and DANE refuses.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/servers.sh"
. "$(dirname "$0")/zones.sh"
. "$(dirname "$0")/hosts.sh"

# RECIPIENT DOMAIN | server, the last number (6: over IPv6) | what becomes of the mail
#   pass BASE       delivered, authenticated by the TLSA records of BASE
#   insecure BASE   the same, but the MX record was not signed: that is not called authenticated
#   floor           DANE does not apply: delivered over TLS, because the server has it
#   unusable        delivered over TLS, nobody was authenticated
#   no-mx           451 4.4.3: the MX hosts could not be looked up
#   no-tlsa         451 4.7.5: the TLSA records, or the addresses of the host that has them, could not be looked up
#   mismatch        451 4.7.5: no record matches
#   other-name      451 4.7.5: a certificate of the right authority, for a name that does not count
#   not-mx          451 4.7.1: no MX host has this address, and the server does not authenticate as one
#   stripped        451 4.7.4: no STARTTLS
# (Unbound fails to answer what a DNAME into an unsigned zone makes of a name, asked for its CNAME. So that host waits.)
table() {
	cat <<-'TABLE'
		signed.example|11|pass mx.signed.example
		signed.nsec3|11|pass mx.signed.nsec3
		signed.optout|11|pass mx.signed.optout
		alike-domain.signed.example|11|pass alike.signed.example
		alike-domain.signed.example|6:11|pass alike.signed.example
		mismatch-domain.signed.example|6:11|mismatch
		stripped-domain.signed.example|6:15|stripped
		several.signed.example|6:13|floor
		several.signed.example|6:14|pass mx.signed.example
		unsigned.example|11|floor
		unsigned.nsec3|11|floor
		unsigned.optout|11|floor
		island.example|11|floor
		alien.example|11|floor
		bogus.example|11|no-mx
		expired.example|11|no-mx
		expired.nsec3|11|no-mx
		nosigs.example|11|no-mx
		lame.example|11|no-mx
		dead.example|11|no-mx
		slow.example|11|pass mx.slow.example
		nodenials.example|11|pass mx.nodenials.example
		nodenials.nsec3|11|pass mx.nodenials.nsec3
		denied-domain.nodenials.example|11|no-tlsa
		denied-domain.nodenials.nsec3|11|no-tlsa
		altered.example|11|no-tlsa
		sick-domain.altered.example|12|no-tlsa
		mismatch-domain.signed.example|11|mismatch
		unusable-domain.signed.example|11|unusable
		bare-domain.signed.example|11|floor
		null.signed.example|11|floor
		nowhere-at-all.example|11|floor
		nowhere-domain.signed.example|11|floor
		alias-domain.signed.example|11|pass far.signed.nsec3
		alias-out-domain.signed.example|11|pass alias-out.signed.example
		alias-out-bare-domain.signed.example|11|floor
		alias-bare-domain.signed.example|11|pass alias-bare.signed.example
		alias-sick-domain.signed.example|11|no-tlsa
		dname-domain.signed.example|11|pass far.signed.nsec3
		dname-stray-domain.signed.example|11|no-tlsa
		tlsa-far-domain.signed.example|11|pass tlsa-far.signed.example
		tlsa-out-domain.signed.example|11|floor
		tlsa-sick-domain.signed.example|11|no-tlsa
		tlsa-nowhere-domain.signed.example|11|floor
		tlsa-ring-domain.signed.example|11|no-tlsa
		tlsa-wild-domain.signed.example|11|pass tlsa-wild.signed.example
		tlsa-many-domain.signed.example|11|pass tlsa-many.signed.example
		implicit.signed.example|11|pass implicit.signed.example
		implicit-alias.signed.example|11|pass implicit.signed.example
		expanded.signed.example|11|pass shows-expanded.signed.example
		another.signed.example|11|pass shows-expanded.signed.example
		stray.unsigned.example|11|other-name
		original.signed.example|11|pass shows-original.signed.example
		real.signed.example|11|other-name
		domain.shy.example|11|floor
		several.signed.example|11|pass mx.signed.example
		several.signed.example|12|no-tlsa
		several.signed.example|13|floor
		several.signed.example|14|pass mx.signed.example
		several-wrong.signed.example|14|not-mx
		to-signed.unsigned.example|11|insecure alike.signed.example
		to-mismatch.unsigned.example|11|mismatch
		stripped-domain.signed.example|15|stripped
		to-stripped.unsigned.example|15|stripped
		stripped-unusable-domain.signed.example|15|stripped
	TABLE
}

row() {
	local name="$1 at .$2" domain=$1 server=198.51.100.$2 what=$3
	[[ $2 != 6:* ]] || server=2001:db8:100::${2#6:}
	case $what in
	pass*) echo "$name|bob@$domain|$server|250|level=dane policy=dane authenticated=yes sni=${what#pass }" ;;
	floor) echo "$name|bob@$domain|$server|250|level=may policy=floor authenticated=no" ;;
	unusable) echo "$name|bob@$domain|$server|250|level=encrypt policy=dane-unusable authenticated=no" ;;
	no-mx) echo "$name|bob@$domain|$server|451 4.4.3|verdict=failed" ;;
	no-tlsa) echo "$name|bob@$domain|$server|451 4.7.5|result=dnssec-invalid" ;;
	insecure*) echo "$name|bob@$domain|$server|250|level=dane policy=dane authenticated=no sni=${what#insecure } tlsa=3_1_1" ;;
	not-mx) echo "$name|bob@$domain|$server|451 4.7.1|level=dane verdict=refuse" ;;
	mismatch) echo "$name|bob@$domain|$server|451 4.7.5|level=dane result=tlsa-invalid" ;;
	other-name) echo "$name|bob@$domain|$server|451 4.7.5|level=dane result=certificate-host-mismatch" ;;
	stripped) echo "$name|bob@$domain|$server|451 4.7.4|result=starttls-not-supported" ;;
	esac
}

hosts_world
LAB_GATE_RESOLVERS=127.0.0.1
dane_gate "dnssec = trust-ad" "floor = may"
while IFS='|' read -r domain n what <&3; do
	row "$domain" "$n" "$what"
done 3< <(table) >"$LAB_DIR/cases"
dane_cases found <"$LAB_DIR/cases"
lab_done
