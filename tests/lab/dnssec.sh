# shellcheck shell=bash
# dnssec.sh - the small internet, signed: root, "example" and the zones that a test adds, made and signed when the test
# runs. Sourced after internet.sh; lab_dns_signed takes the place of lab_dns.
#
#   dns node   198.51.100.53    NSD: every zone, but those with ns=N
#              198.51.100.54    Unbound, validates                              LAB_RESOLVER
#              198.51.100.55    Unbound, only passes on                         LAB_RESOLVER_BLIND
#              198.51.100.56    NSD, lame for a zone with ns=56
#              127.0.0.1 5353   NSD: the zones with ns=N, for what a test puts before it at 198.51.100.N
#
#   .         RSA-SHA256, NSEC, a key that signs keys and one that signs the rest
#   example   P-256, NSEC: what lab_records said
#   bogus.example   signed, but not by the key that "example" vouches for (BOGUS for bogus-names)
#
# LAB_ANCHORS is the file of trust anchors: for trust-anchor-file, and Unbound has it as well.

LAB_ANCHORS=$LAB_DIR/anchors
LAB_RESOLVER_BLIND=198.51.100.55
LAB_BOGUS=bogus.example
LAB_ZONES=()
declare -A LAB_ZONE_KIND LAB_ZONE_LINES LAB_ZONE_FORGED

# lab_zone NAME ALGORITHM DENIAL [HOW...]: a zone below the innermost one that encloses it. Its apex has a SOA and an NS.
# ALGORITHM: rsa, p256, p384, ed25519, none. DENIAL: nsec, nsec3, optout, none.
#   HOW: island      signed, and the parent does not vouch for it
#        bogus       the parent vouches for another key
#        expired     its signatures are over since 2020
#        no-denials  taken out after signing: every NSEC or NSEC3
#        no-sigs     taken out after signing: every signature but those of the keys
#        alien       the parent vouches for it in an algorithm that nobody knows
#        ns=N        its name server is at 198.51.100.N, see above
lab_zone() {
	LAB_ZONES+=("$1")
	LAB_ZONE_KIND[$1]="${*:2}"
}

# lab_zone_records ZONE LINE...: relative to the zone. (Those of "example" are lab_records' business.)
lab_zone_records() {
	local zone=$1 line
	shift
	for line in "$@"; do
		LAB_ZONE_LINES[$zone]+="$line"$'\n'
	done
}

# lab_zone_forge ZONE OWNER TYPE RDATA: after signing, the records OWNER TYPE (OWNER is a whole name) become this one; the
# signature of those that were signed stays. TTL and RDATA "-" take the records away.
lab_zone_forge() { LAB_ZONE_FORGED[$1]+="$2. $3 ${*:4}"$'\n'; }

# --- zone files ----------------------------------------------------------------------------------------------------

lab_zone_is() { [[ " ${LAB_ZONE_KIND[$1]} " == *" $2 "* ]]; }

# The N of ns=N, if the zone has one.
lab_zone_far() { sed -nE 's/.* ns=([0-9]+) .*/\1/p' <<<" ${LAB_ZONE_KIND[$1]} "; }
lab_zone_ns() { echo "ns${1:+-$1}.example."; }

# The innermost zone that encloses that one.
lab_zone_parent() {
	local name=$1
	while [[ $name == *.* ]]; do
		name=${name#*.}
		[ -z "${LAB_ZONE_KIND[$name]:-}" ] || { echo "$name"; return; }
	done
	echo .
}

# What a zone says of those below it: name servers, and whom it vouches for.
lab_zone_delegations() {
	local zone
	for zone in "${LAB_ZONES[@]}"; do
		[ "$zone" != . ] && [ "$(lab_zone_parent "$zone")" = "$1" ] || continue
		echo "$zone. NS $(lab_zone_ns "$(lab_zone_far "$zone")")"
		! lab_zone_is "$zone" alien || echo "$zone. DS 12345 250 2 $(printf 'ab%.0s' {1..32})"
		cat "$2/ds/$zone" 2>/dev/null
	done
}

# lab_zone_text ZONE FOLDER
lab_zone_text() {
	local zone=$1
	printf '%s\n' "\$ORIGIN ${zone%.}." "\$TTL 300" "@ SOA ns.example. lab.example. 1 3600 600 86400 60"
	echo "@ NS $(lab_zone_ns "$(lab_zone_far "$zone")")"
	case $zone in
	. | example) printf '%s\n' "ns.example. A 198.51.100.53" "ns.example. AAAA 2001:db8:100::53" ;;
	esac
	if [ "$zone" = example ]; then
		printf '%s\n' "${LAB_ZONE_KIND[@]}" | sed -nE 's/.* ns=([0-9]+)( .*)?$/ns-\1 A 198.51.100.\1/p' | sort -u
		echo "$LAB_ZONE"
	fi
	printf '%s\n' "${LAB_ZONE_LINES[$zone]:-}"
	lab_zone_delegations "$zone" "$2"
}

