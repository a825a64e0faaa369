#!/usr/bin/env bash
# gate25-policyd asks a real resolver (Unbound over NSD): what it makes of each kind of domain, of an answer too large for
# UDP, of a resolver that is down, and of one that never answers.
# Long: it mostly waits.
. "$(dirname "$0")/../lib.sh"
. "$LAB/internet.sh"

POLICYD=$LAB_TOP/build/gate25-policyd
CONF=$LAB_DIR/gate25.conf

lab_internet
lab_server good 11
lab_host_records mx.good 11
lab_host_records mx2.good 12
lab_records "good MX 20 mx2.good" "good MX 10 mx.good" \
	"null MX 0 ." \
	"implicit A 198.51.100.11" \
	"barren TXT nothing" \
	"alias CNAME good" \
	"ring CNAME ring2" "ring2 CNAME ring" \
	"literal MX 10 198.51.100.11."
for i in $(seq 1 32); do lab_records "large MX $i a-rather-long-name-of-a-mail-exchanger-number-$i.large"; done
for i in $(seq 1 33); do lab_records "many MX $i mx$i.many"; done
lab_dns

# ask ARGUMENT...: gate25-policyd --ask on the gateway; "STATUS TEXT" with the text's line breaks and runs of spaces as one space.
ask() {
	local said status
	said=$(lab_in gw timeout 60 "$POLICYD" --ask --config "$CONF" "$@" 2>&1)
	status=$?
	echo "$status $(tr -s '\n ' ' ' <<<"$said")"
}
# says NAME STATUS PATTERN ARGUMENT...
says() {
	local name=$1 status=$2 pattern=$3 got
	shift 3
	got=$(ask "$@")
	if [ "${got%% *}" = "$status" ] && grep -qE -- "$pattern" <<<"$got"; then
		ok "$name"
	else
		not_ok "$name"
		note "$got"
	fi
}

cat >"$CONF" <<-EOT
	resolvers = {"$LAB_RESOLVER"}
	default-level = verify
	domain "may.example" { level = may }
	destination "198.51.100.99" { level = secure nexthop = "good.example" }
EOT
says "the hosts, by preference, with both families" 0 \
	'10 mx\.good\.example \[198\.51\.100\.11\] \[2001:db8:100::11\] 20 mx2\.good\.example \[198\.51\.100\.12\]' bob@good.example
says "an address is found among them" 0 'which is mx2\.good\.example' --destination 2001:db8:100::12 good.example
says "and another is not" 0 'which is no mail exchanger of good\.example' --destination 198.51.100.77 good.example
says "a null MX" 1 'takes no mail \(null MX\)' null.example
says "no such domain" 1 'does not exist in the DNS' nowhere.example
says "no MX: the domain itself" 0 'the domain itself\), not proved 0 implicit\.example \[198\.51\.100\.11\]' implicit.example
says "neither MX nor address" 1 'has neither MX nor address' barren.example
says "an alias is followed" 0 'by an alias\), not proved 10 mx\.good\.example' alias.example
says "a ring of aliases is a failure" 3 'could not be looked up' ring.example
says "an MX that is an address is none" 3 'none of them a host' literal.example
says "more than 32 hosts are a failure" 3 'could not be looked up' many.example
lab_capture dns dns eth0 "tcp port 53 and dst host 192.0.2.2"
says "32 hosts come over TCP" 0 'exchanger-number-32\.large\.example' large.example
lab_capture_stop dns gw "$LAB_RESOLVER"
check "and did" grep -qa exchanger-number-32 "$LAB_DIR/pcap/dns.pcap"
says "a domain's rule" 0 'domain rule yes: "may\.example", .*:3' may.example
says "a destination's rule comes first" 0 'names good\.example or \.good\.example' --destination 198.51.100.99 may.example
says "a configuration that is not there" 2 'cannot read /nonexistent' --config /nonexistent may.example
says "an address literal has no MX" 1 'MX hosts not needed' 'bob@[198.51.100.11]'

sed -i "1s/.*/resolvers = {\"198.51.100.77\", \"198.51.100.11\", \"$LAB_RESOLVER\"}/" "$CONF"
says "resolvers that are down or refuse are passed over" 0 '10 mx\.good\.example \[198' good.example
sed -i '1s/.*/resolvers = {"198.51.100.11"}/' "$CONF"
says "no resolver: nothing is decided" 3 'undecided.*451 4\.4\.3' good.example
sed -i '2s/.*/default-level = encrypt/' "$CONF"
says "where the name does not matter it is decided all the same" 0 'any certificate will do' good.example

# wire ARGUMENT...: asks once, and keeps what --ask --wire writes.
wire() {
	lab_in gw timeout 60 "$POLICYD" --ask --wire --config "$CONF" "$@" >"$LAB_DIR/wire" 2>/dev/null
}
# octets OFFSET LENGTH: of it, in hexadecimal digits.
octets() { od -An -v -tx1 -j "$1" -N "$2" "$LAB_DIR/wire" | tr -d ' \n'; }
# is_whole: the length that stands at its beginning is that of what follows.
is_whole() {
	local size
	size=$(wc -c <"$LAB_DIR/wire")
	[ "$size" -gt 4 ] && [ $((16#$(octets 0 4))) = $((size - 4)) ]
}
wire good.example
check "--wire writes a length and as many octets" is_whole
same "its id is 0 and it is decided" 0000000001 "$(octets 4 5)"
sed -i '2s/.*/default-level = verify/' "$CONF"
wire good.example
check "a failed verdict is written likewise" is_whole
same "and says so" 0000000000 "$(octets 4 5)"
wire good.example --json
same "bad usage writes nothing" "" "$(octets 0 4)"
lab_done
