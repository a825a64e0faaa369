#!/usr/bin/env bash
# The same mail in every way to prove DNSSEC: an AD bit that is believed, validation over forwarders of both kinds, own
# recursion, and what "auto" makes of the resolvers that it finds.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/servers.sh"
. "$(dirname "$0")/zones.sh"
. "$(dirname "$0")/hosts.sh"

# RECIPIENT DOMAIN | server, the last number | REPLY | keys of the log
table() {
	cat <<-'TABLE'
		signed.example|11|250|level=dane authenticated=yes sni=mx.signed.example tlsa=3_1_1
		signed.nsec3|11|250|level=dane authenticated=yes
		signed.optout|11|250|level=dane authenticated=yes
		alias-domain.signed.example|11|250|level=dane authenticated=yes sni=far.signed.nsec3
		tlsa-many-domain.signed.example|11|250|level=dane authenticated=yes
		tlsa-wild-domain.signed.example|11|250|level=dane authenticated=yes
		mismatch-domain.signed.example|11|451 4.7.5|level=dane result=tlsa-invalid
		stripped-domain.signed.example|15|451 4.7.4|level=dane result=starttls-not-supported
		sick-domain.altered.example|12|451 4.7.5|result=dnssec-invalid
		denied-domain.nodenials.nsec3|11|451 4.7.5|result=dnssec-invalid
		bogus.example|11|451 4.4.3|verdict=failed
		expired.nsec3|11|451 4.4.3|verdict=failed
		lame.example|11|451 4.4.3|verdict=failed
		slow.example|11|250|level=dane authenticated=yes
		bare-domain.signed.example|11|250|level=may policy=floor
		unsigned.optout|11|250|level=may policy=floor
		alias-out-domain.signed.example|11|250|level=dane authenticated=yes sni=alias-out.signed.example
		to-signed.unsigned.example|11|250|level=dane authenticated=no mx-secure=no
	TABLE
}

# NAME | the mode that must be in force | resolvers | lines of the configuration
modes() {
	cat <<-'TABLE'
		loopback|trust-ad|127.0.0.1|dnssec=trust-ad
		declared|trust-ad|198.51.100.54|dnssec=trust-ad trusted-resolvers={198.51.100.54}
		over-blind|validate|198.51.100.55|dnssec=validate
		over-validating|validate|127.0.0.1|dnssec=validate
		recursion|validate|127.0.0.1|dnssec=validate recursion=yes root-servers={198.51.100.53}
		auto-loopback|trust-ad|127.0.0.1|dnssec=auto
		auto-far|validate|198.51.100.54|dnssec=auto
		auto-blind|validate|198.51.100.55|dnssec=auto trusted-resolvers={198.51.100.55}
	TABLE
}

hosts_world
while IFS='|' read -r name mode resolvers lines <&4; do
	LAB_GATE_RESOLVERS=$resolvers
	: >"$LAB_DIR/log/gate25"
	# shellcheck disable=SC2086
	dane_gate "floor = may" $lines
	check "$name: the log tells the mode" grep -qE "\"dnssec\".*\"mode\":\"$mode\"" "$LAB_DIR/log/gate25"
	dane_cases "$name" < <(table | while IFS='|' read -r domain n reply wants; do
		echo "$name: $domain|bob@$domain|198.51.100.$n|$reply|$wants"
	done)
	dane_gate_stop
done 4< <(modes)
lab_done