# lab_zones_sign FOLDER: every zone's file in it, signed. The keys come first: a parent vouches for them.
lab_zones_sign() {
	local folder=$1 zone
	mkdir -p "$folder"/{keys,other,ds,forge}
	cp "$LAB/sign_zone" "$folder/"
	lab_zones_each keys || return 1
	for zone in "${LAB_ZONES[@]}"; do
		lab_zone_text "$zone" "$folder" >"$folder/$(lab_zone_file "$zone").text"
		printf '%s' "${LAB_ZONE_FORGED[$zone]:-}" >"$folder/forge/$(lab_zone_file "$zone")"
	done
	lab_zones_each sign && cp "$folder/anchors" "$LAB_ANCHORS" && chmod 644 "$LAB_ANCHORS"
}

# lab_zone_change ZONE LINE...: that is in the zone from now on, and the lines of lab_zone_records are not. It is signed
# again, and NSD told.
lab_zone_change() {
	local zone=$1 folder=${LAB_ROOT_OF[dns]}/dns
	shift
	LAB_ZONE_LINES[$zone]=$(printf '%s\n' "$@")
	lab_zone_text "$zone" "$folder" >"$folder/$(lab_zone_file "$zone").text"
	# shellcheck disable=SC2086
	lab_root_in dns dns /dns/sign_zone sign "$zone" ${LAB_ZONE_KIND[$zone]} 2>>"$LAB_DIR/log/sign" ||
		lab_die "the zone $zone cannot be signed again"
	kill -HUP "$LAB_NSD_PID"
}

lab_zone_file() { [ "$1" = . ] && echo root || echo "$1"; }

lab_zones_each() {
	local zone
	for zone in "${LAB_ZONES[@]}"; do
		printf '%s\0' "$1 $zone ${LAB_ZONE_KIND[$zone]}"
	done | lab_root_in dns dns xargs -0 -P "$(nproc)" -n 1 bash -c '/dns/sign_zone $0' 2>>"$LAB_DIR/log/sign"
}

# --- servers -------------------------------------------------------------------------------------------------------

# lab_signed_nsd_conf FOLDER: nsd-near.conf and nsd-far.conf.
lab_signed_nsd_conf() {
	local zone
	{ lab_nsd_conf nsd-near && printf '\tip-address: %s\n' 198.51.100.53 2001:db8:100::53 198.51.100.56; } >"$1/nsd-near.conf"
	{ lab_nsd_conf nsd-far && printf '\tip-address: %s\n' 127.0.0.1@5353; } >"$1/nsd-far.conf"
	for zone in "${LAB_ZONES[@]}"; do
		printf 'zone:\n\tname: "%s"\n\tzonefile: "%s.zone"\n' "$zone" "$(lab_zone_file "$zone")" \
			>>"$1/nsd-$([ -n "$(lab_zone_far "$zone")" ] && echo far || echo near).conf"
	done
}

# lab_unbound NAME NODE ADDRESS validates|blind [LINE...]: a resolver over the lab's root, there, with its log in
# unbound-NAME. Returns when it answers. Sets LAB_PID.
lab_unbound() {
	local name=$1 node=$2 address=$3 how=$4 folder=${LAB_ROOT_OF[dns]}/dns
	shift 4
	{
		printf 'server:\n\tinterface: %s\n' "$address"
		[ "$how" != validates ] || printf '\ttrust-anchor-file: "/dns/anchors"\n'
		lab_unbound_conf "$name" "$([ "$how" = validates ] && echo "validator iterator" || echo iterator)"
		printf '\t%s\n' "$@"
	} >"$folder/$name.conf"
	lab_root_spawn "unbound-$name" dns "$node" unbound -d -c "/dns/$name.conf"
	lab_until 20 lab_resolves ns.example "$address" "$node" || lab_die "the resolver $name does not answer"
}

# lab_dns_signed takes the place of lab_dns.
lab_dns_signed() {
	lab_needs_root "what needs name servers and gate25's users" || lab_done
	local folder
	lab_zone . rsa nsec
	lab_zone example p256 nsec
	lab_zone "$LAB_BOGUS" p256 nsec bogus
	lab_zone_records "$LAB_BOGUS" "@ A 198.51.100.99"
	lab_root dns nsd unbound bind9-utils
	folder=${LAB_ROOT_OF[dns]}/dns
	mkdir "$folder"
	lab_zones_sign "$folder" || lab_die "the zones cannot be signed"
	lab_hints >"$folder/hints"
	lab_signed_nsd_conf "$folder"
	lab_addr dns eth0 "$LAB_RESOLVER_BLIND/24" 198.51.100.56/24
	lab_root_spawn nsd dns dns nsd -d -c /dns/nsd-near.conf
	LAB_NSD_PID=$LAB_PID
	! grep -q ^zone: "$folder/nsd-far.conf" || lab_root_spawn nsd-far dns dns nsd -d -c /dns/nsd-far.conf
	lab_unbound near dns "$LAB_RESOLVER" validates "interface: 2001:db8:100::54"
	lab_unbound blind dns "$LAB_RESOLVER_BLIND" blind
}
