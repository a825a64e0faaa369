#!/usr/bin/env bash
# The signed internet is what it says: Unbound, which validates, finds each zone secure, insecure or bogus as it was made;
# one that only passes on tells the same records without a proof.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/zones.sh"

# NAME TYPE | validating resolver | blind one
table() {
	cat <<-'TABLE'
		. SOA|NOERROR ad SOA RRSIG|NOERROR - SOA RRSIG
		example DNSKEY|NOERROR ad DNSKEY RRSIG|
		mx.signed.example A|NOERROR ad A RRSIG|NOERROR - A RRSIG
		mx.signed.nsec3 A|NOERROR ad A RRSIG|
		mx.signed.optout A|NOERROR ad A RRSIG|
		_25._tcp.mx.signed.optout TLSA|NOERROR ad TLSA RRSIG|NOERROR - TLSA RRSIG
		bare.signed.example TLSA|NOERROR ad|NOERROR -
		nowhere.signed.example A|NXDOMAIN ad|NXDOMAIN -
		nowhere.signed.nsec3 A|NXDOMAIN ad|
		nowhere.signed.optout A|NXDOMAIN -|
		x.wild.signed.example A|NOERROR ad A RRSIG|
		x.wild.signed.nsec3 A|NOERROR ad A RRSIG|
		_25._tcp.wild.mx.signed.nsec3 TLSA|NOERROR ad TLSA RRSIG|
		self.signed.example A|NOERROR ad CNAME RRSIG A RRSIG|
		out.signed.example A|NOERROR - CNAME RRSIG A|
		in.unsigned.example A|NOERROR - CNAME A RRSIG|
		mx.tree.signed.example A|NOERROR ad DNAME RRSIG CNAME A RRSIG|
		mx.stray.signed.example A|NOERROR - DNAME RRSIG CNAME A|
		_25._tcp.alias.signed.example TLSA|NOERROR ad CNAME RRSIG TLSA RRSIG|
		mx.unsigned.example A|NOERROR - A|NOERROR - A
		mx.unsigned.nsec3 A|NOERROR - A|
		mx.unsigned.optout A|NOERROR - A|
		unsigned.example DS|NOERROR ad|
		unsigned.optout DS|NOERROR -|
		mx.island.example A|NOERROR - A RRSIG|
		mx.alien.example A|NOERROR - A RRSIG|
		mx.bogus.example A|SERVFAIL -|NOERROR - A RRSIG
		broken.signed.example A|SERVFAIL -|
		mx.expired.example A|SERVFAIL -|NOERROR - A RRSIG
		mx.expired.nsec3 A|SERVFAIL -|
		mx.altered.example A|SERVFAIL -|NOERROR - A RRSIG
		bare.altered.example A|NOERROR ad A RRSIG|
		mx.nosigs.example A|SERVFAIL -|NOERROR - A
		bare.nodenials.example TLSA|SERVFAIL -|NOERROR -
		bare.nodenials.nsec3 TLSA|SERVFAIL -|
		x.wild.nodenials.example A|SERVFAIL -|
		mx.nodenials.example A|NOERROR ad A RRSIG|
		mx.lame.example A|SERVFAIL -|NOERROR -
		_25._tcp.many.signed.example TLSA|NOERROR tc|
	TABLE
}

zones_world
lab_dns_signed

answer() { lab_in client python3 "$LAB/query.py" "$@"; }
while IFS='|' read -r question near blind <&3; do
	read -r name type <<<"$question"
	same "$question" "$near" "$(answer "$LAB_RESOLVER" "$name" "$type" "do")"
	[ -z "$blind" ] || same "$question, by the blind one" "$blind" "$(answer "$LAB_RESOLVER_BLIND" "$name" "$type" "do")"
done 3< <(table)
many=$(answer "$LAB_RESOLVER" _25._tcp.many.signed.example TLSA "do" tcp)
same "many records come over TCP" 40 "$(grep -o TLSA <<<"$many" | wc -l)"
same "without DO there is no signature" "NOERROR ad A" "$(answer "$LAB_RESOLVER" mx.signed.example A)"
same "with CD what is bogus is told" "NOERROR - A RRSIG" "$(answer "$LAB_RESOLVER" mx.bogus.example A "do" cd)"
check "the anchors are the root's" grep -qE '^\.[[:space:]].*DNSKEY 257 3 8' "$LAB_ANCHORS"
lab_done
